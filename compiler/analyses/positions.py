"""Which entry of a value stands where: positions after reshaping, transposing, broadcasting and slicing, exactly.

Entries are numbered row-major. A map of positions is written as numpy describes an array's memory: an offset, and
digits of a size and a stride. So a reshape changes nothing, and two values hold the same entries in the same order if
and only if their maps are equal. The clients axis counts as a prime that no other axis has, so it matches only itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import Shape, resolve

CLIENTS = 2_147_483_647
"""The size of the clients axis here."""


@dataclass(frozen=True)
class Positions:
    """A map of positions: e, written with ``digits`` as a mixed-radix number, goes to ``offset + Σ digit · stride``.

    Args:
        digits: Size and stride of every digit, the most significant first; without sizes 1, and merged where possible,
            so that equal maps are equal objects.
        offset: Where position 0 goes.
    """

    digits: tuple[tuple[int, int], ...]
    offset: int = 0

    @staticmethod
    def of(digits: Sequence[tuple[int, int]], offset: int = 0) -> Positions:
        """The map with these digits, simplified."""
        merged: list[tuple[int, int]] = []
        for size, stride in digits:
            if merged and size > 1 and merged[-1][1] == size * stride:
                merged[-1] = (merged[-1][0] * size, stride)
            elif size > 1:
                merged.append((size, stride))
        return Positions(tuple(merged), offset)

    @staticmethod
    def identity(count: int) -> Positions:
        """Every one of ``count`` positions goes to itself."""
        return Positions.of([(count, 1)])

    @property
    def count(self) -> int:
        """How many positions are mapped."""
        return math.prod(size for size, _ in self.digits)

    def after(self, inner: Positions) -> Positions | None:
        """First ``inner``, then this map; None if that is no map of this form."""
        sizes = [size for size, _ in self.digits]
        places = place_values(sizes)
        room = [size - 1 - inner.offset // place % size for size, place in zip(sizes, places, strict=True)]
        offset = self.offset
        for (size, stride), place in zip(self.digits, places, strict=True):
            offset += inner.offset // place % size * stride
        found: list[tuple[int, int]] = []
        for size, stride in inner.digits:
            parts: list[tuple[int, int]] = []
            while size > 1 and stride:
                k = next((k for k, place in enumerate(places) if place <= stride), None)
                if k is None or stride % places[k] or stride >= places[k] * sizes[k]:
                    return None
                step = stride // places[k]
                taken = size if (size - 1) * step <= room[k] else sizes[k] // step
                room[k] -= (taken - 1) * step
                if room[k] < 0 or size % taken or (taken < size and sizes[k] % step):
                    return None  # a digit would carry over into the next one
                parts.append((taken, step * self.digits[k][1]))
                size, stride = size // taken, places[k] * sizes[k]
            found += [(size, 0), *reversed(parts)]
        return Positions.of(found, offset)

    def inverse(self) -> Positions | None:
        """The map back, if this one reaches every position from 0 on exactly once."""
        places = place_values([size for size, _ in self.digits])
        ordered = sorted(zip(self.digits, places, strict=True), key=lambda d: -d[0][1])
        reached = 1
        for (size, stride), _ in reversed(ordered):
            if stride != reached:
                return None
            reached *= size
        return None if self.offset else Positions.of([(size, place) for (size, _), place in ordered])

    def is_injective(self) -> bool:
        """Whether no two positions go to the same one (False also where that is unclear)."""
        reached = 0
        for size, stride in sorted(self.digits, key=lambda d: d[1]):
            if stride <= reached:
                return False
            reached += (size - 1) * stride
        return True

    def is_constant(self) -> bool:
        """Whether all positions go to the same one."""
        return all(stride == 0 for _, stride in self.digits)

    def last(self, count: int) -> Positions | None:
        """The map of the least significant ``count`` positions alone, with all others 0."""
        return self.after(Positions.identity(count))

    def repeated(self, count: int) -> Positions:
        """The map that ignores a new least significant digit of that size."""
        return Positions.of([*self.digits, (count, 0)], self.offset)

    def blocks(self, size: int) -> Positions:
        """The map of blocks: where this map takes e to f, block e of ``size`` positions goes to block f."""
        return Positions.of([*((n, stride * size) for n, stride in self.digits), (size, 1)], self.offset * size)


def place_values(sizes: Sequence[int]) -> list[int]:
    """What one unit of each digit is worth: the product of the later sizes."""
    return [math.prod(sizes[i + 1 :]) for i in range(len(sizes))]


def numbers(shape: Shape) -> tuple[int, ...]:
    """The shape with a number for the clients axis."""
    return resolve(shape, CLIENTS)


def resolved(count: int, clients: int, of_others: int | None = None) -> int:
    """A count of positions for so many clients; with ``of_others`` how many clients they are of, times that."""
    along_clients = 1
    while count % CLIENTS == 0:
        count //= CLIENTS
        along_clients *= clients
    return along_clients * (count if of_others is None else of_others)


@cache  # guards of selections ask for the same few shapes again and again
def broadcast(shape: Shape, target: Shape) -> Positions:
    """Positions of a broadcast value, mapped to those of what was broadcast."""
    sizes = (1,) * (len(target) - len(shape)) + numbers(shape)
    strides = [0 if size == 1 else place for size, place in zip(sizes, place_values(sizes), strict=True)]
    return Positions.of(list(zip(numbers(target), strides, strict=True)))


def transposed(shape: Shape, permutation: Sequence[int]) -> Positions:
    """Positions of a transposed value, mapped to those of what was transposed."""
    sizes = numbers(shape)
    places = place_values(sizes)
    return Positions.of([(sizes[a], places[a]) for a in permutation])


def moved(op: Op) -> Positions | None:
    """For an operation that moves entries: positions of its result, mapped to those of its operand."""
    if 0 in op.result.type.shape or not op.operands:
        return None
    shape = op.operands[0].type.shape
    match op:
        case st.Reshape():
            return Positions.identity(math.prod(numbers(shape)))
        case st.Transpose():
            return transposed(shape, op.permutation)
        case st.Broadcast():
            return broadcast(shape, op.shape)
        case st.Slice() if all(stride > 0 for stride in op.strides):
            places = place_values(numbers(shape))
            strides = [place * stride for place, stride in zip(places, op.strides, strict=True)]
            offset = sum(start * place for start, place in zip(op.starts, places, strict=True))
            return Positions.of(list(zip(numbers(op.sizes), strides, strict=True)), offset)
    return None
