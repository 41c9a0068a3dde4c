"""Sketched vectors: a public random linear map to a few sums that keeps squared norms, up to a small error.

The second-moment estimator of Alon, Matias and Szegedy (STOC 1996) with the buckets of Charikar, Chen and
Farach-Colton (ICALP 2002), in several blocks as in Kane and Nelson, "Sparser Johnson-Lindenstrauss Transforms" (JACM
2014). With a single block two large entries cancel with probability 1/(2 sums); in all four they do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.ir.mpc.base import LocalOp, MpcOp, ProtocolOp, Requirement
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.types import ArithType, RingType, Type
from ezprivsecfl.ir.widths import BLOCKS

SCALE_BITS = 1
"""Fractional bits that sums have more than entries: entries count half in each of the four blocks."""

COINS = RingType((4,), 0)
"""Four numbers below 2^32."""


class Coins(ProtocolOp, name="coins"):
    """Public random numbers, drawn by both servers together once the clients' shares are there.

    So nobody who makes an input knows them. One round, 16 bytes in each direction.
    """

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """Four numbers."""
        self.expect_operands(0)
        return (COINS,)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Those of the round, or fresh ones."""
        coins = np.random.default_rng().integers(2**32, size=4) if env.coins is None else env.coins
        return (np.asarray(coins, dtype=np.uint64),)


class Sketch(LocalOp, name="sketch"):
    """``[..., k] -> [..., sums]`` of shares, chosen by coins; a row's sum of squares keeps its mean.

    Args:
        sums: How many; a multiple of ``BLOCKS``.
    """

    sums: int

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """Another last axis; ``SCALE_BITS`` more fractional bits."""
        x, coins = self.linear_types(2)
        if not isinstance(x, ArithType) or not x.shape:
            raise self.fail("needs additive shares of shape [..., k]")
        if coins != COINS:
            raise self.fail(f"needs coins of type {COINS}")
        if self.sums < BLOCKS or self.sums % BLOCKS:
            raise self.fail(f"{self.sums} sums are not a positive multiple of {BLOCKS}")
        return (ArithType((*x.shape[:-1], self.sums), x.frac + SCALE_BITS),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        x, coins = args
        rows = x.reshape((-1, x.shape[-1]))
        targets, negative, offsets = _map(coins, x.shape[-1], len(rows), self.sums)
        rows = np.stack([np.roll(row, offset) for row, offset in zip(rows, offsets, strict=True)])
        blocks = []
        for block in range(BLOCKS):
            signed = np.where(negative[:, block], np.negative(rows), rows)
            order = np.argsort(targets[:, block])
            ends = np.searchsorted(targets[order, block], np.arange(self.sums // BLOCKS), side="right")
            totals = np.pad(np.cumsum(signed[:, order], axis=1, dtype=np.uint64), ((0, 0), (1, 0)))
            blocks.append(np.diff(totals[:, ends], prepend=np.uint64(0)))
        return (np.concatenate(blocks, axis=1).reshape((*x.shape[:-1], self.sums)),)

    def requirement(self, number: Array) -> Requirement | None:
        """Sums are right if rows do not add up to more than the ring holds."""
        total = np.sum(abs(number), axis=-1) * BLOCKS
        return Requirement(total, total < 2**63, "is sketched, so rows add up to 2^63")


def _map(
    coins: Array, entries: int, rows: int, sums: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Where entries go, as ``cpp/include/duet/sketch.h`` has it: 32 bits of SHAKE128(coins) for each choice.

    Returns:
        For every position and block the block's sum that it is added to, and whether it is subtracted instead; and for
        every row how far it is turned, so that rows that are alike are not mapped alike.
    """
    stream = hashlib.shake_128(np.asarray(coins).astype("<u4").tobytes()).digest(4 * (BLOCKS * entries + rows))
    numbers = np.frombuffer(stream, dtype="<u4").astype(np.int64)
    words = numbers[: BLOCKS * entries].reshape((entries, BLOCKS))
    offsets = numbers[BLOCKS * entries :] * entries >> 32
    return (words >> 1) * (sums // BLOCKS) >> 31, (words & 1).astype(np.bool_), offsets
