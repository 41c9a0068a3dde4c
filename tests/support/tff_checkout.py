"""The test modules in a checkout of TFF's repository, run against the TFF that is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

VERSION = "0.87.0"

FOLDERS = (
    "aggregators",
    "analytics",
    "analytics/heavy_hitters",
    "analytics/heavy_hitters/iblt",
    "analytics/hierarchical_histogram",
    "learning",
    "learning/algorithms",
    "learning/metrics",
)
"""Where TFF's tests of what users aggregate with are, below ``tensorflow_federated/python``."""


def test_modules(checkout: Path) -> list[str]:
    """The full names of the test modules.

    Raises:
        ValueError: The folder is no checkout of the release that is installed.
    """
    version = checkout / "tensorflow_federated" / "version.py"
    if not version.is_file() or f"'{VERSION}'" not in version.read_text():
        raise ValueError(f"{checkout} is no checkout of TFF's repository at v{VERSION}")
    root = checkout / "tensorflow_federated" / "python"
    files = [file for folder in FOLDERS for file in sorted((root / folder).glob("*_test.py"))]
    return [".".join(file.relative_to(checkout).with_suffix("").parts) for file in files]


class _Missing(MetaPathFinder):
    """Finds in the checkout what the installed package lacks: tests, and modules that only tests use."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, *inner, _ = fullname.split(".") if "." in fullname else (fullname, "")
        if package != "tensorflow_federated" or path is None:
            return None
        return PathFinder.find_spec(fullname, [str(self._checkout.joinpath(package, *inner))])


def add_to_path(checkout: Path) -> Any:
    """Makes the checkout's test modules importable, beside the modules that are installed."""
    sys.meta_path.append(_Missing(checkout))
