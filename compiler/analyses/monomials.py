"""Values as products of powers, so that a bound can see ``x / |x|`` however the program has written it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ezprivsecfl.compiler.passes.simplify import constant_value
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor.elementwise import (
    Add,
    Cast,
    Div,
    DivNoNan,
    Maximum,
    Mul,
    Neg,
    Reciprocal,
    Rsqrt,
    Sqrt,
    Square,
)
from ezprivsecfl.ir.tensor.structure import Broadcast, Concat, MatMul, Reshape, Sum, Transpose

SAME_ENTRIES = (Reshape, Broadcast, Transpose, Neg, Cast)
"""Operations after which a value has the same entries, up to order, repetition and sign."""


def root(value: Value) -> Value:
    """The value behind operations that only move, repeat or negate its entries."""
    while isinstance(value.op, SAME_ENTRIES):
        value = value.op.operands[0]
    return value


@dataclass
class Monomial:
    """``coefficient · Π atom^power · Π |x|^power`` where a norm is given by the value under its square root."""

    coefficient: float = 1.0
    atoms: Counter[Value] = field(default_factory=Counter)
    norms: Counter[Value] = field(default_factory=Counter)

    def times(self, other: Monomial, power: int = 1) -> None:
        """Multiplies by another monomial to the power 1 or -1."""
        if other.coefficient:
            self.coefficient *= other.coefficient**power
        for mine, theirs in ((self.atoms, other.atoms), (self.norms, other.norms)):
            for value, exponent in theirs.items():
                mine[value] += power * exponent


def monomial(value: Value) -> Monomial:
    """Absolute value of ``value`` as a product, for as long as it is made of products, quotients and roots."""
    value = root(value)
    op = value.op
    result = Monomial()
    constant = constant_value(value)
    if constant is not None:
        result.coefficient = abs(constant)
    elif isinstance(op, Mul | Square):
        operands = op.operands if isinstance(op, Mul) else (op.operands[0], op.operands[0])
        for operand in operands:
            result.times(monomial(operand))
    elif isinstance(op, Div | DivNoNan):
        result.times(monomial(op.operands[0]))
        result.times(monomial(op.operands[1]), -1)
    elif isinstance(op, Reciprocal):
        result.times(monomial(op.operands[0]), -1)
    elif isinstance(op, Sqrt | Rsqrt):
        result.norms[root(op.operands[0])] += 1 if isinstance(op, Sqrt) else -1
    else:
        result.atoms[value] += 1
    return result


def squares_within(value: Value) -> set[Value]:
    """Values x such that ``value >= sum of x²`` over all axes but the clients axis."""
    value = root(value)
    op = value.op
    if isinstance(op, MatMul):
        a, b = (root(o) for o in op.operands)
        return {a} if a is b else set()
    if isinstance(op, Sum):
        inner = root(op.operands[0])
        if isinstance(inner.op, Mul) and root(inner.op.operands[0]) is root(inner.op.operands[1]):
            return {root(inner.op.operands[0])}
        if isinstance(inner.op, Square):
            return {root(inner.op.operands[0])}
        return squares_within(inner)
    if isinstance(op, Add | Maximum | Concat):
        return set().union(*(squares_within(o) for o in op.operands))
    return set()


def dominated(value: Value) -> set[Value]:
    """Values y such that ``value >= y``, for sums with non-negative terms and maxima (``value`` itself included)."""
    value = root(value)
    if isinstance(value.op, Add | Maximum):
        return {value}.union(*(dominated(o) for o in value.op.operands))
    return {value}


def norms_within(value: Value) -> set[Value]:
    """Values x such that ``value >= |x|`` (the Euclidean norm over all axes but the clients axis)."""
    return {x for y in dominated(value) if isinstance(y.op, Sqrt) for x in squares_within(y.op.operands[0])}
