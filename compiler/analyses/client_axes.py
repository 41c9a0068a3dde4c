"""Whose a value's entries are: along which axis every entry follows from the values of one client, each its own.

What a program computes client by client has a clients axis, or an axis of static size where all clients' rows were
stacked (``Stack``), until clients are compared with each other or added up. Two things depend on it: who is to blame
for an entry that is not a number, and whether a result would be a single client's. Beside a client's own value there
may be what all have in common, such as a mean: then the entry counts as the client's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise.base import Elementwise
from ezprivsecfl.ir.tensor.ordering import Top
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape


class Whose(Enum):
    """Entries that are single clients', but not along an axis."""

    ONE = "all of them are one client's"
    SCATTERED = "each is some client's"


UNKNOWN = -1
"""Some client's number."""


@dataclass(frozen=True)
class Along:
    """Entries that are single clients' along an axis.

    Args:
        axis: Counted from the front.
        order: Whose those at each of its positions are, by number or ``UNKNOWN``; None: one client's after the other's.
    """

    axis: int
    order: tuple[int, ...] | None = None

    @property
    def is_known(self) -> bool:
        """Whether every client's number is."""
        return self.order is None or UNKNOWN not in self.order


Owner = Along | Whose


def client_axes(program: Program) -> dict[Value, Owner]:
    """The values of a tensor program whose entries are single clients'."""
    owners: dict[Value, Owner] = {}
    for op in program.ops:
        if isinstance(op, Output):
            continue
        owner = _owner(op, owners)
        if owner is not None:
            is_one = isinstance(owner, Along) and op.result.type.shape[owner.axis] == 1
            owners[op.result] = Whose.ONE if is_one else owner
    return owners


def _owner(op: Op, owners: Mapping[Value, Owner]) -> Owner | None:
    shape = op.result.type.shape
    if isinstance(op, Input):
        return Along(0) if op.placement is Placement.CLIENTS else None
    if isinstance(op, st.Unstack):
        owner = owners.get(op.operands[0])
        return owner if isinstance(owner, Along) and owner.axis == 0 else None
    if shape.count(CLIENTS_DIM) == 1:
        return _of_clients(op, shape.index(CLIENTS_DIM), owners)
    found = [(o, owners[o]) for o in dict.fromkeys(op.operands) if o in owners]
    match op:
        case st.Concat():
            return _joined(op, owners)
        case st.MatMul():
            return _of_product(op, owners)
    if len(found) > 1 and not isinstance(op, Elementwise):
        return None
    aligned = {_moved(op, o.type.shape, owner) for o, owner in found}
    if len(aligned) != 1:
        return None
    (owner,) = aligned
    return owner if len(found) == 1 or isinstance(owner, Along) else None  # two clients, perhaps


def _of_clients(op: Op, axis: int, owners: Mapping[Value, Owner]) -> Owner | None:
    """With a clients axis an entry is its client's, unless operands are rows in another order."""
    of_clients = [o for o in op.operands if CLIENTS_DIM in o.type.shape]
    orders = [owner.order for o in of_clients if isinstance(owner := owners.get(o), Along)]
    if of_clients and not orders:
        return None
    return Along(axis, orders[0] if orders and None not in orders else None)


def _moved(op: Op, shape: Shape, owner: Owner) -> Owner | None:
    """The same after an operation on one operand of that shape, or on several that are aligned."""
    new = op.result.type.shape
    match op:
        case st.Sum() | st.Reduction():
            if isinstance(owner, Along):
                before = sum(axis < owner.axis for axis in op.axes)
                return None if owner.axis in op.axes else replace(owner, axis=owner.axis - before)
            return Whose.ONE if owner is Whose.ONE else None
        case Top():
            in_row = owner is Whose.SCATTERED or (isinstance(owner, Along) and owner.axis == len(shape) - 1)
            return None if in_row else owner
    if not isinstance(owner, Along):
        return owner
    match op:
        case st.Stack():
            return owner
        case st.Transpose():
            return replace(owner, axis=op.permutation.index(owner.axis))
        case st.Reshape():
            return _reshaped(shape, new, owner)
        case st.Slice() | st.Take():
            return _picked(op, int(shape[owner.axis]), owner)
        case _ if len(new) >= len(shape):  # the operand is broadcast, if anything happens to its shape
            return replace(owner, axis=owner.axis + len(new) - len(shape))
    return None


def _reshaped(shape: Shape, new: Shape, owner: Along) -> Owner:
    axis = owner.axis
    before = math.prod(int(d) for d in shape[:axis])
    for i, size in enumerate(new):
        if size == shape[axis] and math.prod(int(d) for d in new[:i]) == before:
            return replace(owner, axis=i)
    return Whose.SCATTERED


def _picked(op: st.Slice | st.Take, size: int, owner: Along) -> Along:
    """Of some positions of every axis, in some order."""
    positions = list(range(size))
    if isinstance(op, st.Slice):
        start, count, stride = (int(one[owner.axis]) for one in (op.starts, op.sizes, op.strides))
        positions = [start + i * stride for i in range(count)]
    elif op.axis == owner.axis:
        positions = op.positions.tolist()
    if positions == list(range(size)):
        return owner
    order = range(size) if owner.order is None else owner.order
    return replace(owner, order=tuple(order[i] for i in positions))


def _joined(op: st.Concat, owners: Mapping[Value, Owner]) -> Owner | None:
    found = [owners.get(o) for o in op.operands]
    sizes = [int(o.type.shape[op.axis]) for o in op.operands]
    if None in found:
        return None
    if len(set(found)) == 1 and isinstance(found[0], Along) and found[0].axis != op.axis:
        return found[0]
    order: list[int] = []
    for owner, size in zip(found, sizes, strict=True):
        if isinstance(owner, Along) and owner.axis == op.axis:
            order += range(size) if owner.order is None else owner.order
        elif owner is Whose.ONE:
            order += [UNKNOWN] * size
        else:
            return Whose.SCATTERED
    return Along(op.axis, tuple(order))


def _of_product(op: st.MatMul, owners: Mapping[Value, Owner]) -> Owner | None:
    """Rows of the first operand stay rows, columns of the second columns; what is summed over is nobody's own."""
    rank = len(op.result.type.shape)
    found: list[Owner] = []
    for operand, summed in zip(op.operands, (1, 2), strict=True):
        owner, axes = owners.get(operand), len(operand.type.shape)
        if isinstance(owner, Along) and owner.axis != axes - summed:
            found.append(replace(owner, axis=owner.axis + rank - axes))
        elif owner is Whose.ONE:
            found.append(Whose.ONE)
        elif owner is Whose.SCATTERED:
            return None
    return found[0] if len(found) == 1 else None
