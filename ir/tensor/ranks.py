"""Order statistics over several tensors, and sums of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.circuits import ranks, words
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.tensor.base import TensorOp, join_secrecy, require_numbers, same_dtype
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, fixed
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import TensorType


class SumOfRanks(TensorOp, name="sum_of_ranks"):
    """At every place the operands' entries in ascending order: the sum of those from rank ``first`` to before ``last``.

    Operands have one shape. A single rank is an order statistic, such as the median; some more are a trimmed mean but
    for a factor.

    Args:
        first: The lowest rank, from 0.
        last: One more than the highest.
    """

    non_negative = Holds.OF_ALL
    integral = Holds.OF_ALL
    partial = False
    computed = Computed.IN_CIRCUITS
    jumps = Jumps.NOWHERE

    first: int
    last: int

    def infer(self) -> tuple[TensorType, ...]:
        """The operands' shape."""
        types = self.expect(max(1, len(self.operands)))
        if any(t.shape != types[0].shape for t in types):
            raise self.fail("needs operands of one shape")
        if not 0 <= self.first < self.last <= len(types):
            raise self.fail(f"has no ranks from {self.first} to before {self.last} among {len(types)}")
        dtype = require_numbers(self, same_dtype(self, types))
        return (TensorType(types[0].shape, dtype, join_secrecy(types)),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Numpy's sort."""
        return (np.sort(np.stack(args), axis=0)[self.first : self.last].sum(axis=0),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """Every rank's entry is an operand's; k numbers within [a, b] add up to something within [k·a, k·b]."""
        hull = operands[0]
        for operand in operands[1:]:
            hull = hull.hull(operand)
        return hull.times_count(self._count, self._count)

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """As if all were as large as the largest operand, and had the same sign."""
        return max(operands) * self._count

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """Of fixed-point numbers: ``SelectRanks`` makes sure that operands are such."""
        frac = max(x.frac for x in operands)
        widened = [gates.widened(x, frac) for x in operands]
        width = max(map(len, widened))
        signed = [words.sign_extend(x, width) for x in widened]
        return fixed(ranks.sum_of_ranks(gates.b, signed, self.first, self.last), frac)

    @property
    def _count(self) -> int:
        return self.last - self.first
