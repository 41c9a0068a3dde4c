"""Products of integers, with signed digits.

With the digits -1 and 1 a row of the product is the multiplicand or its negative, and inverting wires is free: a bit
of a row costs the AND of its full adder, but none for the product of two bits. For bits y_i the digits are
``2·y_i - 1``, so ``2·x·y + x = x·2^n + sum of (2·y_i - 1)·x·2^i``. (A. Avizienis, "Signed-digit number representations
for fast parallel arithmetic", IRE Transactions on Electronic Computers EC-10, 1961; the digit set without zero is that
of non-restoring division.)
"""

from __future__ import annotations

from collections.abc import Sequence

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
