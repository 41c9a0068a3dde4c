"""Builds emitted programs against the installed engine."""

from __future__ import annotations

from collections.abc import Mapping

from ezprivsecfl.backends.building import build_program, engine_stamp
from ezprivsecfl.runtime.artefact import Artefact


def build(tree: Mapping[str, str]) -> Artefact:
    """Builds a source tree, or finds it built before.

    Raises:
        CompileError: There is no C++ compiler, or it failed.
    """
    # -O1: what takes time is in the engine, and the program is built while its user waits.
    return build_program(tree, engine_stamp(), {"CMAKE_CXX_FLAGS_RELEASE": "-O1"})
