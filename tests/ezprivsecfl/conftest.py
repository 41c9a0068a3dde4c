"""Programs as files, and the context put back after tests that replace it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from program_texts import PREAMBLE


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a program (after the imports every program has) and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "program.py"
        path.write_text(PREAMBLE + text)
        return path

    return write


@pytest.fixture(autouse=True)
def undisturbed(tff_reference: object) -> Iterator[None]:
    """Puts back what running a program as ``__main__`` changes in this process."""
    import tensorflow_federated as tff

    argv, path, main = sys.argv, list(sys.path), sys.modules["__main__"]
    yield
    sys.argv, sys.path[:], sys.modules["__main__"] = argv, path, main
    tff.framework.set_default_context(tff_reference)
