"""The emitted C++ is meant to be read: a change of it shows up as a diff of the golden file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from mpc_programs import compiled_every_op
from small_programs import clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.motion2nx.backend import Motion2nx
from ezprivsecfl.backends.motion2nx.emit import ARITHMETIC
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.runtime.artefact import tree_hash

GOLDEN = Path(__file__).parent / "golden"
COMPILED = [
    *(compile_program(program, Options(clients=9)) for program in (fltrust(12), weighted_mean(5), clipped_mean(6))),
    compile_program(replace(fltrust(12), name="fltrust_without_proofs"), Options(clients=9, proofs=False)),
    compiled_every_op(sketched=False),
]


@pytest.mark.parametrize("compiled", COMPILED, ids=lambda c: c.name)
def test_emitted_sources_are_golden(compiled):
    """To accept a change: UPDATE_GOLDEN=1 uv run pytest tests/backends, and read the diff."""
    text, golden = Motion2nx().lower(compiled).sources()["program.cpp"], GOLDEN / f"{compiled.name}.cpp"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_protocols_are_different_programs():
    trees = [Motion2nx(arithmetic=arithmetic).lower(COMPILED[0]).sources() for arithmetic in ARITHMETIC]
    assert "FltrustProgram(MOTION::MPCProtocol::ArithmeticBEAVY); }" in trees[1]["program.cpp"]
    assert len({tree_hash(tree) for tree in trees}) == 2


def test_circuits_are_written_as_they_are_loaded():
    tree = Motion2nx().lower(COMPILED[0]).sources()
    circuits = [path for path in tree if path.startswith("circuits/")]
    assert circuits
    for path in circuits:
        assert f"/{Path(path).name}" in tree["program.cpp"]
        assert {line.split()[-1] for line in tree[path].splitlines()[4:]} <= {"XOR", "AND", "INV"}
