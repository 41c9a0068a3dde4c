"""Comparisons, logical operations and selection."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.finite import finite_if
from ezprivsecfl.frontends.tff.ops.registry import Call, Lowering, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, Broken, Known, Leaf, Tensor, Traced
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.types import DType, Secrecy

DIRECT: dict[str, type[Op]] = {
    "Less": ew.Less,
    "LessEqual": ew.LessEqual,
    "Greater": ew.Greater,
    "GreaterEqual": ew.GreaterEqual,
    "Equal": ew.Equal,
    "NotEqual": ew.NotEqual,
    "LogicalAnd": ew.And,
    "LogicalOr": ew.Or,
    "LogicalNot": ew.Not,
}


def _direct(kind: type[Op]) -> Lowering:
    return lambda call: call.emit.elementwise(kind, *call.args)


for _name, _kind in DIRECT.items():
    lowering(_name)(_direct(_kind))


@lowering("SelectV2")
def select_v2(call: Call) -> Leaf:
    """Element-wise choice with broadcasting."""
    return choose(call.emit, *call.args)


@lowering("Select")
def select(call: Call) -> Leaf:
    """Choice of elements, or of rows if the condition is a vector."""
    condition, x, y = call.args
    missing = len(x.shape) - len(condition.shape)
    if missing and condition.shape:
        condition = call.emit.reshape(condition, condition.shape + (1,) * missing)
    return choose(call.emit, condition, x, y)


def choose(emit: Emitter, condition: Tensor, x: Leaf, y: Leaf) -> Leaf:
    """Where the condition holds ``x``, elsewhere ``y``; both sides are computed unless the condition is known."""
    if isinstance(condition, Known) and condition.array.size == 1:
        chosen = x if condition.array.flat[0] else y
        if isinstance(chosen, Broken) or isinstance(x, Broken) or isinstance(y, Broken):
            return chosen
        return emit.broadcast(chosen, np.broadcast_shapes(condition.shape, x.shape, y.shape))
    if isinstance(x, Broken) or isinstance(y, Broken):
        return BROKEN
    if x is y and len(condition.shape) <= len(x.shape):
        return x
    return emit.elementwise(ew.Select, condition, x, y)


@lowering("IsFinite")
def is_finite(call: Call) -> Leaf:
    """Whether an element is neither NaN nor infinite."""
    return _tested(call, _finite, always=True)


@lowering("IsNan")
def is_nan(call: Call) -> Leaf:
    """Whether an element is NaN."""
    return _tested(call, lambda emit, x: emit.elementwise(ew.NotEqual, x, x), always=False)


@lowering("IsInf")
def is_inf(call: Call) -> Leaf:
    """Whether an element is infinite."""
    return _tested(call, _infinite, always=False)


def _tested(call: Call, test: Callable[[Emitter, Traced], Traced], *, always: bool) -> Leaf:
    x = call.emit.traced(call.args[0])
    if x.batched:
        # Clients' values are fixed-point numbers: NaN and infinities are refused before they are shared.
        return Known(np.full(x.shape, always))
    needed = finite_if(x.value, call.emit.builder.ops) if x.type.secrecy is Secrecy.SECRET else None
    if needed is not None:
        call.emit.finite |= needed
        return Known(np.full(x.shape, always))
    return test(call.emit, x)


def _finite(emit: Emitter, x: Traced) -> Traced:
    return emit.elementwise(ew.Equal, emit.elementwise(ew.Sub, x, x), emit.scalar(0, x.dtype))


def _infinite(emit: Emitter, x: Traced) -> Traced:
    number = emit.elementwise(ew.Equal, x, x)
    return emit.elementwise(ew.And, number, emit.elementwise(ew.Not, _finite(emit, x)))


def as_condition(emit: Emitter, tensor: Tensor) -> Tensor:
    """A scalar as a truth value, the way ``tf.cond`` takes it: numbers other than zero are true."""
    if tensor.shape:
        raise Unsupported("with a condition that is no scalar")
    if isinstance(tensor, Known):
        return Known(np.asarray(bool(tensor.array)))
    if tensor.dtype is DType.BOOL:
        return tensor
    return emit.elementwise(ew.NotEqual, tensor, emit.scalar(0, tensor.dtype))
