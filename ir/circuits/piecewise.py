"""Functions as parabolas: one in each of 2^k segments of equal length, read from a table by the upper bits of x.

Each parabola goes through the function's values at Chebyshev's nodes. By the remainder of interpolation it is off by at
most ``max |f'''| / (6 · 4) · (h / 2)^3`` for segments of length h (W. Gautschi, "Numerical Analysis", 2012, section
2.2.2); what it is really off by is measured when the table is made, and decides how many segments there are.

Tables of polynomials that the upper bits choose are the usual way in hardware (J.-M. Muller, "Elementary Functions",
2016, chapter 6), and in secure computation (D. Rathee et al., "SiRnn: A Math Library for Secure RNN Inference", IEEE
S&P 2021; D. Rathee et al., "SecFloat: Accurate Floating-Point meets Secure 2-Party Computation", IEEE S&P 2022). There
oblivious transfer reads the tables. Here reading is a part of the circuit, almost all of it XORs, so that it is the
same whether circuits are garbled or evaluated on Boolean shares; degree, widths and error analysis are our own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.ir.circuits import products, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.tables import look_up

Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]

POINTS = 33
"""In so many points of every segment the error is measured."""

MOST = 10
"""Bits of a segment's number at most."""

ROUNDINGS = 2.5
"""Units that the circuit may add: one for each product, and half of one where the bent term takes a shortened t."""


@dataclass(frozen=True)
class Piecewise:
    """``constant ± (slope · t ± curvature · t²)`` per segment, where t goes from 0 to 1 along it.

    Args:
        constants: Per segment, in units of 2^-frac, as all three.
        slopes: Per segment.
        curvatures: Per segment.
        rises: Whether the function rises; otherwise it falls.
        steepens: Whether it gets steeper from left to right; otherwise flatter.
        error: By how much the circuit's result differs from the function at most.
    """

    constants: tuple[int, ...]
    slopes: tuple[int, ...]
    curvatures: tuple[int, ...]
    rises: bool
    steepens: bool
    error: float

    @property
    def index(self) -> int:
        """Bits of a segment's number."""
        return (len(self.constants) - 1).bit_length()

    def evaluate(self, b: CircuitBuilder, x: Wires) -> Wires:
        """The function's value, as long as the largest one.

        Args:
            b: The builder.
            x: The place in the interval, from 0 to 1: the segment's number, and below it t.
        """
        split = len(x) - self.index
        t, segment = x[:split], x[split:]
        curvature = look_up(b, segment, self.curvatures)
        short = t[max(0, split - len(curvature) - 1) :]
        bent = products.mul_upper(b, curvature, short, len(short))[: len(curvature)] if curvature else ()
        most = max(s + c if self.steepens else s for s, c in zip(self.slopes, self.curvatures, strict=True))
        slope = look_up(b, segment, self.slopes, most.bit_length())
        bent = words.zero_extend(b, bent, len(slope))
        tilted = words.add(b, slope, bent) if self.steepens else words.sub(b, slope, bent)
        way = products.mul_upper(b, t, tilted, split)
        constant = look_up(b, segment, self.constants, self._largest.bit_length())
        way = words.zero_extend(b, way, len(constant))
        return words.add(b, constant, way) if self.rises else words.sub(b, constant, way)

    @property
    def _largest(self) -> int:
        """No value is larger: on its way through a segment the result never passes the end."""
        rows = zip(self.constants, self.slopes, self.curvatures, strict=True)
        return max(a + (s + c if self.steepens else s) if self.rises else a for a, s, c in rows)


@cache
def pieces(
    function: Function, start: float, end: float, frac: int, error: float, largest: int | None = None
) -> Piecewise:
    """As few parabolas as are precise enough.

    Args:
        function: Its values on [start, end] are not negative, it rises or falls there, and its slope does, too.
        start: Where the interval begins.
        end: Where it ends.
        frac: Fractional bits of the result.
        error: By how much the parabolas may be off; roundings of products come on top.
        largest: The largest result that there may be, in units of 2^-frac; any by default.

    Raises:
        ValueError: 2^MOST parabolas are not precise enough.
    """
    for index in range(1, MOST + 1):
        found = _interpolate(function, start, end, frac, index, largest)
        if found.error <= error:
            return replace(found, error=found.error + ROUNDINGS * 2.0**-frac)
    raise ValueError(f"more than 2^{MOST} parabolas")


def _interpolate(function: Function, start: float, end: float, frac: int, index: int, largest: int | None) -> Piecewise:
    """2^index parabolas, with the error that they have before any product is rounded."""
    count = 1 << index
    length = (end - start) / count
    lefts = start + length * np.arange(count)
    nodes = (1 - np.cos(np.pi * (np.arange(3) + 0.5) / 3)) / 2
    values = function(lefts[:, None] + length * nodes)
    fitted = np.linalg.solve(np.vander(nodes, 3, increasing=True), values.T)
    constants, slopes, curvatures = np.rint(np.ldexp(fitted, frac)).astype(np.int64)
    rises = bool(fitted[1, 0] > 0)
    steepens = bool((fitted[2, 0] > 0) == rises)
    # Where the function is flat, roundings may turn a sign, or let the way through a segment lead beyond 0. The slope
    # stays above the curvature: a parabola that does not turn within its segment has twice that.
    curvatures = np.maximum(curvatures if rises == steepens else -curvatures, 0)
    slopes = np.maximum(slopes if rises else -slopes, 0)
    whole_way = slopes + curvatures if steepens else slopes
    constants = np.maximum(constants, 0 if rises else whole_way)
    if largest is not None:
        constants = np.minimum(constants, largest - whole_way if rises else largest)
    t = np.linspace(0.0, 1.0, POINTS)
    way = slopes[:, None] * t + (curvatures if steepens else -curvatures)[:, None] * t * t
    parabolas = np.ldexp(constants[:, None] + (way if rises else -way), -frac)
    error = float(np.max(np.abs(parabolas - function(lefts[:, None] + length * t))))
    return Piecewise(
        tuple(map(int, constants)), tuple(map(int, slopes)), tuple(map(int, curvatures)), rises, steepens, error
    )
