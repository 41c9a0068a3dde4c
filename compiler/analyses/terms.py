"""Values as products of powers, entry by entry, so that a theorem sees ``x / |x|`` however a program has written it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ezprivsecfl.compiler.analyses.positions import Positions, broadcast, moved, numbers
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import TensorOp
from ezprivsecfl.ir.tensor.elementwise import Cast, Neg
from ezprivsecfl.ir.tensor.structure import View
from ezprivsecfl.ir.tensor.values import constant_value, tensor_op
from ezprivsecfl.ir.types import Shape

EXTREME = 2.0**64
"""Constants up to here are coefficients, whose powers cannot overflow; others are factors like any value."""


class Factor(NamedTuple):
    """For every position of something else an entry of a value."""

    value: Value
    positions: Positions


@dataclass(frozen=True)
class Term:
    """For every position the number ``coefficient · Π |factor|^power``.

    Args:
        coefficient: Positive.
        powers: Multiples of one half, none of them 0.
        partial: Whether what it stands for may be 0 where a divisor is 0, and is this product elsewhere.
    """

    coefficient: float = 1.0
    powers: Mapping[Factor, float] = field(default_factory=dict)
    partial: bool = False

    @staticmethod
    def of(factor: Factor, power: float = 1.0) -> Term:
        """A power of one factor."""
        return Term(1.0, {factor: power})

    def times(self, other: Term, power: float = 1.0) -> Term:
        """The product with another term to some power."""
        powers = dict(self.powers)
        for factor, exponent in other.powers.items():
            powers[factor] = powers.get(factor, 0.0) + power * exponent
        coefficient = self.coefficient * other.coefficient**power
        return Term(coefficient, {f: p for f, p in powers.items() if p}, self.partial or other.partial)

    def at(self, positions: Positions) -> Term | None:
        """The term where ``positions`` points to; None if that cannot be written down."""
        powers: dict[Factor, float] = {}
        for (value, inner), power in self.powers.items():
            composed = inner.after(positions)
            if composed is None:
                return None
            factor = Factor(value, composed)
            powers[factor] = powers.get(factor, 0.0) + power
        return Term(self.coefficient, {f: p for f, p in powers.items() if p}, self.partial)

    def over(self, divisor: Term, power: float = 1.0) -> Term | None:
        """The quotient by another term to some power; None if that says nothing where what it stands for is 0.

        A partial divisor must occur as a whole: then what it stands for is 0 only where this is.
        """
        if divisor.partial and not all(
            f in self.powers and 0 < power * p / self.powers[f] <= 1 for f, p in divisor.powers.items()
        ):
            return None
        return self.times(divisor, -power)


def same(value: Value) -> Factor:
    """The value as what it is computed: all its entries, in order."""
    return Factor(value, Positions.identity(math.prod(numbers(value.type.shape))))


def entries(value: Value) -> Factor:
    """Where the entries of a value come from, behind operations that only move them and conversions that keep them."""
    op = value.op
    if isinstance(op, Cast) and op.keeps_numbers:
        return entries(op.operands[0])
    positions = moved(op)
    if positions is not None:
        source, inner = entries(op.operands[0])
        composed = inner.after(positions)
        if composed is not None:
            return Factor(source, composed)
    return same(value)


def source(value: Value) -> Value:
    """The value behind operations after which it has the same entries, up to order, repetition and sign."""
    while isinstance(value.op, View | Neg | Cast):
        value = value.op.operands[0]
    return value


@dataclass
class Terms:
    """The absolute values of a program's values as terms.

    Where a value is a quotient by 0, the term is infinite or undefined; the value itself may be 0 there (``DivNoNan``).
    So an upper bound of the term where it is finite is one of the value.
    """

    found: dict[Value, Term] = field(default_factory=dict)

    def __getitem__(self, value: Value) -> Term:
        if value not in self.found:
            self.found[value] = self._term(value) or Term.of(same(value))
        return self.found[value]

    def at(self, value: Value, shape: Shape, positions: Positions | None = None) -> Term | None:
        """The term of an operand after broadcasting to a shape, at some positions of that (by default, all)."""
        if 0 in shape:
            return None
        term = self[value].at(broadcast(value.type.shape, shape))
        return term if term is None or positions is None else term.at(positions)

    def _term(self, value: Value) -> Term | None:
        op = tensor_op(value)
        constant = constant_value(value)
        if constant is not None:
            return Term(abs(constant)) if 1 / EXTREME < abs(constant) < EXTREME else None
        if op.powers:
            return self._product(op)
        positions = moved(op)
        return None if positions is None else self[op.operands[0]].at(positions)

    def _product(self, op: TensorOp) -> Term | None:
        """An operation that is a product of powers of its operands."""
        product = Term()
        for operand, power in zip(op.operands, op.powers, strict=True):
            factor = self.at(operand, op.result.type.shape)
            if factor is None:
                return None
            product = product.times(factor, power)
        defined_at_poles = bool(op.poles) and not op.partial
        return replace(product, partial=product.partial or defined_at_poles)
