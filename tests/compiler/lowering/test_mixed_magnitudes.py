"""Clients of very different sizes in one round: each of them counts with a relative error, or is named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rounds import compiled_for, simulated, worst_error
from small_programs import TensorProgram

from ezprivsecfl.errors import DivisionError, PrecisionError
from ezprivsecfl.ir.mpc.protocol import SquareSum, ToYao, Truncate
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

TOLERANCE = 1e-3
CLIENTS = 4


def total(b: TensorProgram, x: Value) -> Value:
    return b.add(st.Sum, x, axes=(0,))


def column(b: TensorProgram, x: Value) -> Value:
    return b.add(st.Reshape, x, shape=("n", 1))


def squared_norms(b: TensorProgram, x: Value) -> Value:
    return b.add(st.Sum, b.add(ew.Mul, x, x), axes=(1,))


def program(build: Callable[[TensorProgram], Value]) -> Program:
    b = TensorProgram(build.__name__)
    b.returns(build(b))
    return b.build()


def per_example(b: TensorProgram) -> Value:
    """Updates for each example of a client that has any."""
    w = column(b, b.clients("w"))
    quotient = b.add(ew.Div, b.clients("x", 2), w)
    return total(b, b.add(ew.Select, b.add(ew.Greater, w, b.constant(0.0)), quotient, b.constant(0.0)))


def cosines(b: TensorProgram) -> Value:
    """Of every update with itself: 1 for each client."""
    y = b.clients("y", 2)
    norms = [b.add(ew.Sqrt, squared_norms(b, y)) for _ in range(2)]
    return total(b, b.add(ew.DivNoNan, squared_norms(b, y), b.add(ew.Mul, *norms)))


def ratios(b: TensorProgram) -> Value:
    """Of sums of a client's entries: numbers that each has a divisor of its own for."""
    sums = [b.add(st.Sum, b.clients(path, 3), axes=(1,)) for path in ("v", "u")]
    return total(b, b.add(ew.DivNoNan, *sums))


def weighted_cosines(b: TensorProgram) -> Value:
    """The mean update, divided by the sum of squared cosine weights."""
    y = b.clients("y", 2)
    inverses = b.add(ew.DivNoNan, b.constant(1.0), squared_norms(b, y))
    products = b.add(ew.Mul, squared_norms(b, y), inverses)
    return b.add(ew.Div, total(b, y), total(b, products))


def clipped(b: TensorProgram) -> Value:
    """Updates in units of 1e-6, clipped to norm 1."""
    y = b.add(ew.Div, b.clients("y", 2), b.constant(1e-6))
    norms = b.add(ew.Sqrt, squared_norms(b, y))
    return total(b, b.add(ew.Mul, y, column(b, b.add(ew.Reciprocal, b.add(ew.Maximum, norms, b.constant(1.0))))))


def standardised(b: TensorProgram) -> Value:
    """Columns over their root mean squares; of these rows the directions."""
    y = b.clients("y", 2)
    squares = total(b, b.add(ew.Mul, y, y))
    z = b.add(ew.Div, y, b.add(st.Reshape, b.add(ew.Sqrt, squares), shape=(1, 2)))
    return total(b, b.add(ew.Div, z, column(b, b.add(ew.Sqrt, squared_norms(b, z)))))


@pytest.mark.parametrize("count", [3.0, 70.0, 19168.0, 60000.0])
def test_quotients_by_large_counts_keep_their_bits(count: float):
    """The range of an inverse follows from the smallest count that there could be; most are near their bound."""
    inputs = {"x": np.array([[0.09, -0.0003]] * CLIENTS), "w": np.full(CLIENTS, count)}
    assert worst_error(compiled_for(program(per_example), inputs), inputs) <= TOLERANCE


def squared_quotients(b: TensorProgram) -> Value:
    """Of numbers by a number of each client's own, without what is negative."""
    y = b.clients("y", 2)
    quotients = b.add(ew.Div, y, column(b, b.add(st.Sum, b.add(ew.Abs, y), axes=(1,))))
    squares = b.add(ew.Mul, quotients, quotients)
    return total(b, b.add(ew.Select, b.add(ew.Greater, y, b.constant(0.0)), squares, b.constant(0.0)))


def test_small_updates_are_clipped_as_precisely_as_large_ones():
    """Of many clients: one large update takes the places on shares that the squares of the small ones would need."""
    y = np.array([[0.3, 0.1], *[[2e-6 * k, -3e-6] for k in range(1, 20)]])
    compiled = compiled_for(program(clipped), {"y": y})
    alone = np.where(np.arange(20)[:, None] > 0, y, 0.0)
    assert worst_error(compiled, {"y": y}) <= TOLERANCE
    assert worst_error(compiled, {"y": alone}) <= TOLERANCE


def test_squares_of_quotients_by_small_numbers():
    """Where the square is selected, so no sum takes it whole, and there are too many for circuits."""
    b = TensorProgram("squares")
    x, w = b.clients("x", 6), column(b, b.clients("w"))
    quotients = b.add(ew.Div, x, w)
    squares = b.add(ew.Mul, quotients, quotients)
    chosen = b.add(ew.GreaterEqual, b.clients("y", 6), b.constant(0.5))
    b.returns(total(b, b.add(ew.Select, chosen, squares, b.constant(0.0))))
    rows = np.array([[3e-9, 3e-6, -6e-7, -8e-10, 3e-10, 3e-6], [-2e-8, 3e-8, 4e-4, -7e-6, -2e-10, -2e-10]])
    inputs = {"w": np.array([4e-6, 4e-4]), "x": rows, "y": np.ones((2, 6))}
    assert worst_error(compiled_for(b.build(), inputs), inputs) <= TOLERANCE


@pytest.mark.parametrize("build", [cosines, weighted_cosines, clipped, standardised, squared_quotients])
def test_small_updates_have_directions_too(build: Callable[[TensorProgram], Value]):
    """Squares of them are as small as the largest client's last places on shares; circuits take them whole."""
    y = np.array([[7.8e-4, 1e-5], [3e-5, -1e-5], [2e-7, 1e-7], [-3e-7, 5e-8]])
    assert worst_error(compiled_for(program(build), {"y": y}), {"y": y}) <= TOLERANCE


def test_numbers_over_divisors_of_their_own_are_multiplied_in_circuits():
    """In a matrix product of sums and inverses, the inverse of a large sum would be nothing."""
    sizes = np.array([1.0, 3e11, 6e11, 40.0])
    inputs = {"v": np.outer(sizes, np.ones(3)), "u": np.outer(sizes, np.full(3, 0.5))}
    assert worst_error(compiled_for(program(ratios), inputs, {"v": 1e12, "u": 1e12}), inputs) <= TOLERANCE


def test_circuits_take_what_is_truncated_for_others_as_it_was_before():
    """Squared norms are truncated for a product with the updates, but not for their roots."""
    b = TensorProgram("both")
    y = b.clients("y", 8)
    squares = squared_norms(b, y)
    b.returns(total(b, b.add(ew.Sqrt, squares)), "norms")
    b.returns(total(b, b.add(ew.Relu, b.add(ew.Mul, y, column(b, squares)))), "products")
    secure = compiled_for(b.build(), {"y": np.full((CLIENTS, 8), 1e-3)}).secure
    (squares,), (truncated,) = secure.of(SquareSum), secure.of(Truncate)
    (entering,) = (op for op in secure.of(ToYao) if op.operands[0] is squares.result)
    assert truncated.operands[0].op.operands[0] is squares.result
    assert entering.result.type.format.frac == squares.result.type.frac > truncated.result.type.frac


def infinite_counts(b: TensorProgram) -> Value:
    return total(b, b.add(ew.Cast, b.add(ew.Reciprocal, b.clients("x", 2)), dtype=DType.I32))


def test_the_integer_of_an_infinity_is_refused():
    compiled = compiled_for(program(infinite_counts), {"x": np.full((CLIENTS, 2), 0.5)})
    assert worst_error(compiled, {"x": np.full((CLIENTS, 2), 0.3)}) == 0.0
    with pytest.raises(DivisionError):
        simulated(compiled, {"x": np.zeros((CLIENTS, 2))})


@pytest.mark.parametrize("constant", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("kind", [ew.Mul, ew.Add])
def test_constants_that_no_fixed_point_holds_are_refused(kind: type[ew.Mul | ew.Add], constant: float):
    b = TensorProgram("infinite")
    b.returns(total(b, b.add(ew.Relu, b.add(kind, b.clients("x", 2), b.constant(constant)))))
    with pytest.raises(PrecisionError, match=f"{kind.name} computes with a secret value and -?(inf|nan)"):
        compiled_for(b.build(), {"x": np.ones((CLIENTS, 2))})


def test_maxima_with_infinity_are_fine():
    b = TensorProgram("largest")
    b.returns(total(b, b.add(ew.Maximum, b.clients("x", 2), b.constant(-np.inf))))
    inputs = {"x": np.array([[1.0, -2.0]] * CLIENTS)}
    assert worst_error(compiled_for(b.build(), inputs), inputs) <= TOLERANCE


def test_no_nan_division_also_by_zero_of_what_is_not_a_number():
    """0 whatever is divided: quotients that may be infinite are not reordered with it."""
    b = TensorProgram("annihilated")
    x = b.clients("x", 2)
    unit = b.add(ew.Div, x, column(b, b.add(ew.Sqrt, squared_norms(b, x))))
    b.returns(total(b, b.add(ew.DivNoNan, unit, column(b, b.clients("w")))))
    inputs = {"x": np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [-1.0, 0.0]]), "w": np.array([0.0, 2.0, 0.0, 0.5])}
    compiled = compiled_for(b.build(), inputs)
    assert worst_error(compiled, inputs) <= TOLERANCE
    assert not simulated(compiled, inputs).statistics.dropped


def test_places_are_given_up_for_room_a_few_at_a_time():
    """Norms of short rows divide long ones: a proved norm takes 2 bits of the ring, and not 5 of the inputs' places."""
    b = TensorProgram("columns")
    x = b.clients("x", 3, 3)
    norms = b.add(ew.Sqrt, b.add(st.Sum, b.add(ew.Mul, x, x), axes=(2,)))
    b.returns(total(b, b.add(ew.Div, x, b.add(st.Reshape, norms, shape=("n", 1, 3)))))
    first, second = [[1e-3, 0, 0], [0, 5, 0], [7, 0, 1]], [[2e-3, 0, 0], [0, 5, 0], [7, 3, 1]]
    inputs = {"x": np.array([first, second])}
    assert worst_error(compiled_for(b.build(), inputs), inputs) <= TOLERANCE / 4
