"""What all operations of the mpc level share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ezprivsecfl.ir.op import Array, Environment, Op
from ezprivsecfl.ir.types import ArithType, RingType


@dataclass(frozen=True)
class Requirement:
    """What an operation requires of its first operand.

    Args:
        values: What it is required of.
        holds: Whether it is true, for every entry of these.
        claim: What it is, for people.
    """

    values: Array
    holds: Array
    claim: str

    @staticmethod
    def within(number: Array, lowest: int, limit: int, claim: str) -> Requirement:
        """``lowest <= number < limit``."""
        return Requirement(number, (number >= lowest) & (number < limit), claim)


class MpcOp(Op):
    """Base of the mpc level's operations; ``REGISTRY`` finds them by name.

    Reference semantics work on what is shared, not on shares: ring, arith and masked values are uint64 arrays
    (Z_2^64), Yao values are Boolean arrays with one more axis, the wires of each element (bit 0 first).

    Arithmetic wraps around modulo 2^64, silently and by design. So every operation says, by ``exact``, which number its
    result stands for: a checking evaluation (``checking.py``) follows these numbers, and whether they fit where their
    magnitudes count (``requirement``). A class that leaves out ``exact`` raises TypeError.
    """

    REGISTRY: ClassVar[dict[str, type[MpcOp]]] = {}

    def __init_subclass__(cls, name: str = "") -> None:
        super().__init_subclass__(name)
        if name:
            if issubclass(cls, LocalOp) == issubclass(cls, ProtocolOp):
                raise TypeError(f"{cls.__name__} must be either a LocalOp or a ProtocolOp")
            if cls.exact is MpcOp.exact:
                raise TypeError(f"{cls.__name__} must say which number its result stands for: a method exact")
            MpcOp.REGISTRY[name] = cls

    def exact(self, numbers: Sequence[Array], env: Environment) -> Array | None:
        """The number that the result, a ring element, stands for.

        Args:
            numbers: Those that the operands stand for: Python integers of any length, in units of their last place.
            env: As for ``evaluate``.

        Returns:
            Such integers, or None for what the ring element shows.
        """
        raise NotImplementedError

    def evaluated(self, numbers: Sequence[Array], env: Environment) -> Array | None:
        """For ``exact``: what ``evaluate`` gives of integers of any length, too."""
        (number,) = self.evaluate(numbers, env)
        return np.asarray(number, dtype=object)

    def shown(self, numbers: Sequence[Array], env: Environment) -> Array | None:
        """For ``exact``: a result that comes from outside, from wires, or of what meets the requirement; or none."""
        return None

    def requirement(self, number: Array) -> Requirement | None:
        """What must be true of the first operand for the result to be right; by default nothing.

        Args:
            number: What the operand stands for, as for ``exact``; of wires, the bits.
        """
        return None

    def linear_types(self, count: int) -> tuple[ArithType | RingType, ...]:
        """Operand types, checked to be additive shares or public ring elements."""
        self.expect_operands(count)
        types = [o.type for o in self.operands if isinstance(o.type, ArithType | RingType)]
        if len(types) != count:
            raise self.fail("operands must be arith or ring values")
        return tuple(types)


class LocalOp(MpcOp):
    """Base of operations that each server computes by itself, on its own shares and on public values."""


class ProtocolOp(MpcOp):
    """Base of operations that need a protocol: the servers send each other something, online or in the setup phase.

    A back end must say how it carries each of them out (for Duet: ``backends/duet/kernels``).
    """
