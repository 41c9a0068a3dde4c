"""Which entries of clients' inputs a value consists of, in order, and products of these as clients prove them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.ir.mpc import io, linear, structure
from ezprivsecfl.ir.op import Environment, Value
from ezprivsecfl.ir.proved_parts import MOST_PARTS
from ezprivsecfl.ir.types import CLIENTS_DIM, within_client

Numbers = NDArray[np.int64]

FEWEST_ENTRIES = 32
"""So many entries parts of inputs have on average that are worth a proof of their own."""


class Source(NamedTuple):
    """An input that entries come from, shifted by some bits, and with a sign."""

    share: io.Share
    shift: int = 0
    negative: bool = False


class Pair(NamedTuple):
    """Parts of two inputs whose inner product counts, with a sign, and shifted by some bits."""

    first: io.Share
    second: io.Share
    starts: tuple[int, int]
    entries: int
    shift: int = 0
    negative: bool = False

    @property
    def factors(self) -> frozenset[tuple[io.Share, int]]:
        """The same for the same product."""
        return frozenset(zip((self.first, self.second), self.starts, strict=True))

    @property
    def is_square(self) -> bool:
        """Whether it is the squared norm of one part."""
        return len(self.factors) == 1

    @property
    def is_whole(self) -> bool:
        """Whether it is of all entries of both inputs."""
        return self.entries == within_client(self.first.type.shape) == within_client(self.second.type.shape)


@dataclass(frozen=True)
class OwnEntries:
    """A client's entries of a value.

    Args:
        sources: Where they come from.
        which: Of each the number of its source.
        at: Of each its place in that input.
    """

    sources: tuple[Source, ...]
    which: Numbers
    at: Numbers


def own_entries(value: Value) -> OwnEntries | None:
    """Those of a value with the clients first that is made of proved inputs by moving and negating; or None."""
    op = value.op
    if not clients_first(value):
        return None
    match op:
        case io.Share():
            places = np.arange(within_client(op.type.shape))
            return None if op.norm is None else OwnEntries((Source(op),), np.zeros_like(places), places)
        case linear.Neg() | linear.Widen():
            found = own_entries(op.operands[0])
            if found is None:
                return None
            if isinstance(op, linear.Neg):
                sources = tuple(s._replace(negative=not s.negative) for s in found.sources)
            else:
                sources = tuple(s._replace(shift=s.shift + op.bits) for s in found.sources)
            return replace(found, sources=sources)
        case structure.Reshape():
            return own_entries(op.operands[0])
        case structure.Transpose() | structure.Slice() | structure.Take() | structure.Concat():
            return _moved(op)
    return None


def _moved(op: structure.Transpose | structure.Slice | structure.Take | structure.Concat) -> OwnEntries | None:
    """What a client's entries are after they have been moved: the same is done to their numbers."""
    parts = [own_entries(operand) for operand in op.operands]
    sources: list[Source] = []
    which: list[Numbers] = []
    at: list[Numbers] = []
    numbers: list[Numbers] = []
    for part, operand in zip(parts, op.operands, strict=True):
        if part is None:
            return None
        begin = sum(map(len, at))
        numbers.append(np.arange(begin, begin + len(part.at)).reshape(1, *operand.type.shape[1:]))
        which.append(part.which + len(sources))
        at.append(part.at)
        sources += part.sources
    (moved,) = op.evaluate(numbers, Environment(clients=1))
    order = moved.ravel()
    return OwnEntries(tuple(sources), np.concatenate(which)[order], np.concatenate(at)[order])


def pairs(first: Value, second: Value, groups: int) -> list[list[Pair]] | None:
    """Of each of some groups, as many entries each, the parts of inputs whose products add up to that of two values.

    None if either is not made of proved inputs, or of parts of them that are too many or too short.
    """
    x = own_entries(first)
    y = x if second is first else own_entries(second)
    if x is None or y is None or len(x.at) != len(y.at) or len(x.at) % groups:
        return None
    keys = np.stack([np.repeat(np.arange(groups), len(x.at) // groups), x.which, y.which, x.at, y.at])
    begins = _begins(keys)
    if len(begins) > groups * len(x.sources):  # products may be added up in whichever order
        keys = keys[:, np.lexsort((x.at, x.which, keys[0]))]
        begins = _begins(keys)
    if len(begins) > max(MOST_PARTS, len(x.sources), len(y.sources)):
        return None
    found: list[list[Pair]] = [[] for _ in range(groups)]
    for begin, end in zip(begins, [*begins[1:], len(x.at)], strict=True):
        group, of_x, of_y, *starts = (int(key) for key in keys[:, begin])
        a, c = x.sources[of_x], y.sources[of_y]
        pair = Pair(a.share, c.share, (starts[0], starts[1]), end - begin, a.shift + c.shift, a.negative != c.negative)
        found[group].append(pair)
    parts = [pair.entries for some in found for pair in some if not pair.is_whole]
    return found if sum(parts) >= FEWEST_ENTRIES * len(parts) else None


def _begins(keys: Numbers) -> list[int]:
    """Where parts of inputs begin, in the order of the entries: group, sources and places do not go on there."""
    apart = np.any(np.diff(keys[:3]) != 0, axis=0) | np.any(np.diff(keys[3:]) != 1, axis=0)
    return [0, *(np.flatnonzero(apart) + 1).tolist()]


def clients_first(value: Value) -> bool:
    """Whether its first axis is that of the clients."""
    return value.type.shape[:1] == (CLIENTS_DIM,)
