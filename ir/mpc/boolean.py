"""Into and out of Boolean sharing. Lowering gives every circuit to Yao; back ends move to Boolean shares what pays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.mpc.base import LocalOp, MpcOp, ProtocolOp, Requirement
from ezprivsecfl.ir.mpc.protocol import bits_of, enters_circuit, number_of
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.types import ArithType, BooleanType, FixedFormat, SummandsFormat, Type, YaoType


class ToBoolean(LocalOp, name="to_boolean"):
    """The low bits as Boolean shares; local.

    An additively shared value gives two words, the bits of both servers' shares: a circuit adds them up, with as much
    of an adder as it needs. A public value gives one. Garbled wires (all of them) are such shares already.

    Args:
        width: How many bits, 1 to 64.
    """

    width: int

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """Summands, or fixed point."""
        self.expect_operands(1)
        wires = self.operands[0].type
        if isinstance(wires, YaoType):
            if self.width != wires.format.width:
                raise self.fail(f"width {self.width} is not that of the garbled value, {wires.format.width}")
            return (BooleanType(wires.shape, wires.format),)
        (t,) = self.linear_types(1)
        if not 1 <= self.width <= 64:
            raise self.fail(f"width {self.width} is not within 1 to 64")
        kind = SummandsFormat if isinstance(t, ArithType) else FixedFormat
        return (BooleanType(t.shape, kind(self.width, t.frac)),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Some split into two summands: results do not depend on which."""
        x = np.asarray(args[0])
        if isinstance(self.operands[0].type, YaoType):
            return (x,)
        if not isinstance(self.operands[0].type, ArithType):
            return (bits_of(x, self.width),)
        share = np.random.default_rng(0).integers(0, 2**64, x.shape, np.uint64)
        return (np.concatenate([bits_of(share, self.width), bits_of(x - share, self.width)], axis=-1),)

    def requirement(self, number: Array) -> Requirement | None:
        """That a ring element fits the width."""
        return None if isinstance(self.operands[0].type, YaoType) else enters_circuit(number, self.width)


class FromBoolean(ProtocolOp, name="from_boolean"):
    """A two's complement number on Boolean shares as additive shares, sign-extended to 64 bits: one round."""

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """The format's fractional bits."""
        self.expect_operands(1)
        t = self.operands[0].type
        if not isinstance(t, BooleanType) or not isinstance(t.format, FixedFormat) or t.format.width > 64:
            raise self.fail("needs a fixed-point value of at most 64 bits on Boolean shares")
        return (ArithType(t.shape, t.format.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The highest bit counts negative."""
        return (number_of(args[0]),)
