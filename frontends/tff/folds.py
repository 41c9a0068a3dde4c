"""``tff.federated_aggregate``: folds over the clients, as sums, extremes and logical operations.

The number of clients is not known while a program is traced, so a fold cannot be unrolled. Instead ``accumulate`` is
first traced on an accumulator that is not known. If every tensor of its result is that tensor of the accumulator itself
``+``, ``max``, ``min``, ``and`` or ``or`` something that depends on the client alone, the fold is that operation over
all clients: with ``accumulate(a, v) = a + g(v)`` the sum ``zero + sum_i accumulate(0, v_i)``, and with an idempotent
operation, ``accumulate(a, v) = a * g(v)``, the reduction of all ``accumulate(zero, v_i)``. A tensor that starts without
rows, and to which every client appends one, has all the clients' values as rows: see ``ops/client_rows.py``.

``merge``, with which TFF may join the accumulators of groups of clients, is not looked at: TFF demands that it gives
what the fold over all of them gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.frontends.tff.dtypes import STORED, ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import (
    BROKEN,
    Broken,
    Function,
    Known,
    Leaf,
    Node,
    Rows,
    Struct,
    Tensor,
    Traced,
    leaves,
    with_leaves,
)
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import ReduceAll, ReduceAny, ReduceMax, ReduceMin, Reduction, Sum
from ezprivsecfl.ir.types import Secrecy, TensorType

OverClients = type[Sum] | type[Reduction] | type[Rows]

STEPS: dict[type[Op], OverClients] = {
    ew.Add: Sum,
    ew.Sub: Sum,
    ew.Maximum: ReduceMax,
    ew.Minimum: ReduceMin,
    ew.And: ReduceAll,
    ew.Or: ReduceAny,
}
"""What one step of a fold amounts to over all clients."""

OTHER = (
    "the accumulator must be, entry by entry, a sum, maximum, minimum, 'and' or 'or' of what single clients "
    "contribute, or have one row appended by each; in report, a mean or a variance can be computed from such sums"
)

OPENED = (
    "its result grows with the number of clients: it would open values of single clients, be they sampled or all, "
    "which no secure aggregation does; reduce over them in report, to a result of fixed shape"
)


def aggregate(emit: Emitter, argument: Node) -> Node:
    """The result of a ``federated_aggregate``.

    Args:
        emit: Adds operations to the IR.
        argument: The clients' value, zero, and the functions accumulate, merge and report.

    Raises:
        Unsupported: The fold is none of these operations.
    """
    if not isinstance(argument, Struct):
        return BROKEN
    value, zero, accumulate, _, report = (node for _, node in argument.elements)
    start = [leaf for leaf in leaves(zero) if not isinstance(leaf, Broken)]
    if not isinstance(accumulate, Function) or not isinstance(report, Function) or len(start) < len(list(leaves(zero))):
        return BROKEN
    if report.block is not None and _grows(report.block.type_signature.result) and _draws(accumulate):
        raise Unsupported(OPENED)
    folds = _folds(emit, accumulate, zero, start, value)
    if folds is None:
        return BROKEN
    emit.has_rows = emit.has_rows or Rows in folds
    neutral = [_neutral(leaf, fold) for leaf, fold in zip(start, folds, strict=True)]
    contributed = leaves(_apply(accumulate, with_leaves(zero, neutral), value))
    totals = [_total(emit, *one) for one in zip(folds, start, contributed, strict=True)]
    return report.call(with_leaves(zero, totals))


def _apply(accumulate: Function, accumulator: Node, value: Node) -> Node:
    return accumulate.call(Struct(((None, accumulator), (None, value))))


def _grows(type_: Any) -> bool:
    """Whether a type has a tensor whose first axis is of unknown size."""
    if isinstance(type_, tff.StructType):
        return any(_grows(element) for _, element in tff.structure.iter_elements(type_))
    shape = type_.shape if isinstance(type_, tff.TensorType) else ()
    return shape is None or shape[:1] == (None,)


def _draws(accumulate: Function) -> bool:
    """Whether what an accumulator holds is drawn at random: then it is a sample of the clients."""
    return accumulate.block is not None and b"Random" in accumulate.block.proto.SerializeToString()


def _neutral(leaf: Tensor, fold: OverClients) -> Leaf:
    """An accumulator that adds nothing to what one client contributes."""
    if fold is not Sum:
        return Rows(None) if fold is Rows else leaf
    dtype = leaf.array.dtype if isinstance(leaf, Known) else STORED[leaf.dtype]
    return Known(np.zeros(leaf.shape, dtype))


def _total(emit: Emitter, fold: OverClients, start: Tensor, contributed: Leaf) -> Leaf:
    """One tensor of the accumulator after all clients."""
    if isinstance(contributed, Broken):
        return contributed
    if issubclass(fold, Reduction):
        return emit.reduce_over_clients(fold, contributed)
    total = emit.sum_over_clients(contributed)
    return total if isinstance(start, Known) and not np.any(start.array) else emit.elementwise(ew.Add, start, total)


def _folds(
    emit: Emitter, accumulate: Function, zero: Node, start: Sequence[Tensor], value: Node
) -> list[OverClients] | None:
    """What each tensor of the accumulator is folded with; None if ``accumulate`` has what is not supported."""
    with emit.apart() as ops:
        before = [_unknown(emit, leaf) for leaf in start]
        after = list(leaves(_apply(accumulate, with_leaves(zero, before), value)))
    if any(isinstance(leaf, Broken) and not isinstance(leaf, Rows) for leaf in after):
        return None
    bearing = {leaf.value for leaf in before if isinstance(leaf, Traced)}
    for op in ops:
        if not bearing.isdisjoint(op.operands):
            bearing.update(op.results)
    return [_fold(leaf, first, bearing) for leaf, first in zip(after, before, strict=True)]


def _unknown(emit: Emitter, leaf: Tensor) -> Traced | Rows:
    if leaf.shape[:1] == (0,):
        return Rows(None)
    dtype = ir_dtype(leaf.array.dtype) if isinstance(leaf, Known) else leaf.dtype
    type_ = TensorType(leaf.shape, dtype, Secrecy.PUBLIC)
    value = emit.builder.add(Input, path="accumulator", placement=Placement.SERVER, bound=None, type=type_)
    return Traced(value, batched=False)


def _fold(after: Leaf, before: Traced | Rows, bearing: set[Value]) -> OverClients:
    """Follows a tensor of the accumulator back from the result to where it is itself.

    Args:
        after: The result of ``accumulate``.
        before: The same tensor before.
        bearing: All values that depend on the accumulator.
    """
    if isinstance(after, Rows) and isinstance(before, Rows) and after.row is not None:
        if after.row.value in bearing:
            raise Unsupported(OTHER)
        return Rows
    if not isinstance(after, Traced) or isinstance(before, Rows):
        raise Unsupported(OTHER)
    kinds: set[OverClients] = set()
    pending, seen = [after.value], {before.value}
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        ways = [operand for operand in value.op.operands if operand in bearing]
        if isinstance(value.op, ew.Select):
            # Where the client's own condition holds, one step, and elsewhere another one or none.
            if ways != list(value.op.operands[1:]):
                raise Unsupported(OTHER)
        elif type(value.op) in STEPS and len(ways) == 1 and not _subtracted(value.op, ways[0]):
            kinds.add(STEPS[type(value.op)])
        else:
            raise Unsupported(OTHER)
        pending += ways
    if len(kinds) > 1:
        raise Unsupported(OTHER)
    return next(iter(kinds), Sum)


def _subtracted(op: Op, operand: Value) -> bool:
    return isinstance(op, ew.Sub) and operand is op.operands[1]
