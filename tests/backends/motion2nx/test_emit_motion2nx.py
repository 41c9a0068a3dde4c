"""The emitted C++ is meant to be read: a change of it shows up as a diff of the golden file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from manifests import manifest_of
from mpc_programs import compiled_every_op
from small_programs import clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.motion2nx.backend import Motion2nx
from ezprivsecfl.backends.motion2nx.emit import ARITHMETIC
from ezprivsecfl.backends.motion2nx.terms import server_terms
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.runtime.artefact import tree_hash
from ezprivsecfl.runtime.manifest import Check

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
    assert "FltrustProgram(MPCProtocol::ArithmeticBEAVY)" in trees[1]["program.cpp"]
    assert len({tree_hash(tree) for tree in trees}) == 2


def test_circuits_are_written_as_they_are_loaded():
    tree = Motion2nx().lower(COMPILED[0]).sources()
    circuits = [path for path in tree if path.startswith("circuits/")]
    assert circuits
    for path in circuits:
        assert f"/{Path(path).name}" in tree["program.cpp"]
        *gates, comment = tree[path].splitlines()[4:]
        assert {line.split()[-1] for line in gates} <= {"XOR", "AND", "INV"}
        assert comment.startswith(f"# {Path(path).stem}: fixed ")


@pytest.mark.parametrize("folder", ["", "/home/me/", "/mnt/c:1/my work/"])
@pytest.mark.parametrize("place", ["program.py:9 (Div)", "program.py:9 (layer/Div)", "<ipython-input-3>:2", "x.py:10"])
def test_sources_are_the_same_wherever_the_program_was(folder, place):
    checked = replace(manifest_of(x=(3,)), checks=(Check("div", folder + place, False),))
    ((of_client, of_all),) = server_terms(checked)["judgements"]
    assert of_client == '""'
    assert of_all.startswith(f'"div at {place}: ')


def test_values_say_what_they_are():
    source = Motion2nx().lower(COMPILED[-1]).sources()["program.cpp"]
    made = [i for i, line in enumerate(source.splitlines()) if line.strip().startswith("const TensorCP ")]
    for i in made:
        said = source.splitlines()[i - 1]
        assert "// " in said
        assert said.rstrip().endswith(")")  # the place in the user's program
        assert any(word in said for word in ("ArithmeticGMW", "Yao", "public", "of the arithmetic protocol"))
    assert source.endswith("}\n")
