"""Order statistics of several words, bit by bit from the highest.

As in a radix selection, every bit of the wanted entry follows from how many entries have a 1 there. An entry that
differs from it in a higher bit must count as what it is, smaller or larger, so from then on all its bits count as the
one in which it differed (the majority method for medians: E. Ataman, V. K. Aatre, K. M. Wong, "A fast method for
real-time median filtering", IEEE Transactions on Acoustics, Speech, and Signal Processing 28, 1980). Per bit, an entry
takes two AND gates with a common operand, and counting takes about one per entry: for n entries of w bits about 3·n·w
gates with 2·n·w different first operands. A sorting network takes about n/4 · log2(n)² · 2·w gates.

A sum of many ranks takes two such selections: what is below the lowest of these ranks counts as that one, and what is
above the highest as that one; how many times too often these two are counted then is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires


@dataclass(frozen=True)
class Selected:
    """The entry of a rank.

    Args:
        word: The entry.
        differ: Per entry, whether it is another number.
        larger: Per entry that is, whether it is larger; of no meaning for others.
    """

    word: Wires
    differ: Wires
    larger: Wires


def sum_of_ranks(b: CircuitBuilder, entries: Sequence[Wires], first: int, last: int) -> Wires:
    """The sum of the entries of some ranks.

    Args:
        b: The builder.
        entries: Signed words of one width.
        first: The lowest rank, from 0, in ascending order.
        last: One more than the highest.

    Returns:
        A signed word that has room for the sum.
    """
    width, count, summed = len(entries[0]), len(entries), last - first
    unsigned = [(*x[:-1], b.inv(x[-1])) for x in entries]
    total = _Total(b, width + (summed - 1).bit_length())
    total.constant -= summed << (width - 1)  # what makes signed words unsigned
    if summed <= 2:
        for rank in range(first, last):
            total.add(select(b, unsigned, rank).word)
        return total.word()
    if first > 0:
        lowest = select(b, unsigned, first)
        total.subtract(lowest.word, first)
        unsigned = [
            words.mux(b, b.and_(differs, b.inv(larger)), lowest.word, x)
            for x, differs, larger in zip(unsigned, lowest.differ, lowest.larger, strict=True)
        ]
    if last < count:
        highest = select(b, unsigned, last - 1)
        total.subtract(highest.word, count - last)
        unsigned = [
            words.mux(b, b.and_(differs, larger), highest.word, x)
            for x, differs, larger in zip(unsigned, highest.differ, highest.larger, strict=True)
        ]
    for x in unsigned:
        total.add(x)
    return total.word()


def select(b: CircuitBuilder, entries: Sequence[Wires], rank: int) -> Selected:
    """The unsigned word that has ``rank`` of the others before it in ascending order."""
    none = (b.constant(False),) * len(entries)
    differ, before, word = none, none, []
    for column in reversed(list(zip(*entries, strict=True))):
        bits = tuple(b.xor(x, b.and_(d, b.xor(x, v))) for x, d, v in zip(column, differ, before, strict=True))
        chosen = at_least(b, bits, len(entries) - rank)
        differs_here = [b.xor(bit, chosen) for bit in bits]
        differ = tuple(_or(b, d, here) for d, here in zip(differ, differs_here, strict=True))
        before = bits
        word.append(chosen)
    return Selected(tuple(reversed(word)), differ, before)


def at_least(b: CircuitBuilder, bits: Sequence[int], least: int) -> int:
    """Whether at least so many bits, from 1 to all of them, are 1: a carry out of their number and a constant."""
    places = (len(bits) - 1).bit_length()
    columns: list[list[int]] = [list(bits), *([] for _ in range(places))]
    _put(b, columns, 2**places - least)
    return words.sum_columns(b, columns, places + 1)[places]


def _or(b: CircuitBuilder, x: int, y: int) -> int:
    """A disjunction whose AND gate has x, and not its inverse, as an operand: it is another gate's, too."""
    return b.xor(b.xor(x, y), b.and_(x, y))


def _put(b: CircuitBuilder, columns: list[list[int]], value: int) -> None:
    for place, column in enumerate(columns):
        if value >> place & 1:
            column.append(b.constant(True))


class _Total:
    """A sum of multiples of unsigned words, modulo 2^width."""

    def __init__(self, b: CircuitBuilder, width: int) -> None:
        self.b = b
        self.constant = 0
        self.columns: list[list[int]] = [[] for _ in range(width)]

    def add(self, x: Wires, shift: int = 0) -> None:
        for place, wire in enumerate(x, start=shift):
            if place < len(self.columns):
                self.columns[place].append(wire)

    def subtract(self, x: Wires, times: int) -> None:
        """Adds inverted words: -x is the inverse of x, and 1 - 2^width(x)."""
        inverse = words.invert(self.b, x)
        for shift in range(times.bit_length()):
            if times >> shift & 1:
                self.add(inverse, shift)
        self.constant += times * (1 - (1 << len(x)))

    def word(self) -> Wires:
        _put(self.b, self.columns, self.constant)
        return words.sum_columns(self.b, self.columns, len(self.columns))
