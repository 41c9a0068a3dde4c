"""How large values can be, which formats must hold, and how large they are as a rule, for which they are precise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.options import CLASS_FACTOR
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor.values import tensor_op

LOWEST_REACH = 1 / CLASS_FACTOR
"""Clients' largest entry is at least such a part of the bound, unless formats are fixed."""


@dataclass
class Magnitudes:
    """Bounds of values, and estimates.

    Args:
        ranges: Ranges of all values.
    """

    ranges: Ranges
    _typical: dict[tuple[Value, float], float] = field(default_factory=dict)

    def largest(self, value: Value) -> float:
        """The largest absolute value."""
        return self.ranges[value].magnitude

    def highest(self, value: Value, frac: int) -> int | None:
        """The highest bit that the value's magnitude may have with some fractional bits; None if it has no bound.

        One more than the range says, for accumulated rounding.
        """
        largest = self.largest(value)
        return bits_before_point(largest) + frac if math.isfinite(largest) else None

    def highest_leaving(self, value: Value, frac: int) -> int | None:
        """The same where the value leaves a circuit: a working range, a power of two, is checked to the bit there."""
        highest = self.highest(value, frac)
        return highest if highest is None or value not in self.ranges.checked else highest - 1

    def width(self, value: Value, frac: int) -> int:
        """Bits that hold the value, its sign included."""
        return _width(self.largest(value), frac)

    def declared_width(self, value: Value, frac: int) -> int:
        """The same for entries that are within what is declared of them."""
        return _width(self.ranges.as_declared(value).magnitude, frac)

    def typical(self, value: Value, reach: float = 1.0) -> float:
        """How large a value is for inputs near their bounds: where its range is far larger, bits are not spent on that.

        A quotient's range follows from the smallest divisor that there could be, but most divisors are near their
        bound. This is no bound of anything: precision depends on it, correctness does not.

        Args:
            value: The value.
            reach: The largest entry of secret inputs, as a part of their bounds.
        """
        if (value, reach) not in self._typical:
            self._typical[value, reach] = min(self.largest(value), self._estimate(value, reach))
        return self._typical[value, reach]

    def lowest(self, value: Value) -> float:
        """The same for the smallest inputs that formats are made for."""
        return self.typical(value, LOWEST_REACH)

    def _estimate(self, value: Value, reach: float) -> float:
        op, operands = tensor_op(value), [self.typical(o, reach) for o in value.op.operands]
        if isinstance(op, Input) and op.type.is_secret and op.type.dtype.is_float:
            assert op.bound is not None  # what entries have as a rule; a proved norm lets one of them be far larger
            return min(op.bound, self.largest(value)) * reach
        return op.typical(operands, self.ranges.clients)

    def shown(self, value: Value) -> str:
        """The range, for people."""
        found = self.ranges[value]
        return f"[{found.lo:.3g}, {found.hi:.3g}]"


def _width(largest: float, frac: int) -> int:
    return max(2, min(64, bits_before_point(largest) + frac + 2)) if math.isfinite(largest) else 64


def bits_before_point(magnitude: float) -> int:
    """Bits before the point that hold a magnitude."""
    return math.ceil(math.log2(magnitude)) if 0 < magnitude < math.inf else 0
