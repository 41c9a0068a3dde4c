"""Gradients of element-wise functions, as ``tf.GradientTape`` writes them: of what one takes, or of what it gives."""

from __future__ import annotations

from ezprivsecfl.frontends.tff.ops.activations import SELU_ALPHA, SELU_SCALE
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor, Traced
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew


@lowering("SigmoidGrad")
def sigmoid(call: Call) -> Leaf:
    """dy · y (1 - y)."""
    y, dy = call.args
    return _times(call, dy, _of(call, ew.Mul, y, _of(call, ew.Sub, _number(call, 1, y), y)))


@lowering("TanhGrad")
def tanh(call: Call) -> Leaf:
    """dy · (1 - y²)."""
    y, dy = call.args
    return _times(call, dy, _of(call, ew.Sub, _number(call, 1, y), _of(call, ew.Mul, y, y)))


@lowering("SqrtGrad")
def square_root(call: Call) -> Leaf:
    """dy / 2y."""
    y, dy = call.args
    return _of(call, ew.Div, _times(call, dy, _number(call, 0.5, y)), y)


@lowering("RsqrtGrad")
def inverse_root(call: Call) -> Leaf:
    """-dy · y³ / 2."""
    y, dy = call.args
    half = _times(call, dy, _number(call, -0.5, y))
    return _times(call, half, _of(call, ew.Mul, _of(call, ew.Mul, y, y), y))


@lowering("InvGrad", "ReciprocalGrad")
def inverse(call: Call) -> Leaf:
    """-dy · y²."""
    y, dy = call.args
    return _times(call, _of(call, ew.Neg, dy), _of(call, ew.Mul, y, y))


@lowering("ReluGrad")
def relu(call: Call) -> Leaf:
    """dy where x is positive."""
    dy, x = call.args
    return _where(call, _of(call, ew.Greater, x, _number(call, 0, x)), dy, _number(call, 0, dy))


@lowering("Relu6Grad")
def relu6(call: Call) -> Leaf:
    """dy where x lies between 0 and 6."""
    dy, x = call.args
    between = _of(call, ew.And, *(_of(call, k, x, _number(call, v, x)) for k, v in ((ew.Greater, 0), (ew.Less, 6))))
    return _where(call, between, dy, _number(call, 0, dy))


@lowering("LeakyReluGrad")
def leaky_relu(call: Call) -> Leaf:
    """dy, and a part of it where x is not positive."""
    dy, x = call.args
    small = _times(call, dy, _number(call, call.attr("alpha"), dy))
    return _where(call, _of(call, ew.Greater, x, _number(call, 0, x)), dy, small)


@lowering("EluGrad")
def elu(call: Call) -> Leaf:
    """dy, times y + 1 where y is negative."""
    return _bent(call, 1.0, 1.0)


@lowering("SeluGrad")
def selu(call: Call) -> Leaf:
    """The same with SELU's scale and limit."""
    return _bent(call, SELU_SCALE, SELU_SCALE * SELU_ALPHA)


@lowering("SoftplusGrad")
def softplus(call: Call) -> Leaf:
    """dy · sigmoid(x)."""
    dy, x = call.args
    return _times(call, dy, _of(call, ew.Sigmoid, x))


@lowering("SoftsignGrad")
def softsign(call: Call) -> Leaf:
    """dy / (1 + |x|)²."""
    dy, x = call.args
    divisor = _of(call, ew.Add, _of(call, ew.Abs, x), _number(call, 1, x))
    return _of(call, ew.Div, _of(call, ew.Div, dy, divisor), divisor)


def _bent(call: Call, above: float, limit: float) -> Traced:
    """``above`` · dy where y is not negative, elsewhere (y + ``limit``) · dy."""
    dy, y = call.args
    slope = _of(call, ew.Add, y, _number(call, limit, y))
    return _times(call, dy, _where(call, _of(call, ew.Less, y, _number(call, 0, y)), slope, _number(call, above, y)))


def _of(call: Call, kind: type[Op], *operands: Tensor) -> Traced:
    return call.emit.elementwise(kind, *operands)


def _times(call: Call, x: Tensor, y: Tensor) -> Traced:
    return _of(call, ew.Mul, x, y)


def _where(call: Call, condition: Tensor, x: Tensor, y: Tensor) -> Traced:
    return _of(call, ew.Select, condition, x, y)


def _number(call: Call, number: float, like: Tensor) -> Known:
    return call.emit.scalar(number, call.emit.traced(like).dtype)
