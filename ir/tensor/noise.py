"""Random numbers that nobody knows, for noise on secret values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.interval import UNBOUNDED, Interval
from ezprivsecfl.ir.mpc.noise import SERVERS, AddNoise
from ezprivsecfl.ir.op import Array, Environment, as_float
from ezprivsecfl.ir.tensor.base import TensorOp
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Secrecy, Shape, TensorType

BEYOND = 2.0**-40
"""Probability that any entry of a noised tensor is beyond what the ranges allow for."""


class StandardNormal(TensorOp, name="standard_normal"):
    """Independent normal numbers with mean 0 and variance 1, drawn anew in every round; no server knows them.

    They are drawn where they are added to something: ``compiler/passes/noise.py`` makes ``noised`` of both.

    Args:
        shape: Its shape.
        dtype: Its element type, a float.
        draw: The number of the draw. The same number stands for the same numbers, different ones for independent ones.
    """

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.IN_CLEAR
    jumps = Jumps.NOWHERE

    shape: Shape
    dtype: DType
    draw: int

    def infer(self) -> tuple[TensorType, ...]:
        """A secret tensor, not one per client."""
        self.expect(0)
        if CLIENTS_DIM in self.shape or not self.dtype.is_float:
            raise self.fail("noise is of floats, and the servers' own")
        return (TensorType(self.shape, self.dtype, Secrecy.SECRET),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Any number."""
        return UNBOUNDED

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Fresh numbers."""
        shape = tuple(int(d) for d in self.shape)
        return (np.random.default_rng().standard_normal(shape) if env.noise else np.zeros(shape),)


class Noised(TensorOp, name="noised"):
    """x + sz for independent standard normal z and a public number s; on the grid of x, so that no place of x shows.

    Args:
        full: Whether each server's part has the standard deviation s; see ``mpc.noise.AddNoise``.
        draw: The number of the draw.
    """

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.LOCALLY
    on_shares = AddNoise
    jumps = Jumps.NOWHERE

    full: bool
    draw: int

    def infer(self) -> tuple[TensorType, ...]:
        """The type of x."""
        x, deviation = self.expect(2)
        if not x.is_secret or not x.dtype.is_float or CLIENTS_DIM in x.shape:
            raise self.fail("noise is added to secret floats that are no single client's")
        if deviation.is_secret or deviation.shape != () or not deviation.dtype.is_float:
            raise self.fail("the standard deviation must be a public number")
        return (x,)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """All entries are within this with a probability of 1 - 2^-40.

        Parts are subgaussian with their variances (Canonne, Kamath, Steinke, section 3), so their sum is, with the sum
        v of these: P(|sum| >= t√v) <= 2 exp(-t²/2). The union bound over d entries gives t² = 2 ln(2d · 2^40). The sum
        has √v = √2 s at most, with s rounded up by less than 0.3 %.
        """
        x, deviation = operands
        entries = max(1, math.prod(int(d) for d in self.operands[0].type.shape))
        t = math.sqrt(2 * math.log(2 * entries / BEYOND))
        return x + Interval.within(1.003 * t * math.sqrt(SERVERS) * deviation.magnitude)

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As large as the larger one."""
        return max(operands)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """In float64, with the variance that the servers' parts have together."""
        x, deviation = (as_float(a) for a in args)
        if not env.noise:
            return (x,)
        factor = math.sqrt(SERVERS) if self.full else 1.0
        return (x + factor * np.abs(deviation) * np.random.default_rng().standard_normal(x.shape),)
