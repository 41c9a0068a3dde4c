"""A graph is run once: phases must be in an order in which all that they need is known."""

from __future__ import annotations

import pytest
from mpc_programs import every_op, relu_circuit
from small_programs import clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.motion2nx.legalise import Legalise
from ezprivsecfl.backends.motion2nx.phases import Kind, Phase, divide
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import Location, UnsupportedError
from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import Circuit, CircuitBuilder
from ezprivsecfl.ir.mpc import io, linear, protocol, structure
from ezprivsecfl.ir.mpc.shares import SquareSumOfShares
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.types import ArithType, BitFormat, FixedFormat, YaoType


def phases_of(program: Program) -> tuple[Program, list[Phase]]:
    secure = Legalise().run(program)
    return secure, divide(secure)


PROGRAMS = [
    every_op(sketched=False),
    *(compile_program(p, Options(clients=9)).secure for p in (fltrust(12), weighted_mean(5), clipped_mean(6))),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_every_operation_is_in_one_phase_after_what_it_needs(program):
    secure, phases = phases_of(program)
    listed = [op for phase in phases for op in phase.ops]
    outputs = {output.operands[0].op for output in secure.of(io.Output)}
    revealed = {op for op in outputs if isinstance(op, protocol.Open)}  # after all phases
    assert sorted(map(id, listed)) == sorted(id(op) for op in secure.ops if op.results and op not in revealed)
    known = set()
    for phase in phases:
        together = phase.kind in (Kind.LOCAL, Kind.GRAPH)
        computed = set(known)
        for op in phase.ops:
            assert all(o in (computed if together else known) for o in op.operands)
            computed.update(op.results)
        known = computed


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_garbled_values_stay_in_their_graph(program):
    secure, phases = phases_of(program)
    phase_of = {op: phase for phase in phases for op in phase.ops}
    for value, users in secure.uses().items():
        if isinstance(value.type, YaoType):
            assert phase_of[value.op].kind is Kind.GRAPH
            assert all(phase_of[user] is phase_of[value.op] for user in users)


def kinds(proofs: bool) -> list[Kind]:
    _, phases = phases_of(compile_program(fltrust(12), Options(clients=9, proofs=proofs)).secure)
    return [p.kind for p in phases if p.kind is not Kind.LOCAL]


def test_fltrust_is_products_a_graph_and_products():
    """On unit vectors there are no squares, and nothing that is not finite."""
    assert kinds(proofs=True) == [Kind.GRAPH, Kind.PRODUCTS, Kind.OPEN]
    assert kinds(proofs=False) == [
        Kind.PRODUCTS,
        Kind.GRAPH,
        Kind.PRODUCTS,
        Kind.GRAPH,  # whose values are not finite
        Kind.OPEN,
    ]


def sum_circuit() -> Circuit:
    b = CircuitBuilder()
    b.output(words.add(b, b.input(20), b.input(20)))
    return b.build()


def around(opened: bool) -> Program:
    """A garbled value that is used before and after something else is computed from it."""
    b = ProgramBuilder("around", Level.MPC, 4)
    b.circuits = {"relu": relu_circuit(), "sum": sum_circuit()}
    fixed = FixedFormat(20, 0)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n", 4), 0))
    wires = b.add(protocol.ToYao, x, width=20)
    positive, _ = b.append(protocol.Circuit(operands=(wires,), circuit="relu", formats=(fixed, BitFormat()))).results
    back = b.add(protocol.FromYao, positive)
    with b.at(Location("user.py", 7, "Square")):
        if opened:
            middle = b.add(linear.AsShares, b.add(protocol.Open, back))
        else:
            squares = b.add(protocol.SquareSum, b.add(protocol.Mask, back))
            column = b.add(structure.Reshape, squares, shape=("n", 1))
            middle = b.add(structure.Broadcast, column, shape=("n", 4))
    operands = (b.add(protocol.ToYao, middle, width=20), positive)
    joined = b.append(protocol.Circuit(operands=operands, circuit="sum", formats=(fixed,))).result
    b.append(io.Output(operands=(b.add(protocol.Open, b.add(protocol.FromYao, joined)),), path="y"))
    return b.build()


def test_products_between_two_parts_of_a_graph_belong_to_it():
    _, phases = phases_of(around(opened=False))
    assert [p.kind for p in phases if p.kind is not Kind.LOCAL] == [Kind.GRAPH]
    assert any(isinstance(op, SquareSumOfShares) for p in phases if p.kind is Kind.GRAPH for op in p.ops)


def test_opening_in_the_middle_of_a_graph_is_refused():
    with pytest.raises(UnsupportedError, match=r"(?s)cannot open a value in the middle.*duet can.*user\.py:7"):
        phases_of(around(opened=True))
