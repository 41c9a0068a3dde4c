"""The emitted C++ is meant to be read: a change of it shows up as a diff of the golden file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from on_duet import as_compiled
from small_programs import TensorProgram, clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.cpp import identifier
from ezprivsecfl.backends.duet.build import build
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError, Location
from ezprivsecfl.ir.circuits import bristol
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.runtime.artefact import tree_hash

GOLDEN = Path(__file__).parent / "golden"


def tree_of(program: Program, *, proofs: bool = True) -> dict[str, str]:
    return as_compiled(compile_program(program, Options(clients=9, proofs=proofs))).sources()


@pytest.mark.parametrize(
    ("program", "proofs"),
    [
        (fltrust(12), True),
        (replace(fltrust(12), name="fltrust_without_proofs"), False),
        (weighted_mean(5), True),
        (clipped_mean(6), True),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_emitted_sources_are_golden(program, proofs):
    """To accept a change: UPDATE_GOLDEN=1 uv run pytest tests/backends, and read the diff."""
    text, golden = tree_of(program, proofs=proofs)["program.cpp"], GOLDEN / f"{program.name}.cpp"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_tree_is_complete_and_parses_back():
    tree = tree_of(fltrust(12))
    manifest = json.loads(tree["manifest.json"])
    assert [s["path"] for s in manifest["shares"]] == ["updates"]
    assert manifest["max_clients"] == 9
    for name in ("prologue", "epilogue"):
        assert str(parse_program(tree[f"{name}.ir"])) == tree[f"{name}.ir"]
    circuits = [path for path in tree if path.startswith("circuits/")]
    assert circuits
    for path in circuits:
        assert f"/{Path(path).name}" in tree["program.cpp"]
        assert bristol.parse(tree[path]).and_count > 0


def test_different_precision_is_a_different_program():
    bounds = ParameterBounds.of({"value": 1000.0})
    narrow = tree_of(weighted_mean(5))
    wide = as_compiled(compile_program(weighted_mean(5), Options(clients=9, bounds=bounds))).sources()
    assert tree_hash(narrow) != tree_hash(wide)


def test_comments_point_to_the_users_program_and_cannot_break_out():
    b = TensorProgram("comments")
    with b.at(Location('/home/me/a"b\n*/ int x;\\', 31, "Sum\n}; evil")):
        b.returns(b.add(Sum, b.clients("x", 3), axes=(0,)))
    text = tree_of(b.build())["program.cpp"]
    assert ":31 Sum" in text
    lines = [line.strip() for line in text.splitlines() if "evil" in line or "int x" in line]
    assert all(line.startswith("//") and not line.endswith("\\") for line in lines)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("fltrust", "fltrust"), ("my agg-1", "my_agg_1"), ("1st", "_1st"), ("größe", "gr__e"), ("", "_")],
)
def test_identifiers(name, expected):
    assert identifier(name) == expected


def test_a_failing_compiler_is_reported_with_its_first_error(tmp_path, monkeypatch):
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(tmp_path))
    tree = tree_of(weighted_mean(5))
    tree["program.cpp"] = "#error no such thing\n"
    with pytest.raises(CompileError, match=r"failed: .*no such thing") as failure:
        build(tree)
    assert "build.log" in str(failure.value)


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ to check that warnings are absent")
def test_emitted_programs_compile_without_warnings(tmp_path):
    from ezprivsecfl.runtime import _duet

    source = tmp_path / "program.cpp"
    source.write_text(tree_of(replace(fltrust(12), name="a name with spaces"))["program.cpp"])
    command = ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", '-DCIRCUITS_DIR="c"']
    done = subprocess.run([*command, f"-I{_duet.include_dir()}", source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
