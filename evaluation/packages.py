"""What only experiments need of other packages, and how to install it where it is missing."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ezprivsecfl.evaluation.errors import PackageMissingError
from ezprivsecfl.installing import needing_tff

PROJECTS = {"matplotlib": "matplotlib", "scipy": "scipy", "yaml": "pyyaml"}
"""By module the project that has it."""


@contextmanager
def needed_for(what: str) -> Iterator[None]:
    """Around imports: where a package is not there, raises an error that says how to install it.

    Args:
        what: What it is needed for, to begin a sentence with.

    Raises:
        PackageMissingError: One of ``PROJECTS`` is missing.
        TffMissingError: TensorFlow or TFF is.
    """
    try:
        with needing_tff():
            yield
    except ModuleNotFoundError as e:
        project = PROJECTS.get((e.name or "").partition(".")[0])
        if project is None:
            raise
        command = shlex.join([sys.executable, "-m", "pip", "install", project])
        raise PackageMissingError(f"{what} needs {project}, which is not installed: {command}") from None
