"""Whether a value that is opened shows in the result at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.interval import TRUTH, Interval
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.tensor.base import TensorOp
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import DType, Secrecy, TensorType

LARGEST_FACTOR = 2.0**60
"""Products of this (or of its inverse) with what the ring holds, 2^-62 to 2^62, are normal numbers of every float."""


class Gate(TensorOp, name="gate"):
    """False if the product of some public factors, numbers, is zero or not a number in their element type.

    Then the result does not depend on what it is multiplied with: it is zero, or NaN. Subnormal products count as zero,
    as TensorFlow computes them. Any other product must be such that the result shows what it is multiplied with: each
    factor, and all products of the first few, within 1/``LARGEST_FACTOR`` and ``LARGEST_FACTOR``.
    """

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.IN_CLEAR
    jumps = Jumps.AT_ZERO

    def infer(self) -> tuple[TensorType, ...]:
        """A truth value."""
        for operand in self.operands:
            t = operand.type
            if not isinstance(t, TensorType) or t.is_secret or t.shape != () or not t.dtype.is_float:
                raise self.fail("needs public float numbers")
        return (TensorType((), DType.BOOL, Secrecy.PUBLIC),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """A truth value."""
        return TRUTH

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Raises InputError for a product that is neither zero nor NaN nor within the limits."""
        if any(np.isnan(factor) for factor in args):
            return (np.asarray(False),)
        product = 1.0
        for operand, factor in zip(self.operands, args, strict=True):
            assert isinstance(operand.type, TensorType)
            smallest = float(np.finfo(np.float64 if operand.type.dtype is DType.F64 else np.float32).tiny)
            number = _flushed(float(factor), smallest)
            product = _flushed(product * number, smallest)
            for value in (number, product):
                if not (value == 0.0 or 1 / LARGEST_FACTOR <= abs(value) <= LARGEST_FACTOR):
                    raise InputError(factor_message(value, str(self.location)))
        return (np.asarray(product != 0.0),)


def _flushed(value: float, smallest: float) -> float:
    return 0.0 if abs(value) < smallest else value


def factor_message(product: float, where: str) -> str:
    """Why nothing is opened that is multiplied with such a public factor."""
    return (
        f"the public factor at {where} is {product:g}: with factors that are not finite, or not zero but outside of "
        "2^-60 to 2^60, a float result may show less than would be opened for it, so nothing is opened. Check the "
        "SERVER-placed inputs that the factor is computed from (a divisor that is zero, a learning rate)"
    )
