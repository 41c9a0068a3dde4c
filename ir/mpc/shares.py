"""Products of additive shares as they are. Lowering makes products of masked values; back ends choose between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.mpc.base import MpcOp, ProtocolOp
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.types import ArithType, Type


class Gemm(ProtocolOp, name="gemm"):
    """Batched matrix product ``[..., m, k] x [..., k, r] -> [..., m, r]``; fractional bits add up."""

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """Checks batch axes and the inner dimension."""
        a, b = self.linear_types(2)
        if not (isinstance(a, ArithType) and isinstance(b, ArithType)):
            raise self.fail("both operands must be shared")
        if len(a.shape) < 2 or a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
            raise self.fail("needs shapes [..., m, k] and [..., k, r] with equal leading axes")
        return (ArithType((*a.shape[:-1], b.shape[-1]), a.frac + b.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.matmul(args[0], args[1]),)


class Gram(ProtocolOp, name="gram"):
    """All inner products of the rows of additive shares, ``[k, d] -> [k, k]``; half of what ``gemm`` sends."""

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """Twice the fractional bits."""
        (t,) = self.linear_types(1)
        if not isinstance(t, ArithType) or len(t.shape) != 2:
            raise self.fail("needs additive shares of shape [k, d]")
        return (ArithType((t.shape[0], t.shape[0]), 2 * t.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.matmul(args[0], args[0].T),)


class SquareSumOfShares(ProtocolOp, name="square_sum_of_shares"):
    """Sum of squares over the last axis of additive shares ``[..., k]``."""

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """One axis less, twice the fractional bits."""
        (t,) = self.linear_types(1)
        if not isinstance(t, ArithType) or not t.shape:
            raise self.fail("needs additive shares of shape [..., k]")
        return (ArithType(t.shape[:-1], 2 * t.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.asarray(np.sum(args[0] * args[0], axis=-1, dtype=args[0].dtype)),)


SHARE_PRODUCTS = (Gemm, SquareSumOfShares)
"""Both kinds that every back end for two servers has."""
