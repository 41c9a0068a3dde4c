"""Element-wise arithmetic."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import STORED, ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.registry import Call, Lowering, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor, Traced
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew

DIRECT: dict[str, type[Op]] = {
    "Neg": ew.Neg,
    "Abs": ew.Abs,
    "Sign": ew.Sign,
    "Relu": ew.Relu,
    "Square": ew.Square,
    "Sqrt": ew.Sqrt,
    "Rsqrt": ew.Rsqrt,
    "Reciprocal": ew.Reciprocal,
    "Inv": ew.Reciprocal,
    "Add": ew.Add,
    "AddV2": ew.Add,
    "Sub": ew.Sub,
    "Mul": ew.Mul,
    "DivNoNan": ew.DivNoNan,
    "Maximum": ew.Maximum,
    "Minimum": ew.Minimum,
    "Floor": ew.Floor,
    "Ceil": ew.Ceil,
    "Round": ew.RoundEven,
    "Rint": ew.RoundEven,
    "Exp": ew.Exp,
    "Log": ew.Log,
    "Sigmoid": ew.Sigmoid,
    "Tanh": ew.Tanh,
    "Erf": ew.Erf,
    "Softplus": ew.Softplus,
}
"""Operations that the IR has under another name."""

LARGEST_POWER = 64
"""Of non-integer powers: their relative error is 64 times that of x."""


def _direct(kind: type[Op]) -> Lowering:
    return lambda call: call.emit.elementwise(kind, *call.args)


for _name, _kind in DIRECT.items():
    lowering(_name)(_direct(_kind))


@lowering("RealDiv", "Div")
def divide(call: Call) -> Leaf:
    """x / y of floats."""
    x, y = (call.emit.traced(t) for t in call.args)
    if not x.dtype.is_float:
        raise Unsupported("of integers; cast them to float first")
    return call.emit.elementwise(ew.Div, x, y)


@lowering("SquaredDifference")
def squared_difference(call: Call) -> Leaf:
    """(x - y)²."""
    return call.emit.elementwise(ew.Square, call.emit.elementwise(ew.Sub, *call.args))


@lowering("Relu6")
def relu6(call: Call) -> Leaf:
    """min(max(x, 0), 6)."""
    positive = call.emit.elementwise(ew.Relu, *call.args)
    return call.emit.elementwise(ew.Minimum, positive, call.emit.scalar(6, positive.dtype))


@lowering("ClipByValue")
def clip_by_value(call: Call) -> Leaf:
    """min(max(x, low), high)."""
    x, low, high = call.args
    return call.emit.elementwise(ew.Maximum, call.emit.elementwise(ew.Minimum, x, high), low)


@lowering("AddN")
def add_n(call: Call) -> Leaf:
    """The sum of all operands."""
    total = call.args[0]
    for term in call.args[1:]:
        total = call.emit.elementwise(ew.Add, total, term)
    return total


@lowering("BiasAdd", "BiasAddV1")
def bias_add(call: Call) -> Leaf:
    """x + y along the last axis."""
    if call.op.type == "BiasAdd" and call.attr("data_format") == b"NCHW":
        raise Unsupported("with data format NCHW")
    return call.emit.elementwise(ew.Add, *call.args)


@lowering("Cast")
def cast(call: Call) -> Leaf:
    """Another element type; what is true or false becomes one or zero."""
    (x,) = call.args
    return call.emit.cast(x, ir_dtype(call.attr("DstT").as_numpy_dtype))


@lowering("Pow")
def power(call: Call) -> Leaf:
    """x^y: for small constant y products and roots."""
    x, exponent = call.args
    if isinstance(exponent, Known) and exponent.array.size and np.all(exponent.array == exponent.array.flat[0]):
        base = call.emit.traced(x)
        shape = np.broadcast_shapes(base.shape, exponent.shape)
        result = constant_power(call.emit, base, float(exponent.array.flat[0]))
        if result is not None:
            return call.emit.broadcast(result, shape)
    if any(isinstance(t, Traced) and t.type.is_secret for t in call.args):
        _check_power(call.emit.traced(x), exponent)
    return call.emit.elementwise(ew.Pow, x, exponent)


def _check_power(x: Traced, exponent: Tensor) -> None:
    """Raises Unsupported if a secret power is not what the circuit computes, which takes the logarithm of x."""
    if not x.dtype.is_float:
        raise Unsupported("of integers to other powers than 0 to 8; cast them to float first")
    if isinstance(exponent, Known) and np.any(np.abs(exponent.array) > LARGEST_POWER):
        raise Unsupported(f"to a power beyond {LARGEST_POWER}, where a rounding of x shows too much")
    if isinstance(exponent, Known) and np.any(exponent.array == np.rint(exponent.array)):
        raise Unsupported("to whole powers beyond 8 or to several ones; multiply x with itself")


def constant_power(emit: Emitter, x: Traced, exponent: float) -> Tensor | None:
    """x to one of the powers -8 … 8 in steps of one half, else None."""
    if exponent == 0:
        return Known(np.ones(x.shape, dtype=STORED[x.dtype]))
    if exponent < 0:
        if exponent == -0.5:
            return emit.elementwise(ew.Rsqrt, x)
        positive = constant_power(emit, x, -exponent) if x.dtype.is_float else None
        return None if positive is None else emit.elementwise(ew.Reciprocal, positive)
    if exponent > 8 or exponent % 0.5:
        return None
    if exponent == 1:
        return x
    if exponent % 1:
        root = emit.elementwise(ew.Sqrt, x)
        whole = constant_power(emit, x, exponent - 0.5)
        return root if exponent == 0.5 or whole is None else emit.elementwise(ew.Mul, whole, root)
    half = constant_power(emit, x, exponent // 2)
    assert half is not None
    square = emit.elementwise(ew.Square, half)
    return emit.elementwise(ew.Mul, square, x) if exponent % 2 else square
