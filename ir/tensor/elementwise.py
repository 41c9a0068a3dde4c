"""Element-wise operations with numpy broadcasting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ezprivsecfl.ir.interval import TRUTH, UNBOUNDED, Interval
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.structural import broadcast_shapes
from ezprivsecfl.ir.tensor.base import (
    Holds,
    TensorOp,
    join_secrecy,
    require_bool,
    require_float,
    require_numbers,
    same_dtype,
)
from ezprivsecfl.ir.types import DType, Shape, TensorType

Function = Callable[..., Any]

ONE = Interval(1.0, 1.0)


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _rounded(function: Callable[[float], int]) -> Callable[[float], float]:
    """A rounding to integers that leaves infinite ends as they are."""
    return lambda x: float(function(x)) if math.isfinite(x) else x


class Elementwise(TensorOp):
    """Base: ``function`` is the numpy reference, ``arity`` the number of operands."""

    function: ClassVar[Function]
    arity: ClassVar[int] = 1

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """Element type of the result; by default that of the operands."""
        return same_dtype(self, types)

    def infer(self) -> tuple[TensorType, ...]:
        """The operands' broadcast shape."""
        types = self.expect(self.arity)
        shape: Shape = ()
        try:
            for t in types:
                shape = broadcast_shapes(shape, t.shape)
        except ValueError as e:
            raise self.fail(str(e)) from None
        return (TensorType(shape, self.result_dtype(types), join_secrecy(types)),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Applies the numpy function; infinities and NaN follow IEEE 754 silently, as in TensorFlow."""
        with np.errstate(all="ignore"):
            return (np.asarray(type(self).function(*args)),)


class Unary(Elementwise):
    """Base of operations on one numeric operand."""

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """The operand's, which must not be bool."""
        return require_numbers(self, types[0].dtype)


class FloatUnary(Unary):
    """Base of operations that only real numbers have."""

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """The operand's, which must be a float."""
        return require_float(self, types[0].dtype)


class Neg(Unary, name="neg"):
    """-x."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL

    function = np.negative

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """a <= x <= b implies -b <= -x <= -a."""
        return -operands[0]


class Abs(Unary, name="abs"):
    """|x|."""

    non_negative = Holds.ALWAYS
    integral = Holds.OF_ALL

    function = np.abs

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """|x| is at least the distance of the interval from 0, and at most the larger end's absolute value."""
        return abs(operands[0])


class Sign(Unary, name="sign"):
    """-1, 0 or 1."""

    non_negative = Holds.UNKNOWN
    integral = Holds.ALWAYS

    function = np.sign

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The sign never decreases with x."""
        return operands[0].map(lambda x: float(np.sign(x)))


class Relu(Unary, name="relu"):
    """max(x, 0)."""

    non_negative = Holds.ALWAYS
    integral = Holds.OF_ALL

    function = staticmethod(lambda x: np.maximum(x, 0))

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """max(x, 0) never decreases with x."""
        return operands[0].map(lambda x: max(x, 0.0))


class Square(Unary, name="square"):
    """x·x."""

    non_negative = Holds.ALWAYS
    integral = Holds.OF_ALL

    function = np.square

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """x² = |x|², and squares of what is not negative never decrease."""
        return operands[0].square()


class Sqrt(FloatUnary, name="sqrt"):
    """Square root; NaN below zero."""

    non_negative = Holds.ALWAYS
    integral = Holds.UNKNOWN

    function = np.sqrt

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The root never decreases with x >= 0; below 0 there is none."""
        return operands[0].sqrt()


class Rsqrt(FloatUnary, name="rsqrt"):
    """1/√x."""

    non_negative = Holds.ALWAYS
    integral = Holds.UNKNOWN

    function = staticmethod(lambda x: 1.0 / np.sqrt(x))

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The inverse of the root, of what is positive."""
        return ONE / operands[0].sqrt()


class Reciprocal(FloatUnary, name="reciprocal"):
    """1/x."""

    non_negative = Holds.OF_ALL
    integral = Holds.UNKNOWN

    function = staticmethod(lambda x: 1.0 / x)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The quotient of 1 and x."""
        return ONE / operands[0]


class Exp(FloatUnary, name="exp"):
    """e^x (public values only)."""

    non_negative = Holds.ALWAYS
    integral = Holds.UNKNOWN

    function = np.exp

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """e^x never decreases with x."""
        return operands[0].map(_exp)


class Log(FloatUnary, name="log"):
    """Natural logarithm."""

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN

    function = np.log

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The logarithm never decreases with x > 0; below there is none."""
        return operands[0].map(lambda x: math.log(x) if x > 0 else -math.inf)


class Floor(FloatUnary, name="floor"):
    """Rounds down."""

    non_negative = Holds.UNKNOWN
    integral = Holds.ALWAYS

    function = np.floor

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Rounding down never decreases with x."""
        return operands[0].map(_rounded(math.floor))


class Ceil(FloatUnary, name="ceil"):
    """Rounds up."""

    non_negative = Holds.UNKNOWN
    integral = Holds.ALWAYS

    function = np.ceil

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Rounding up never decreases with x."""
        return operands[0].map(_rounded(math.ceil))


class RoundEven(FloatUnary, name="round"):
    """Rounds to the nearest integer, ties to even."""

    non_negative = Holds.UNKNOWN
    integral = Holds.ALWAYS

    function = np.rint

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Rounding never decreases with x."""
        return operands[0].map(_rounded(round))


class Binary(Elementwise):
    """Base of operations on two numeric operands of the same dtype."""

    arity = 2

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """The operands', which must not be bool."""
        return require_numbers(self, same_dtype(self, types))


class FloatBinary(Binary):
    """Base of operations on two operands that only real numbers have."""

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """The operands', which must be floats."""
        return require_float(self, same_dtype(self, types))


class Add(Binary, name="add"):
    """x + y."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL

    function = np.add

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """[a, b] + [c, d] = [a + c, b + d]."""
        return operands[0] + operands[1]


class Sub(Binary, name="sub"):
    """x - y."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL

    function = np.subtract

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """[a, b] - [c, d] = [a - d, b - c]."""
        return operands[0] - operands[1]


class Mul(Binary, name="mul"):
    """x·y."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL

    function = np.multiply

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The extremes of x·y are products of ends; of x·x, squares of ends or 0."""
        x, y = operands
        return x.square() if self.operands[0] is self.operands[1] else x * y


def _divide(x: Array, y: Array) -> Array:
    return np.asarray(np.divide(x, y))


def _divide_no_nan(x: Array, y: Array) -> Array:
    return np.where(y == 0, 0.0, np.divide(x, np.where(y == 0, 1.0, y)))


class Div(FloatBinary, name="div"):
    """x / y of floats; division by zero gives an infinity or NaN."""

    non_negative = Holds.OF_ALL
    integral = Holds.UNKNOWN

    function = staticmethod(_divide)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The extremes of x / y are quotients of ends, unless y may be arbitrarily close to 0."""
        return operands[0] / operands[1]


class DivNoNan(FloatBinary, name="div_no_nan"):
    """x / y of floats, and 0 where y is 0."""

    non_negative = Holds.OF_ALL
    integral = Holds.UNKNOWN

    function = staticmethod(_divide_no_nan)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Quotients, and 0."""
        return (operands[0] / operands[1]).hull(Interval(0.0, 0.0))


class FloorDiv(Binary, name="floor_div"):
    """x / y rounded down (public values only)."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL

    function = np.floor_divide

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Quotients rounded down; numpy's integers divided by 0 give 0."""
        return (operands[0] / operands[1]).hull(Interval(0.0, 0.0)).map(_rounded(math.floor))


class FloorMod(Binary, name="floor_mod"):
    """Remainder with the sign of y (public values only)."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL

    function = np.mod

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Between 0 and y; numpy's remainder of integers by 0 is 0."""
        return operands[1].hull(Interval(0.0, 0.0))


class Pow(Binary, name="pow"):
    """x to the power y (public values only; small constant powers become products)."""

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN

    function = np.power

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A power of what is not negative is not negative; nothing else is known."""
        return Interval(0.0, math.inf) if operands[0].lo >= 0 else UNBOUNDED


class Maximum(Binary, name="maximum"):
    """The larger of two, NaN if one is NaN."""

    non_negative = Holds.OF_ANY
    integral = Holds.OF_ALL

    function = np.maximum

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Never decreases with either operand."""
        return operands[0].maximum(operands[1])


class Minimum(Binary, name="minimum"):
    """The smaller of two, NaN if one is NaN."""

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL

    function = np.minimum

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Never decreases with either operand."""
        return operands[0].minimum(operands[1])


class Compare(Binary):
    """Base of comparisons; the result is Boolean."""

    non_negative = Holds.ALWAYS
    integral = Holds.ALWAYS

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """Boolean, from operands of one dtype."""
        same_dtype(self, types)
        return DType.BOOL

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A truth value."""
        return TRUTH


class Less(Compare, name="less"):
    """x < y."""

    function = np.less


class LessEqual(Compare, name="less_equal"):
    """x ≤ y."""

    function = np.less_equal


class Greater(Compare, name="greater"):
    """x > y."""

    function = np.greater


class GreaterEqual(Compare, name="greater_equal"):
    """x ≥ y."""

    function = np.greater_equal


class Equal(Compare, name="equal"):
    """x = y."""

    function = np.equal


class NotEqual(Compare, name="not_equal"):
    """x ≠ y."""

    function = np.not_equal


class Logical(Elementwise):
    """Base of operations on truth values."""

    non_negative = Holds.ALWAYS
    integral = Holds.ALWAYS

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """Boolean, from Boolean operands."""
        return require_bool(self, same_dtype(self, types))

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A truth value."""
        return TRUTH


class And(Logical, name="and"):
    """Logical and."""

    function = np.logical_and
    arity = 2


class Or(Logical, name="or"):
    """Logical or."""

    function = np.logical_or
    arity = 2


class Not(Logical, name="not"):
    """Logical not."""

    function = np.logical_not


class Select(Elementwise, name="select"):
    """Where the first (Boolean) operand is true the second, elsewhere the third."""

    non_negative = Holds.UNKNOWN
    integral = Holds.OF_ALL

    arity = 3
    function = np.where

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """That of the two branches."""
        if types[0].dtype is not DType.BOOL:
            raise self.fail("the condition must be bool")
        return same_dtype(self, types[1:])

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Every entry is one of a branch's."""
        return operands[1].hull(operands[2])


NUMPY_DTYPE = {
    DType.F32: np.dtype(np.float64),
    DType.F64: np.dtype(np.float64),
    DType.I32: np.dtype(np.int64),
    DType.I64: np.dtype(np.int64),
    DType.BOOL: np.dtype(np.bool_),
}
"""How the interpreters hold each element type: reals as float64, integers as int64."""


class Cast(Elementwise, name="cast"):
    """Converts the element type; float to integer rounds toward zero.

    Args:
        dtype: The new one.
    """

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL

    dtype: DType

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """The attribute."""
        return self.dtype

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's cast."""
        return (np.asarray(args[0]).astype(NUMPY_DTYPE[self.dtype]),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Rounding toward zero never decreases with x, until integers overflow; other conversions keep the number."""
        if self.dtype is DType.BOOL:
            return TRUTH
        if self.dtype.is_float:
            return operands[0]
        return operands[0].map(_rounded(math.trunc)) if operands[0].magnitude < 2**63 else Interval.within(2.0**63)
