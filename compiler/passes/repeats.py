"""Public values that are repeated for every client: computed once, and repeated where they are needed."""

from __future__ import annotations

from ezprivsecfl.compiler.analyses.stages import unrepeated
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.tensor.elementwise import Elementwise
from ezprivsecfl.ir.tensor.ordering import Top
from ezprivsecfl.ir.tensor.structure import Broadcast, Concat, MatMul, Move, Reduction, Sum
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape


def computed_once(b: ProgramBuilder, op: Op) -> Value | None:
    """A public operation on repeated values as the repeated result of what it computes of one client's; or None.

    So public values have a clients axis only where they are repeated, and the prologue, which does not know how many
    clients there are, need not compute such.
    """
    if isinstance(op, Broadcast) or tensor_type(op.result).is_secret or CLIENTS_DIM not in op.result.type.shape:
        return None
    if not _keeps_clients_apart(op) or any(CLIENTS_DIM in unrepeated(o).type.shape for o in op.operands):
        return None
    attributes = {k: _of_one(v) if isinstance(v, tuple) else v for k, v in op.attributes().items()}
    operands = tuple(_first(b, o) for o in op.operands)
    once = b.append(type(op)(operands=operands, location=op.location, **attributes)).result
    return b.add(Broadcast, once, shape=op.result.type.shape)


def _keeps_clients_apart(op: Op) -> bool:
    """Whether nothing is computed over the clients axis."""
    match op:
        case MatMul():
            return op.operands[0].type.shape[-1] != CLIENTS_DIM
        case Reduction() | Sum():
            return all(op.operands[0].type.shape[axis] != CLIENTS_DIM for axis in op.axes)
    return isinstance(op, Elementwise | Move | Concat | Top)


def _first(b: ProgramBuilder, value: Value) -> Value:
    """A repeated value for one client: its clients axis has size 1."""
    shape = _of_one(value.type.shape)
    return value if shape == value.type.shape else b.add(Broadcast, unrepeated(value), shape=shape)


def _of_one(shape: Shape) -> Shape:
    return tuple(1 if d == CLIENTS_DIM else d for d in shape)
