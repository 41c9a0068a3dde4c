"""How wide clients' shares must be: of integers, they hide values up to a statistical distance (docs/client-proofs.md).

What an upload tells is at most the sum of all its entries' magnitudes, and 1 for each, divided by 2^bits.
"""

from __future__ import annotations

import math

from ezprivsecfl.ir.widths import SHARE_BITS

MOST_SHARE_BITS = 104

PRIVACY = 2.0**-40
"""What an upload may tell a server about its client's values: the statistical distance from what tells nothing."""

OTHERS = 0.01
"""Bits of room for what blinds and masks tell."""


def share_bits(magnitudes: float, entries: int, all_entries: int, vectors: int) -> int:
    """Bits of the shares of one vector of an upload.

    Half of what an upload may tell is for its vectors by their entries, which is shortest; the other half is evenly,
    for all, so that a few large numbers next to many small ones need no wider shares than they would alone.

    Args:
        magnitudes: What those of the vector add up to, and 1 for each entry.
        entries: Of the vector.
        all_entries: Of all vectors of the upload.
        vectors: How many these are.
    """
    needed = math.log2(2 * magnitudes * min(all_entries / entries, vectors) / PRIVACY) + OTHERS
    return min(max(SHARE_BITS, 8 * math.ceil(needed / 8)), MOST_SHARE_BITS)


def significant_bits(magnitude: float, all_entries: int, wanted: int) -> int:
    """How many bits below its bound an entry can have, where shares are as wide as ``wanted`` ones take.

    Args:
        magnitude: That of an entry on average, as a part of the bound.
        all_entries: Of all vectors of the upload.
        wanted: As many as there are useful ones; fewer come out where the widest shares do not hide that.
    """
    told = math.log2(2 * magnitude * all_entries / PRIVACY) + OTHERS
    for width in range(SHARE_BITS, MOST_SHARE_BITS + 1, 8):
        found = math.floor(width - told)
        if found >= wanted:
            break
    return found
