"""Logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import logarithms
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, normalised
from ezprivsecfl.ir.tensor.elementwise.base import FloatUnary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps


class Log(FloatUnary, name="log"):
    """Natural logarithm."""

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN
    partial = True
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    poles = (0,)
    largest = 128.0  # normalised numbers, but for 0, lie between 2^-128 and 2^128
    circuit_error = 2.0**-20  # it does not become smaller where the logarithm is near 0

    function = np.log

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The logarithm never decreases with x > 0; below there is none."""
        return operands[0].map(lambda x: math.log(x) if x > 0 else -math.inf)

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of a normalised number."""
        return normalised(logarithms.log(gates.b, gates.number(operands[0])))
