"""Rounding of secret values: exact, and what is opened is what has been rounded."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits
from ezprivsecfl.ir.mpc.io import Output
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates
from ezprivsecfl.ir.tensor.values import tensor_op
from ezprivsecfl.ir.types import DType, FixedFormat

KINDS = {ew.Floor: np.floor, ew.Ceil: np.ceil, ew.RoundEven: np.rint}
VALUES = [
    0.0,
    0.5,
    -0.5,
    1.5,
    -1.5,
    2.5,
    -2.5,
    2.0,
    -3.0,
    7.75,
    -7.75,
    2.0**-12,
    -(2.0**-12),
    0.5 - 2.0**-10,
    1000.0,
    -999.5,
]


def run(b, values):
    compiled = compile_program(b.build(), Options(clients=8, bounds=ParameterBounds.of({"x": 1024.0})))
    return compiled, PlainProgram(compiled).run({"x": list(values)}, {}).outputs["result"]


@pytest.mark.parametrize("kind", KINDS)
def test_of_every_client(kind):
    b = TensorProgram("rounded")
    b.returns(b.add(st.Sum, b.add(kind, b.clients("x", len(VALUES))), axes=(0,)))
    values = np.array([VALUES, VALUES[::-1], np.negative(VALUES)])
    _, got = run(b, values)
    np.testing.assert_array_equal(got, KINDS[kind](values).sum(axis=0))


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_sum(kind):
    b = TensorProgram("rounded")
    b.returns(b.add(kind, b.add(st.Sum, b.clients("x", len(VALUES)), axes=(0,))))
    values = np.array([VALUES, VALUES[3:] + VALUES[:3]])
    compiled, got = run(b, values)
    np.testing.assert_array_equal(got, KINDS[kind](values.sum(axis=0)))
    # The sum itself has more than the result tells: a rounding is never undone by opening early.
    assert [op.operands[0].type.frac for op in compiled.secure.of(Output)] == [0]


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_normalised_number(kind):
    b = TensorProgram("rounded")
    x = b.clients("x", len(VALUES))
    third = b.add(ew.Sqrt, b.add(ew.Abs, x))
    b.returns(b.add(st.Sum, b.add(kind, b.add(ew.Mul, third, third)), axes=(0,)))
    values = np.array([[k * k + 0.25 for k in range(len(VALUES))], [0.0] * 15 + [900.3]])
    _, got = run(b, values)
    np.testing.assert_array_equal(got, KINDS[kind](np.abs(values)).sum(axis=0))


def test_casts_to_integers_round_toward_zero():
    b = TensorProgram("cast")
    scaled = b.add(ew.Mul, b.clients("x", len(VALUES)), b.add(Constant, value=np.full((), 2.0), dtype=DType.F32))
    b.returns(b.add(st.Sum, b.add(ew.Cast, scaled, dtype=DType.I32), axes=(0,)))
    values = np.array([VALUES, np.multiply(VALUES, 0.25)])
    _, got = run(b, values)
    np.testing.assert_array_equal(got, np.trunc(2 * values).sum(axis=0))


@pytest.mark.parametrize("kind", KINDS)
def test_of_words_with_fewer_places_than_integers(kind):
    """Large numbers beside others may have: they are integers already, several times as large as the word."""
    words = [-8, -3, 0, 1, 7]
    b = TensorProgram("rounded")
    rounded = b.add(kind, b.clients("x"))
    circuit = CircuitBuilder()
    result = tensor_op(rounded).on_wires(Gates(circuit), [Bundle(FixedFormat(4, -2), circuit.input(4))])
    circuit.output(result.wires)
    (bits,) = evaluate(circuit.build(), [to_bits(words, 4)])
    assert result.frac == 0
    assert from_bits(bits, signed=True) == [4 * w for w in words]


def shifted(b, value, bits):
    return b.add(ew.ShiftRight, value, b.add(Constant, value=np.asarray(bits), dtype=DType.I32))


@pytest.mark.parametrize("bits", [0, 1, 5, 30])
def test_shifted_integers(bits):
    b = TensorProgram("shifted")
    values = np.array([[0, 1, -1, 31, -32, 33, 2**30 - 1, -(2**30), 123456789], [7, -7, 64, 63, 2, -2, 0, 5, -5]])
    b.returns(b.add(st.Sum, shifted(b, b.clients("x", 9, dtype=DType.I32), bits), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=8, bounds=ParameterBounds.of({"x": 2.0**31})))
    got = PlainProgram(compiled).run({"x": list(values.astype(np.int32))}, {}).outputs["result"]
    np.testing.assert_array_equal(got, (values >> bits).sum(axis=0))
    assert sum(circuit.and_count for circuit in compiled.secure.circuits.values()) == 0


def test_what_an_integer_has_lost_does_not_take_it_below_a_multiple():
    lost = [16 * 8 - 1, 16 * 8 + 1, -16 * 8 - 1, 16 * 7 + 1]
    b = TensorProgram("shifted")
    operation = tensor_op(shifted(b, b.clients("x", dtype=DType.I32), 2))
    circuit = CircuitBuilder()
    two = Bundle(FixedFormat(3, 0), words.constant(circuit, 2, 3))
    result = operation.on_wires(Gates(circuit), [Bundle(FixedFormat(12, 4), circuit.input(12)), two])
    circuit.output(result.wires)
    (bits,) = evaluate(circuit.build(), [to_bits(lost, 12)])
    assert from_bits(bits, signed=True) == [2, 2, -2, 1]


def test_a_shifted_normalised_number():
    b = TensorProgram("shifted")
    roots = b.add(ew.Sqrt, b.add(ew.Abs, b.clients("x", 4)))
    whole = b.add(ew.Cast, b.add(ew.Mul, roots, b.add(ew.Neg, roots)), dtype=DType.I32)
    b.returns(b.add(st.Sum, shifted(b, whole, 3), axes=(0,)))
    values = np.array([[8.25, 7.5, 0.0, 900.5], [64.25, 9.5, 1.5, 17.5]])
    _, got = run(b, values)
    np.testing.assert_array_equal(got, (np.trunc(-values).astype(int) >> 3).sum(axis=0))
