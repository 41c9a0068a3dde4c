"""What all operations of the mpc level share."""

from __future__ import annotations

from typing import ClassVar

from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import ArithType, RingType


class MpcOp(Op):
    """Base of the mpc level's operations; ``REGISTRY`` finds them by name.

    Reference semantics work on what is shared, not on shares: ring, arith and masked values are uint64 arrays
    (Z_2^64), Yao values are Boolean arrays with one more axis, the wires of each element (bit 0 first).
    """

    REGISTRY: ClassVar[dict[str, type[MpcOp]]] = {}

    def __init_subclass__(cls, name: str = "") -> None:
        super().__init_subclass__(name)
        if name:
            if issubclass(cls, LocalOp) == issubclass(cls, ProtocolOp):
                raise TypeError(f"{cls.__name__} must be either a LocalOp or a ProtocolOp")
            MpcOp.REGISTRY[name] = cls

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
