"""How to install TensorFlow Federated, whose own requirements no index can fulfil any more.

TFF 0.87.0 pins a jaxlib that the package index no longer serves, so no installer resolves it by itself. This package
brings along, in ``install/``, what does work: all releases that TFF needs, to be installed without asking for their
requirements (``tff.txt``), and what a project of uv's overrides (``overrides.txt``). ``scripts/tff-requirements``
writes both.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent

from ezprivsecfl.errors import TffMissingError

TESTED = "0.87.0"
"""The release of TFF that this package is made for."""

FOLDER = Path(__file__).parent / "install"

MISSING = (
    "TensorFlow Federated is not installed. Its own requirements cannot be resolved any more; `ezcompile doctor "
    "--requirements` prints the commands, for pip and for uv, that install what works. Without TFF, programs in text "
    "form (FILE.ir) can be compiled, and built programs loaded (ezprivsecfl.runtime.load)"
)


def pip_command() -> str:
    """Installs TFF into the environment of this interpreter, by pip."""
    return shlex.join([sys.executable, "-m", "pip", "install", *_WHAT])


def uv_command() -> str:
    """Installs TFF into the environment of this interpreter, by uv."""
    return shlex.join(["uv", "pip", "install", "--python", sys.executable, *_WHAT])


_WHAT = ("--no-deps", "-r", str(FOLDER / "tff.txt"))


def project_lines() -> str:
    """What a project that uv manages, and that depends on TFF, must have in its ``pyproject.toml``."""
    overrides = (FOLDER / "overrides.txt").read_text("utf-8").splitlines()
    return "\n".join(["[tool.uv]", "override-dependencies = [", *(f'    "{line}",' for line in overrides), "]"])


def requirements_text() -> str:
    """All ways, as ``ezcompile doctor --requirements`` prints them."""
    return (
        f"TensorFlow Federated {TESTED} is installed into the environment of this command with pip by\n\n"
        f"    {pip_command()}\n\n"
        f"or with uv by\n\n"
        f"    {uv_command()}\n\n"
        "A project that uv manages depends on ezprivsecfl[tff] instead, and has in its pyproject.toml\n\n"
        f"{indent(project_lines(), '    ')}"
    )


@contextmanager
def needing_tff() -> Iterator[None]:
    """Around imports: raises TffMissingError, which says how to install it, where TensorFlow or TFF is not there."""
    try:
        yield
    except ModuleNotFoundError as e:
        if not (e.name or "").startswith("tensorflow"):
            raise
        raise TffMissingError(MISSING) from None
