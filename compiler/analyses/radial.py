"""Functions of one squared norm, in pieces that are powers of it: what clipping factors are made of.

A value that is computed of a client's squared norm s alone, by products, quotients, roots, extremes, comparisons and
selections, is on every one of a few intervals of s a number times a power of s. So ``min(1, c / √s)`` is 1 up to c²,
and ``c·s^(-1/2)`` beyond, in whatever way a program writes that. Numbers may be public: a *scalar* that both servers
know, such as c, stands for any positive number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ezprivsecfl.compiler.analyses.degrees import clients_kept_apart
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise import comparisons
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type

EQUAL = 1e-6
"""By what part numbers may differ that are the same: constants are rounded to float32."""

HALF = Fraction(1, 2)
ONE = Fraction(1)


@dataclass(frozen=True)
class Power:
    """A number times powers of positive values: of the squared norm, and of public scalars.

    Args:
        factor: The number; not negative, and maybe infinite.
        exponents: By value; none is 0.
    """

    factor: float
    exponents: Mapping[Value, Fraction] = field(default_factory=dict)

    def __mul__(self, other: Power) -> Power:
        """The product; NaN for 0 times infinity."""
        exponents = dict(self.exponents)
        for value, exponent in other.exponents.items():
            exponents[value] = exponents.get(value, Fraction(0)) + exponent
        return _power(self.factor * other.factor, exponents)

    def to(self, exponent: Fraction) -> Power:
        """A power of it; that of 0 to a negative exponent is infinite."""
        if self.factor == 0.0 and exponent < 0:
            return Power(math.inf)
        return _power(self.factor ** float(exponent), {v: e * exponent for v, e in self.exponents.items()})

    def without(self, value: Value) -> Power:
        """The same where a value is 1."""
        return Power(self.factor, {v: e for v, e in self.exponents.items() if v is not value})

    def of(self, value: Value, is_: Power) -> Power:
        """The same where a value is something else."""
        return self.without(value) * is_.to(self.exponents.get(value, Fraction(0)))

    def same(self, other: Power) -> bool:
        """Whether both are the same, but for rounding."""
        return self.exponents == other.exponents and math.isclose(self.factor, other.factor, rel_tol=EQUAL)

    def compared(self, other: Power) -> int | None:
        """-1, 0 or 1 for less, equal or larger; None if that depends on values."""
        if self.same(other):
            return 0
        if self.exponents == other.exponents or {self.factor, other.factor} & {0.0, math.inf}:
            return -1 if self.factor < other.factor else 1 if self.factor > other.factor else None
        return None


def _power(factor: float, exponents: Mapping[Value, Fraction]) -> Power:
    if factor == 0.0 or not math.isfinite(factor):
        return Power(factor)
    return Power(factor, {value: exponent for value, exponent in exponents.items() if exponent})


@dataclass(frozen=True)
class Radial:
    """A function of s in pieces; of numbers alone it has one piece.

    Args:
        ends: Where the pieces but the last end, in order.
        at: What the function is at 0 and at the ends.
        between: What it is on the open intervals from 0 to the first end, and so on; truth values are 0 and 1.
    """

    ends: tuple[Power, ...]
    at: tuple[Power, ...]
    between: tuple[Power, ...]

    @staticmethod
    def of(value: Power) -> Radial:
        """The constant function."""
        return Radial((), (value,), (value,))


NAN = Power(math.nan)


class _UnknownOrderError(Exception):
    """Which way a comparison goes depends on public values."""


def radial(program: Program, square: Value) -> dict[Value, Radial]:
    """All values that are functions of one squared norm alone, entry by entry those of the entry's client.

    Args:
        program: A tensor program.
        square: Every client's squared norm.
    """
    found = {square: Radial((), (Power(0.0),), (Power(1.0, {square: ONE}),))}
    for op in program.ops:
        if len(op.results) != 1 or op.result in found:
            continue
        known = [found.get(o) or _public(o) for o in op.operands]
        if any(o in found for o in op.operands) and clients_kept_apart(op):
            functions = [one for one in known if one is not None]
            try:
                result = _applied(op, square, functions) if len(functions) == len(known) else None
            except _UnknownOrderError:
                result = None
            if result is not None:
                found[op.result] = result
    return found


def _public(value: Value) -> Radial | None:
    """A public number: a positive constant or one scalar; or a product, quotient or root of such."""
    number = _number(value)
    return None if number is None else Radial.of(number)


def _number(value: Value) -> Power | None:
    if tensor_type(value).is_secret:
        return None
    constant = constant_value(value)
    if constant is not None:
        return Power(float(constant)) if constant >= 0 else None
    op = value.op
    if isinstance(op, st.View | ew.Cast) and tensor_type(op.operands[0]).dtype.is_float:
        return _number(op.operands[0])
    if isinstance(op, ew.Mul | ew.Div | ew.Reciprocal | ew.Sqrt | ew.Rsqrt | ew.Square):
        numbers = [_number(o) for o in op.operands]
        if all(n is not None for n in numbers):
            return _product(op, [n for n in numbers if n is not None])
    is_one = all(d == 1 for d in value.type.shape)
    return Power(1.0, {value: ONE}) if is_one and tensor_type(value).dtype.is_float else None


EXPONENTS: Mapping[type[Op], tuple[Fraction, ...]] = {
    ew.Mul: (ONE, ONE),
    ew.Div: (ONE, -ONE),
    ew.Square: (2 * ONE,),
    ew.Sqrt: (HALF,),
    ew.Rsqrt: (-HALF,),
    ew.Reciprocal: (-ONE,),
    ew.Relu: (ONE,),
    ew.Abs: (ONE,),
}
"""Products of powers of operands that are not negative."""


def _product(op: Op, operands: Sequence[Power]) -> Power:
    result = Power(1.0)
    for exponent, operand in zip(EXPONENTS[type(op)], operands, strict=True):
        result = result * operand.to(exponent)
    return result


def _applied(op: Op, square: Value, functions: Sequence[Radial]) -> Radial | None:
    """An operation on functions of s; None if it is no such function, or none that is known."""
    if isinstance(op, st.View):
        return functions[0]
    if isinstance(op, ew.Cast):
        kinds = [tensor_type(v).dtype for v in (op.operands[0], op.result)]
        kept = kinds[1].is_float or not kinds[0].is_float  # not of numbers that would be rounded
        return functions[0] if kept else None
    if type(op) in EXPONENTS:
        return _by_piece(functions, square, lambda *values: _product(op, values))
    match op:
        case ew.Add() | ew.Sub():
            sign = 1.0 if isinstance(op, ew.Add) else -1.0
            return _by_piece(functions, square, lambda x, y: _sum(x, y, sign))
        case ew.DivNoNan():
            return _by_piece(functions, square, lambda x, y: x * y.to(-ONE) if y.factor else Power(0.0))
        case ew.Not():
            return _by_piece(functions, square, lambda x: Power(1.0 - x.factor))
        case ew.And() | ew.Or():
            extreme = min if isinstance(op, ew.And) else max
            return _by_piece(functions, square, lambda x, y: Power(extreme(x.factor, y.factor)))
        case ew.Select():
            return _by_piece(functions, square, lambda condition, x, y: x if condition.factor else y)
        case ew.Maximum() | ew.Minimum():
            wanted = 1 if isinstance(op, ew.Maximum) else -1
            return _by_order(functions, square, lambda order, x, y: x if order in (wanted, 0) else y)
        case comparisons.Order():
            holds = ORDERS[type(op)]
            return _by_order(functions, square, lambda order, x, y: Power(float(order in holds)))
    return None


ORDERS: Mapping[type[Op], tuple[int, ...]] = {
    ew.Less: (-1,),
    ew.LessEqual: (-1, 0),
    ew.Greater: (1,),
    ew.GreaterEqual: (0, 1),
}
"""For which orders of its operands a comparison holds."""


def _sum(x: Power, y: Power, sign: float) -> Power:
    """Of two numbers of which one is 0, or that are multiples of the same power of s; NaN if it is negative."""
    if y.factor == 0.0:
        return x
    if x.factor == 0.0 and sign > 0:
        return y
    total = x.factor + sign * y.factor
    return _power(total, x.exponents) if x.exponents == y.exponents and total >= 0 else NAN


Values = list[list[Power]]
"""Of several functions, their values at or between the same ends."""


def _by_piece(functions: Sequence[Radial], square: Value, value: Callable[..., Power]) -> Radial | None:
    """What is done to the values at the same s."""
    ends = _all_ends(functions)
    at, between = _split(functions, square, ends)
    return _joined(square, ends, [value(*x) for x in at], [value(*x) for x in between])


def _by_order(functions: Sequence[Radial], square: Value, value: Callable[[int, Power, Power], Power]) -> Radial | None:
    """The same with the order of two values, which may change within a piece."""
    ends = _all_ends(functions)
    _, between = _split(functions, square, ends)
    begins = [Power(0.0), *ends]
    crossings = [_crossing(square, begin, *values) for begin, values in zip(begins, between, strict=True)]
    ends = _all_ends([*functions, *(Radial((c,), (), ()) for c in crossings if c is not None)])
    at, between = _split(functions, square, ends)
    orders = [_order_after(square, begin, *values) for begin, values in zip([Power(0.0), *ends], between, strict=True)]
    return _joined(
        square,
        ends,
        [value(_ordered(*x), *x) for x in at],
        [value(order, *x) for order, x in zip(orders, between, strict=True)],
    )


def _crossing(square: Value, begin: Power, x: Power, y: Power) -> Power | None:
    """Where the order of two values changes, if that is beyond the beginning of an interval."""
    ratio = x * y.to(-ONE)
    exponent = ratio.exponents.get(square)
    if exponent is None:
        return None
    crossing = ratio.without(square).to(-1 / exponent)
    return crossing if _ordered(crossing, begin) > 0 else None


def _order_after(square: Value, begin: Power, x: Power, y: Power) -> int:
    """The order of two values on an interval in which it does not change."""
    exponent = (x * y.to(-ONE)).exponents.get(square)
    if exponent is None:
        return _ordered(x, y)
    rising = 1 if exponent > 0 else -1
    return rising if _crossing(square, begin, x, y) is None else -rising


def _ordered(x: Power, y: Power) -> int:
    order = x.compared(y)
    if order is None:
        raise _UnknownOrderError
    return order


def _all_ends(functions: Sequence[Radial]) -> list[Power]:
    """All ends of all functions, in order, each once."""
    found: list[Power] = []
    for end in (end for function in functions for end in function.ends):
        orders = [_ordered(end, other) for other in found]
        if 0 not in orders:
            found.insert(sum(order > 0 for order in orders), end)
    return found


def _split(functions: Sequence[Radial], square: Value, ends: Sequence[Power]) -> tuple[Values, Values]:
    """All functions' values at 0 and these ends, among which are their own, and between them."""
    at = [[f.at[0] for f in functions]]
    between = [[f.between[0] for f in functions]]
    passed = [0] * len(functions)
    for end in ends:
        own = [i < len(f.ends) and _ordered(f.ends[i], end) == 0 for f, i in zip(functions, passed, strict=True)]
        places = list(zip(functions, passed, own, strict=True))
        at.append([f.at[i + 1] if ends_here else f.between[i].of(square, end) for f, i, ends_here in places])
        passed = [i + ends_here for _, i, ends_here in places]
        between.append([f.between[i] for f, i in zip(functions, passed, strict=True)])
    return at, between


def _joined(square: Value, ends: Sequence[Power], at: Sequence[Power], between: Sequence[Power]) -> Radial | None:
    """A function without ends at which nothing changes; None if it is not a number somewhere."""
    if any(math.isnan(value.factor) for value in (*at, *between)):
        return None
    kept_ends, kept_at, kept_between = list[Power](), [at[0]], [between[0]]
    for end, here, after in zip(ends, at[1:], between[1:], strict=True):
        before = kept_between[-1]
        if not (before.same(after) and here.same(before.of(square, end))):
            kept_ends.append(end)
            kept_at.append(here)
            kept_between.append(after)
    return Radial(tuple(kept_ends), tuple(kept_at), tuple(kept_between))
