"""Builds emitted programs against a MOTION2NX tree and our support library ezmotion, which is built once per tree."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ezprivsecfl.backends.building import build_program, cached, cmake_build, find_compiler
from ezprivsecfl.backends.motion2nx.installation import Installation
from ezprivsecfl.errors import CompileError
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import Artefact, engine_stamp, read_tree, tree_hash

SUPPORT_LIBRARY = "libezmotion.a"


def support_source() -> Path:
    """The support library's source; it is installed beside the engine."""
    return Path(str(_duet.__file__)).parent / "motion2nx"


OLDEST = {"gcc": 10, "clang": 12}
"""Compilers with the C++20 that the framework's headers need."""


def check_compiler() -> str:
    """Kind and version of the system's C++ compiler; raises CompileError if it is too old."""
    compiler = find_compiler()
    asked = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False).stdout
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True, check=False).stdout.strip()
    kind = "clang" if "clang" in asked else "gcc"
    major = version.partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST[kind]:
        raise CompileError(
            f"{compiler} is {kind} {version}; MOTION2NX needs gcc {OLDEST['gcc']} or clang {OLDEST['clang']}"
        )
    return f"{kind} {version}"


def build(tree: Mapping[str, str], installation: Installation, folder: Path | None = None) -> Artefact:
    """Builds a source tree in a folder, by default in the cache, or finds it built before.

    Raises:
        CompileError: There is no C++ compiler, or it failed, or a library that MOTION2NX needs is missing.
    """
    check_compiler()
    stamp = f"{engine_stamp()}:{installation.stamp}:{tree_hash(read_tree(support_source())).hex()}"
    library = _support_library(installation, stamp)
    definitions = {
        **_definitions(installation),
        "EZMOTION_DIR": str(support_source()),
        "EZMOTION_BUILD_DIR": str(library),
        "CMAKE_CXX_FLAGS_RELEASE": "-O1",
    }
    return build_program(tree, stamp, definitions, folder)


def _support_library(installation: Installation, stamp: str) -> Path:
    """The folder with the built support library."""

    def make(work: Path, place: Path) -> Sequence[str]:
        cmake_build(support_source(), work / "build", _definitions(installation), work / "build.log")
        shutil.copy2(work / "build" / SUPPORT_LIBRARY, work / SUPPORT_LIBRARY)
        shutil.rmtree(work / "build")
        return [SUPPORT_LIBRARY]

    return cached(f"ezmotion:{stamp}", SUPPORT_LIBRARY, make)[0]


def _definitions(installation: Installation) -> dict[str, str]:
    return {"MOTION2NX_DIR": str(installation.tree)}
