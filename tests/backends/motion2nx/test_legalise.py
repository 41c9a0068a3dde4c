"""Legal programs compute the same, bit for bit, with what the target has."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mpc_programs import every_op, inputs_of_every_op
from small_programs import clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.motion2nx.description import GATES, NATIVE, product_bytes
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
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
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


def test_the_smaller_factor_comes_left():
    def product(left: tuple[int, ...], right: tuple[int, ...]) -> Program:
        b = ProgramBuilder("p", Level.MPC, 4)
        x, y = (
            b.add(protocol.Mask, b.add(io.Share, path=path, bound=1.0, type=ArithType(shape, 4)))
            for path, shape in (("x", left), ("y", right))
        )
        opened = b.add(protocol.Open, b.add(protocol.Product, x, y))
        b.append(io.Output(operands=(opened,), path="z"))
        return b.build()

    for left, right, transposed in (((1, 3), (3, 7), 0), ((7, 3), (3, 1), 3), ((2, 9, 3), (2, 3, 4), 3)):
        program = product(left, right)
        secure = legal(program)
        (gemm,) = secure.of(Gemm)
        a, b = (np.prod(o.type.shape) for o in gemm.operands)
        assert a <= b
        assert sum(op.name == "transpose" for op in secure.ops) == transposed
        rng = np.random.default_rng(1)
        values = {"x": rng.integers(0, 2**63, left, np.uint64), "y": rng.integers(0, 2**63, right, np.uint64)}
        np.testing.assert_array_equal(run_mpc(secure, values, 2)["z"], run_mpc(program, values, 2)["z"])
    assert product_bytes(gemm, 4) > 0


def test_squares_cost_half_of_products():
    secure = legal(compile_program(fltrust(3372), Options(clients=30, proofs=False)).secure)
    (squares,) = secure.of(SquareSumOfShares)
    assert product_bytes(squares, 30) == 30 * 3372 * 64 * 24


def test_target_operations_print_and_parse():
    program = legal(every_op(sketched=False))
    text = print_program(program)
    assert "gemm" in text
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
