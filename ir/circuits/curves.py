"""Curves that are flat far from 0: sigmoid, hyperbolic tangent, error function, and what softplus adds to a ReLU.

All follow from their values for ``x >= 0``. There they rise or fall towards a limit. Up to where they have reached it
they are parabolas (``piecewise.py``), and the last one serves for all that is larger. So the range of x does not
matter, and a circuit for numbers of few bits has fewer gates. Of a negative x the bits are inverted, which is off by
one unit of the last place and costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.piecewise import Function, Piecewise, pieces

FRAC = 22
"""Fractional bits of the results."""

OPERAND = FRAC + 1
"""Fractional bits of the operands."""

PARABOLAS = 3.0 * 2.0**-FRAC
"""By how much the parabolas may be off."""


@dataclass(frozen=True)
class Curve:
    """A function of the magnitude.

    Args:
        function: Its values for ``x >= 0``, from 0 to 1, on the way to a limit.
        whole: The limit is reached at 2^whole.
        limit: What the function tends to.
        slope: Its largest slope.
    """

    function: Function
    whole: int
    limit: float
    slope: float

    @property
    def pieces(self) -> Piecewise:
        """The parabolas."""
        return pieces(self.function, 0.0, 2.0**self.whole, FRAC, PARABOLAS, (1 << FRAC) - 1)

    @property
    def error(self) -> float:
        """By how much the result differs from the function at most."""
        last = 2.0**self.whole * (1 - 2.0**-self.pieces.index)
        beyond = abs(self.limit - float(self.function(np.asarray(last))))
        return self.pieces.error + beyond + self.slope * 2.0**-OPERAND

    def of_magnitude(self, b: CircuitBuilder, x: Wires, beyond: int) -> Wires:
        """The function of |x|, with ``FRAC`` fractional bits and none before the point.

        Args:
            b: The builder.
            x: A signed number with ``OPERAND`` fractional bits, below 2^whole.
            beyond: Whether the number is at least that large, and x has no meaning.
        """
        sign, size = x[-1], self.whole + OPERAND
        magnitude = words.zero_extend(b, tuple(b.xor(wire, sign) for wire in x[:-1]), size)
        split = size - self.pieces.index
        last = tuple(b.or_(wire, beyond) for wire in magnitude[split:])
        return words.zero_extend(b, self.pieces.evaluate(b, magnitude[:split] + last), FRAC)


def _erf(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.vectorize(math.erf)(x))


SIGMOID = Curve(lambda x: 1 / (1 + np.exp(-x)), 4, 1.0, 0.25)
TANH = Curve(np.tanh, 3, 1.0, 1.0)
ERF = Curve(_erf, 2, 1.0, 2 / math.sqrt(math.pi))
SOFTPLUS = Curve(lambda x: np.log1p(np.exp(-x)), 4, 0.0, 0.5)
"""What softplus is more than ``max(x, 0)``."""
