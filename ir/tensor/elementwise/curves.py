"""Sigmoid, hyperbolic tangent, error function and softplus; of secret values with an absolute error below 2^-19."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from ezprivsecfl.ir.circuits import curves, floats, words
from ezprivsecfl.ir.circuits.builder import Wires
from ezprivsecfl.ir.circuits.curves import FRAC, OPERAND, Curve
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, Limited, fixed, normalised
from ezprivsecfl.ir.tensor.elementwise.base import FloatUnary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps

ERROR = 2.0**-19
"""Absolute error of these circuits; ``Curve.error`` says it more exactly."""


class OnCurve(FloatUnary):
    """Base of functions that a curve of the magnitude gives."""

    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE
    circuit_error = ERROR

    curve: ClassVar[Curve]

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The function never decreases with x."""
        return operands[0].map(lambda x: float(type(self).function(np.asarray(x))))

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As for a positive x."""
        return float(type(self).function(np.asarray(operands[0])))

    def magnitude(self, gates: Gates, x: Limited) -> Wires:
        """The curve's value."""
        return self.curve.of_magnitude(gates.b, x.word, x.beyond)


class Symmetric(OnCurve):
    """Base of those whose value for -x is 1 - y or -y if that for x is y."""

    signed: ClassVar[bool]

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """The inverted bits are 1 - y of a number from 0 to 1, and -y of a signed one."""
        x = gates.limited(operands[0], self.curve.whole, OPERAND)
        bits = tuple(gates.b.xor(wire, x.sign) for wire in self.magnitude(gates, x))
        word = (*bits, x.sign if self.signed else gates.b.constant(False))
        if operands[0].is_fixed:
            return fixed(word, FRAC)
        # It stays a normalised number: what is not a number must be noticed where it leaves.
        return normalised(replace(floats.from_fixed(gates.b, word, FRAC), nan=x.nan))


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, small, 1.0) / (1.0 + small))


class Sigmoid(Symmetric, name="sigmoid"):
    """1 / (1 + e^-x)."""

    non_negative = Holds.ALWAYS
    signed = False
    curve = curves.SIGMOID

    function = staticmethod(_sigmoid)


class Tanh(Symmetric, name="tanh"):
    """Hyperbolic tangent."""

    non_negative = Holds.OF_ALL
    signed = True
    curve = curves.TANH

    function = np.tanh


class Erf(Symmetric, name="erf"):
    """Error function: 2/√π times the integral of e^(-t²) from 0 to x."""

    non_negative = Holds.OF_ALL
    signed = True
    curve = curves.ERF

    function = staticmethod(np.vectorize(math.erf, otypes=[np.float64]))


class Softplus(OnCurve, name="softplus"):
    """log(1 + e^x)."""

    non_negative = Holds.ALWAYS
    curve = curves.SOFTPLUS

    function = staticmethod(lambda x: np.logaddexp(0.0, x))

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """max(x, 0) and what the curve says; a large normalised number is itself."""
        (operand,) = operands
        x = gates.limited(operand, self.curve.whole, OPERAND)
        word = gates.shared(operand, FRAC, None)[0].wires if operand.is_fixed else x.word[OPERAND - FRAC :]
        width = max(len(word), FRAC) + 2
        positive = words.relu(gates.b, words.sign_extend(word, width))
        total = words.add(gates.b, positive, words.zero_extend(gates.b, self.magnitude(gates, x), width))
        if operand.is_fixed:
            return fixed(total, FRAC)
        near = replace(floats.from_fixed(gates.b, total, FRAC), nan=x.nan)
        large = gates.b.and_(x.beyond, gates.b.inv(x.sign))
        return normalised(floats.select(gates.b, large, gates.number(operand), near))
