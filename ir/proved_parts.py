"""Which inner products clients prove, and into which parts these divide what clients share.

A client proves products of whole vectors. Where a program wants one of a part of an input, the input is shared as
several vectors, one after the other, and what is proved of all of it is proved of their sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MOST_PARTS = 128
"""Into so many parts programs divide their inputs at most; each makes an upload longer, by its last row and blinds."""


@dataclass(frozen=True)
class Product:
    """The inner product of parts of two inputs of a client; of one with itself, its squared norm.

    Args:
        first: The one input's path.
        second: The other's.
        starts: The first entry of either part.
        entries: How many entries both have.
    """

    first: str
    second: str
    starts: tuple[int, int]
    entries: int


def cuts(products: Iterable[Product], sizes: Mapping[str, int]) -> dict[str, list[int]]:
    """Where each input's parts begin, and the end of the last; every product is one of whole parts then.

    Args:
        products: All of the program.
        sizes: By path the entries of each input.

    Raises:
        TooManyPartsError: There would be more than ``MOST_PARTS`` that are not whole inputs.
    """
    found = {path: {0, size} for path, size in sizes.items()}
    wanted = list(products)
    for x in wanted:
        for path, start in zip((x.first, x.second), x.starts, strict=True):
            found[path] |= {start, start + x.entries}
    before = -1
    while before != (before := sum(map(len, found.values()))):
        if sum(len(x) - 1 for x in found.values() if len(x) > 2) > MOST_PARTS:
            raise TooManyPartsError
        for x in wanted:  # a cut within one factor is one within the other, too
            one, other = found[x.first], found[x.second]
            apart = x.starts[1] - x.starts[0]
            within = {c for c in one if 0 <= c - x.starts[0] <= x.entries}
            within |= {c - apart for c in other if 0 <= c - x.starts[1] <= x.entries}
            one |= within
            other |= {c + apart for c in within}
    return {path: sorted(places) for path, places in found.items()}


class TooManyPartsError(Exception):
    """Products would divide inputs into more parts than are worth it; what asks for them computes them otherwise."""
