"""What is found of MOTION2NX, and what is said where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ezprivsecfl.backends.motion2nx.installation import HEADERS, LIBRARY, TARGETS, VARIABLE, Installation
from ezprivsecfl.errors import CompileError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder that looks like a built tree."""
    build, source = tmp_path / "build", tmp_path / "source"
    for file in (build / LIBRARY, build / TARGETS, *(source / h for h in HEADERS), source / "circuits" / "a"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (build / "CMakeCache.txt").write_text(
        f"# a comment\nCMAKE_PROJECT_NAME:STATIC=MOTION\nCMAKE_HOME_DIRECTORY:INTERNAL={source}\n"
        "CMAKE_CXX_COMPILER:FILEPATH=/usr/bin/g++-11\nCMAKE_BUILD_TYPE:STRING=Release\n"
    )
    return build


def test_a_built_tree_is_found(tree, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    found = Installation.find(tree)
    assert (found.tree, found.source) == (tree, tree.parent / "source")
    assert (found.compiler, found.build_type) == ("/usr/bin/g++-11", "Release")
    monkeypatch.setenv(VARIABLE, str(tree))
    assert Installation.find(None) == found


def test_none_is_named(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(
        CompileError, match=r"there is no MOTION2NX\. .*--motion2nx DIR.*EZ_MOTION2NX_DIR.*docs/motion2nx"
    ):
        Installation.find(None)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("build/CMakeCache.txt", "no build folder of CMake"),
        (f"build/{LIBRARY}", r"libmotion.a is missing: the build has not been finished"),
        (f"build/{TARGETS}", r"MOTIONTargets.cmake is missing"),
        (f"source/{HEADERS[0]}", r"is it the branch motion2nx\?"),
        ("source/circuits/a", "has no circuits"),
    ],
)
def test_an_unusable_tree_is_explained(tree, broken, message):
    file = tree.parent / broken
    file.unlink()
    if file.parent.name == "circuits":
        file.parent.rmdir()
    with pytest.raises(CompileError, match=message):
        Installation.find(tree)


def test_another_project_is_no_motion(tree):
    cache = tree / "CMakeCache.txt"
    cache.write_text(cache.read_text().replace("MOTION\n", "Other\n"))
    with pytest.raises(CompileError, match="a build of Other, not of MOTION"):
        Installation.find(tree)
