"""The drawing of who learns what: all that is opened is in it, with its bits, and nothing else."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from small_programs import TensorProgram, clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.base import Lowered
from ezprivsecfl.backends.registry import choose
from ezprivsecfl.compiler.choices import FIXED
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Div
from ezprivsecfl.ir.types import DType
from ezprivsecfl.report.facts import facts_of
from ezprivsecfl.report.flow import MOST_LINES, flow_svg
from ezprivsecfl.runtime.statistics import size_text

SVG = "{http://www.w3.org/2000/svg}"


def lowered(program: Program, **options: object) -> Lowered:
    return choose("duet").lower(compile_program(program, Options(clients=6, **options)))


def boxes(program: Lowered) -> dict[str, list[str]]:
    """By title the lines of every box."""
    root = ElementTree.fromstring(flow_svg(facts_of(program), "7 kB a round"))
    found = {}
    for group in root.iter(f"{SVG}g"):
        if group.find(f"{SVG}rect") is not None:
            title, *lines = [text.text or "" for text in group.iter(f"{SVG}text")]
            found[title] = lines
    return found


def many_results(count: int) -> Program:
    b = TensorProgram("many")
    for i in range(count):
        b.returns(b.total(b.clients(f"x{i}", i + 1)), f"sum{i}")
    return b.build()


def counts() -> Program:
    """Integers, of which all bits are opened."""
    b = TensorProgram("counts")
    b.returns(b.total(b.clients("votes", 4, dtype=DType.I32)))
    return b.build()


def of_each_client() -> Program:
    """A quotient that is one client's own, so that a bit about each is opened."""
    b = TensorProgram("quotients")
    with b.at(Location("program.py", 7, "RealDiv")):
        quotient = b.add(Div, b.clients("x", 3), b.clients("weight", 3))
    b.returns(b.total(quotient))
    return b.build()


PROGRAMS = [
    fltrust(12),
    clipped_mean(5),
    weighted_mean(3),
    many_results(1),
    many_results(4),
    of_each_client(),
    counts(),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_what_servers_open_is_what_is_drawn(program: Program):
    """Taken from the program that the servers run: numbers and bits of every value that they open to each other."""
    compiled = lowered(program)
    checked = {op.operands[0] for op in compiled.secure.of(protocol.Check)}
    results, bits = [], []
    for op in compiled.secure.of(protocol.Open):
        if op.result in checked:
            bits.append("  1 bit per client: finite?" if "n" in op.result.type.shape else "  1 bit: finite?")
        else:
            often = math.prod(op.result.type.shape)
            opened = "all" if op.significant is None else op.significant
            results.append(f"  {often:,} number{'' if often == 1 else 's'} x {opened} bits")
    drawn = boxes(compiled)["opened"]
    assert [line for line in drawn if re.match(r"  .* x ", line)] == results != []
    assert [line for line in drawn if line.startswith("  1 bit")] == bits
    assert bool(bits) == (program.name in ("fltrust", "weighted_mean", "quotients"))
    classes = [f"size class of {path}" for path in facts_of(compiled).classified]
    assert drawn[2 * (len(results) + len(bits)) :] == classes


def test_what_does_not_fit_is_counted_and_told():
    """Twenty results are two lines each; fourteen lines are drawn, the last of which has all others behind it."""
    compiled = lowered(many_results(20), scale=FIXED)
    svg = flow_svg(facts_of(compiled))
    *shown, last = boxes(compiled)["opened"]
    assert len(shown) == 2 * MOST_LINES - 1
    assert last == f"and {2 * 20 - len(shown)} more"
    for i in range(20):
        assert f"sum{i}: {i + 1} number" in svg


def test_who_takes_part():
    assert next(iter(boxes(lowered(fltrust(12))))) == "2 to 6 clients"
    assert next(iter(boxes(lowered(fltrust(12), min_clients=4)))) == "4 to 6 clients"
    assert next(iter(boxes(lowered(fltrust(12), exact_clients=6)))) == "6 clients"
    assert boxes(lowered(fltrust(12)))["2 to 6 clients"] == ["updates f32[12]", "learn nothing"]


@pytest.mark.parametrize(
    ("owner", "who", "line"),
    [
        (None, {"server 0", "server 1"}, "root"),
        (Owner.SERVER_0, {"server 0"}, "root (its own)"),
        (Owner.SERVER_1, {"server 1"}, "root (its own)"),
        (Owner.THIRD_PARTY, {"third party"}, "root"),
    ],
)
def test_who_knows_an_input_of_the_server(owner: Owner | None, who: set[str], line: str):
    drawn = boxes(lowered(fltrust(12, owner)))
    assert {title for title, lines in drawn.items() if line in lines} == who
    assert not [title for title in drawn.keys() - who if any("root" in text for text in drawn[title])]


def test_what_flows():
    """To one server a seed, to the other all shares, and the proof where there is one."""
    compiled = lowered(fltrust(12))
    layout = facts_of(compiled).plan.layout
    sent = 8 * layout.entries + layout.high_bytes + layout.proof_bytes
    svg = flow_svg(facts_of(compiled), "7 kB a round")
    assert {">16 bytes: a seed<", f">{size_text(sent)}: shares and proof<", ">7 kB a round<"} <= set(
        re.findall(r">[^<]+<", svg)
    )
    assert ": shares<" in flow_svg(facts_of(lowered(fltrust(12), proofs=False)))
