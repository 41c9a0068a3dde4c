from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ezprivsecfl.compiler.circuits import words
from ezprivsecfl.compiler.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.compiler.circuits.evaluate import evaluate, from_bits, to_bits

SMALL = 4


def signed(value: int, width: int) -> int:
    value %= 1 << width
    return value - (1 << width) if value >> (width - 1) else value


def truncated(x: int, y: int) -> int:
    """Division rounded toward zero; what a restoring divider gives for y = 0."""
    if y == 0:
        return 1 if x < 0 else -1
    return abs(x) // abs(y) * (-1 if (x < 0) != (y < 0) else 1)


BINARY: dict[str, tuple[Callable[[CircuitBuilder, Wires, Wires], Wires], Callable[[int, int], int]]] = {
    "add": (words.add, lambda x, y: x + y),
    "sub": (words.sub, lambda x, y: x - y),
    "mul_low": (words.mul_low, lambda x, y: x * y),
    "less": (lambda b, x, y: (words.less(b, x, y), b.constant(False)), lambda x, y: x < y),
    "equal": (lambda b, x, y: (words.equal(b, x, y), b.constant(False)), lambda x, y: x == y),
    "max": (words.max_, max),
    "min": (words.min_, min),
    "divide": (words.divide, truncated),
}
UNARY: dict[str, tuple[Callable[[CircuitBuilder, Wires], Wires], Callable[[int], int]]] = {
    "neg": (words.neg, lambda x: -x),
    "abs": (words.abs_, abs),
    "relu": (words.relu, lambda x: max(x, 0)),
    "nonzero": (lambda b, x: (words.nonzero(b, x), b.constant(False)), lambda x: x != 0),
    "toward_zero": (lambda b, x: words.toward_zero(b, x, 2), lambda x: int(x / 4)),
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
    products, _ = run(words.mul, columns, 4)
    assert [p % 256 for p in products] == [x * y for x, y in pairs]
    b = CircuitBuilder()
    quotient, remainder = words.divide_unsigned(b, b.input(4), b.input(4))
    b.output(quotient)
    b.output(remainder)
    q, r = (from_bits(o) for o in evaluate(b.build(), [to_bits(c, 4) for c in columns]))
    for (x, y), got in zip(pairs, zip(q, r, strict=True), strict=True):
        assert got == (divmod(x, y) if y else (15, x))


def test_left_out_columns_only_lose_what_is_documented():
    values = [random.Random(1).getrandbits(12) for _ in range(50)]
    columns = [values, values[::-1]]
    got, _ = run(lambda b, x, y: (*words.mul(b, x, y, first_column=6), b.constant(False)), columns, 12)
    for p, x, y in zip(got, *columns, strict=True):
        assert 0 <= x * y - p < 6 * 2**6 + 2**6


@pytest.mark.parametrize("bits", [1, 3, 5])
def test_lookup_returns_the_table_and_costs_only_the_index(bits):
    rng = random.Random(bits)
    table = [rng.getrandbits(30) for _ in range(1 << bits)]
    b = CircuitBuilder()
    b.output(words.lookup(b, b.input(bits), table, 30))
    circuit = b.build()
    (out,) = evaluate(circuit, [to_bits(list(range(1 << bits)), bits)])
    assert from_bits(out) == table
    assert circuit.and_count <= (1 << bits) - bits - 1


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
