"""The graph of a program in Graphviz's language."""

from __future__ import annotations

import re

import pytest
from on_duet import as_compiled
from small_programs import fltrust

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.domains import Domain
from ezprivsecfl.drawing.dot import dot_text
from ezprivsecfl.drawing.graph import Box, Graph, Part, graph_of
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.mpc import io
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.types import ArithType


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of(as_compiled(compile_program(fltrust(5), Options(clients=4))).secure)


def test_every_box_and_edge_is_there(graph: Graph):
    text = dot_text(graph)
    assert len(re.findall(r"^  n\d+ \[label=", text, flags=re.MULTILINE)) == len(graph.boxes)
    assert re.findall(r"^  n(\d+) -> n(\d+);$", text, flags=re.MULTILINE) == [
        (str(source), str(target)) for source, target in graph.edges
    ]


def test_boxes_have_the_colours_of_domains(graph: Graph):
    found = set(re.findall(r'fillcolor="(#[0-9a-f]{6})"', dot_text(graph)))
    assert found >= {Domain.ARITHMETIC.pale, Domain.OPENED.pale}


def test_texts_are_escaped():
    b = ProgramBuilder("turns", Level.MPC, 4)
    with b.at(Location("program.py", 1, 'x & "y"\\')):
        share = b.add(io.Share, path='a"b', bound=8.0, type=ArithType((), 8)).op
    box = Box(share.location, (Part(Domain.CLIENTS, (share,)),))
    text = dot_text(Graph('pro"gram', (box,), ()))
    assert text.startswith('digraph "pro\\"gram" {')
    assert 'label="a\\"b\\nprogram.py:1' in text
    assert "(clients' shares)" in text
