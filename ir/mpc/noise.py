"""Noise that the servers add to shares, each its own part.

A part is a discrete Gaussian on the grid of the fixed point, the integers x with probabilities proportional to
exp(-x²/2s²) (Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020). What it
protects, and from whom, is in docs/privacy.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.mpc.base import MpcOp, ProtocolOp
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.types import ArithType, RingType, Type

LEAST_DEVIATION = 1 << 10
"""Units of the last place that a standard deviation has at least.

Rounding it up to a whole number adds less than 0.3 % then, and what the fixed point rounds is little beside it.
"""

SERVERS = 2


class AddNoise(ProtocolOp, name="add_noise"):
    """Adds noise of a public standard deviation to every entry of shares; nothing is sent.

    Each server draws its own part and adds it to its own share. So the shares are those of a value that has noise, and
    nothing that the servers compute or open from there on depends on the value without. A deviation of 0 adds nothing;
    any other is rounded up to a whole number of units.

    Args:
        full: Whether each server's part has the whole standard deviation, and the sum √2 times as much; else the sum
            has it, and each part 1/√2 of it.
        draw: Tells draws of a program apart, which are independent of each other.
    """

    full: bool
    draw: int

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """The value's type."""
        x, deviation = self.linear_types(2)
        if not isinstance(x, ArithType):
            raise self.fail("noise is added to shares")
        if not isinstance(deviation, RingType) or deviation.shape != () or deviation.frac != x.frac:
            raise self.fail("the standard deviation must be a public number with the same fractional bits")
        return (x,)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Both parts, with numpy's generator: the reference hides nothing from anybody."""
        x, deviation = args
        part = part_deviation(int(deviation), full=self.full)
        if not env.noise or part == 0:
            return (x,)
        generator = np.random.default_rng()
        parts = [np.rint(generator.normal(0.0, part, x.shape)).astype(np.int64) for _ in range(SERVERS)]
        return (np.asarray(x + parts[0].view(np.uint64) + parts[1].view(np.uint64)),)


def part_deviation(deviation: int, *, full: bool) -> int:
    """The standard deviation of one server's part, in units of the last place.

    Args:
        deviation: As encoded, that is, rounded to the nearest.
        full: As ``AddNoise`` has it.
    """
    if deviation == 0:
        return 0
    whole = deviation + 1
    return whole if full else math.isqrt((whole * whole - 1) // 2) + 1


def too_little_noise(deviation: float, frac: int) -> str:
    """Why noise of a standard deviation is refused, and what to do."""
    return (
        f"noise with a standard deviation of {deviation:g} is less than {LEAST_DEVIATION} units of the last place of "
        f"what it is added to (2^-{frac}), so roundings would show beside it. Lower the bounds of what it is added to "
        "(--bound), which leaves more fractional bits, or take more noise"
    )
