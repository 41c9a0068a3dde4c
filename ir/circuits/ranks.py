"""Order statistics of several words, bit by bit from the highest.

As in a radix selection, the entries that agree with the wanted one in all bits so far are its candidates. Its next bit
follows from how many candidates have a 1 there and how many entries are larger already (the majority method for
medians: E. Ataman, V. K. Aatre, K. M. Wong, "A fast method for real-time median filtering", IEEE Transactions on
Acoustics, Speech, and Signal Processing 28, 1980). For n entries of w bits that takes about 4·n·w AND gates, but only
n·w first operands are different ones for the entries, however many ranks there are, and about n·w for counting, for
each rank: bits of entries meet the candidates of every rank, and the bit that is found meets all candidates. A sorting
network takes about n/4 · log2(n)² · (w + 1) different first operands.

A sum of many ranks takes two such selections: what is below the lowest of these ranks counts as that one, and what is
above the highest as that one; how many times too often these two are counted then is known.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires


@dataclass(frozen=True)
class Selected:
    """The entry of a rank.

    Args:
        word: The entry.
        equal: Per entry, whether it is the same number.
        larger: Per entry, whether it is a larger one.
    """

    word: Wires
    equal: Wires
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
    lowest = select(b, unsigned, first) if first > 0 else None
    highest = select(b, unsigned, last - 1) if last < count else None
    if lowest is not None:
        total.subtract(lowest.word, first)
        smaller = [b.inv(b.xor(e, larger)) for e, larger in zip(lowest.equal, lowest.larger, strict=True)]
        unsigned = [words.mux(b, s, lowest.word, x) for s, x in zip(smaller, unsigned, strict=True)]
    if highest is not None:
        total.subtract(highest.word, count - last)
        unsigned = [words.mux(b, larger, highest.word, x) for larger, x in zip(highest.larger, unsigned, strict=True)]
    for x in unsigned:
        total.add(x)
    return total.word()


def select(b: CircuitBuilder, entries: Sequence[Wires], rank: int) -> Selected:
    """The unsigned word that has ``rank`` of the others before it in ascending order."""
    equal: Wires = (b.constant(True),) * len(entries)
    larger: Wires = (b.constant(False),) * len(entries)
    word = []
    for column in reversed(list(zip(*entries, strict=True))):
        ones = tuple(b.and_(e, x) for e, x in zip(equal, column, strict=True))
        bit = at_least(b, _sum(b, larger, ones), len(entries) - rank)
        # Where the bit is 1, candidates with a 1 remain. Where it is 0 the others do, and those are larger.
        equal = _sum(b, equal, ones, words.mask(b, bit, equal))
        larger = _sum(b, larger, ones, words.mask(b, bit, ones))
        word.append(bit)
    return Selected(tuple(reversed(word)), equal, larger)


def _sum(b: CircuitBuilder, *bits: Wires) -> Wires:
    """Exclusive ors, place by place."""
    return tuple(functools.reduce(b.xor, each) for each in zip(*bits, strict=True))


def at_least(b: CircuitBuilder, bits: Sequence[int], least: int) -> int:
    """Whether at least so many bits, from 1 to all of them, are 1: a carry out of their number and a constant."""
    places = (len(bits) - 1).bit_length()
    columns: list[list[int]] = [list(bits), *([] for _ in range(places))]
    _put(b, columns, 2**places - least)
    return words.sum_columns(b, columns, places + 1)[places]


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
