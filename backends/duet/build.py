"""Builds emitted programs against the installed engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ezprivsecfl.backends.building import build_program
from ezprivsecfl.runtime.artefact import Artefact, engine_stamp


def build(tree: Mapping[str, str], folder: Path | None = None) -> Artefact:
    """Builds a source tree in a folder, by default in the cache, or finds it built before.

    Raises:
        CompileError: There is no C++ compiler, or it failed.
    """
    # -O1: what takes time is in the engine, and the program is built while its user waits.
    return build_program(tree, engine_stamp(), {"CMAKE_CXX_FLAGS_RELEASE": "-O1"}, folder)
