"""Quotients rounded to integers, and remainders.

A secret integer is shifted if the divisor is known to be a power of two. By any other public one it is divided as a
real number, and the quotient rounded. An integer that is a multiple of the divisor must not be rounded to the next
quotient because its own quotient has a rounding error: so all integers are moved by half of one, and then they are at
least ``0.5 / |y|`` away from every multiple. By a secret one it is divided in a circuit for integers, which is exact
and costs more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor, Traced
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.types import DType

MOST_SHIFTS = 64
"""So many places have the longest integers; more divisors, one by one, would make a long program."""


@lowering("FloorDiv")
def floor_divide(call: Call) -> Leaf:
    """The largest integer up to x / y."""
    x, y = call.args
    return quotient(call.emit, x, y) if _is_secret(x, y) else call.emit.elementwise(ew.FloorDiv, x, y)


@lowering("FloorMod")
def floor_remainder(call: Call) -> Leaf:
    """What is left of x, with the sign of y."""
    x, y = call.args
    return remainder(call.emit, x, y) if _is_secret(x, y) else call.emit.elementwise(ew.FloorMod, x, y)


@lowering("TruncateDiv")
def truncated_divide(call: Call) -> Leaf:
    """x / y without its fraction."""
    x, y = _integers(call)
    if not y.type.is_secret:
        return _truncated(call.emit, x, y)
    sign = call.emit.elementwise(ew.Mul, *(call.emit.elementwise(ew.Sign, t) for t in (x, y)))
    return call.emit.elementwise(ew.Mul, sign, _of_magnitudes(call.emit, ew.FloorDiv, x, y))


@lowering("TruncateMod", "Mod")
def truncated_remainder(call: Call) -> Leaf:
    """What is left of x, with the sign of x."""
    x, y = _integers(call)
    if not y.type.is_secret:
        return call.emit.elementwise(ew.Sub, x, call.emit.elementwise(ew.Mul, _truncated(call.emit, x, y), y))
    return call.emit.elementwise(
        ew.Mul, call.emit.elementwise(ew.Sign, x), _of_magnitudes(call.emit, ew.FloorMod, x, y)
    )


def quotient(emit: Emitter, x: Tensor, y: Tensor) -> Traced:
    """The largest integer up to x / y, one of which is secret."""
    bits = _places(y)
    x, y = emit.traced(x), emit.traced(y)
    if x.dtype.is_float:
        return emit.elementwise(ew.Floor, emit.elementwise(ew.Div, x, y))
    if y.type.is_secret:
        return emit.elementwise(ew.FloorDiv, x, y)
    if bits is not None:
        return _shifted(emit, x, bits)
    divisor = emit.cast(y, DType.F64)
    half = emit.elementwise(ew.Mul, emit.elementwise(ew.Sign, divisor), emit.scalar(0.5, DType.F64))
    moved = emit.elementwise(ew.Add, emit.cast(x, DType.F64), half)
    return emit.cast(emit.elementwise(ew.Floor, emit.elementwise(ew.Div, moved, divisor)), x.dtype)


def remainder(emit: Emitter, x: Tensor, y: Tensor) -> Traced:
    """x minus the largest multiple of y up to it; one of both is secret."""
    x, y = emit.traced(x), emit.traced(y)
    if y.type.is_secret and x.dtype.is_integer:
        return emit.elementwise(ew.FloorMod, x, y)
    return emit.elementwise(ew.Sub, x, emit.elementwise(ew.Mul, quotient(emit, x, y), y))


def _places(y: Tensor) -> NDArray[Any] | None:
    """The logarithms of divisors that are powers of two and differ along the last axis at most; None for others."""
    if not isinstance(y, Known) or y.array.dtype.kind not in "iu" or y.array.size > MOST_SHIFTS:
        return None
    array = y.array.astype(np.int64)
    if array.size == 0 or array.size != (array.shape or (1,))[-1] or np.any((array <= 0) | (array & (array - 1))):
        return None
    return np.log2(array.astype(np.float64)).astype(int)  # exact for powers of two


def _shifted(emit: Emitter, x: Traced, bits: NDArray[Any]) -> Traced:
    """x without its lowest bits: an operation for each column where their number differs, which then costs no gate."""
    shape = np.broadcast_shapes(x.shape, bits.shape)
    if np.all(bits == bits.flat[0]):
        return emit.broadcast(_without(emit, x, int(bits.flat[0])), shape)
    x = emit.reshape(x, (1,) * (len(shape) - len(x.shape)) + x.shape)
    starts = (0,) * (len(shape) - 1)
    columns = []
    for i, places in enumerate(bits.flat):
        start = (*starts, i if x.shape[-1] > 1 else 0)
        column = emit.slice(x, start, (*x.shape[:-1], 1), (1,) * len(shape))
        columns.append(_without(emit, column, int(places)))
    return emit.concat(columns, axis=len(shape) - 1)


def _without(emit: Emitter, x: Traced, places: int) -> Traced:
    """x without so many of its lowest bits."""
    return emit.elementwise(ew.ShiftRight, x, emit.scalar(places, x.dtype))


def _truncated(emit: Emitter, x: Traced, y: Traced) -> Traced:
    """x / y without its fraction, for a public y."""
    divisor, real = emit.cast(y, DType.F64), emit.cast(x, DType.F64)
    half = emit.elementwise(ew.Mul, emit.elementwise(ew.Sign, real), emit.scalar(0.5, DType.F64))
    return emit.cast(emit.elementwise(ew.Div, emit.elementwise(ew.Add, real, half), divisor), x.dtype)


def _of_magnitudes(emit: Emitter, kind: type[Op], x: Traced, y: Traced) -> Traced:
    return emit.elementwise(kind, emit.elementwise(ew.Abs, x), emit.elementwise(ew.Abs, y))


def _integers(call: Call) -> tuple[Traced, Traced]:
    _is_secret(*call.args)
    x, y = (call.emit.traced(t) for t in call.args)
    if x.dtype.is_float:
        raise Unsupported("of floats")
    return x, y


def _is_secret(x: Tensor, y: Tensor) -> bool:
    """Whether either is; raises Unsupported if the divisor is known to be 0."""
    if isinstance(y, Known) and not np.all(y.array):
        raise Unsupported("by 0")
    return any(isinstance(t, Traced) and t.type.is_secret for t in (x, y))
