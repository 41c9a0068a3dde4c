"""``ezcompile doctor``: which back ends this machine can use, and why not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from ezprivsecfl import __version__
from ezprivsecfl.backends.building import find_compiler
from ezprivsecfl.backends.motion2nx.build import check_compiler
from ezprivsecfl.backends.motion2nx.installation import Installation
from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import add_about, add_motion2nx
from ezprivsecfl.errors import CompileError
from ezprivsecfl.runtime import _duet


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        "ezcompile doctor",
        description="Says which front and back ends this machine can use, and why not.",
        epilog="exit codes: 0 the embedded engine can be used, 2 it cannot",
        allow_abbrev=False,
    )
    add_motion2nx(made)
    add_about(made)
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command; exit code 2 if not even the embedded engine can be used."""
    print(f"ezprivsecfl {__version__}, Python {sys.version.split()[0]}")
    _examine("front end tff", _tff)
    duet = _examine("back end duet", _duet_engine)
    _examine("back end motion2nx", lambda: _motion2nx(arguments))
    _examine("back end plain", lambda: "needs nothing")
    return exits.DONE if duet else exits.COMPILE


def _examine(what: str, examine: Callable[[], str]) -> bool:
    try:
        print(f"  {what}: usable ({examine()})")
    except CompileError as e:
        print(f"  {what}: not usable: {e}")
        return False
    return True


def _tff() -> str:
    try:
        return f"TensorFlow Federated {version('tensorflow-federated')}, TensorFlow {version('tensorflow-cpu')}"
    except PackageNotFoundError as e:
        raise CompileError(f"{e.name} is not installed: pip install 'ezprivsecfl[tff]'") from None


def _duet_engine() -> str:
    aes = "AES instructions" if _duet.cpu_features()["aes"] else "portable AES, which is slow"
    return f"engine {_duet.__version__}, {aes}, compiler {find_compiler()}"


def _motion2nx(arguments: argparse.Namespace) -> str:
    found = Installation.find(arguments.motion2nx)
    kind = found.build_type or "no build type"
    built = f"{found.tree}, built from {found.source} with {found.compiler} ({kind})"
    return f"{built}; compiler {find_compiler()}, {check_compiler()}"
