"""What is emitted for the examples, as golden files: a change shows up as a readable diff."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from on_duet import as_compiled

from ezprivsecfl.backends.motion2nx.backend import Motion2nx
from ezprivsecfl.cli.program_file import execute
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.frontends.tff import Traces, find_computations, install_source_tracking

EXAMPLES = Path(__file__).parents[3] / "examples"
GOLDEN = Path(__file__).parent / "golden" / "examples"


@pytest.fixture
def undisturbed() -> Iterator[None]:
    argv, path = sys.argv, list(sys.path)
    yield
    sys.argv, sys.path[:] = argv, path


def compiled_example(name: str) -> dict[str, Compiled]:
    install_source_tracking()
    found = find_computations(execute(EXAMPLES / f"{name}.py", [], name="__golden__"))
    return {
        called: compile_program(Traces(computation, called).first(30).program, Options(clients=30))
        for called, computation in found.items()
    }


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_example(name, undisturbed):
    """To accept a change: UPDATE_GOLDEN=1 uv run pytest tests/backends, and read the diff."""
    for called, compiled in compiled_example(name).items():
        text, golden = Motion2nx().lower(compiled).sources()["program.cpp"], GOLDEN / f"{name}.{called}.cpp"
        if os.environ.get("UPDATE_GOLDEN"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(text)
        assert text == golden.read_text()
        assert f"({name}.py:" in text
        assert f", {name}.py:" in as_compiled(compiled).sources()["program.cpp"]


def test_traffic_is_estimated_from_the_operations():
    """Without clients' proofs there are squares, too."""
    program = trace_of("fltrust")
    for proofs, size in ((True, "2.9"), (False, "8.9")):
        compiled = compile_program(program, Options(clients=30, proofs=proofs))
        lines = Motion2nx().lower(compiled).traffic()
        assert lines == [f"about {size} MB, both directions together (MOTION2NX declares nothing)"]


def trace_of(name):
    found = find_computations(execute(EXAMPLES / f"{name}.py", [], name="__golden__"))
    return Traces(found[name], name).first(30).program
