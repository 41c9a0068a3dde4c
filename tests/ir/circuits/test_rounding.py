from __future__ import annotations

import math

import numpy as np
import pytest

from ezprivsecfl.ir.circuits import floats, rounding
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits
from ezprivsecfl.ir.circuits.floats import FLOAT, FloatFormat

TINY = FloatFormat(mantissa=5, exponent=4)
RULES = {"floor": (rounding.down, np.floor), "ceil": (rounding.up, np.ceil), "round": (rounding.to_even, np.rint)}
FLOAT_RULES = RULES | {"cast": (rounding.toward_zero, np.trunc)}


@pytest.mark.parametrize("frac", [0, 1, 2, 5, 6, 7, 9])
@pytest.mark.parametrize("name", RULES)
def test_every_word_of_six_bits(name, frac):
    rule, reference = RULES[name]
    words = range(-32, 32)
    b = CircuitBuilder()
    b.output(rounding.round_fixed(b, rule, b.input(6), frac))
    (bits,) = evaluate(b.build(), [to_bits(words, 6)])
    assert from_bits(bits, signed=True) == [int(reference(w / 2**frac)) for w in words]


def rounded(rule, bits, format_):
    b = CircuitBuilder()
    b.output(floats.pack(rounding.round_float(b, rule, floats.unpack(b.input(format_.width), format_))))
    (result,) = evaluate(b.build(), [bits])
    return result


def value(row, format_):
    m, e = format_.mantissa, format_.exponent
    (mantissa,), (exponent,) = from_bits(row[None, :m]), from_bits(row[None, m : m + e], signed=True)
    negative, inf, nan = row[m + e :]
    magnitude = math.inf if inf else mantissa / 2 ** (m - 1) * 2.0**exponent if row[m - 1] else 0.0
    return math.nan if nan else -magnitude if negative else magnitude


@pytest.mark.parametrize("name", FLOAT_RULES)
def test_every_normalised_number_of_a_tiny_format(name):
    # Every pattern of wires: zeros with any other bits, infinities, NaN, and numbers on both sides of one half.
    rule, reference = FLOAT_RULES[name]
    patterns = to_bits(range(1 << TINY.width), TINY.width)
    inf, nan = patterns[:, -2], patterns[:, -1]
    patterns = patterns[~inf | patterns[:, TINY.mantissa - 1]]
    with np.errstate(all="ignore"):
        want = reference([value(row, TINY) for row in patterns])
    got = [value(row, TINY) for row in rounded(rule, patterns, TINY)]
    np.testing.assert_array_equal(got, want)
    assert inf.any()
    assert nan.any()


@pytest.mark.parametrize("name", FLOAT_RULES)
def test_numbers_of_every_magnitude(name):
    rule, reference = FLOAT_RULES[name]
    rng = np.random.default_rng(3)
    exponents = np.concatenate([rng.integers(-130, 130, 500), rng.integers(-4, 26, 4000)])
    mantissas = rng.integers(1 << 23, 1 << 24, exponents.size)
    mantissas[::3] &= -(1 << 22)  # ties: few bits
    mantissas[1::3] |= (1 << 24) - (1 << 6)  # carries
    mantissas |= 1 << 23
    signs = rng.integers(0, 2, exponents.size)
    zeros = np.zeros((exponents.size, 2), bool)
    bits = np.concatenate([to_bits(mantissas, 24), to_bits(exponents, 9), to_bits(signs, 1), zeros], axis=1)
    numbers = np.where(signs, -1.0, 1.0) * mantissas / 2.0**23 * 2.0**exponents
    got = [value(row, FLOAT) for row in rounded(rule, bits, FLOAT)]
    np.testing.assert_array_equal(got, reference(numbers))


@pytest.mark.parametrize(
    ("name", "fixed_ands", "float_ands"), [("floor", 0, 400), ("ceil", 64, 400), ("round", 64, 400)]
)
def test_few_gates(name, fixed_ands, float_ands):
    rule, _ = RULES[name]
    b = CircuitBuilder()
    b.output(rounding.round_fixed(b, rule, b.input(64), 20))
    assert b.build().and_count <= fixed_ands
    b = CircuitBuilder()
    b.output(floats.pack(rounding.round_float(b, rule, floats.unpack(b.input(FLOAT.width)))))
    assert b.build().and_count <= float_ands, b.build().and_count
