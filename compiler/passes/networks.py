"""Sorting and selection of secret values by networks of comparisons.

Which positions a network compares does not depend on the values, so nothing is learned from it. All comparators of a
layer are one element-wise operation. Sorting is Batcher's merge exchange (K. E. Batcher, "Sorting networks and their
applications", AFIPS 1968; Algorithm M in D. E. Knuth, "The Art of Computer Programming", volume 3, section 5.2.2), for
any number of entries. It takes about ``n/4 · log2(n)²`` comparators in ``log2(n)²/2`` layers.

Of many entries, the few largest are found in blocks: these are sorted, and then pairs of them are halved. The larger
ones of a descending block and a reversed one are the largest of both, as a bitonic sequence, which Batcher's bitonic
merger sorts (A. Shanbhag, H. Pirk, S. Madden, "Efficient top-k query processing on GPUs", SIGMOD 2018). The position of
a maximum is a tournament: ``n - 1`` comparators.

Networks are not stable: so that equal entries come in order, every entry is compared together with its position.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor.elementwise import Cast, Maximum, Minimum, NotEqual, Precedes, Select
from ezprivsecfl.ir.tensor.ordering import TopIndices, TopValues
from ezprivsecfl.ir.tensor.structure import Broadcast, Concat, Reshape, Slice
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import DType, Shape

Entries = tuple[Value, ...]
"""The numbers that are sorted, and perhaps their positions: ``[..., n]`` each, compared along the last axis."""


@dataclass(frozen=True)
class SortByNetworks:
    """Rewrites the largest entries of secret values, and their positions, to layers of comparisons.

    Example::

        program @larger tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 2]>}
          %1 = top_values %0 {count = 1} : secret<f32[n, 1]>
          %2 = sum %1 {axes = [0]} : secret<f32[1]>
          output %2 {path = "result"}
        }

    becomes::

        program @larger tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 2]>}
          %1 = reshape %0 {shape = [n, 2, 1]} : secret<f32[n, 2, 1]>
          %2 = slice %1 {starts = [0, 0, 0], sizes = [n, 1, 1], strides = [1, 2, 1]} : secret<f32[n, 1, 1]>
          %3 = slice %1 {starts = [0, 1, 0], sizes = [n, 1, 1], strides = [1, 2, 1]} : secret<f32[n, 1, 1]>
          %4 = slice %3 {starts = [0, 0, 0], sizes = [n, 1, 1], strides = [1, 1, -1]} : secret<f32[n, 1, 1]>
          %5 = maximum %2, %4 : secret<f32[n, 1, 1]>
          %6 = reshape %5 {shape = [n, 1]} : secret<f32[n, 1]>
          %7 = sum %6 {axes = [0]} : secret<f32[1]>
          output %7 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        ranked = {op.operands[0] for op in program.of(TopIndices)}

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            if not isinstance(op, TopValues | TopIndices) or not tensor_type(op.operands[0]).is_secret:
                return None
            # Values whose positions are wanted, too, come out of the same network: equal operations are merged later.
            entries = _with_positions(b, operands[0]) if op.operands[0] in ranked else operands
            found = top(b, entries, op.count)[isinstance(op, TopIndices)]
            return found if tensor_type(found).is_secret else _only_position(b, operands[0])

        return drop_unused(rewrite(program, rule), (Input, Output))


def top(b: ProgramBuilder, entries: Entries, count: int) -> Entries:
    """The first ``count`` entries in descending order."""
    size = _size(entries)
    block = 1 << (count - 1).bit_length()
    if size < 2 * block:
        return _part(b, _sorted(b, entries), 0, count)
    blocks = size // block
    whole = _sorted(b, _reshaped(b, _part(b, entries, 0, blocks * block), blocks, block))
    while blocks > 1:
        pairs, odd = divmod(blocks, 2)
        first, second = (_every_other(b, whole, start, pairs) for start in (0, 1))
        merged = _merged(b, _larger(b, first, _reversed(b, second)))
        whole = _joined(b, [merged, _every_other(b, whole, blocks - 1, 1)], -2) if odd else merged
        blocks = pairs + odd
    first = _each(whole, lambda v: b.add(Reshape, v, shape=(*v.type.shape[:-2], block)))
    rest = size % block
    if rest:
        second = _reversed(b, _sorted(b, _part(b, entries, size - rest, rest)))
        larger = _larger(b, _part(b, first, block - rest, rest), second)
        first = _merged(b, _joined(b, [_part(b, first, 0, block - rest), larger]))
    return _part(b, first, 0, count)


@functools.cache
def comparators(size: int, count: int) -> int:
    """How many comparators the network for the first ``count`` of ``size`` entries has."""
    b = ProgramBuilder("network", Level.TENSOR)
    x = b.add(Constant, value=np.zeros(size), dtype=DType.F32)
    b.append(Output(operands=top(b, (x,), count), path="first"))
    network = drop_unused(b.build(), Output)
    return sum(math.prod(map(int, op.result.type.shape)) for op in network.of(Maximum))


def _sorted(b: ProgramBuilder, entries: Entries) -> Entries:
    """Merge exchange: Algorithm M, whose names these are.

    For every p the entries are divided into runs of p. Those in even runs are compared with those in odd ones, so each
    of the two is a vector of its own.
    """
    size = _size(entries)
    if size < 2:
        return entries
    highest = 1 << ((size - 1).bit_length() - 1)
    p = highest
    while p:
        even, odd = _divided(b, entries, p)
        even, odd = _layer(b, even, odd, 0)
        q = highest
        while q > p:
            odd, even = _layer(b, odd, even, q // 2)  # d = q - p entries further on, as counted in the even runs
            q //= 2
        entries = _interleaved(b, even, odd, p)
        p //= 2
    return entries


def _layer(b: ProgramBuilder, first: Entries, second: Entries, ahead: int) -> tuple[Entries, Entries]:
    """Exchanges every entry of one tensor with that of the other which is ``ahead`` places further on, if it exists."""
    count = min(_size(first), _size(second) - ahead)
    if count <= 0:
        return first, second
    earlier, later = _exchanged(b, _part(b, first, 0, count), _part(b, second, ahead, count))
    end = ahead + count
    return (
        _joined(b, [earlier, _part(b, first, count, _size(first) - count)]),
        _joined(b, [_part(b, second, 0, ahead), later, _part(b, second, end, _size(second) - end)]),
    )


def _divided(b: ProgramBuilder, entries: Entries, p: int) -> tuple[Entries, Entries]:
    """Runs of ``p`` entries, those at even places and those at odd ones; the last runs may be shorter."""
    pairs, rest = divmod(_size(entries), 2 * p)
    whole = _reshaped(b, _part(b, entries, 0, 2 * p * pairs), pairs, 2 * p)
    even, odd = (_flat(b, _part(b, whole, start, p)) for start in (0, p))
    start, shorter = 2 * p * pairs, min(rest, p)
    return (
        _joined(b, [even, _part(b, entries, start, shorter)]),
        _joined(b, [odd, _part(b, entries, start + shorter, rest - shorter)]),
    )


def _interleaved(b: ProgramBuilder, even: Entries, odd: Entries, p: int) -> Entries:
    """The opposite of ``_divided``."""
    pairs = _size(odd) // p
    runs = [_reshaped(b, _part(b, half, 0, pairs * p), pairs, p) for half in (even, odd)]
    rests = [_part(b, half, pairs * p, _size(half) - pairs * p) for half in (even, odd)]
    return _joined(b, [_flat(b, _joined(b, runs)), *rests])


def _merged(b: ProgramBuilder, entries: Entries) -> Entries:
    """A bitonic sequence, of a power of two entries, in order."""
    size = _size(entries)
    half = size // 2
    while half:
        blocks = _reshaped(b, entries, size // (2 * half), 2 * half)
        first, second = _exchanged(b, _part(b, blocks, 0, half), _part(b, blocks, half, half))
        joined = _joined(b, [first, second])
        entries = _each(joined, lambda v: b.add(Reshape, v, shape=(*v.type.shape[:-2], size)))
        half //= 2
    return entries


# Comparators, for all entries of two tensors at once.


def _exchanged(b: ProgramBuilder, first: Entries, second: Entries) -> tuple[Entries, Entries]:
    """Of every two entries the one that comes first, and the other one."""
    if len(first) == 1:
        return (b.add(Maximum, *first, *second),), (b.add(Minimum, *first, *second),)
    in_order = _in_order(b, first, second)
    chosen = [
        (b.add(Select, in_order, x, y), b.add(Select, in_order, y, x)) for x, y in zip(first, second, strict=True)
    ]
    return tuple(x for x, _ in chosen), tuple(y for _, y in chosen)


def _larger(b: ProgramBuilder, first: Entries, second: Entries) -> Entries:
    """Of every two entries the one that comes first."""
    return _exchanged(b, first, second)[0]


def _in_order(b: ProgramBuilder, first: Entries, second: Entries) -> Value:
    (x, i), (y, j) = first, second
    return b.add(Precedes, x, y, i, j)


# Moves. Positions have no axes but the last one until they depend on the values.


def _with_positions(b: ProgramBuilder, x: Value) -> Entries:
    """Entries with their positions, which are the same in every row."""
    size = int(x.type.shape[-1])
    shape = (*(1,) * (len(x.type.shape) - 1), size)
    return x, b.add(Constant, value=np.arange(size).reshape(shape), dtype=DType.I32)


def _only_position(b: ProgramBuilder, x: Value) -> Value:
    """Zeros, which are secret as positions are: for rows of a single entry."""
    return b.add(Cast, b.add(NotEqual, x, x), dtype=DType.I32)


def _size(entries: Entries) -> int:
    return int(entries[0].type.shape[-1])


def _each(entries: Entries, move: Callable[[Value], Value]) -> Entries:
    return tuple(move(v) for v in entries)


def _part(b: ProgramBuilder, entries: Entries, start: int, size: int) -> Entries:
    """``size`` entries from ``start``."""
    return _each(entries, lambda v: _sliced(b, v, -1, start, size, 1))


def _reversed(b: ProgramBuilder, entries: Entries) -> Entries:
    return _each(entries, lambda v: _sliced(b, v, -1, int(v.type.shape[-1]) - 1, int(v.type.shape[-1]), -1))


def _every_other(b: ProgramBuilder, blocks: Entries, start: int, count: int) -> Entries:
    """``count`` blocks: that at ``start``, the one after the next, and so on."""
    return _each(blocks, lambda v: _sliced(b, v, -2, start, count, 2))


def _sliced(b: ProgramBuilder, value: Value, axis: int, start: int, size: int, stride: int) -> Value:
    shape = value.type.shape
    if size == shape[axis] and stride == 1:
        return value
    starts, strides, sizes = [0] * len(shape), [1] * len(shape), list(shape)
    starts[axis], strides[axis], sizes[axis] = start, stride, size
    return b.add(Slice, value, starts=tuple(starts), sizes=tuple(sizes), strides=tuple(strides))


def _reshaped(b: ProgramBuilder, entries: Entries, rows: int, columns: int) -> Entries:
    """The last axis as two."""
    return _each(entries, lambda v: b.add(Reshape, v, shape=(*v.type.shape[:-1], rows, columns)))


def _flat(b: ProgramBuilder, entries: Entries) -> Entries:
    """The last two axes as one."""

    def flat(v: Value) -> Value:
        *front, rows, columns = v.type.shape
        return b.add(Reshape, v, shape=(*front, int(rows) * int(columns)))

    return _each(entries, flat)


def _joined(b: ProgramBuilder, parts: list[Entries], axis: int = -1) -> Entries:
    """Side by side, without what is empty."""
    filled = [part for part in parts if 0 not in part[0].type.shape] or parts[:1]
    return tuple(_concatenated(b, list(values), axis) for values in zip(*filled, strict=True))


def _concatenated(b: ProgramBuilder, values: list[Value], axis: int) -> Value:
    if len(values) == 1:
        return values[0]
    widest = max((v.type.shape for v in values), key=lambda shape: sum(d != 1 for d in shape[:axis]))
    rank = len(widest)
    shaped = [_repeated(b, v, (*widest[:axis], *v.type.shape[axis:])) for v in values]
    return b.add(Concat, *shaped, axis=rank + axis)


def _repeated(b: ProgramBuilder, value: Value, shape: Shape) -> Value:
    return value if value.type.shape == shape else b.add(Broadcast, value, shape=shape)
