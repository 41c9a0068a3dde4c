"""Tables with public entries: reading one costs ANDs for the index only, since a bit is a sum of "is the index i"."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires

GROUP = 4
"""Sums of so few entries are the same for several bits, which saves half of the XORs."""


def look_up(b: CircuitBuilder, index: Wires, entries: Sequence[int], width: int | None = None) -> Wires:
    """The entry at an index.

    Args:
        b: The builder.
        index: The index, lowest bit first.
        entries: A number that is not negative for every index.
        width: Bits of the result; by default as many as the largest entry needs.
    """
    chosen = [b.constant(True)]  # per entry whether it is the one, for the bits of the index so far
    for bit in index:
        with_one = words.mask(b, bit, tuple(chosen))
        chosen = [*(b.xor(p, q) for p, q in zip(chosen, with_one, strict=True)), *with_one]
    bits = []
    for place in range(max(entries).bit_length() if width is None else width):
        wire = b.constant(False)
        for start in range(0, len(entries), GROUP):
            part = b.constant(False)
            for one, entry in zip(chosen[start : start + GROUP], entries[start : start + GROUP], strict=True):
                part = b.xor(part, one) if entry >> place & 1 else part
            wire = b.xor(wire, part)
        bits.append(wire)
    return tuple(bits)
