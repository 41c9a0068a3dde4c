"""Legal programs compute the same, bit for bit, with what the target has."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mpc_programs import every_op, inputs_of_every_op
from small_programs import clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.motion2nx.description import GATES, NATIVE, total_bytes
from ezprivsecfl.backends.motion2nx.legalise import Legalise, legal_circuit
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.evaluate import evaluate
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.mpc.shares import Gemm, SquareSumOfShares
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.types import ArithType


def legal(program: Program) -> Program:
    return run_passes(program, [Legalise()])


@pytest.mark.parametrize("clients", [2, 5])
def test_every_operation_keeps_its_meaning(clients):
    program = every_op(sketched=False)
    inputs = inputs_of_every_op(clients)
    encoded = {op.path: encode(inputs[op.path], 8) for op in (*program.of(io.Share), *program.of(io.Public))}
    expected, found = run_mpc(program, encoded, clients), run_mpc(legal(program), encoded, clients)
    assert expected.keys() == found.keys()
    for path in expected:
        np.testing.assert_array_equal(found[path], expected[path])


@pytest.mark.parametrize("program", [fltrust(12), weighted_mean(5), clipped_mean(6)], ids=lambda p: p.name)
def test_compiled_programs_become_legal(program):
    secure = legal(compile_program(program, Options(clients=9)).secure)
    assert all(isinstance(op, NATIVE) for op in secure.ops)
    assert all(isinstance(op.operands[0].type, ArithType) for op in secure.of(protocol.ToYao))
    assert all(gate.kind in GATES for circuit in secure.circuits.values() for gate in circuit.gates)


def test_products_of_shares_are_masked():
    program = every_op(sketched=False)
    assert program.of(Gemm)
    assert program.of(SquareSumOfShares)
    secure = legal(program)
    assert len(secure.of(protocol.Product)) == len(program.of(protocol.Product)) + len(program.of(Gemm))
    assert not secure.of(Gemm)
    assert not secure.of(SquareSumOfShares)


def test_what_products_are_said_to_send_is_what_they_declare():
    """And far below 64 transfers of 64 bits for every element, which is what the framework's own products take."""
    secure = legal(compile_program(fltrust(3372), Options(clients=30, proofs=False)).secure)
    assert 3e6 < total_bytes(secure, 30) < 10e6


def test_target_operations_print_and_parse():
    program = legal(every_op(sketched=False))
    text = print_program(program)
    assert "square_sum" in text
    assert print_program(parse_program(text)) == text


def test_circuits_without_copies_and_constants_compute_the_same():
    b = CircuitBuilder()
    x, y = b.input(2), b.input(1)
    both = b.and_(x[0], y[0])
    b.output([b.constant(False), x[1], both, both])
    b.output([b.constant(True), b.inv(y[0])])
    circuit = b.build()
    rewritten = legal_circuit(circuit)
    assert {gate.kind for gate in circuit.gates} - GATES
    assert all(gate.kind in GATES for gate in rewritten.gates)
    assert rewritten.and_count == circuit.and_count
    bits = np.array(list(itertools.product([False, True], repeat=3)))
    inputs = [bits[:, :2], bits[:, 2:]]
    for expected, found in zip(evaluate(circuit, inputs), evaluate(rewritten, inputs), strict=True):
        np.testing.assert_array_equal(found, expected)
