"""Finds a MOTION2NX that the user has built, and checks that it can be used."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ezprivsecfl.errors import CompileError

VARIABLE = "EZ_MOTION2NX_DIR"
LIBRARY = Path("lib/libmotion.a")
TARGETS = Path("src/motioncore/MOTIONTargets.cmake")
HEADERS = (
    Path("src/motioncore/base/two_party_tensor_backend.h"),  # only in the branch motion2nx
    Path("src/motioncore/communication/fbs_headers/message_generated.h"),  # made by building
)
NEEDED = (
    "The back end motion2nx needs MOTION2NX (the branch motion2nx of encryptogroup/MOTION2NX) as you have built it: "
    f"give its build folder with --motion2nx DIR or in the environment variable {VARIABLE}. What building it takes is "
    "in the manual, docs/motion2nx.md; `ezcompile doctor` says what is there. The back end duet needs none of it."
)


@dataclass(frozen=True)
class Installation:
    """A built tree.

    Args:
        tree: The build folder.
        source: The source folder that it was built from; the framework reads its circuits from there at run time.
        compiler: What it was compiled with.
        build_type: CMake's build type.
    """

    tree: Path
    source: Path
    compiler: str
    build_type: str

    @property
    def stamp(self) -> str:
        """Changes whenever the tree is built anew."""
        return f"{self.tree}:{(self.tree / LIBRARY).stat().st_mtime_ns}"

    @staticmethod
    def find(directory: Path | None) -> Installation:
        """The tree in ``directory``, or else the one that the environment variable names.

        Raises:
            CompileError: There is none, or it cannot be used; the message says why and what is needed.
        """
        named = directory or os.environ.get(VARIABLE)
        if not named:
            raise CompileError(f"there is no MOTION2NX. {NEEDED}")
        return _checked(Path(named).absolute())


def _checked(tree: Path) -> Installation:
    cache = tree / "CMakeCache.txt"
    if not cache.is_file():
        raise _unusable(tree, "it is no build folder of CMake (there is no CMakeCache.txt)")
    entries = dict(re.findall(r"^([\w-]+):\w+=(.*)$", cache.read_text(errors="replace"), flags=re.MULTILINE))
    if entries.get("CMAKE_PROJECT_NAME") != "MOTION":
        raise _unusable(tree, f"it is a build of {entries.get('CMAKE_PROJECT_NAME', 'something else')}, not of MOTION")
    source = Path(entries["CMAKE_HOME_DIRECTORY"])
    for file in (LIBRARY, TARGETS):
        if not (tree / file).is_file():
            raise _unusable(tree, f"{file} is missing: the build has not been finished")
    for file in HEADERS:
        if not (source / file).is_file():
            raise _unusable(tree, f"its source folder {source} has no {file}: is it the branch motion2nx?")
    if not (source / "circuits").is_dir():
        raise _unusable(tree, f"its source folder {source} has no circuits, which the framework reads when it runs")
    return Installation(tree, source, entries.get("CMAKE_CXX_COMPILER", "?"), entries.get("CMAKE_BUILD_TYPE", ""))


def _unusable(tree: Path, why: str) -> CompileError:
    return CompileError(f"{tree} is no usable MOTION2NX: {why}. {NEEDED}")
