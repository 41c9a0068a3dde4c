from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ezprivsecfl.ir.circuits import products, quotients, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits

SMALL = 4


def signed(value: int, width: int) -> int:
    value %= 1 << width
    return value - (1 << width) if value >> (width - 1) else value


def truncated(x: int, y: int) -> int:
    """Division rounded toward zero; what a divider gives for y = 0."""
    if y == 0:
        return 1 if x < 0 else -1
    return abs(x) // abs(y) * (-1 if (x < 0) != (y < 0) else 1)


BINARY: dict[str, tuple[Callable[[CircuitBuilder, Wires, Wires], Wires], Callable[[int, int], int]]] = {
    "add": (words.add, lambda x, y: x + y),
    "add_shallow": (words.add_shallow, lambda x, y: x + y),
    "sub": (words.sub, lambda x, y: x - y),
    "mul_low": (products.mul_low, lambda x, y: x * y),
    "less": (lambda b, x, y: (words.less(b, x, y), b.constant(False)), lambda x, y: x < y),
    "equal": (lambda b, x, y: (words.equal(b, x, y), b.constant(False)), lambda x, y: x == y),
    "max": (words.max_, max),
    "min": (words.min_, min),
    "divide": (quotients.divide, truncated),
}
UNARY: dict[str, tuple[Callable[[CircuitBuilder, Wires], Wires], Callable[[int], int]]] = {
    "neg": (words.neg, lambda x: -x),
    "abs": (words.abs_, abs),
    "relu": (words.relu, lambda x: max(x, 0)),
    "nonzero": (lambda b, x: (words.nonzero(b, x), b.constant(False)), lambda x: x != 0),
    "toward_zero": (lambda b, x: words.toward_zero(b, x, 2), lambda x: int(x / 4)),
    "toward_zero_all_dropped": (lambda b, x: words.toward_zero(b, x, len(x) + 3), lambda x: 0),
}


def run(function: Callable[..., Wires], operands: list[list[int]], width: int) -> tuple[list[int], int]:
    """Results as signed numbers, and their width."""
    b = CircuitBuilder()
    b.output(function(b, *[b.input(width) for _ in operands]))
    (bits,) = evaluate(b.build(), [to_bits(o, width) for o in operands])
    return from_bits(bits, signed=True), bits.shape[1]


def operand_lists(width: int, count: int) -> list[list[int]]:
    """All pairs at small width, random ones and the extremes at full width."""
    if width == SMALL:
        values = range(-(1 << (width - 1)), 1 << (width - 1))
        pairs = [(x, y) for x in values for y in values]
    else:
        rng = random.Random(0)
        extremes = [0, 1, -1, (1 << (width - 1)) - 1, -(1 << (width - 1))]
        pairs = [(x, y) for x in extremes for y in extremes]
        pairs += [
            (signed(rng.getrandbits(rng.randint(1, width)), width), signed(rng.getrandbits(width), width))
            for _ in range(200)
        ]
    return [list(column) for column in zip(*pairs, strict=True)][:count]


@pytest.mark.parametrize("width", [SMALL, 64])
@pytest.mark.parametrize("name", BINARY)
def test_binary_words(name, width):
    function, reference = BINARY[name]
    operands = operand_lists(width, 2)
    got, out_width = run(function, operands, width)
    assert got == [signed(int(reference(x, y)), out_width) for x, y in zip(*operands, strict=True)]


@pytest.mark.parametrize("width", [SMALL, 33])
@pytest.mark.parametrize("name", UNARY)
def test_unary_words(name, width):
    function, reference = UNARY[name]
    operands = operand_lists(width, 1)
    got, out_width = run(function, operands, width)
    assert got == [signed(int(reference(x)), out_width) for x in operands[0]]


def test_unsigned_product_and_division_exhaustively():
    values = range(16)
    pairs = [(x, y) for x in values for y in values]
    columns = [[p[0] for p in pairs], [p[1] for p in pairs]]
    got, _ = run(products.mul, columns, 4)
    assert [p % 256 for p in got] == [x * y for x, y in pairs]
    b = CircuitBuilder()
    quotient, remainder = quotients.divide_unsigned(b, b.input(4), b.input(4))
    b.output(quotient)
    b.output(remainder)
    q, r = (from_bits(o) for o in evaluate(b.build(), [to_bits(c, 4) for c in columns]))
    for (x, y), got in zip(pairs, zip(q, r, strict=True), strict=True):
        assert got == (divmod(x, y) if y else (15, x))


@pytest.mark.parametrize(("m", "count"), [(4, None), (6, None), (24, 5000)])
def test_upper_halves_of_products_are_exact_or_next_to_it(m, count):
    low, high = 1 << (m - 1), 1 << m
    if count is None:
        pairs = [(x, y) for x in range(low, high) for y in range(low, high)]
    else:
        rng = random.Random(0)
        ends = [low, low + 1, low + 3, 3 << (m - 2), high - 2, high - 1]
        values = [*ends, *(rng.randrange(low, high) for _ in range(count))]
        pairs = [(x, y) for x in ends for y in values] + list(zip(values, reversed(values), strict=True))
    columns = [list(column) for column in zip(*pairs, strict=True)]
    got, _ = run(lambda b, x, y: (*products.mul_high(b, x, y), b.constant(False)), columns, m)
    for p, (x, y) in zip(got, pairs, strict=True):
        exact = 2 * x * y
        assert abs((p << m) - exact) < 1 << m
        assert p << m == exact or exact % (1 << m)


@pytest.mark.parametrize("kept", [3, 6, 10])
def test_normalise_exhaustively(kept):
    width = 10
    b = CircuitBuilder()
    for bundle in words.normalise(b, b.input(width), kept):
        b.output(bundle)
    values = list(range(1, 1 << width))
    high, places = (from_bits(o) for o in evaluate(b.build(), [to_bits(values, width)]))
    for x, h, p in zip(values, high, places, strict=True):
        assert p == width - x.bit_length()
        assert h == (x << p) >> (width - kept)


@pytest.mark.parametrize("smallest", [2, 4])
def test_normalise_by_larger_steps(smallest):
    width, kept = 10, 5
    b = CircuitBuilder()
    for bundle in words.normalise(b, b.input(width), kept, smallest=smallest):
        b.output(bundle)
    values = list(range(1, 1 << width))
    high, places = (from_bits(o) for o in evaluate(b.build(), [to_bits(values, width)]))
    for x, h, p in zip(values, high, places, strict=True):
        assert p == (width - x.bit_length()) // smallest
        assert h == (x << p * smallest) >> (width - kept)
