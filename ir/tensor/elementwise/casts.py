"""Conversions of the element type."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import rounding, words
from ezprivsecfl.ir.interval import TRUTH, Interval
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.tensor.base import NUMPY_DTYPE
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, bit, fixed, normalised
from ezprivsecfl.ir.tensor.elementwise.base import Elementwise
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import DType, TensorType


class Cast(Elementwise, name="cast"):
    """Converts the element type; float to integer rounds toward zero.

    Args:
        dtype: The new one.
    """

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    on_shares = None

    dtype: DType

    @property
    def _from(self) -> DType:
        (t,) = self.types()
        return t.dtype

    @property
    def keeps_numbers(self) -> bool:
        """Whether every entry is the same number as before."""
        return self.dtype is not DType.BOOL and (self.dtype.is_float or not self._from.is_float)

    @property
    def computed(self) -> Computed:
        """Locally if shares stay the same, as those of truth values do that become numbers."""
        kept = self.keeps_numbers or self.dtype is self._from
        return Computed.LOCALLY if kept else Computed.IN_CIRCUITS

    @property
    def jumps(self) -> Jumps:
        """To a truth value at 0; to an integer at every other integer."""
        if self.dtype is DType.BOOL:
            return Jumps.AT_ZERO
        return Jumps.NOWHERE if self.keeps_numbers else Jumps.BEYOND_ZERO

    @property
    def powers(self) -> tuple[float, ...]:
        """The number itself, if it stays the same."""
        return (1.0,) if self.keeps_numbers else ()

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
        return operands[0].rounded(math.trunc) if operands[0].magnitude < 2**63 else Interval.within(2.0**63)

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Truth values as numbers, numbers rounded toward zero or compared with it."""
        (x,) = operands
        if x.is_bit:
            return gates.truth(x)
        if self.dtype is DType.BOOL:
            return bit(words.nonzero(gates.b, x.wires) if x.is_fixed else gates.number(x).nonzero)
        if self.dtype.is_float:
            return x
        if x.is_fixed:
            whole = words.toward_zero(gates.b, x.wires, x.frac) if x.frac > 0 else gates.widened(x, 0)
            return fixed(whole, 0)
        # It stays a normalised number: what is infinite or not a number must be noticed where it leaves.
        return normalised(rounding.round_float(gates.b, rounding.toward_zero, gates.number(x)))
