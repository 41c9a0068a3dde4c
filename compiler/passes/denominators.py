"""Values as quotients of exact numbers and public ones: ``x / 3``, ``0.1 * x``, means over axes and over clients.

In fixed point 1/3 is rounded, and so is every product with it: three thirds of 1 are not quite 1. Sums and integer
multiples are exact. So ``x - mean(x)`` is written as ``(3 x - sum(x)) / 3`` here, whose numerator says exactly whether
it is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.io import Constant
from ezprivsecfl.ir.tensor.structure import Clients, Move, Sum
from ezprivsecfl.ir.tensor.values import constant_value, tensor_op, tensor_type
from ezprivsecfl.ir.types import DType

LARGEST = 1 << 12
"""Of numerators and denominators of constants: more of them would be most floats' own."""

ROOM = 2.0**20
"""The largest denominator: so many times larger than their operands are what is compared."""

ROUNDED = {DType.F32: Fraction(1, 2**24), DType.F64: Fraction(1, 2**52)}
"""By what part a constant of a type may differ from the number that it stands for."""


@dataclass(frozen=True)
class Denominator:
    """A public number ``constant · clients^power``, positive.

    Args:
        constant: An integer, at least 1.
        power: How often the number of clients divides.
    """

    constant: int = 1
    power: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether a quotient by it is a fixed-point number again."""
        return not self.power and self.constant & (self.constant - 1) == 0

    def __mul__(self, other: Denominator) -> Denominator:
        return Denominator(self.constant * other.constant, self.power + other.power)

    def common(self, other: Denominator) -> Denominator:
        """The smallest multiple of both."""
        return Denominator(math.lcm(self.constant, other.constant), max(self.power, other.power))

    def over(self, other: Denominator) -> Denominator:
        """The factor by which this one is larger than another one that divides it."""
        return Denominator(self.constant // other.constant, self.power - other.power)

    def fits(self, clients: int | None) -> bool:
        """Whether there is room for numbers so many times larger."""
        return self.constant * float(clients or 1) ** self.power <= ROOM


ONE = Denominator()


@dataclass(frozen=True)
class Ratio:
    """A value as a quotient.

    Args:
        numerator: As exact as what the value is made of.
        denominator: Public.
        cancels: Whether the numerator is a sum that may be 0 although its terms are not.
    """

    numerator: Value
    denominator: Denominator = ONE
    cancels: bool = False

    def changed(self, change: Callable[[Value], Value]) -> Ratio:
        """The quotient of a numerator to which the same is done as to the value."""
        return Ratio(change(self.numerator), self.denominator, self.cancels)


@dataclass(frozen=True)
class Ratios:
    """Writes values as quotients: each once, and whoever goes through a program asks for all in order.

    Args:
        builder: Gets the operations of numerators.
    """

    builder: ProgramBuilder
    _found: dict[Value, Ratio] = field(default_factory=dict)

    def of(self, value: Value) -> Ratio:
        """The quotient that a value is; by 1 if that is all there is to say."""
        if value not in self._found:
            found = self._of(value)
            self._found[value] = found if found.denominator.fits(self.builder.max_clients) else Ratio(value)
        return self._found[value]

    def of_all(self, values: Iterable[Value]) -> list[Ratio]:
        """The quotients that values are."""
        return [self.of(value) for value in values]

    def over(self, ratio: Ratio, common: Denominator) -> Value:
        """The numerator for a multiple of the denominator."""
        return self._times(ratio.numerator, common.over(ratio.denominator))

    def quotient(self, ratio: Ratio) -> Value:
        """The quotient as a value again."""
        numerator, (dtype, by) = ratio.numerator, (tensor_type(ratio.numerator).dtype, ratio.denominator)
        for _ in range(by.power):
            numerator = self.builder.add(ew.Div, numerator, self.builder.add(Clients, dtype=dtype))
        return numerator if by.constant == 1 else self.builder.add(ew.Div, numerator, self._number(by.constant, dtype))

    def _of(self, value: Value) -> Ratio:
        op = tensor_op(value)
        if not tensor_type(value).is_secret or not tensor_type(value).dtype.is_float:
            return Ratio(value)
        match op:
            case ew.Mul() | ew.Div():
                return self._scaled(value)
            case ew.Add() | ew.Sub():
                return self._added(value)
            case ew.Neg() | ew.Abs() | Sum() | Move():
                return self._moved(value)
        return Ratio(value)

    def _moved(self, value: Value) -> Ratio:
        """What commutes with a positive factor."""
        inner = self.of(value.op.operands[0])
        if inner.denominator == ONE:
            return Ratio(value)
        op = value.op
        return inner.changed(lambda numerator: self.builder.append(op.rebuild((numerator, *op.operands[1:]))).result)

    def _added(self, value: Value) -> Ratio:
        """Sums and differences, over a common denominator."""
        ratios = self.of_all(value.op.operands)
        common = ratios[0].denominator.common(ratios[1].denominator)
        if common == ONE or not common.fits(self.builder.max_clients):
            return Ratio(value)
        numerators = [self.over(ratio, common) for ratio in ratios]
        return Ratio(self.builder.append(value.op.rebuild(numerators)).result, common, cancels=True)

    def _scaled(self, value: Value) -> Ratio:
        """Products with a constant and quotients by one, or by the number of clients."""
        op = value.op
        x, by = op.operands
        if isinstance(op, ew.Mul) and not tensor_type(x).is_secret:
            x, by = by, x
        if not tensor_type(x).is_secret or tensor_type(by).is_secret or x.type.shape != value.type.shape:
            return Ratio(value)
        inner = self.of(x)
        if isinstance(op, ew.Div) and _counts_clients(by):
            return Ratio(inner.numerator, inner.denominator * Denominator(power=1), inner.cancels)
        factor = _fraction(by)
        if not factor:
            return Ratio(value)
        factor = 1 / factor if isinstance(op, ew.Div) else factor
        by_it = Denominator(factor.denominator)
        if by_it.is_exact:
            if inner.denominator == ONE:
                return Ratio(value)
            moved = [inner.numerator if operand is x else operand for operand in op.operands]
            return inner.changed(lambda _: self.builder.append(op.rebuild(moved)).result)
        numerator = inner.numerator
        if factor.numerator != 1:
            numerator = self.builder.add(ew.Mul, numerator, self._number(factor.numerator, tensor_type(x).dtype))
        return Ratio(numerator, inner.denominator * by_it, inner.cancels)

    def _times(self, value: Value, factor: Denominator) -> Value:
        """An integer multiple."""
        dtype = tensor_type(value).dtype
        for _ in range(factor.power):
            value = self.builder.add(ew.Mul, value, self.builder.add(Clients, dtype=dtype))
        return value if factor.constant == 1 else self.builder.add(ew.Mul, value, self._number(factor.constant, dtype))

    def _number(self, number: int, dtype: DType) -> Value:
        return self.builder.add(Constant, value=np.asarray(float(number)), dtype=dtype)


def _counts_clients(value: Value) -> bool:
    """Whether it is the number of clients, of any type and shape."""
    while isinstance(value.op, ew.Cast | Move):
        value = value.op.operands[0]
    return isinstance(value.op, Clients)


def _fraction(value: Value) -> Fraction | None:
    """The fraction of small integers that a constant is, as far as its type tells; None for others, and for 0."""
    number = constant_value(value)
    if not number or not math.isfinite(number):
        return None
    exact = Fraction(number)
    if Denominator(exact.denominator).is_exact and abs(exact.numerator) <= LARGEST:
        return exact
    near = exact.limit_denominator(LARGEST)
    same = abs(near - exact) <= abs(exact) * ROUNDED[tensor_type(value).dtype]
    return near if near and same and abs(near.numerator) <= LARGEST else None
