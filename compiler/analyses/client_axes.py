"""Whose a value's entries are: along which axis every entry follows from the values of one client, each its own.

What a program computes client by client has a clients axis, or an axis of static size where all clients' rows were
stacked (``Stack``), until clients are compared with each other or added up. Two things depend on it: who is to blame
for an entry that is not a number, and whether a result would be a single client's. Beside a client's own value there
may be what all have in common, such as a mean: then the entry counts as the client's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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


Owner = int | Whose
"""The axis with one entry for each client, counted from the front; or else what is known."""


def client_axes(program: Program) -> dict[Value, Owner]:
    """The values of a tensor program whose entries are single clients'."""
    owners: dict[Value, Owner] = {}
    for op in program.ops:
        if isinstance(op, Output):
            continue
        owner = _owner(op, owners)
        if owner is not None:
            owners[op.result] = Whose.ONE if isinstance(owner, int) and op.result.type.shape[owner] == 1 else owner
    return owners


def _owner(op: Op, owners: Mapping[Value, Owner]) -> Owner | None:
    shape = op.result.type.shape
    if isinstance(op, Input):
        return 0 if op.placement is Placement.CLIENTS else None
    if isinstance(op, st.Unstack):
        return 0 if owners.get(op.operands[0]) == 0 else None
    if shape.count(CLIENTS_DIM) == 1:
        of_clients = [o for o in op.operands if CLIENTS_DIM in o.type.shape]
        return shape.index(CLIENTS_DIM) if not of_clients or any(o in owners for o in of_clients) else None
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
    return owner if len(found) == 1 or isinstance(owner, int) else None  # two clients, perhaps


def _moved(op: Op, shape: Shape, owner: Owner) -> Owner | None:
    """The same after an operation on one operand of that shape, or on several that are aligned."""
    new = op.result.type.shape
    match op:
        case st.Sum() | st.Reduction():
            if isinstance(owner, int):
                return None if owner in op.axes else owner - sum(axis < owner for axis in op.axes)
            return Whose.ONE if owner is Whose.ONE else None
        case Top():
            return None if owner in (len(shape) - 1, Whose.SCATTERED) else owner
    if not isinstance(owner, int):
        return owner
    match op:
        case st.Stack():
            return owner
        case st.Transpose():
            return op.permutation.index(owner)
        case st.Reshape():
            return _reshaped(shape, new, owner)
        case st.Slice():
            return owner
        case _ if len(new) >= len(shape):  # the operand is broadcast, if anything happens to its shape
            return owner + len(new) - len(shape)
    return None


def _reshaped(shape: Shape, new: Shape, axis: int) -> Owner:
    before = math.prod(int(d) for d in shape[:axis])
    for i, size in enumerate(new):
        if size == shape[axis] and math.prod(int(d) for d in new[:i]) == before:
            return i
    return Whose.SCATTERED


def _joined(op: st.Concat, owners: Mapping[Value, Owner]) -> Owner | None:
    found = [owners.get(o) for o in op.operands]
    if None in found:
        return None
    first = found[0]
    return first if isinstance(first, int) and first != op.axis and set(found) == {first} else Whose.SCATTERED


def _of_product(op: st.MatMul, owners: Mapping[Value, Owner]) -> Owner | None:
    """Rows of the first operand stay rows, columns of the second columns; what is summed over is nobody's own."""
    rank = len(op.result.type.shape)
    found: list[Owner] = []
    for operand, summed in zip(op.operands, (1, 2), strict=True):
        owner, axes = owners.get(operand), len(operand.type.shape)
        if isinstance(owner, int) and owner != axes - summed:
            found.append(owner + rank - axes)
        elif owner is Whose.ONE:
            found.append(Whose.ONE)
        elif owner is not None:
            return None
    return found[0] if len(found) == 1 else None
