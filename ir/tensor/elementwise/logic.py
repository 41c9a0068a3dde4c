"""Operations on truth values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.interval import TRUTH, Interval
from ezprivsecfl.ir.tensor.base import require_bool, same_dtype
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, bit
from ezprivsecfl.ir.tensor.elementwise.base import Elementwise
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import DType, TensorType


class Logical(Elementwise):
    """Base of operations on truth values."""

    non_negative = Holds.ALWAYS
    integral = Holds.ALWAYS
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE

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

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """One gate."""
        return bit(gates.b.and_(operands[0].wires[0], operands[1].wires[0]))


class Or(Logical, name="or"):
    """Logical or."""

    function = np.logical_or
    arity = 2

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """One gate."""
        return bit(gates.b.or_(operands[0].wires[0], operands[1].wires[0]))


class Not(Logical, name="not"):
    """Logical not."""

    function = np.logical_not

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """No AND."""
        return bit(gates.b.inv(operands[0].wires[0]))
