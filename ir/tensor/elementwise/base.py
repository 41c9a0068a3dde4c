"""What element-wise operations share: numpy broadcasting, and what their operands may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.structural import broadcast_shapes
from ezprivsecfl.ir.tensor.base import TensorOp, join_secrecy, require_float, require_numbers, same_dtype
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
