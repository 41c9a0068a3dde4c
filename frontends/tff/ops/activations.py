"""Exponentials, logarithms and activation functions that are made of other operations."""

from __future__ import annotations

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.indexing import exists, one_hot, where_defined
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.values import Leaf, Tensor, Traced
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import ReduceMax

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
"""Constants of G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-Normalizing Neural Networks", NIPS 2017."""


@lowering("Expm1")
def expm1(call: Call) -> Leaf:
    """e^x - 1; of a secret x near 0 precise in absolute terms only."""
    return _less(call.emit, call.emit.elementwise(ew.Exp, *call.args))


@lowering("Log1p")
def log1p(call: Call) -> Leaf:
    """log(1 + x); of a secret x near 0 precise in absolute terms only."""
    (x,) = call.args
    return call.emit.elementwise(ew.Log, _more(call.emit, x))


@lowering("Xlogy")
def xlogy(call: Call) -> Leaf:
    """x · log y, and 0 where x is 0."""
    x, y = call.args
    return call.emit.elementwise(ew.Mul, x, call.emit.elementwise(ew.Log, _where_used(call.emit, x, y)))


@lowering("Xlog1py")
def xlog1py(call: Call) -> Leaf:
    """x · log(1 + y), and 0 where x is 0."""
    x, y = call.args
    positive = _where_used(call.emit, x, _more(call.emit, y))
    return call.emit.elementwise(ew.Mul, x, call.emit.elementwise(ew.Log, positive))


@lowering("Xdivy")
def xdivy(call: Call) -> Leaf:
    """x / y, and 0 where x is 0."""
    x, y = call.args
    return call.emit.elementwise(ew.Div, x, _where_used(call.emit, x, y))


@lowering("MulNoNan")
def multiply_no_nan(call: Call) -> Leaf:
    """x · y, and 0 where y is 0, whatever x is."""
    x, y = call.args
    zero = call.emit.scalar(0, call.emit.traced(y).dtype)
    used = call.emit.elementwise(ew.Select, call.emit.elementwise(ew.Equal, y, zero), zero, x)
    return call.emit.elementwise(ew.Mul, used, y)


@lowering("Erfc")
def erfc(call: Call) -> Leaf:
    """1 - erf x."""
    return call.emit.elementwise(ew.Neg, _less(call.emit, call.emit.elementwise(ew.Erf, *call.args)))


@lowering("Elu")
def elu(call: Call) -> Leaf:
    """x where it is positive, elsewhere e^x - 1."""
    positive, negative = _elu(call)
    return call.emit.elementwise(ew.Add, positive, negative)


@lowering("LeakyRelu")
def leaky_relu(call: Call) -> Leaf:
    """x, and a part of it where x is negative."""
    x = call.emit.traced(call.args[0])
    small = call.emit.elementwise(ew.Mul, x, call.emit.scalar(call.attr("alpha"), x.dtype))
    positive = call.emit.elementwise(ew.Greater, x, call.emit.scalar(0, x.dtype))
    return call.emit.elementwise(ew.Select, positive, x, small)


@lowering("Selu")
def selu(call: Call) -> Leaf:
    """Scaled, and with another limit for negative x."""
    positive, negative = _elu(call)
    bent = call.emit.elementwise(ew.Mul, negative, call.emit.scalar(SELU_ALPHA, negative.dtype))
    total = call.emit.elementwise(ew.Add, positive, bent)
    return call.emit.elementwise(ew.Mul, total, call.emit.scalar(SELU_SCALE, total.dtype))


@lowering("Cosh")
def cosh(call: Call) -> Leaf:
    """Half of e^x + e^-x."""
    return _half(call.emit, call.emit.elementwise(ew.Add, *_exponentials(call)))


@lowering("Sinh")
def sinh(call: Call) -> Leaf:
    """Half of e^x - e^-x; of a secret x near 0 precise in absolute terms only."""
    return _half(call.emit, call.emit.elementwise(ew.Sub, *_exponentials(call)))


@lowering("Softsign")
def softsign(call: Call) -> Leaf:
    """x / (1 + |x|)."""
    (x,) = call.args
    return call.emit.elementwise(ew.Div, x, _more(call.emit, call.emit.elementwise(ew.Abs, x)))


@lowering("Softmax")
def softmax(call: Call) -> Leaf:
    """e^x along the last axis, divided by the sum."""
    return _softmax(call.emit, _below_largest(call.emit, call.args[0]))


@lowering("LogSoftmax")
def log_softmax(call: Call) -> Leaf:
    """The logarithm of that."""
    return _log_softmax(call.emit, _below_largest(call.emit, call.args[0]))


@lowering("SoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy(call: Call) -> list[Leaf]:
    """The entropy of labels with respect to the softmax of logits, and its gradient."""
    logits, labels = call.args
    return [*_cross_entropy(call.emit, logits, labels)]


@lowering("SparseSoftmaxCrossEntropyWithLogits")
def sparse_softmax_cross_entropy(call: Call) -> list[Leaf]:
    """The same for labels that are classes; a class that does not exist has no entropy."""
    logits, labels = call.args
    classes = logits.shape[-1]
    ones = call.emit.cast(one_hot(call.emit, labels, classes), call.emit.traced(logits).dtype)
    loss, gradient = _cross_entropy(call.emit, logits, ones)
    defined = exists(call.emit, labels, classes)
    column = call.emit.reshape(defined, (*defined.shape, 1))
    return [where_defined(call.emit, loss, defined), where_defined(call.emit, gradient, column)]


def _cross_entropy(emit: Emitter, logits: Tensor, labels: Tensor) -> tuple[Traced, Traced]:
    """The entropy along the last axis, and its gradient."""
    below = _below_largest(emit, logits)
    products = emit.elementwise(ew.Mul, labels, _log_softmax(emit, below))
    loss = emit.elementwise(ew.Neg, emit.sum(products, (len(products.shape) - 1,)))
    return loss, emit.elementwise(ew.Sub, _softmax(emit, below), labels)


def _exponentials(call: Call) -> tuple[Traced, Traced]:
    """e^x and e^-x."""
    (x,) = call.args
    return call.emit.elementwise(ew.Exp, x), call.emit.elementwise(ew.Exp, call.emit.elementwise(ew.Neg, x))


def _half(emit: Emitter, x: Traced) -> Traced:
    return emit.elementwise(ew.Mul, x, emit.scalar(0.5, x.dtype))


def _elu(call: Call) -> tuple[Traced, Traced]:
    """What x is above 0, and e^x - 1 of what it is below."""
    x = call.emit.traced(call.args[0])
    zero = call.emit.scalar(0, x.dtype)
    below = call.emit.elementwise(ew.Exp, call.emit.elementwise(ew.Minimum, x, zero))
    return call.emit.elementwise(ew.Maximum, x, zero), _less(call.emit, below)


def _below_largest(emit: Emitter, x: Tensor) -> Traced:
    """x less its largest entry along the last axis; the minimum tells the range analysis that it is not positive."""
    x = emit.traced(x)
    difference = emit.elementwise(ew.Sub, x, emit.reduce(ReduceMax, x, (len(x.shape) - 1,), keep=True))
    return emit.elementwise(ew.Minimum, difference, emit.scalar(0, x.dtype))


def _sum_of_exponentials(emit: Emitter, exponentials: Traced) -> Traced:
    """Their sum along the last axis, of which one is 1."""
    total = emit.sum(exponentials, (len(exponentials.shape) - 1,), keep=True)
    return emit.elementwise(ew.Maximum, total, emit.scalar(1, total.dtype))


def _softmax(emit: Emitter, below: Traced) -> Traced:
    exponentials = emit.elementwise(ew.Exp, below)
    return emit.elementwise(ew.Div, exponentials, _sum_of_exponentials(emit, exponentials))


def _log_softmax(emit: Emitter, below: Traced) -> Traced:
    total = _sum_of_exponentials(emit, emit.elementwise(ew.Exp, below))
    return emit.elementwise(ew.Sub, below, emit.elementwise(ew.Log, total))


def _where_used(emit: Emitter, x: Tensor, y: Tensor) -> Traced:
    """y, and 1 where x is 0."""
    unused = emit.elementwise(ew.Equal, x, emit.scalar(0, emit.traced(x).dtype))
    return emit.elementwise(ew.Select, unused, emit.scalar(1, emit.traced(y).dtype), y)


def _more(emit: Emitter, x: Tensor) -> Traced:
    """1 + x."""
    x = emit.traced(x)
    return emit.elementwise(ew.Add, x, emit.scalar(1, x.dtype))


def _less(emit: Emitter, x: Traced) -> Traced:
    """x - 1."""
    return emit.elementwise(ew.Sub, x, emit.scalar(1, x.dtype))
