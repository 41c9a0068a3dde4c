"""``ezcompile doctor``: what this machine can use, and why not; how to install what is missing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from ezprivsecfl import __version__
from ezprivsecfl.backends.building import check_building, find_compiler
from ezprivsecfl.backends.motion2nx.build import check_compiler
from ezprivsecfl.backends.motion2nx.installation import Installation
from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import add_about, add_motion2nx
from ezprivsecfl.errors import CompileError, TffMissingError
from ezprivsecfl.installing import TESTED, requirements_text
from ezprivsecfl.progress import progress
from ezprivsecfl.runtime import _duet

REINSTALL = "`ezcompile doctor --requirements` prints the commands that install what is needed"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        "ezcompile doctor",
        description="Says which front and back ends this machine can use, and why not.",
        epilog="exit codes: 0 TFF programs can be run on two servers, 2 they cannot",
        allow_abbrev=False,
    )
    made.add_argument(
        "--requirements",
        action="store_true",
        help="only print the commands, for pip and for uv, that install TensorFlow Federated",
    )
    add_motion2nx(made)
    add_about(made)
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command; exit code 2 if TFF programs cannot be run on the embedded engine."""
    if arguments.requirements:
        print(requirements_text())
        return exits.DONE
    print(f"ezprivsecfl {__version__}, Python {sys.version.split()[0]}")
    tff = _examine("front end tff", _tff)
    duet = _examine("back end duet", _duet_engine)
    _examine("back end motion2nx", lambda: _motion2nx(arguments))
    _examine("back end plain", lambda: "needs nothing")
    return exits.DONE if tff and duet else exits.COMPILE


def _examine(what: str, examine: Callable[[], str]) -> bool:
    try:
        print(f"  {what}: usable ({examine()})")
    except CompileError as e:
        print(f"  {what}: not usable: {e}")
        return False
    return True


def _tff() -> str:
    try:
        with progress("importing TensorFlow Federated"):
            from ezprivsecfl.frontends import tff
    except TffMissingError:
        raise
    except ImportError as e:
        raise CompileError(f"TensorFlow Federated cannot be imported: {e}; {REINSTALL}") from None
    if tff.VERSION != TESTED:
        raise CompileError(f"TensorFlow Federated {tff.VERSION} is installed, and {TESTED} is needed; {REINSTALL}")
    return f"TensorFlow Federated {tff.VERSION}, TensorFlow {tff.TENSORFLOW_VERSION}"


def _duet_engine() -> str:
    aes = "AES instructions" if _duet.cpu_features()["aes"] else "portable AES, which is slow"
    return f"engine {_duet.__version__}, {aes}, compiler {check_building()}"


def _motion2nx(arguments: argparse.Namespace) -> str:
    found = Installation.find(arguments.motion2nx)
    kind = found.build_type or "no build type"
    built = f"{found.tree}, built from {found.source} with {found.compiler} ({kind})"
    return f"{built}; compiler {find_compiler()}, {check_compiler()}"
