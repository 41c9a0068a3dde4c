"""Products of integers, with signed digits.

With the digits -1 and 1 a row of the product is the multiplicand or its negative, and inverting wires is free: a bit
of a row costs the AND of its full adder, but none for the product of two bits. For bits y_i the digits are
``2·y_i - 1``, so ``2·x·y + x = x·2^n + sum of (2·y_i - 1)·x·2^i``. (A. Avizienis, "Signed-digit number representations
for fast parallel arithmetic", IRE Transactions on Electronic Computers EC-10, 1961; the digit set without zero is that
of non-restoring division.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires


class Columns:
    """A sum of numbers modulo 2^width, collected bit by bit; what falls below column ``first`` is left out."""

    def __init__(self, b: CircuitBuilder, width: int, first: int = 0) -> None:
        self._b = b
        self._first = first
        self._columns: list[list[int]] = [[] for _ in range(width)]
        self._constant = 0

    def add_constant(self, value: int) -> None:
        """Adds a constant, also a negative one."""
        self._constant += value

    def add(self, x: Sequence[int], shift: int) -> None:
        """Adds x · 2^shift for an unsigned number x."""
        for column, wire in enumerate(x, start=shift):
            if self._first <= column < len(self._columns):
                self._columns[column].append(wire)

    def add_or_subtract(self, subtract: int, x: Wires, shift: int) -> None:
        """Adds x · 2^shift, or subtracts it where ``subtract`` holds; where bits are left out, so is the carry."""
        b = self._b
        self.add([*(b.xor(wire, subtract) for wire in x), b.inv(subtract)], shift)
        self.add([subtract], shift)
        self.add_constant(-1 << (shift + len(x)))

    def total(self) -> Wires:
        """The sum, from column ``first`` on."""
        width = len(self._columns)
        constant = self._constant >> self._first << self._first
        columns = [[*column, *[self._b.constant(True)] * (constant >> i & 1)] for i, column in enumerate(self._columns)]
        return words.sum_columns(self._b, columns, width)[self._first :]


def mul(b: CircuitBuilder, x: Wires, y: Wires, *, width: int | None = None) -> Wires:
    """x · y of unsigned numbers of any two widths, modulo 2^width (all bits by default)."""
    columns = Columns(b, len(x) + len(y) if width is None else width)
    # The digit of y's lowest bit, halved: -x if it is zero.
    even = b.inv(y[0])
    columns.add([b.inv(b.and_(wire, even)) for wire in x], 0)
    columns.add_constant(1 - (1 << len(x)))
    for i, wire in enumerate(y[1:]):
        columns.add_or_subtract(b.inv(wire), x, i)
    columns.add(x, len(y) - 1)
    return columns.total()


def mul_upper(b: CircuitBuilder, x: Wires, y: Wires, dropped: int) -> Wires:
    """x · y / 2^dropped of unsigned numbers, rounded down or up, for ``dropped`` of at most the longer width."""
    # Two rows more than there are columns left out lose something, each at most 2^first; that much is added instead.
    first = _left_out(dropped, 2)
    columns = Columns(b, len(x) + len(y), first)
    even = b.inv(y[0])
    columns.add([b.inv(b.and_(wire, even)) for wire in x], 0)
    columns.add_constant(1 - (1 << len(x)) + ((first + 2) << first if first else 0))
    for i, wire in enumerate(y[1:]):
        columns.add_or_subtract(b.inv(wire), x, i)
    columns.add(x, len(y) - 1)
    return columns.total()[dropped - first :]


def mul_constant(b: CircuitBuilder, x: Wires, factor: int, dropped: int) -> Wires:
    """x · factor / 2^dropped of an unsigned number and a positive constant, rounded down or up.

    The constant's digits are -1, 0 and 1, no two neighbours other than 0 (G. W. Reitwiesner, "Binary Arithmetic",
    Advances in Computers 1, 1960): a third of them cost a row.
    """
    digits = [(place, 2 - (rest & 3)) for place, rest in _odd_rests(factor)]
    first = _left_out(dropped, len(digits))
    columns = Columns(b, len(x) + factor.bit_length(), first)
    columns.add_constant((first + len(digits)) << first if first else 0)
    for place, digit in digits:
        columns.add(x if digit > 0 else words.invert(b, x), place)
        columns.add_constant(0 if digit > 0 else (1 - (1 << len(x))) << place)
    return columns.total()[dropped - first :]


def _odd_rests(factor: int) -> Iterator[tuple[int, int]]:
    """Per digit of the constant that is not 0 its place, and what is left of the constant from there on."""
    place = 0
    while factor:
        if factor & 1:
            yield place, factor
            factor -= 2 - (factor & 3)
        factor >>= 1
        place += 1


def _left_out(dropped: int, more: int) -> int:
    """How many columns may be left out so that ``more`` rows more than that many lose less than 2^dropped."""
    return max((c for c in range(1, dropped) if (c + more) << c < 1 << dropped), default=0)


def mul_low(b: CircuitBuilder, x: Wires, y: Wires) -> Wires:
    """x · y modulo 2^width: the same for signed and unsigned numbers."""
    return mul(b, x, y, width=len(x))


def mul_high(b: CircuitBuilder, x: Wires, y: Wires) -> Wires:
    """The upper m + 1 bits of 2 · x · y, for x and y of m bits of which the highest is one.

    The result is exact if the bits left out are zero, and off by less than one otherwise: ``2·x·y + x`` less the
    carries out of the columns that are left out, which are at most 2^(m-1) together, is rounded down.
    """
    m = len(x)
    # A row loses at most 2^first; as many rows as there are columns left out lose something.
    first = max(c for c in range(m) if c << c <= 1 << (m - 1))
    columns = Columns(b, 2 * m + 1, first)
    for i, wire in enumerate(y[:-1]):
        columns.add_or_subtract(b.inv(wire), x, i)
    columns.add(x, m - 1)  # the digit of the highest bit, which is known
    columns.add(x, m)
    return columns.total()[m - first :]
