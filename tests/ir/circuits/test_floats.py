from __future__ import annotations

import math
import random

import numpy as np
import pytest

from ezprivsecfl.ir.circuits import floats, roots
from ezprivsecfl.ir.circuits.builder import Circuit, CircuitBuilder
from ezprivsecfl.ir.circuits.evaluate import Bits, evaluate, from_bits, to_bits
from ezprivsecfl.ir.circuits.floats import FLOAT, FloatFormat

TINY = FloatFormat(mantissa=5, exponent=4)
SPECIAL = [0.0, 1.0, -1.0, math.inf, -math.inf, math.nan]


def encode(values: list[float], format_: FloatFormat) -> Bits:
    rows = []
    for value in values:
        b = CircuitBuilder()
        b.output(floats.pack(floats.constant(b, value, format_)))
        rows.append(evaluate(b.build(), [])[0][0])
    return np.stack(rows)


def decode(bits: Bits, format_: FloatFormat) -> list[float]:
    m, e = format_.mantissa, format_.exponent
    mantissas, exponents = from_bits(bits[:, :m]), from_bits(bits[:, m : m + e], signed=True)
    values = []
    for row, mantissa, exponent in zip(bits, mantissas, exponents, strict=True):
        negative, inf, nan = row[m + e :]
        magnitude = math.inf if inf else mantissa / 2 ** (m - 1) * 2.0**exponent if row[m - 1] else 0.0
        values.append(math.nan if nan else -magnitude if negative else magnitude)
    return values


def every(format_: FloatFormat, exponents: range, *, negative: bool = True) -> list[float]:
    m = format_.mantissa
    values = [k / 2 ** (m - 1) * 2.0**e for e in exponents for k in range(1 << (m - 1), 1 << m)]
    return values + [-v for v in values] if negative else values


def apply(function, operands: list[list[float]], format_: FloatFormat) -> list[float]:
    b = CircuitBuilder()
    inputs = [floats.unpack(b.input(format_.width), format_) for _ in operands]
    b.output(floats.pack(function(b, *inputs)))
    (bits,) = evaluate(b.build(), [encode(o, format_) for o in operands])
    return decode(bits, format_)


def close(got: list[float], expected: list[float], tolerance: float) -> None:
    for g, x in zip(got, expected, strict=True):
        if math.isnan(x):
            assert math.isnan(g)
        elif math.isinf(x) or x == 0:
            assert g == x
        else:
            assert abs(g - x) <= tolerance * abs(x), (g, x)


ROOTS = {
    "reciprocal": (roots.reciprocal, lambda x: 1 / x),
    "rsqrt": (roots.rsqrt, lambda x: 1 / math.sqrt(x)),
    "sqrt": (roots.sqrt, math.sqrt),
}


@pytest.mark.parametrize("name", ROOTS)
def test_roots_exhaustively_in_a_tiny_format(name):
    function, reference = ROOTS[name]
    values = every(TINY, range(-5, 6), negative=name == "reciprocal")
    close(apply(function, [values], TINY), [reference(v) for v in values], 2.0 ** (1 - TINY.mantissa))


def full_range(count: int) -> tuple[list[float], Bits]:
    """Positive numbers over all exponents, with both ends of many segments, and their wires."""
    rng = random.Random(0)
    mantissas, exponents = [], []
    for _ in range(count):
        segment = rng.randrange(128) << 16
        mantissas.append((1 << 23) + segment + rng.choice([0, 1, (1 << 16) - 1, rng.getrandbits(16)]))
        exponents.append(rng.randint(-120, 120))
    values = [k / 2**23 * 2.0**e for k, e in zip(mantissas, exponents, strict=True)]
    bits = np.concatenate([to_bits(mantissas, 24), to_bits(exponents, 9), np.zeros((count, 3), bool)], axis=1)
    return values, bits


@pytest.mark.parametrize("name", ROOTS)
def test_roots_are_precise_over_the_whole_range(name):
    function, reference = ROOTS[name]
    values, bits = full_range(20_000)
    b = CircuitBuilder()
    b.output(floats.pack(function(b, floats.unpack(b.input(FLOAT.width)))))
    got = np.array(decode(evaluate(b.build(), [bits])[0], FLOAT))
    expected = np.array([reference(v) for v in values])
    assert np.max(np.abs(got / expected - 1)) <= 2.0**-23


@pytest.mark.parametrize("name", ROOTS)
def test_roots_of_special_numbers(name):
    function, _ = ROOTS[name]
    expected = {
        "reciprocal": [math.inf, 1.0, -1.0, 0.0, 0.0, math.nan],
        "rsqrt": [math.inf, 1.0, math.nan, 0.0, math.nan, math.nan],
        "sqrt": [0.0, 1.0, math.nan, math.inf, math.nan, math.nan],
    }[name]
    close(apply(function, [SPECIAL], FLOAT), expected, 2.0**-20)


def pairs(values: list[float]) -> list[list[float]]:
    return [[x for x in values for _ in values], [y for _ in values for y in values]]


def ieee(operation):
    def reference(x: float, y: float) -> float:
        with np.errstate(all="ignore"):
            return float(operation(np.float64(x), np.float64(y)))

    return reference


BINARY = {
    "mul": (floats.mul, ieee(np.multiply)),
    "div": (roots.div, ieee(np.divide)),
    "div_no_nan": (roots.div_no_nan, lambda x, y: 0.0 if y == 0 else ieee(np.divide)(x, y)),
    "max": (floats.max_, ieee(np.maximum)),
    "min": (floats.min_, ieee(np.minimum)),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_floats_exhaustively_in_a_tiny_format(name):
    function, reference = BINARY[name]
    columns = pairs([*every(TINY, range(-2, 2)), 0.0])
    expected = [reference(x, y) for x, y in zip(*columns, strict=True)]
    got = apply(function, columns, TINY)
    # The sign of a quotient by zero depends on the sign of that zero, which circuits do not keep.
    unsigned = [[abs(v) if math.isinf(v) else v for v in values] for values in (got, expected)]
    close(*unsigned, 2.0 ** (1 - TINY.mantissa))


@pytest.mark.parametrize("name", ["mul", "div", "max", "min"])
def test_binary_floats_of_special_numbers(name):
    function, reference = BINARY[name]
    columns = pairs(SPECIAL)
    got = apply(function, columns, FLOAT)
    expected = [reference(x, y) for x, y in zip(*columns, strict=True)]
    for g, e in zip(got, expected, strict=True):
        assert (math.isnan(g) and math.isnan(e)) or abs(g) == pytest.approx(abs(e), rel=1e-6)


def mantissa_pairs(m: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of mantissas of m bits, or random ones with the extremes; and pairs with a short quotient."""
    low, high = 1 << (m - 1), 1 << m
    if m < 12:
        x, y = np.meshgrid(np.arange(low, high), np.arange(low, high))
        return x.ravel(), y.ravel()
    rng = np.random.default_rng(0)
    ends = np.array([low, low + 1, 3 * low // 2, high - 2, high - 1])
    x, y = rng.integers(low, high, 20_000), rng.integers(low, high, 20_000)
    x[:4000], y[:2000], y[2000:6000] = rng.choice(ends, 4000), rng.choice(ends, 2000), rng.choice(ends, 4000)
    short = rng.integers(1 << (m // 2 - 1), 1 << (m // 2), (2, 5000))
    return np.append(x, short[0] * short[1] << (m - 2 * (m // 2))), np.append(y, short[0] << (m - m // 2))


@pytest.mark.parametrize("m", [6, 9, 24])
@pytest.mark.parametrize("name", ["mul", "div"])
def test_results_are_exact_if_they_fit_and_otherwise_next_to_the_true_one(name, m):
    format_ = FloatFormat(m, 6)
    function, _ = BINARY[name]
    x, y = mantissa_pairs(m)
    x = np.where(x < 1 << (m - 1), x << 1, x)
    rest = np.zeros((len(x), 9), bool)
    b = CircuitBuilder()
    b.output(floats.pack(function(b, *[floats.unpack(b.input(format_.width), format_) for _ in range(2)])))
    (bits,) = evaluate(b.build(), [np.concatenate([to_bits(v, m), rest], axis=1) for v in (x, y)])
    got = np.array(decode(bits, format_))
    scale = 2.0 ** (m - 1)
    expected = x / scale * (y / scale) if name == "mul" else x / y
    digits = np.frexp(expected)[0] * 2.0**m
    fits = digits == np.rint(digits)
    assert fits.sum() > 20
    np.testing.assert_array_equal(got[fits], expected[fits])
    unit = np.ldexp(1.0, np.frexp(expected)[1] - m)
    assert np.max(np.abs(got - expected) / unit) < 1


def test_zero_is_zero_whatever_its_other_bits_are():
    numbers = [3.0, -3.0, 0.0]
    b = CircuitBuilder()
    x, y = (floats.unpack(b.input(FLOAT.width)) for _ in range(2))
    zero = floats.relu(b, x)
    b.output((floats.equal(b, zero, y), floats.less(b, zero, y), floats.less(b, y, zero)))
    b.output(floats.to_fixed(b, zero, 64, 20)[0])
    b.output(floats.pack(floats.mul(b, zero, x)))
    b.output(floats.pack(roots.sqrt(b, zero)))
    operands = pairs(numbers)
    compared, word, square, root = evaluate(b.build(), [encode(o, FLOAT) for o in operands])
    kept = [max(v, 0.0) for v in operands[0]]
    for (equal, below, above), k, other in zip(compared, kept, operands[1], strict=True):
        assert (equal, below, above) == (k == other, k < other, other < k)
    assert from_bits(word) == [int(k) << 20 for k in kept]
    assert decode(square, FLOAT) == [k * k for k in kept]
    close(decode(root, FLOAT), [math.sqrt(k) for k in kept], 2.0**-23)


@pytest.mark.parametrize("name", ["less", "less_equal", "equal"])
def test_comparisons(name):
    compare = {"less": floats.less, "less_equal": floats.less_equal, "equal": floats.equal}[name]
    reference = {"less": np.less, "less_equal": np.less_equal, "equal": np.equal}[name]
    columns = pairs([*every(TINY, range(-2, 2)), *SPECIAL])
    b = CircuitBuilder()
    inputs = [floats.unpack(b.input(TINY.width), TINY) for _ in columns]
    b.output((compare(b, *inputs),))
    (bits,) = evaluate(b.build(), [encode(c, TINY) for c in columns])
    expected = reference(np.array(columns[0]), np.array(columns[1]))
    np.testing.assert_array_equal(bits[:, 0], expected)


def test_signs():
    values = [-2.5, -0.0, 0.0, 3.0, math.inf, -math.inf]
    close(apply(floats.neg, [values], FLOAT), [-v for v in values], 0)
    close(apply(floats.abs_, [values], FLOAT), [abs(v) for v in values], 0)
    close(apply(floats.relu, [values], FLOAT), [max(v, 0.0) for v in values], 0)
    close(apply(floats.sign, [values], FLOAT), [-1, 0, 0, 1, 1, -1], 0)


@pytest.mark.parametrize("frac", [-10, 0, 17, 40, 63])
def test_fixed_point_there_and_back(frac):
    rng = random.Random(frac)
    words = [0, 1, -1, (1 << 62) - 1, -(1 << 62)]
    words += [rng.getrandbits(rng.randint(1, 62)) * rng.choice([1, -1]) for _ in range(300)]
    b = CircuitBuilder()
    x = floats.from_fixed(b, b.input(64), frac)
    b.output(floats.pack(x))
    word, invalid = floats.to_fixed(b, x, 64, frac)
    b.output((*word, invalid))
    number, back = evaluate(b.build(), [to_bits(words, 64)])
    close(decode(number, FLOAT), [w / 2.0**frac for w in words], 2.0**-23)
    assert not back[:, 64].any()
    for w, got in zip(words, from_bits(back[:, :64], signed=True), strict=True):
        assert abs(got - w) <= abs(w) * 2.0**-23
        assert abs(got) <= abs(w)


def test_to_fixed_works_modulo_the_width_and_reports_what_is_not_finite():
    values = [2.0**70 + 2.0**60, 1.5, 2.0**-30, 2.0**200, math.inf, math.nan]
    b = CircuitBuilder()
    word, invalid = floats.to_fixed(b, floats.unpack(b.input(FLOAT.width)), 64, 0)
    b.output(word)
    b.output((invalid,))
    got, flags = evaluate(b.build(), [encode(values, FLOAT)])
    assert from_bits(got)[:4] == [2**60, 1, 0, 0]
    assert flags[:, 0].tolist() == [False] * 4 + [True] * 2


@pytest.mark.parametrize("highest", [0, 3, 20, 31, 50])
def test_to_fixed_of_bounded_numbers(highest):
    frac = 11
    values = [k * 2.0**e * s for k in (1.0, 1.5, 1.984375) for e in range(-25, highest - frac + 1) for s in (1, -1)]
    b = CircuitBuilder()
    x = floats.unpack(b.input(FLOAT.width))
    number, invalid = floats.to_fixed(b, x, 64, frac, highest)
    b.output(number)
    b.output((invalid,))
    too_large = [s * 2.0 ** (highest - frac + more) for more in (1, 2, 17, 63, 64, 65, 200) for s in (1, -1)]
    got, flags = evaluate(b.build(), [encode([*values, 0.0, *too_large], FLOAT)])
    assert from_bits(got, signed=True) == [*(int(v * 2.0**frac) for v in values), 0, *[0] * len(too_large)]
    assert flags[:, 0].tolist() == [False] * (len(values) + 1) + [True] * len(too_large)


def test_exponents_saturate():
    huge, tiny = 2.0**7, 2.0**-8
    assert apply(floats.mul, [[huge], [huge]], TINY) == [math.inf]
    assert apply(floats.mul, [[tiny], [tiny]], TINY) == [0.0]


FIXED_ROOTS = {
    "rsqrt": (roots.rsqrt, roots.rsqrt_fixed, lambda x: 1 / math.sqrt(x)),
    "sqrt": (roots.sqrt, roots.sqrt_fixed, math.sqrt),
}


@pytest.mark.parametrize("name", FIXED_ROOTS)
@pytest.mark.parametrize("frac", [-3, 0, 5, 40])
@pytest.mark.parametrize("width", [12, 63, 64])
def test_roots_of_fixed_point(name, frac, width):
    through_float, direct, reference = FIXED_ROOTS[name]
    rng = random.Random(0)
    numbers = list(range(1, 1 << 11)) if width == 12 else [1, 2, 3, 4, (1 << (width - 1)) - 1]
    numbers += [rng.getrandbits(rng.randint(1, width - 1)) | 1 for _ in range(500)]
    b = CircuitBuilder()
    x = b.input(width)
    b.output(floats.pack(direct(b, x, frac)))
    b.output(floats.pack(through_float(b, floats.from_fixed(b, x, frac))))
    operands = [*numbers, 0, -1, -5, -(1 << (width - 1))]
    fused, plain = (decode(bits, FLOAT) for bits in evaluate(b.build(), [to_bits(operands, width)]))
    close(fused[: len(numbers)], [reference(n / 2.0**frac) for n in numbers], 2.0**-22)
    close(fused[len(numbers) :], plain[len(numbers) :], 0)


def fused() -> Circuit:
    b = CircuitBuilder()
    b.output(floats.to_fixed(b, roots.rsqrt_fixed(b, b.input(64), 40), 64, 40)[0])
    return b.build()


def test_fused_inverse_square_root_over_all_magnitudes():
    numbers = [2**k + 2 ** (k // 2) for k in range(1, 63)]
    (bits,) = evaluate(fused(), [to_bits(numbers, 64)])
    for n, got in zip(numbers, from_bits(bits, signed=True), strict=True):
        expected = 1 / math.sqrt(n / 2**40)
        assert abs(got / 2**40 - expected) <= 2.0**-20 * expected + 2.0**-40
