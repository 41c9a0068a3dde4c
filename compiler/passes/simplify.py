"""Canonicalisation of tensor programs: constants, common subexpressions, identities, dead code."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.analyses.squares import is_row_times_itself
from ezprivsecfl.compiler.analyses.terms import entries
from ezprivsecfl.compiler.passes.repeats import computed_once
from ezprivsecfl.ir.op import Environment, Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor.elementwise import (
    Abs,
    Add,
    Cast,
    Div,
    Elementwise,
    Mul,
    Pow,
    Reciprocal,
    Rsqrt,
    Select,
    Sqrt,
    Square,
    Sub,
)
from ezprivsecfl.ir.tensor.gate import Gate
from ezprivsecfl.ir.tensor.structure import Broadcast, Clients, MatMul, Reshape, Stack, Sum, Transpose
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, DType

MAX_FOLDED = 1 << 22
"""Constants are folded up to this many elements, so that a program never carries huge literals."""


@dataclass(frozen=True)
class Simplify:
    """Folds constants, merges equal operations, removes operations that change nothing or that nothing needs.

    Example::

        program @folding tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = constant {value = array<f64[]> 2.0, dtype = f32} : public<f32[]>
          %2 = mul %1, %1 : public<f32[]>
          %3 = mul %0, %2 : secret<f32[n, 3]>
          %4 = mul %0, %2 : secret<f32[n, 3]>
          %5 = add %3, %4 : secret<f32[n, 3]>
          %6 = relu %0 : secret<f32[n, 3]>
          %7 = sum %5 {axes = [0]} : secret<f32[3]>
          output %7 {path = "result"}
        }

    becomes::

        program @folding tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = constant {value = array<f64[]> 4.0, dtype = f32} : public<f32[]>
          %2 = mul %0, %1 : secret<f32[n, 3]>
          %3 = add %2, %2 : secret<f32[n, 3]>
          %4 = sum %3 {axes = [0]} : secret<f32[3]>
          output %4 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the simplified program."""
        seen: dict[Hashable, Value] = {}

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            if isinstance(op, Output):
                return None
            key = (type(op), operands, _hashable(op))
            if key not in seen:
                seen[key] = _simplified(b, op.rebuild(operands))
            return seen[key]

        return drop_unused(rewrite(program, rule), (Input, Output))


def _simplified(builder: ProgramBuilder, op: Op) -> Value:
    if not _foldable(op):
        return _rewritten_or_new(builder, op)
    constants = [o.op.value for o in op.operands if isinstance(o.op, Constant)]
    (value,) = op.evaluate(constants, Environment(clients=0))
    return builder.add(Constant, value=value, dtype=tensor_type(op.result).dtype)


def _hashable(op: Op) -> Hashable:
    """Attributes as something that can be compared; arrays by content."""
    items = op.attributes().items()
    return tuple((k, (v.tobytes(), v.shape, str(v.dtype)) if isinstance(v, np.ndarray) else v) for k, v in items)


def _foldable(op: Op) -> bool:
    if isinstance(op, Constant | Input | Clients | Gate) or not op.operands:
        return False
    if CLIENTS_DIM in op.result.type.shape or not all(isinstance(o.op, Constant) for o in op.operands):
        return False
    return int(np.prod([int(d) for d in op.result.type.shape], dtype=np.int64)) <= MAX_FOLDED


def _rewritten(builder: ProgramBuilder, op: Op) -> Value | None:
    """A value that equals the operation's result and is no more work, or None."""
    if (once := computed_once(builder, op)) is not None:
        return once
    first = op.operands[0] if op.operands else None
    if isinstance(op, Reshape | Broadcast) and first is not None:
        if first.type.shape == op.shape:
            return first
        if isinstance(op, Reshape) and isinstance(first.op, Reshape):
            return _rewritten_or_new(builder, Reshape(operands=first.op.operands, shape=op.shape))
    if isinstance(op, Stack) and first is not None and isinstance(first.op, Reshape):
        (inner,) = first.op.operands
        if inner.type.shape[0] == CLIENTS_DIM and first.type.shape[0] == CLIENTS_DIM:  # so that equal rows are found
            stacked = builder.add(Stack, inner, clients=op.clients)
            return _rewritten_or_new(builder, Reshape(operands=(stacked,), shape=op.result.type.shape))
    if isinstance(op, Transpose) and op.permutation == tuple(range(len(op.permutation))):
        return first
    if isinstance(op, Cast) and first is not None and op.dtype is tensor_type(first).dtype:
        return first
    if isinstance(op, Square) and first is not None:
        return _rewritten_or_new(builder, Mul(operands=(first, first), location=op.location))
    if isinstance(op, Mul) and op.operands[0] is op.operands[1]:
        return op.operands[0] if _is_binary(op.operands[0]) else _squared_root(builder, op.operands[0])
    if isinstance(op, MatMul) and is_row_times_itself(op) and _is_binary(op.operands[0]):
        ones = builder.add(Sum, op.operands[0], axes=(len(op.operands[0].type.shape) - 1,))
        return builder.add(Reshape, ones, shape=op.result.type.shape)
    if isinstance(op, Sum) and first is not None and all(first.type.shape[a] == 1 for a in op.axes):
        return builder.add(Reshape, first, shape=op.result.type.shape)
    if isinstance(op, MatMul):
        total = _sum_of_rows(builder, op)
        return _without_broadcasts(builder, op) if total is None else total
    if isinstance(op, Pow):
        return _power(builder, op)
    if isinstance(op, Sqrt) and first is not None and isinstance(first.op, Mul):
        a, b = first.op.operands
        return builder.add(Abs, a) if a is b else None
    if isinstance(op, Reciprocal) and first is not None and isinstance(first.op, Sqrt):
        return builder.add(Rsqrt, first.op.operands[0])
    if isinstance(op, Elementwise):
        neutral = _neutral(op)
        return _without_broadcasts(builder, op) if neutral is None else neutral
    return None


def _sum_of_rows(builder: ProgramBuilder, op: MatMul) -> Value | None:
    """A product with a row that repeats one number is the sum of the other's rows, times that number."""
    factors, rows = op.operands
    if not isinstance(factors.op, Broadcast) or len(rows.type.shape) != 2 or factors.type.shape[0] != 1:
        return None
    (number,) = factors.op.operands
    if any(d != 1 for d in number.type.shape):
        return None
    total = builder.add(Sum, rows, axes=(0,))
    factor = _simplified(builder, Reshape(operands=(number,), shape=(1,)))
    scaled = _simplified(builder, Mul(operands=(total, factor), location=op.location))
    return builder.add(Reshape, scaled, shape=op.result.type.shape)


def _is_binary(value: Value) -> bool:
    """Whether it consists of truth values as numbers: each is its own square."""
    return tensor_type(entries(value).value).dtype is DType.BOOL


def _without_broadcasts(builder: ProgramBuilder, op: Elementwise | MatMul) -> Value | None:
    """The operation on public operands as they are before they are repeated, if the others give the result's shape.

    Of a matrix only leading axes are left out.
    """
    operands = list(op.operands)
    for i, operand in enumerate(op.operands):
        if isinstance(operand.op, Broadcast) and not tensor_type(operand).is_secret:
            (before,) = operand.op.operands
            if isinstance(op, MatMul) and before.type.shape[-2:] != operand.type.shape[-2:]:
                continue
            shorter = [*operands[:i], before, *operands[i + 1 :]]
            if op.rebuild(shorter).result.type == op.result.type:
                operands = shorter
    return builder.append(op.rebuild(operands)).result if operands != list(op.operands) else None


def _rewritten_or_new(builder: ProgramBuilder, op: Op) -> Value:
    shorter = _rewritten(builder, op)
    return builder.append(op).result if shorter is None else shorter


def _squared_root(builder: ProgramBuilder, value: Value) -> Value | None:
    """The square of a root is what is under the root."""
    shape = value.type.shape
    while isinstance(value.op, Reshape):
        value = value.op.operands[0]
    if not isinstance(value.op, Sqrt) or not tensor_type(value).is_secret:
        return None
    return _rewritten_or_new(builder, Reshape(operands=value.op.operands, shape=shape, location=value.op.location))


def _power(builder: ProgramBuilder, op: Pow) -> Value | None:
    """Some constant powers as products and roots."""
    base, exponent = op.operands[0], constant_value(op.operands[1])
    if op.result.type.shape != base.type.shape or not tensor_type(base).is_secret:
        return None
    if exponent == 1.0:
        return base
    if exponent == 2.0:
        return _rewritten_or_new(builder, Mul(operands=(base, base), location=op.location))
    if exponent == 3.0:
        return builder.add(Mul, builder.add(Mul, base, base), base)
    if exponent == 4.0:
        squared = builder.add(Mul, base, base)
        return builder.add(Mul, squared, squared)
    roots: dict[float, type[Op]] = {0.5: Sqrt, -0.5: Rsqrt, -1.0: Reciprocal}
    return builder.add(roots[exponent], base) if exponent in roots else None


def _neutral(op: Elementwise) -> Value | None:
    """x + 0, x - 0, x · 1, x / 1, and a selection between equal branches or by a constant."""
    if len(op.operands) == 2:
        a, b = op.operands
        keeps_a = op.result.type == a.type
        if isinstance(op, Add | Sub) and constant_value(b) == 0.0 and keeps_a:
            return a
        if isinstance(op, Mul | Div) and constant_value(b) == 1.0 and keeps_a:
            return a
        keeps_b = op.result.type == b.type
        neutral_for_b = 0.0 if isinstance(op, Add) else 1.0 if isinstance(op, Mul) else None
        if neutral_for_b is not None and constant_value(a) == neutral_for_b and keeps_b:
            return b
    if isinstance(op, Select):
        condition, x, y = op.operands
        always = constant_value(condition)
        chosen = x if always == 1.0 or x is y else y if always == 0.0 else None
        return chosen if chosen is not None and op.result.type == chosen.type else None
    return None
