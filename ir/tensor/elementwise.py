"""Element-wise operations with numpy broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ezprivsecfl.ir.op import Array, Round
from ezprivsecfl.ir.structural import broadcast_shapes
from ezprivsecfl.ir.tensor.base import (
    TensorOp,
    join_secrecy,
    require_bool,
    require_float,
    require_numbers,
    same_dtype,
)
from ezprivsecfl.ir.types import DType, Shape, TensorType

Function = Callable[..., Any]


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

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
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

    function = np.negative


class Abs(Unary, name="abs"):
    """|x|."""

    function = np.abs


class Sign(Unary, name="sign"):
    """-1, 0 or 1."""

    function = np.sign


class Relu(Unary, name="relu"):
    """max(x, 0)."""

    function = staticmethod(lambda x: np.maximum(x, 0))


class Square(Unary, name="square"):
    """x·x."""

    function = np.square


class Sqrt(FloatUnary, name="sqrt"):
    """Square root; NaN below zero."""

    function = np.sqrt


class Rsqrt(FloatUnary, name="rsqrt"):
    """1/√x."""

    function = staticmethod(lambda x: 1.0 / np.sqrt(x))


class Reciprocal(FloatUnary, name="reciprocal"):
    """1/x."""

    function = staticmethod(lambda x: 1.0 / x)


class Exp(FloatUnary, name="exp"):
    """e^x (public values only)."""

    function = np.exp


class Log(FloatUnary, name="log"):
    """Natural logarithm (public values only)."""

    function = np.log


class Floor(FloatUnary, name="floor"):
    """Rounds down."""

    function = np.floor


class Ceil(FloatUnary, name="ceil"):
    """Rounds up."""

    function = np.ceil


class RoundEven(FloatUnary, name="round"):
    """Rounds to the nearest integer, ties to even."""

    function = np.rint


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

    function = np.add


class Sub(Binary, name="sub"):
    """x - y."""

    function = np.subtract


class Mul(Binary, name="mul"):
    """x·y."""

    function = np.multiply


def _divide(x: Array, y: Array) -> Array:
    return np.asarray(np.divide(x, y))


def _divide_no_nan(x: Array, y: Array) -> Array:
    return np.where(y == 0, 0.0, np.divide(x, np.where(y == 0, 1.0, y)))


class Div(FloatBinary, name="div"):
    """x / y of floats; division by zero gives an infinity or NaN."""

    function = staticmethod(_divide)


class DivNoNan(FloatBinary, name="div_no_nan"):
    """x / y of floats, and 0 where y is 0."""

    function = staticmethod(_divide_no_nan)


class FloorDiv(Binary, name="floor_div"):
    """x / y rounded down (public values only)."""

    function = np.floor_divide


class FloorMod(Binary, name="floor_mod"):
    """Remainder with the sign of y (public values only)."""

    function = np.mod


class Pow(Binary, name="pow"):
    """x to the power y (public values only; small constant powers become products)."""

    function = np.power


class Maximum(Binary, name="maximum"):
    """The larger of two, NaN if one is NaN."""

    function = np.maximum


class Minimum(Binary, name="minimum"):
    """The smaller of two, NaN if one is NaN."""

    function = np.minimum


class Compare(Binary):
    """Base of comparisons; the result is Boolean."""

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """Boolean, from operands of one dtype."""
        same_dtype(self, types)
        return DType.BOOL


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

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """Boolean, from Boolean operands."""
        return require_bool(self, same_dtype(self, types))


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

    arity = 3
    function = np.where

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """That of the two branches."""
        if types[0].dtype is not DType.BOOL:
            raise self.fail("the condition must be bool")
        return same_dtype(self, types[1:])


NUMPY_DTYPE = {
    DType.F32: np.dtype(np.float64),
    DType.F64: np.dtype(np.float64),
    DType.I32: np.dtype(np.int64),
    DType.I64: np.dtype(np.int64),
    DType.BOOL: np.dtype(np.bool_),
}
"""How the interpreters hold each element type: reals as float64, integers as int64."""


class Cast(Elementwise, name="cast"):
    """Converts the element type; float to integer rounds toward zero."""

    dtype: DType

    def result_dtype(self, types: Sequence[TensorType]) -> DType:
        """The attribute."""
        return self.dtype

    def evaluate(self, args: Sequence[Array], round_: Round) -> tuple[Array, ...]:
        """Numpy's cast."""
        return (np.asarray(args[0]).astype(NUMPY_DTYPE[self.dtype]),)
