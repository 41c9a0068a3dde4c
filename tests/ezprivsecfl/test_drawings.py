"""Layouts, graphs, circuits and pages as SVG and HTML: what is in them, where, and that it stands alone."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from small_programs import TensorProgram, clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.registry import choose
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.domains import domain_of
from ezprivsecfl.drawing import listing
from ezprivsecfl.drawing.circuit import MOST_GATES, NamedCircuit, circuit_of
from ezprivsecfl.drawing.graph import MOST_BOXES, graph_of, graph_svg
from ezprivsecfl.drawing.layout import place
from ezprivsecfl.drawing.listing import Listing
from ezprivsecfl.drawing.page import BAR, Bars, statements, table, tabs
from ezprivsecfl.errors import CompileError, Location
from ezprivsecfl.ir.circuits.circuit import Circuit, Gate, GateKind
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Add, Exp, Mul, Neg
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.program_html import program_html
from ezprivsecfl.report.facts import facts_of
from ezprivsecfl.report.html import report_html
from ezprivsecfl.variants import Variant

PROGRAMS = [fltrust(12), clipped_mean(5), weighted_mean(3)]
BY_NAME = {"ids": lambda program: program.name}
SVG = "{http://www.w3.org/2000/svg}"


def secure(program: Program) -> Program:
    return choose("duet").lower(compile_program(program, Options(clients=6))).secure


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


@pytest.mark.parametrize("seed", range(8))
def test_a_layout_keeps_nodes_apart_and_leads_edges_around_them(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 30))
    sizes = [(float(w), float(h)) for w, h in rng.integers(10, 90, size=(count, 2))]
    edges = sorted({tuple(sorted(map(int, rng.choice(count, 2, replace=False)))) for _ in range(2 * count)})
    placed = place(sizes, edges, (8.0, 20.0), sources_first=bool(seed % 2))
    boxes = [(x - w / 2, y, x + w / 2, y + h) for x, y, (w, h) in zip(placed.x, placed.y, sizes, strict=True)]
    for (a, b, c, d), (e, f, g, h) in combinations(boxes, 2):
        assert c < e + 1e-6 or g < a + 1e-6 or d < f or h < b
    assert min(box[0] for box in boxes) >= -1e-6
    assert max(box[2] for box in boxes) <= placed.width + 1e-6
    assert max(box[3] for box in boxes) <= placed.height + 1e-6
    for (source, target), route in zip(edges, placed.routes, strict=True):
        assert route[0] == (placed.x[source], boxes[source][3])
        assert route[-1] == (placed.x[target], boxes[target][1])
        assert all(y < lower for (_, y), (_, lower) in pairwise(route))
        for (x, y), (to_x, lower) in pairwise(route):
            if x == to_x:  # within a layer it passes no box
                assert not any(a < x < c and b < lower - 1e-6 and y + 1e-6 < d for a, b, c, d in boxes)


def test_sources_are_near_what_needs_them_unless_they_are_to_be_first():
    chain = [(0, 1), (1, 2), (3, 2)]
    sizes = [(10.0, 10.0)] * 4
    assert place(sizes, chain, (5.0, 5.0)).y[3] == place(sizes, chain, (5.0, 5.0)).y[1]
    assert place(sizes, chain, (5.0, 5.0), sources_first=True).y[3] == 0


@pytest.mark.parametrize("program", PROGRAMS, **BY_NAME)
def test_a_graph_has_every_operation_once_and_every_use(program):
    compiled = secure(program)
    graph = graph_of(compiled)
    home = {op: i for i, box in enumerate(graph.boxes) for op in box.ops}
    assert sorted(home, key=compiled.ops.index) == list(compiled.ops)
    assert sum(len(box.ops) for box in graph.boxes) == len(compiled.ops)
    uses = {(home[value.op], home[op]) for op in compiled.ops for value in op.operands}
    assert set(graph.edges) == {(source, target) for source, target in uses if source != target}
    assert all(source < target for source, target in graph.edges)
    for box in graph.boxes:
        assert all(domain_of(op) == part.domain for part in box.parts for op in part.ops)


def at(b: TensorProgram, line: int, op: str):
    return b.at(Location("program.py", line, op))


def test_what_a_line_needs_of_itself_through_another_line_is_in_two_boxes():
    b = TensorProgram("there_and_back")
    x = b.server("x", 3)
    with at(b, 5, "Mul"):
        first = b.add(Mul, x, x)
    with at(b, 6, "Exp"):
        between = b.add(Exp, first)
    with at(b, 5, "Mul"):
        b.returns(b.add(Mul, b.add(Mul, between, first), first))
    graph = graph_of(b.build())
    names = [[op.name for op in box.ops] for box in graph.boxes]
    assert names == [["input"], ["mul"], ["exp"], ["mul", "mul", "output"]]
    assert graph.edges == ((0, 1), (1, 2), (1, 3), (2, 3))


def test_large_graphs_have_a_box_for_each_line():
    b = TensorProgram("long")
    value = b.server("x")
    for i in range(4 * MOST_BOXES):
        with at(b, 1 + 8 * i // (4 * MOST_BOXES), ("Neg", "AddV2")[i % 2]):
            value = b.add(Neg, value) if i % 2 else b.add(Add, value, value)
    b.returns(value)
    graph = graph_of(b.build())
    assert [box.location.line for box in graph.boxes] == [0, *range(1, 9)]
    assert parsed(graph_svg(graph)) is not None


@pytest.mark.parametrize("alone", [False, True])
def test_drawings_are_well_formed_and_need_nothing_else(alone):
    hostile = TensorProgram("<script>&\"'")
    with at(hostile, 1, "<b>&"):
        hostile.returns(hostile.total(hostile.clients("x<y&", 3)))
    for program in (*map(secure, PROGRAMS), secure(hostile.build())):
        drawings = [graph_svg(graph_of(program), alone=alone)]
        drawings += [NamedCircuit(n, c).draw().draw(alone) for n, c in program.circuits.items()]
        for drawing in drawings:
            root = parsed(drawing)
            assert root.tag == f"{SVG}svg"
            assert (root.find(f"{SVG}style") is not None) == alone
            assert not re.search(r"<script|href|url\(|@import|<image|<foreignObject", drawing)
            left, top, width, height = map(float, root.attrib["viewBox"].split())
            for text in root.iter(f"{SVG}rect"):
                assert float(text.attrib["x"]) >= left
                assert float(text.attrib["x"]) + float(text.attrib["width"]) <= width
                assert (
                    top <= float(text.attrib["y"]) <= float(text.attrib["y"]) + float(text.attrib["height"]) <= height
                )


def test_boxes_show_domains_line_and_operations():
    svg = graph_svg(graph_of(secure(fltrust(12))))
    assert 'class="area yao"' in svg
    assert 'class="area opened"' in svg
    texts = [t.text for t in parsed(svg).iter(f"{SVG}text")]
    assert {"clients' shares", "arithmetic shares", "garbled", "opened", "updates"} <= set(texts)
    assert any("to_yao, circuit" in (text or "") for text in texts)


def chain_of(gates: int) -> Circuit:
    """AND of bit 0 with what comes before it, again and again."""
    made = [Gate(GateKind.AND, (0, i + 1), i + 2) for i in range(gates)]
    return Circuit(gates + 2, (2,), (1,), tuple(made))


def test_up_to_some_hundred_gates_are_drawn_one_by_one():
    drawing = NamedCircuit("chain", chain_of(MOST_GATES)).draw()
    root = parsed(drawing.draw(False))
    assert len(list(root.iter(f"{SVG}circle"))) == MOST_GATES
    (wires,) = root.iter(f"{SVG}path")
    assert wires.attrib["d"].count("M") == 2 * MOST_GATES + 1  # operands, and the output
    assert (
        repr(drawing)
        == f"chain: inputs of 2 bits, outputs of 1 bit; {MOST_GATES} AND; {MOST_GATES} layers of AND gates"
    )


def test_of_larger_circuits_layers_are_drawn(tmp_path):
    drawing = NamedCircuit("chain", chain_of(MOST_GATES + 1)).draw()
    root = parsed(drawing.draw(False))
    assert not list(root.iter(f"{SVG}circle"))
    titles = [t.text or "" for t in root.iter(f"{SVG}title")]
    assert sum(int(re.search(r": (\d+) AND gates", t)[1]) for t in titles) == MOST_GATES + 1
    drawing.save(tmp_path / "chain.svg")
    assert parsed((tmp_path / "chain.svg").read_text()).find(f"{SVG}style") is not None


def test_inputs_that_are_outputs_constants_and_bits_that_are_not_used_are_drawn():
    """Three input bits: one is not used, one is an output itself (EQW); a constant is the other output."""
    gates = (Gate(GateKind.EQW, (1,), 3), Gate(GateKind.EQ, (1,), 4))
    root = parsed(NamedCircuit("few", Circuit(5, (3,), (1, 1), gates)).draw().draw(False))
    texts = [t.text for t in root.iter(f"{SVG}text")]
    assert texts == [
        "few: inputs of 3 bits, outputs of 1 and 1 bits; 1 EQ, 1 EQW; 0 layers of AND gates; 2 input bits are not used",
        *("=", "1", "x0[1]", "y0[0]", "y1[0]"),
    ]


def test_a_circuit_that_is_not_there():
    with pytest.raises(CompileError, match="fltrust has no circuit 'relu'; it has one, two"):
        circuit_of({"one": chain_of(1), "two": chain_of(1)}, "relu", "fltrust")


@pytest.mark.parametrize("program", PROGRAMS, **BY_NAME)
def test_listings_parse_back_and_are_short_where_nobody_asked_for_all(program):
    compiled = secure(program)
    shown = Listing((program, compiled))
    first, second = str(shown).split(f"\nprogram @{program.name} (")
    assert str(parse_program(first, "a")) == str(program)
    assert str(parse_program(f"program @{program.name} ({second}", "b")) == str(compiled)
    assert len(repr(shown)) < 300
    html = shown._repr_html_()
    assert html.count('<i class="bar ') == len(program.ops) + len(compiled.ops)
    assert "INV" not in html  # circuits have drawings of their own


def test_listings_say_what_they_leave_out(monkeypatch):
    monkeypatch.setattr(listing, "MOST_LINES", 5)
    program = fltrust(3)
    html = Listing((program,)).html()
    assert html.count('<i class="bar ') == 5
    assert f"and {len(program.ops) - 5} operations more: print(program.ir) shows all" in html


def test_tabs_of_two_outputs_are_independent():
    pages = {"one": "<p>1</p>", "two": "<p>2</p>"}
    first, second = tabs(pages), tabs(pages)
    ids = re.findall(r'id="([^"]+)"', first + second)
    assert len(set(ids)) == 4
    assert re.findall(r'for="([^"]+)"', first + second) == ids
    assert len(set(re.findall(r'name="([^"]+)"', first + second))) == 2
    assert first.count(" checked") == 1
    assert first.index(" checked") < first.index("one")


def test_bars_are_proportional_to_the_longest_of_their_column():
    html = table(("a", "b"), [(Bars({"x": 1.0, "y": 2.0}, "<3>"), Bars({"x": 8.0}, "8")), (Bars({"x": 6.0}, "6"), "-")])
    widths = [float(w) for w in re.findall(r"width:([\d.]+)px", html)]
    assert widths == [BAR / 6, BAR / 3, BAR, BAR]
    assert "&lt;3&gt;" in html
    assert table(("a",), [(Bars({"x": 0.0}, "0"),)]).count("<i ") == 0


def test_statements_are_escaped():
    assert statements("a<b", ["c&d"]) == "<h4>a&lt;b</h4><ul><li>c&amp;d</li></ul>"


def test_a_large_program_is_stored_in_little():
    """Its sources alone, with all gates of its circuits, have hundreds of kilobytes."""
    b = TensorProgram("many")
    x = b.clients("x", 40)
    for i in range(5):
        b.returns(b.total(b.add(Exp, b.add(Mul, x, b.constant(0.1 + 0.01 * i)))), f"result{i}")
    lowered = choose("duet").lower(compile_program(b.build(), Options(clients=30)))
    variant = Variant(lowered.compiled, choose("duet"), 0.0)
    facts = facts_of(lowered)
    assert sum(map(len, lowered.sources().values())) > 200_000
    assert len(program_html(variant, facts)) < 100_000
    assert len(report_html(facts)) < 30_000
    shown = [variant.cost(), Listing((lowered.compiled.optimised, lowered.secure))]
    assert all(len(one._repr_html_()) < 30_000 for one in shown)
    assert all(len(repr(one)) < 300 for one in shown)
    assert len(repr(lowered)) < 10_000
