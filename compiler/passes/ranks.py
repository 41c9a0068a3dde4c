"""Some ranks of secret values, such as a median or the middle of a trimmed mean, without sorting.

A network puts all entries in order, although a median needs one of them, and the sum of a trimmed mean only who is in
it. ``SumOfRanks`` finds these bit by bit (``ir/circuits/ranks.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ezprivsecfl.compiler.analyses.ranges import SMALL
from ezprivsecfl.compiler.passes.networks import comparators
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite
from ezprivsecfl.ir.tensor import Input, Output
from ezprivsecfl.ir.tensor.elementwise import Neg
from ezprivsecfl.ir.tensor.facts import Computed
from ezprivsecfl.ir.tensor.ordering import TopIndices, TopValues
from ezprivsecfl.ir.tensor.ranks import SumOfRanks
from ezprivsecfl.ir.tensor.structure import Reshape, Slice, Sum, Transpose
from ezprivsecfl.ir.tensor.values import tensor_op, tensor_type
from ezprivsecfl.ir.types import count

MOST = 128
"""Of more entries the circuit would be too large, and there are enough of them for networks to be packed well."""


@dataclass(frozen=True)
class SelectRanks:
    """Rewrites sums over some of the sorted entries, and single ones, to ``sum_of_ranks`` where that takes less.

    That holds for slices and negations of sorted values in any order (``tf.sort`` negates what it sorts). Of sorted
    values that are used in any other way, too, nothing is rewritten. Entries must be on shares: inputs, and sums and
    multiples of inputs.

    Example::

        program @median tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 9]>}
          %1 = top_values %0 {count = 9} : secret<f32[n, 9]>
          %2 = slice %1 {starts = [0, 4], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %3 = sum %2 {axes = [0]} : secret<f32[1]>
          output %3 {path = "result"}
        }

    becomes::

        program @median tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 9]>}
          %1 = slice %0 {starts = [0, 0], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %2 = reshape %1 {shape = [n]} : secret<f32[n]>
          %3 = slice %0 {starts = [0, 1], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %4 = reshape %3 {shape = [n]} : secret<f32[n]>
          %5 = slice %0 {starts = [0, 2], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %6 = reshape %5 {shape = [n]} : secret<f32[n]>
          %7 = slice %0 {starts = [0, 3], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %8 = reshape %7 {shape = [n]} : secret<f32[n]>
          %9 = slice %0 {starts = [0, 4], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %10 = reshape %9 {shape = [n]} : secret<f32[n]>
          %11 = slice %0 {starts = [0, 5], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %12 = reshape %11 {shape = [n]} : secret<f32[n]>
          %13 = slice %0 {starts = [0, 6], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %14 = reshape %13 {shape = [n]} : secret<f32[n]>
          %15 = slice %0 {starts = [0, 7], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %16 = reshape %15 {shape = [n]} : secret<f32[n]>
          %17 = slice %0 {starts = [0, 8], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %18 = reshape %17 {shape = [n]} : secret<f32[n]>
          %19 = sum_of_ranks %2, %4, %6, %8, %10, %12, %14, %16, %18 {first = 4, last = 5} : secret<f32[n]>
          %20 = reshape %19 {shape = [n, 1]} : secret<f32[n, 1]>
          %21 = sum %20 {axes = [0]} : secret<f32[1]>
          output %21 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        uses = program.uses()
        ranked, on_shares = {op.operands[0] for op in program.of(TopIndices)}, _on_shares(program)
        leaves = {
            leaf.op: leaf
            for op in program.of(TopValues)
            if op.operands[0] not in ranked and op.operands[0] in on_shares
            for leaf in _worthwhile(op, list(_leaves(op, uses)))
        }
        entries: dict[tuple[Value, bool], list[Value]] = {}

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            if op not in leaves:
                return None
            leaf = leaves[op]
            x, negative = b.values[leaf.sorted.operands[0]], leaf.view.negative
            if leaf.selections == 0:
                found = b.add(Sum, _signed(b, x, negative), axes=(len(x.type.shape) - 1,))
            else:
                if (x, negative) not in entries:
                    entries[x, negative] = list(_entries(b, _signed(b, x, negative)))
                found = b.add(SumOfRanks, *entries[x, negative], first=leaf.first, last=leaf.last)
            return leaf.view.result(b, found, op)

        return drop_unused(rewrite(program, rule), (Input, Output))


@dataclass(frozen=True)
class _View:
    """Sorted values after moves and negations.

    Args:
        order: Its axes, as numbers of the sorted values' axes, of which those of size 1 may be missing; None for others
            of size 1.
        sorted_axis: The number of the axis along which they were sorted.
        start: The first of the descending positions that are left,
        step: the distance of the next,
        size: and how many there are.
        negative: Whether it is the negative.
    """

    order: tuple[int | None, ...]
    sorted_axis: int
    start: int
    step: int
    size: int
    negative: bool = False

    @property
    def end(self) -> int:
        """The last position."""
        return self.start + (self.size - 1) * self.step

    @property
    def axis(self) -> int:
        """The axis along which entries are sorted."""
        return self.order.index(self.sorted_axis)

    def after(self, op: Op) -> _View | None:
        """The view of the operation's result, None if it is none."""
        match op:
            case Neg():
                return replace(self, negative=not self.negative)
            case Transpose():
                return replace(self, order=tuple(self.order[axis] for axis in op.permutation))
            case Reshape():
                return self._reshaped(op)
            case Slice() if self._leaves_rows_whole(op):
                first, step = op.starts[self.axis], op.strides[self.axis]
                start = self.start + first * self.step
                return replace(self, start=start, step=self.step * step, size=int(op.sizes[self.axis]))
        return None

    def result(self, b: Rewriter, found: Value, op: Op) -> Value:
        """What stands for a leaf: its sum over the sorted axis, in its shape."""
        rows = [axis for axis in self.order if axis not in (None, self.sorted_axis)]
        rows += [axis for axis in range(self.sorted_axis) if axis not in rows]
        if rows != sorted(rows):
            found = b.add(Transpose, found, permutation=tuple(rows))
        shape = op.results[0].type.shape
        return found if found.type.shape == shape else b.add(Reshape, found, shape=shape)

    def _reshaped(self, op: Reshape) -> _View | None:
        """After a change of shape that moves axes of size 1 only, as ``tf.gather`` has it."""
        long = [(axis, dim) for axis, dim in zip(self.order, op.operands[0].type.shape, strict=True) if dim != 1]
        if [dim for _, dim in long] != [dim for dim in op.shape if dim != 1]:
            return None
        axes = iter(axis for axis, _ in long)
        return replace(self, order=tuple(None if dim == 1 else next(axes) for dim in op.shape))

    def _leaves_rows_whole(self, op: Slice) -> bool:
        shape = op.operands[0].type.shape
        others = [axis for axis in range(len(shape)) if axis != self.axis]
        whole = all(op.sizes[axis] == shape[axis] and op.strides[axis] == 1 for axis in others)
        return whole and abs(op.strides[self.axis]) == 1


@dataclass(frozen=True)
class _Leaf:
    """An operation whose result is a sum of ranks: a slice of one entry, or a sum over the sorted axis.

    Args:
        op: The operation.
        sorted: What its entries were sorted by.
        view: Which of them it is of.
    """

    op: Op
    sorted: TopValues
    view: _View

    @property
    def first(self) -> int:
        """The lowest rank, in ascending order, of the entries or of their negatives if the view is of these."""
        lowest = min(self.view.start, self.view.end)
        return lowest if self.view.negative else self._entries - lowest - self.view.size

    @property
    def last(self) -> int:
        """One more than the highest."""
        return self.first + self.view.size

    @property
    def selections(self) -> int:
        """How many entries its circuit finds."""
        return min(self.last - self.first, (self.first > 0) + (self.last < self._entries))

    @property
    def _entries(self) -> int:
        return int(self.sorted.operands[0].type.shape[-1])


def _leaves(op: TopValues, uses: dict[Value, list[Op]]) -> Iterator[_Leaf | None]:
    """What becomes of sorted values; None where that is no sum of ranks, and for a maximum, which is a tournament."""
    rank = len(op.result.type.shape)
    if op.count == 1:
        yield None
        return
    pending = [(op.result, _View(tuple(range(rank)), rank - 1, 0, 1, op.count))]
    while pending:
        value, view = pending.pop()
        for user in uses[value]:
            after = view.after(user)
            if isinstance(user, Sum) and user.axes == (view.axis,):
                yield _Leaf(user, op, view)
            elif isinstance(user, Slice) and after is not None and after.size == 1:
                yield _Leaf(user, op, after)
            elif after is not None:
                pending.append((user.results[0], after))
            else:
                yield None


def _worthwhile(op: TopValues, leaves: list[_Leaf | None]) -> list[_Leaf]:
    """The leaves if they take fewer different first operands of AND gates than a network, else none.

    Per bit, a comparator takes one. A selection takes one for every entry that it counts, and all selections together
    one more for every entry.
    """
    found = [leaf for leaf in leaves if leaf is not None]
    entries = int(op.operands[0].type.shape[-1])
    if len(found) < len(leaves) or entries > MOST:
        return []
    selections = sum(leaf.selections for leaf in found)
    return found if (1 + selections) * entries < comparators(entries, op.count) else []


def _on_shares(program: Program) -> set[Value]:
    """The values that are on shares in any case: circuits that find ranks take fixed point only."""
    found: set[Value] = set()
    for value in (result for op in program.ops for result in op.results):
        op = tensor_op(value)
        secret = [o for o in op.operands if tensor_type(o).is_secret]
        match op.computed:
            case Computed.BY_CLIENTS:
                on_shares = True
            case Computed.LOCALLY | Computed.ANYWHERE:
                on_shares = found.issuperset(secret)
            case Computed.AS_PRODUCT:  # small ones are sometimes computed in circuits
                on_shares = len(secret) == 1 and count(value.type.shape) > SMALL and secret[0] in found
            case _:
                on_shares = False
        if on_shares:
            found.add(value)
    return found


def _signed(b: Rewriter, x: Value, negative: bool) -> Value:
    """The value or its negative, which on shares costs nothing."""
    return b.add(Neg, x) if negative else x


def _entries(b: Rewriter, x: Value) -> Iterator[Value]:
    """What is compared with each other, as tensors of their own."""
    *rows, size = x.type.shape
    for i in range(int(size)):
        one = b.add(Slice, x, starts=(*(0,) * len(rows), i), sizes=(*rows, 1), strides=(1,) * (len(rows) + 1))
        yield b.add(Reshape, one, shape=tuple(rows))
