"""Parabolas from tables, the products that they take, and the curves that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from ezprivsecfl.ir.circuits import curves, products
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.curves import OPERAND, Curve
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits
from ezprivsecfl.ir.circuits.piecewise import pieces
from ezprivsecfl.ir.circuits.tables import look_up

CURVES = {"sigmoid": curves.SIGMOID, "tanh": curves.TANH, "erf": curves.ERF, "softplus": curves.SOFTPLUS}
BOUND = 1e-4
"""What every approximation must stay below."""


@pytest.mark.parametrize(("long", "short"), [(5, 5), (6, 3), (3, 6), (7, 1), (1, 7), (9, 6)])
def test_upper_bits_of_a_product_are_off_by_at_most_one(long, short):
    x, y = (a.ravel() for a in np.meshgrid(np.arange(1 << long), np.arange(1 << short)))
    for dropped in range(max(long, short) + 1):
        b = CircuitBuilder()
        b.output(products.mul_upper(b, b.input(long), b.input(short), dropped))
        (bits,) = evaluate(b.build(), [to_bits(x, long), to_bits(y, short)])
        above = np.array(from_bits(bits)) - ((x * y) >> dropped)
        assert np.all((above == 0) | (above == 1))


@pytest.mark.parametrize("factor", [1, 2, 3, 7, 11, 23, 48, 255, 369, 1549082005])
def test_product_with_a_constant_is_off_by_at_most_one(factor):
    x = np.arange(1 << 8)
    for dropped in (0, 3, 5, 8, factor.bit_length()):
        b = CircuitBuilder()
        b.output(products.mul_constant(b, b.input(8), factor, dropped))
        (bits,) = evaluate(b.build(), [to_bits(x, 8)])
        above = np.array(from_bits(bits)) - ((x * factor) >> dropped)
        assert np.all((above == 0) | (above == 1))


def test_every_entry_of_a_table():
    entries = [5, 0, 31, 2, 8, 8, 1, 19]
    b = CircuitBuilder()
    b.output(look_up(b, b.input(3), entries))
    circuit = b.build()
    (bits,) = evaluate(circuit, [to_bits(np.arange(8), 3)])
    assert from_bits(bits) == entries
    assert circuit.and_count <= 5


FUNCTIONS = {
    "rises and gets flatter": (np.sqrt, 1.0, 4.0),
    "rises and gets steeper": (np.exp, -1.0, 1.5),
    "falls and gets flatter": (lambda x: 1 / x, 0.5, 3.0),
    "falls and gets steeper": (lambda x: 3 - np.square(x), 0.25, 1.5),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parabolas_are_as_precise_as_they_say(name):
    function, start, end = FUNCTIONS[name]
    found = pieces(function, start, end, 18, 2.0**-16.5)
    width = found.index + 12
    x = np.arange(1 << width)
    b = CircuitBuilder()
    b.output(found.evaluate(b, b.input(width)))
    (bits,) = evaluate(b.build(), [to_bits(x, width)])
    error = np.abs(np.array(from_bits(bits)) / 2.0**18 - function(start + (end - start) * x / 2.0**width))
    assert 0 < np.max(error) <= found.error < 2.0**-15
    assert found.index <= 7


@pytest.mark.parametrize("frac", range(6, 15))
@pytest.mark.parametrize("rises", [True, False])
def test_nothing_wraps_around_where_a_function_is_flat(rises, frac):
    function = (lambda x: 1 - np.exp(-x)) if rises else (lambda x: np.exp(-x))
    found = pieces(function, 0.0, 16.0, frac, 4.0 * 2.0**-frac)
    width = found.index + 5
    x = np.arange(1 << width)
    b = CircuitBuilder()
    b.output(found.evaluate(b, b.input(width)))
    (bits,) = evaluate(b.build(), [to_bits(x, width)])
    error = np.abs(np.array(from_bits(bits)) / 2.0**frac - function(16 * x / 2.0**width))
    assert np.max(error) <= found.error


def test_no_result_is_larger_than_asked_for():
    x = np.arange(1 << 12)
    found = pieces(np.exp2, 0.0, 1.0, 8, 2.0**-6, (2 << 8) - 1)
    b = CircuitBuilder()
    b.output(found.evaluate(b, b.input(12)))
    (bits,) = evaluate(b.build(), [to_bits(x, 12)])
    assert max(from_bits(bits)) < 2 << 8


def test_what_needs_too_many_parabolas_is_refused():
    with pytest.raises(ValueError, match=r"more than 2\^10 parabolas"):
        pieces(np.sqrt, 0.0, 1.0, 30, 2.0**-28)


def around_knots(curve: Curve) -> np.ndarray:
    """Both ends of every segment, and a dense grid with no relation to them."""
    size = curve.whole + OPERAND
    knots = np.arange(1 << curve.pieces.index) << (size - curve.pieces.index)
    last = (1 << size) - 1
    return np.unique(np.concatenate([knots, knots[1:] - 1, [1, last], np.arange(0, last, 4409)]))


@pytest.mark.parametrize("name", CURVES)
def test_curves_are_as_precise_as_they_say(name):
    curve = CURVES[name]
    words = around_knots(curve)
    width = curve.whole + OPERAND + 1
    b = CircuitBuilder()
    x, beyond = b.input(width), b.input(1)
    b.output(curve.of_magnitude(b, x, beyond[0]))
    circuit = b.build()
    inside = np.zeros((words.size, 1), bool)
    for sign in (1, -1):  # a negative number has the bits of the magnitude less one unit, inverted
        (bits,) = evaluate(circuit, [to_bits(sign * words - (sign < 0), width), inside])
        error = np.abs(np.array(from_bits(bits)) / 2.0**curves.FRAC - curve.function(words / 2.0**OPERAND))
        assert np.max(error) <= curve.error < BOUND / 50
    (bits,) = evaluate(circuit, [to_bits(words, width), ~inside])
    assert np.max(np.abs(np.array(from_bits(bits)) / 2.0**curves.FRAC - curve.limit)) <= curve.error
    assert circuit.and_count < 700


@pytest.mark.parametrize("name", CURVES)
def test_the_slope_of_a_curve_is_what_it_says(name):
    curve = CURVES[name]
    x = np.linspace(0, 2.0**curve.whole, 100_001)
    assert np.max(np.abs(np.diff(curve.function(x)) / np.diff(x))) <= curve.slope
