"""Quotients and roots that are rounded to integers, as floats are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.passes.denominators import Ratios
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite, rewriter
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import Move
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type

NEAR = 2.0**-21
"""By what part of itself a quotient may miss the integer that it is: circuits are off by 2^-22."""

QUOTIENTS, ROOTS = (ew.Div, ew.DivNoNan, ew.Reciprocal), (ew.Sqrt, ew.Rsqrt)

GRID = 2.0**-19
"""Numbers that are rounded to the nearest integer are rounded to multiples of this one first, so that ties are ties."""


@dataclass(frozen=True)
class RoundQuotients:
    """Rounds quotients and roots that all but are integers, or half of one, as if they were.

    ``floor(x / 3)`` of 6 must be 2, and a circuit's 6 / 3, like a product with the rounded 1/3, may be a little below.
    TensorFlow's floats are rounded to 2^-24 of themselves, with the same effect. Comparisons of secret quotients with
    constants are treated alike. Integers divided by integers are not meant: they are rounded exactly
    (``frontends/tff/ops/division.py``).

    Example::

        program @batches(clients <= 30) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n]>}
          %1 = constant {value = array<f32[]> 3.0, dtype = f32}
          %2 = div %0, %1
          %3 = cast %2 {dtype = i32}
          %4 = sum %3 {axes = [0]}
          output %4 {path = "result"}
        }

    becomes::

        program @batches(clients <= 30) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n]>}
          %1 = constant {value = array<f64[]> 3.0, dtype = f32}
          %2 = div %0, %1
          %3 = constant {value = array<f64[]> 1.0000004768371582, dtype = f32}
          %4 = mul %2, %3
          %5 = cast %4 {dtype = i32}
          %6 = sum %5 {axes = [0]}
          output %6 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        new = rewriter(program)
        ratios = Ratios(new)

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            of_operands = ratios.of_all(operands)
            if isinstance(op, ew.Compare):
                return _compared(b, op, operands)
            if not _rounds(op) or _between_integers(operands[0]):
                return None
            (ratio,), (x,) = of_operands, operands
            if not ratio.denominator.is_exact:
                x = ratios.quotient(ratio)
            elif not _is_rounded(x, (*QUOTIENTS, *ROOTS)):
                return None
            return b.append(op.rebuild((_moved(b, op, x),))).result

        return drop_unused(rewrite(program, rule, new), (Input, Output))


def _rounds(op: Op) -> bool:
    """Whether it rounds secret numbers to integers."""
    if isinstance(op, ew.Cast):
        rounds = op.dtype.is_integer and tensor_type(op.operands[0]).dtype.is_float
    else:
        rounds = isinstance(op, ew.Floor | ew.Ceil | ew.RoundEven)
    return rounds and tensor_type(op.result).is_secret


def _moved(b: ProgramBuilder, op: Op, x: Value) -> Value:
    """A number that is rounded as the integer, or half of one, that it all but is."""

    def scaled(value: Value, by: float) -> Value:
        return b.add(ew.Mul, value, b.add(Constant, value=np.asarray(by), dtype=tensor_type(value).dtype))

    if isinstance(op, ew.RoundEven):
        return scaled(b.add(ew.RoundEven, scaled(x, 1 / GRID)), GRID)
    outward, inward = scaled(x, 1 + NEAR), scaled(x, 1 - NEAR)
    if isinstance(op, ew.Floor):
        return b.add(ew.Maximum, outward, inward)
    if isinstance(op, ew.Ceil):
        return b.add(ew.Minimum, outward, inward)
    return outward


def _compared(b: ProgramBuilder, op: ew.Compare, operands: tuple[Value, ...]) -> Value | None:
    """The comparison of a quotient with constants, moved to where what all but is one of them counts as it."""
    x, y = operands
    if isinstance(y.op, Constant) and _is_rounded(x, QUOTIENTS):
        return _near(b, op, x, y.op, swapped=False)
    if isinstance(x.op, Constant) and _is_rounded(y, QUOTIENTS):
        return _near(b, op, y, x.op, swapped=True)
    return None


def _near(b: ProgramBuilder, op: ew.Compare, quotient: Value, limit: Constant, *, swapped: bool) -> Value:
    """The comparison of a quotient with what is a little less or a little more than the limit."""
    value = np.asarray(limit.value, dtype=np.float64)
    below, above = (
        b.add(Constant, value=np.asarray(value + sign * NEAR * np.abs(value)), dtype=limit.dtype)
        for sign in (-1.0, 1.0)
    )
    if isinstance(op, ew.Equal | ew.NotEqual):
        same = b.add(ew.And, b.add(ew.GreaterEqual, quotient, below), b.add(ew.LessEqual, quotient, above))
        return same if isinstance(op, ew.Equal) else b.add(ew.Not, same)
    moved = below if isinstance(op, ew.Less | ew.GreaterEqual) != swapped else above
    return b.append(op.rebuild((moved, quotient) if swapped else (quotient, moved))).result


def _between_integers(value: Value) -> bool:
    """Whether it is a quotient of integers that were moved away from all multiples of the divisor."""
    op = value.op
    if not isinstance(op, ew.Div) or not isinstance(op.operands[0].op, ew.Add):
        return False
    terms = op.operands[0].op.operands
    return any(isinstance(t.op, ew.Cast) and tensor_type(t.op.operands[0]).dtype.is_integer for t in terms)


def _is_rounded(value: Value, by: tuple[type[Op], ...]) -> bool:
    """Whether circuits round a number in a way that leaves it near what it should be, relative to itself."""
    seen, pending = set[Value](), [value]
    while pending:
        one = pending.pop()
        if one in seen or not tensor_type(one).is_secret:
            continue
        seen.add(one)
        op = one.op
        if isinstance(op, by):
            return True
        if isinstance(op, ew.Mul | ew.Neg | ew.Abs | ew.Minimum | ew.Maximum | Move):
            pending += op.operands
        elif isinstance(op, ew.Add | ew.Sub) and constant_value(op.operands[1]) is not None:
            pending.append(op.operands[0])
    return False
