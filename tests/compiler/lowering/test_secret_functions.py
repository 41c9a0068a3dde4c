"""Exponentials, sigmoids, powers and bits in whole programs: precise, and what is out of range is never a result."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError, PrecisionError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.protocol import CheckClients
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType
from ezprivsecfl.runtime.session import RunResult

BOUND = 1e-4
"""What every result must be as close to, relative to the larger one of it and 1."""

FUNCTIONS = {
    "exp": lambda b, x: b.add(ew.Exp, x),
    "sigmoid": lambda b, x: b.add(ew.Sigmoid, x),
    "tanh": lambda b, x: b.add(ew.Tanh, x),
    "erf": lambda b, x: b.add(ew.Erf, x),
    "softplus": lambda b, x: b.add(ew.Softplus, x),
    "power": lambda b, x: b.add(ew.Pow, b.add(ew.Abs, x), b.constant(1.7)),
    "of a quotient": lambda b, x: b.add(ew.Sigmoid, b.add(ew.Div, x, b.add(ew.Add, b.add(ew.Abs, x), b.constant(0.1)))),
    "of another": lambda b, x: b.add(ew.Softplus, b.add(ew.Neg, b.add(ew.Exp, b.add(ew.Tanh, x)))),
    "quotient of": lambda b, x: b.add(ew.Div, b.constant(1.0), b.add(ew.Add, b.constant(1.0), b.add(ew.Exp, x))),
}
AT = [0.0, 1.0, -1.0, 2.0**-10, -(2.0**-18), 0.25, -0.0625, 3.0, -4.0, 7.99, -7.99, 5.5, -2.71, 0.7, -0.3, 6.01]


def built(program: TensorProgram, **bounds: float) -> Compiled:
    return compile_program(program.build(), Options(clients=4, bounds=ParameterBounds.of(bounds)))


def run(compiled: Compiled, **values: np.ndarray) -> RunResult:
    return PlainProgram(compiled).run({path: list(value) for path, value in values.items()}, {})


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("of_sum", [False, True])
def test_is_what_numpy_computes(name, of_sum):
    b = TensorProgram("functions")
    x = b.clients("x", len(AT))
    y = FUNCTIONS[name](b, b.add(st.Sum, x, axes=(0,)) if of_sum else x)
    b.returns(y if of_sum else b.add(st.Sum, y, axes=(0,)))
    values = np.stack([np.array(AT), -np.array(AT), np.roll(AT, 5)]) / (4 if of_sum else 1)
    program = built(b, x=8.0)
    got = run(program, x=values).outputs["result"]
    wanted = TensorProgram("clear")
    wanted.returns(FUNCTIONS[name](wanted, wanted.server("x", len(AT))))
    of_each = [evaluated(wanted, v) for v in ([values.sum(axis=0)] if of_sum else values)]
    want = np.sum(of_each, axis=0)
    assert np.max(np.abs(got - want) / np.maximum(1, np.max(np.abs(of_each), axis=0))) < BOUND


def evaluated(program: TensorProgram, x: np.ndarray) -> np.ndarray:
    return run_tensor(program.build(), {"x": x}, 1)["result"]


def exponential(width: float) -> Compiled:
    b = TensorProgram("exponential")
    b.returns(b.add(st.Sum, b.add(ew.Exp, b.clients("x")), axes=(0,)))
    return built(b, x=width)


@pytest.mark.parametrize("width", [64.0, 2.0**20])
def test_a_client_with_an_exponential_beyond_the_range_is_dropped(width):
    program = exponential(width)
    (check,) = program.secure.of(CheckClients)
    assert "exp" in check.what
    assert "4.29e+09" in check.what
    for large in (x for x in (22.3, 63.0, 90.0, 127.0, 129.0, 1000.0, 2.0**19) if x < width):
        round_ = run(program, x=np.array([1.0, large, -large, 3.0]))
        assert [one["client"] for one in round_.statistics.dropped] == [1]
        assert round_.outputs["result"] == pytest.approx(np.exp(1) + np.exp(3), rel=1e-5)
    round_ = run(program, x=np.array([1.0, 22.1, -(width - 1), 3.0]))
    assert not round_.statistics.dropped
    assert round_.outputs["result"] == pytest.approx(np.exp(1) + np.exp(22.1) + np.exp(3), rel=1e-5)


def test_within_a_known_range_large_exponentials_are_results():
    assert run(exponential(32.0), x=np.array([31.0, -31.0])).outputs["result"] == pytest.approx(np.exp(31), rel=1e-5)


def test_a_power_of_what_is_negative_drops_the_client():
    b = TensorProgram("powers")
    b.returns(b.add(st.Sum, b.add(ew.Pow, b.clients("x"), b.constant(1.5)), axes=(0,)))
    round_ = run(built(b, x=8.0), x=np.array([4.0, -1.0, 0.0]))
    assert [one["client"] for one in round_.statistics.dropped] == [1]
    assert round_.outputs["result"] == pytest.approx(8.0, rel=1e-5)


def test_results_that_an_approximation_spoils_are_known_to_be_coarse():
    b = TensorProgram("small")
    x = b.clients("x", 3)
    in_circuit = b.add(ew.Abs, b.add(ew.Mul, b.add(ew.Tanh, x), b.add(ew.Sqrt, b.add(ew.Abs, x))))
    b.returns(b.add(st.Sum, b.add(ew.Tanh, x), axes=(0,)), "tanh")
    b.returns(b.add(st.Sum, b.add(ew.Mul, x, x), axes=(0,)), "squares")
    b.returns(b.add(st.Sum, in_circuit, axes=(0,)), "product")
    lost = built(b, x=8.0).lost.results
    assert sorted(lost) == ["opened0", "opened2"]
    assert all(2.0**-19 <= place < 2.0**-16 for place in lost.values())


BITS = {
    "and": (ew.BitAnd, 0b1011),
    "or": (ew.BitOr, 0b1011),
    "xor": (ew.BitXor, -3),
    "shift": (ew.ShiftRight, 3),
    "large mask": (ew.BitAnd, (1 << 56) + 1),
}


@pytest.mark.parametrize("name", BITS)
def test_bits_are_exact(name):
    kind, other = BITS[name]
    b = TensorProgram("bits")
    x = b.clients("x", 5, dtype=DType.I64)
    b.returns(b.add(st.Sum, b.add(kind, x, b.constant(other, DType.I64)), axes=(0,)))
    values = np.array([[0, 1, -1, 2**40 + 5, -(2**39) - 7], [3, 8, -8, 2**40 - 1, 12345678901]])
    got = run(built(b, x=2.0**41), x=values).outputs["result"]
    assert np.array_equal(got, kind.function(values, np.int64(other)).sum(axis=0))


@pytest.mark.parametrize("kind", [ew.FloorDiv, ew.FloorMod])
def test_division_by_secret_integers(kind):
    b = TensorProgram("quotients")
    x, y = b.clients("x", dtype=DType.I64), b.clients("y", dtype=DType.I64)
    b.returns(b.add(st.Sum, b.add(kind, x, y), axes=(0,)))
    program = built(b, x=2.0**40, y=2.0**20)
    x_values, y_values = np.array([2**39 + 1, -(2**38) - 1, 77]), np.array([3, -65537, 7])
    want = kind.function(x_values, y_values)
    assert run(program, x=x_values, y=y_values).outputs["result"] == want.sum()
    round_ = run(program, x=x_values, y=np.array([3, 0, 7]))
    assert [one["client"] for one in round_.statistics.dropped] == [1]
    assert round_.outputs["result"] == want[0] + want[2]


def test_division_by_a_sum_that_is_0_ends_the_round():
    b = TensorProgram("quotient")
    total = b.add(st.Sum, b.clients("x", dtype=DType.I32), axes=(0,))
    b.returns(b.add(ew.FloorDiv, b.add(ew.Mul, total, total), total))
    program = built(b, x=2.0**10)
    assert run(program, x=np.array([5, -3])).outputs["result"] == 2
    with pytest.raises(DivisionError, match="floor_div"):
        run(program, x=np.array([5, -5]))


def test_a_rounded_quotient_that_is_no_number_is_noticed_before_its_bits_are_used():
    b = TensorProgram("rounded")
    quotient = b.add(ew.Div, b.clients("x"), b.clients("y"))
    b.returns(
        b.add(st.Sum, b.add(ew.BitAnd, b.add(ew.Cast, quotient, dtype=DType.I32), b.constant(3, DType.I32)), axes=(0,))
    )
    program = built(b, x=64.0, y=8.0)
    assert run(program, x=np.array([21.0, 30.0]), y=np.array([2.0, 4.0])).outputs["result"] == 2 + 3
    round_ = run(program, x=np.array([21.0, 30.0, 1.0]), y=np.array([2.0, 4.0, 0.0]))
    assert [one["client"] for one in round_.statistics.dropped] == [2]
    assert round_.outputs["result"] == 2 + 3


def test_integers_that_do_not_fit_are_refused():
    b = TensorProgram("large")
    x = b.clients("x", 2, dtype=DType.I64)
    b.returns(b.add(st.Sum, b.add(ew.BitAnd, b.add(ew.Mul, x, x), x), axes=(0,)))
    with pytest.raises(PrecisionError, match="does not fit the 64-bit ring"):
        built(b, x=2.0**40)
