"""Linear operations: local for both servers, exact modulo 2^64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ezprivsecfl.ir.mpc.base import LocalOp, MpcOp
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.structural import broadcast_shapes, matmul_shape
from ezprivsecfl.ir.types import ArithType, RingType, Shape, Type


def linear_type(shape: Shape, frac: int, *, shared: bool) -> ArithType | RingType:
    """The type of additive shares or of public ring elements."""
    return ArithType(shape, frac) if shared else RingType(shape, frac)


class Aligned(LocalOp):
    """Base of sums and differences: both operands have the same number of fractional bits."""

    function: ClassVar[Callable[..., Any]]

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """Broadcast shape; shared if one operand is."""
        a, b = self.linear_types(2)
        if a.frac != b.frac:
            raise self.fail("operands differ in fractional bits")
        try:
            shape = broadcast_shapes(a.shape, b.shape)
        except ValueError as e:
            raise self.fail(str(e)) from None
        shared = isinstance(a, ArithType) or isinstance(b, ArithType)
        return (linear_type(shape, a.frac, shared=shared),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.asarray(type(self).function(args[0], args[1])),)


class Add(Aligned, name="add"):
    """x + y."""

    function = np.add


class Sub(Aligned, name="sub"):
    """x - y."""

    function = np.subtract


class Neg(LocalOp, name="neg"):
    """-x."""

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """The operand's type."""
        return self.linear_types(1)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.asarray(np.negative(args[0])),)


class Widen(LocalOp, name="widen"):
    """The same real value with more fractional bits: multiplication by 2^bits.

    Args:
        bits: How many more.
    """

    bits: int

    def infer(self) -> tuple[Type, ...]:
        """More fractional bits."""
        (t,) = self.linear_types(1)
        if self.bits < 0:
            raise self.fail("cannot remove fractional bits")
        return (linear_type(t.shape, t.frac + self.bits, shared=isinstance(t, ArithType)),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """A shift to the left."""
        if self.bits >= 64:
            return (np.zeros_like(args[0]),)
        return (np.asarray(args[0] << np.uint64(self.bits)),)

    def exact(self, numbers: Sequence[Array], env: Environment) -> Array | None:
        """Of as many bits as it takes."""
        return np.asarray(numbers[0] * 2**self.bits, dtype=object)


class PublicProduct(LocalOp):
    """Base of products of which at most one operand is shared; fractional bits add up."""

    exact = MpcOp.evaluated

    def shape_of(self, a: Shape, b: Shape) -> Shape:
        """The result's shape; raises ValueError if the operands' do not fit."""
        raise NotImplementedError

    def infer(self) -> tuple[Type, ...]:
        """At most one operand is shared."""
        a, b = self.linear_types(2)
        if isinstance(a, ArithType) and isinstance(b, ArithType):
            raise self.fail("both operands are shared")
        try:
            shape = self.shape_of(a.shape, b.shape)
        except ValueError as e:
            raise self.fail(str(e)) from None
        shared = isinstance(a, ArithType) or isinstance(b, ArithType)
        return (linear_type(shape, a.frac + b.frac, shared=shared),)


class MulPublic(PublicProduct, name="mul_public"):
    """Element-wise product with a public ring value; fractional bits add up."""

    def shape_of(self, a: Shape, b: Shape) -> Shape:
        """Numpy's broadcasting."""
        return broadcast_shapes(a, b)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.asarray(args[0] * args[1]),)


class MatMulPublic(PublicProduct, name="matmul_public"):
    """Batched matrix product of which one operand is public; fractional bits add up."""

    def shape_of(self, a: Shape, b: Shape) -> Shape:
        """The inner dimension disappears; leading axes broadcast."""
        return matmul_shape(a, b)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.matmul(args[0], args[1]),)


class AsShares(LocalOp, name="as_shares"):
    """A public value as additive shares: server 0 holds it, server 1 holds zero (local)."""

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """Additive shares."""
        (t,) = self.linear_types(1)
        if not isinstance(t, RingType):
            raise self.fail("the operand is shared already")
        return (ArithType(t.shape, t.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The value does not change."""
        return (args[0],)
