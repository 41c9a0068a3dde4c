"""Functions on wires of every format, against numpy: dense grids, ends of ranges, knots, 0, integers, infinities."""

from __future__ import annotations

import numpy as np
import pytest

from ezprivsecfl.ir.circuits import exponentials, floats
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, bit, fixed, normalised
from ezprivsecfl.ir.tensor.elementwise.curves import ERROR, OnCurve
from ezprivsecfl.ir.types import FixedFormat

INF, NAN = np.inf, np.nan
KINDS = [ew.Sigmoid, ew.Tanh, ew.Erf, ew.Softplus, ew.Exp]
FORMATS = [(25, 20), (36, 30), (64, 32), (40, 0), (30, 5), (10, 12), (8, 0), (7, -3), (40, 38), (50, 55)]
RELATIVE = 2.0**-20
"""Of exponentials."""


def decode(bundle: Bundle, bits: np.ndarray) -> np.ndarray:
    if isinstance(bundle.format, FixedFormat):
        return np.array(from_bits(bits, signed=True)) / 2.0**bundle.frac
    exponents = np.array(from_bits(bits[:, 24:33], signed=True), float)
    values = np.array(from_bits(bits[:, :24])) / 2.0**23 * 2.0**exponents * np.where(bits[:, 33], -1.0, 1.0)
    values[~bits[:, 23]] = 0.0
    values[bits[:, 34]] = np.where(bits[bits[:, 34], 33], -INF, INF)
    values[bits[:, 35]] = NAN
    return values


def on_words(kind: type, words: np.ndarray, width: int, frac: int) -> np.ndarray:
    b = CircuitBuilder()
    result = object.__new__(kind).on_wires(Gates(b), [fixed(b.input(width), frac)])
    b.output(result.wires)
    (bits,) = evaluate(b.build(), [to_bits(words, width)])
    return decode(result, bits)


def on_floats(kind: type, *operands: np.ndarray) -> np.ndarray:
    b = CircuitBuilder()
    result = object.__new__(kind).on_wires(
        Gates(b), [normalised(floats.unpack(b.input(floats.FLOAT.width))) for _ in operands]
    )
    b.output(result.wires)
    (bits,) = evaluate(b.build(), [np.stack([packed(x) for x in values]) for values in operands])
    return decode(result, bits)


def packed(x: float) -> np.ndarray:
    b = CircuitBuilder()
    b.output(floats.pack(floats.constant(b, float(x))))
    return np.asarray(evaluate(b.build(), [])[0][0])


def wrong(kind: type, x: np.ndarray, got: np.ndarray) -> np.ndarray:
    """Where a result is further from numpy's than the operation states."""
    with np.errstate(all="ignore"):
        want = kind.function(x)
        slack = ERROR if issubclass(kind, OnCurve) else RELATIVE * np.abs(want)
        if kind is ew.Exp:
            limit = 2.0**exponentials.WHOLE
            want = np.where(x >= limit, INF, np.where(x <= -limit, 0.0, want))
            slack = np.where(x == -limit, 1e-50, slack)
        return ~((got == want) | (np.isnan(got) & np.isnan(want)) | (np.abs(got - want) <= slack))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "frac"), FORMATS)
def test_of_fixed_point(kind, width, frac):
    limit = 1 << (width - 1)
    rng = np.random.default_rng(width)
    everywhere = rng.integers(-limit, limit, 3000)
    middle = np.rint(np.linspace(-20, 20, 3001) * 2.0**frac).clip(-limit, limit - 1).astype(np.int64)
    words = np.unique(np.concatenate([[-limit, -1, 0, 1, limit - 1], everywhere, middle]))
    x = words / 2.0**frac
    bad = wrong(kind, x, on_words(kind, words, width, frac))
    assert not bad.any(), x[bad][:5]


@pytest.mark.parametrize("kind", KINDS)
def test_of_normalised_numbers(kind):
    rng = np.random.default_rng(0)
    special = [0.0, -0.0, INF, -INF, NAN, 1e-30, -1e-30, 1e30, -1e30, 16, -16, 8, -8, 15.99, -4, 127.5, 128, -128]
    x = np.concatenate([special, rng.normal(size=300) * 5]).astype(np.float32).astype(float)
    got = on_floats(kind, x)
    if kind is ew.Softplus:  # where it is the number itself, that is relative
        got = np.where(np.abs(got) > 2.0**4, got * (1 - 1e-7), got)
        x = np.where(np.abs(x) > 2.0**4, x * (1 - 1e-7), x)
    assert not (bad := wrong(kind, x, got)).any(), x[bad][:5]


@pytest.mark.parametrize("kind", [ew.Tanh, ew.Erf])
def test_odd_functions_are_0_at_0_and_never_beyond_1(kind):
    got = on_words(kind, np.array([0, -(1 << 30), (1 << 30) - 1]), 31, 20)
    assert got[0] == 0
    assert got[1] == -1
    assert 1 - 2.0**-21 < got[2] <= 1


def test_powers():
    rng = np.random.default_rng(0)
    x = np.concatenate([[0.0, 0.0, 1.0, 2.0, -1.0, INF, NAN, 0.0], rng.uniform(0.01, 30, 300)])
    y = np.concatenate([[0.5, -0.5, 7.5, 0.0, 0.5, -1.5, 1.5, 0.0], rng.uniform(-5, 5, 300)])
    got, want = on_floats(ew.Pow, x, y), np.float32(x).astype(float) ** np.float32(y).astype(float)
    assert np.isnan(got[[4, 6, 7]]).all(), "0^0 is not known, as other products of 0 and an infinity"
    assert got[1] == INF
    assert got[[0, 5]].tolist() == [0, 0]
    np.testing.assert_allclose(got[8:], want[8:], rtol=2.0**-17)


def integers(kind: type, *operands: np.ndarray, widths: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Results on words, and where they are said to be invalid."""
    b = CircuitBuilder()
    gates = Gates(b)
    result = object.__new__(kind).on_wires(gates, [fixed(b.input(width), 0) for width in widths])
    b.output(result.wires)
    b.output((b.constant(False), *gates.invalid))
    bits, invalid = evaluate(b.build(), [to_bits(x, w) for x, w in zip(operands, widths, strict=True)])
    assert isinstance(result.format, FixedFormat)
    assert result.frac == 0
    return np.array(from_bits(bits, signed=True)), invalid.any(axis=1)


@pytest.mark.parametrize("kind", [ew.BitAnd, ew.BitOr, ew.BitXor, ew.ShiftRight, ew.FloorDiv, ew.FloorMod])
@pytest.mark.parametrize("widths", [(5, 5), (6, 3), (3, 6), (2, 7)])
def test_all_pairs_of_short_integers(kind, widths):
    ranges = [np.arange(-(1 << (w - 1)), 1 << (w - 1)) for w in widths]
    x, y = (a.ravel() for a in np.meshgrid(*ranges))
    got, invalid = integers(kind, x, y, widths=widths)
    divides = kind in (ew.FloorDiv, ew.FloorMod)
    assert np.array_equal(invalid, (y == 0) & divides)
    with np.errstate(all="ignore"):
        assert np.array_equal(got[~invalid], kind.function(x, y)[~invalid])


@pytest.mark.parametrize("kind", [ew.BitAnd, ew.BitOr, ew.BitXor, ew.ShiftRight, ew.FloorDiv, ew.FloorMod])
def test_long_integers(kind):
    rng = np.random.default_rng(0)
    x, y = rng.integers(-(2**62), 2**62, (2, 500))
    y = np.where(np.arange(500) % 2, y >> 40, y) if kind is not ew.ShiftRight else rng.integers(0, 100, 500)
    got, _ = integers(kind, x, y, widths=(64, 64))
    assert got.tolist() == kind.function(x, y).tolist()


def test_an_integer_that_is_a_normalised_number_says_if_it_is_none():
    b = CircuitBuilder()
    gates = Gates(b)
    b.output(gates.integer(normalised(floats.unpack(b.input(floats.FLOAT.width)))))
    b.output(tuple(gates.invalid))
    values = [0.0, 5.0, -6.0, 2.0**40, 2.0**63, INF, NAN]
    words, invalid = evaluate(b.build(), [np.stack([packed(x) for x in values])])
    assert from_bits(words, signed=True)[:4] == [0, 5, -6, 2**40]
    assert invalid[:, 0].tolist() == [False] * 4 + [True] * 3


def test_a_shift_by_a_constant_needs_no_gates():
    b = CircuitBuilder()
    gates = Gates(b)
    b.output(
        object.__new__(ew.ShiftRight).on_wires(gates, [fixed(b.input(20), 0), gates.constant(3, boolean=False)]).wires
    )
    assert b.build().and_count == 0


def test_a_large_constant_is_an_exact_word():
    gates = Gates(CircuitBuilder())
    word = gates.constant(2.0**50 + 1, boolean=False)
    assert word.is_fixed
    assert sum(1 << i for i, wire in enumerate(word.wires) if wire == bit(1).wires[0]) == 2**50 + 1
