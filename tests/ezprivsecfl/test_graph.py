"""The program on shares as a graph: what a box is, and its two text forms."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest
from on_duet import as_compiled
from small_programs import fltrust

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import Location
from ezprivsecfl.graph import Domain, Graph, Node, graph_of
from ezprivsecfl.graph.layout import layout
from ezprivsecfl.ir.mpc import io, linear, protocol
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.types import ArithType

SVG = "{http://www.w3.org/2000/svg}"


def there_and_back() -> Program:
    """A line, another one, and the first again, which cannot be one box with before: it would depend on itself."""
    b = ProgramBuilder("turns", Level.MPC, 4)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType((), 8))
    with b.at(Location("program.py", 3, "Add")):
        first = b.add(linear.Add, x, x)
        second = b.add(linear.Add, first, x)
    with b.at(Location("program.py", 4, "Mul")):
        other = b.add(linear.Add, second, x)
    with b.at(Location("program.py", 3, "Add")):
        beside = b.add(linear.Add, first, first)
        again = b.add(linear.Add, other, beside)
        opened = b.add(protocol.Open, again)
    b.append(io.Output(operands=(opened,), path="y"))
    return b.build()


def test_a_box_is_a_place_and_a_domain_without_circles():
    graph = graph_of(there_and_back())
    assert [(n.location.line, n.domain, n.operations) for n in graph.nodes] == [
        (0, Domain.CLIENTS, ("share x",)),
        (3, Domain.ARITHMETIC, ("add",)),
        (4, Domain.ARITHMETIC, ("add",)),
        (3, Domain.ARITHMETIC, ("add",)),
        (3, Domain.OPENED, ("open",)),
        (0, Domain.OPENED, ("output",)),
    ]
    assert graph.edges == ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 4), (4, 5))


@pytest.fixture(scope="module")
def compiled() -> Program:
    return as_compiled(compile_program(fltrust(5), Options(clients=4))).secure


def test_every_operation_is_in_a_box_and_every_use_is_an_edge(compiled):
    graph = graph_of(compiled)
    assert {op.name for op in compiled.ops} == {name.split()[0] for n in graph.nodes for name in n.operations}
    assert all(source < target for source, target in graph.edges)
    assert {n.domain for n in graph.nodes} >= {Domain.CLIENTS, Domain.ARITHMETIC, Domain.OPENED}
    assert {Domain.YAO, Domain.BOOLEAN} & {n.domain for n in graph.nodes}
    sources = {source for source, _ in graph.edges}
    assert all(n.domain is Domain.OPENED for i, n in enumerate(graph.nodes) if i not in sources)


def test_the_drawing_stands_by_itself(compiled):
    graph = graph_of(compiled)
    root = ElementTree.fromstring(graph.svg)
    assert graph._repr_svg_() == graph.svg
    assert not re.findall(r"<script|<style|@import|url\((?!#)|href", graph.svg)
    assert re.findall(r"https?://[^\"]*", graph.svg) == ["http://www.w3.org/2000/svg"]
    boxes = [g for g in root.findall(f"{SVG}g") if g.find(f"{SVG}title") is not None]
    assert len(boxes) == len(graph.nodes)
    assert [g.find(f"{SVG}rect").get("fill") for g in boxes] == [n.domain.colour for n in graph.nodes]
    assert len([p for p in root.findall(f"{SVG}path") if p.get("marker-end")]) == len(graph.edges)
    _, _, width, height = map(float, root.get("viewBox").split())
    places = [tuple(float(g.find(f"{SVG}rect").get(a)) for a in ("x", "y", "width", "height")) for g in boxes]
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in places)
    for (x, y, w, h), (x2, y2, w2, h2) in itertools.combinations(places, 2):
        assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y, "boxes overlap"


def test_texts_are_escaped():
    node = Node(Location("a<b>.py", 1, 'x & "y"\\'), Domain.YAO, ("circuit",), "[n]")
    graph = Graph('pro"gram', (node,), ())
    assert ElementTree.fromstring(graph.svg).find(f"{SVG}title").text == 'pro"gram'
    assert 'label="a<b>.py:1 x & \\"y\\"\\\\\\ncircuit [n]\\ngarbled circuit"' in graph.dot
    assert graph.dot.startswith('digraph "pro\\"gram" {')


def test_dot_names_every_node_and_edge(compiled):
    graph = graph_of(compiled)
    assert len(re.findall(r"^  n\d+ \[label=", graph.dot, flags=re.MULTILINE)) == len(graph.nodes)
    assert re.findall(r"^  n(\d+) -> n(\d+);$", graph.dot, flags=re.MULTILINE) == [
        (str(source), str(target)) for source, target in graph.edges
    ]


def test_lines_of_the_program_are_shown(tmp_path):
    file = tmp_path / "program.py"
    file.write_text("one\n  two = three()\n")
    node = Node(Location(str(file), 2, "Relu"), Domain.YAO, ("to_yao", "circuit"), "[n]")
    assert node.lines == ("program.py:2 Relu", "two = three()", "to_yao, circuit [n]")
    assert Node(Location("gone.py", 2), Domain.YAO, ("circuit",), "").lines == ("gone.py:2", "circuit")


def test_edges_go_around_boxes():
    """The chain 0, 1, 2, 3, and an edge from its start to its end."""
    sizes = [(100.0, 20.0)] * 4
    placed = layout(sizes, [(0, 1), (1, 2), (2, 3), (0, 3)])
    (around,) = [points for points in placed.edges if len(points) > 2]
    for node in (1, 2):
        x, y = placed.nodes[node]
        for to_x, to_y in around:
            assert abs(to_x - x) > 50 or not y <= to_y <= y + 20
    assert [y for _, y in placed.nodes] == sorted({y for _, y in placed.nodes})


def test_a_graph_of_nothing():
    assert layout([], []).nodes == []
    ElementTree.fromstring(Graph("empty", (), ()).svg)
