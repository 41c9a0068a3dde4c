"""How long the results of operations are, given how long their operands are (``lengths.py`` says what that is)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ezprivsecfl.compiler.analyses.bounds import Bounds, divisors
from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.lengths import length
from ezprivsecfl.compiler.analyses.terms import Term, entries
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Input, TensorOp
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Shape, within_client


def derived_length(facts: Facts, bounds: Bounds, op: TensorOp) -> float | None:
    """What an operation's result is at most as long as; None if nothing is known beyond its entries."""
    if isinstance(op, Input):
        return op.norm
    shape = op.results[0].type.shape if op.results else ()
    if facts.lengths.keys().isdisjoint(op.operands) or not op.results or 0 in shape or facts.is_sketched(op):
        return None
    parts = [_repeated(facts, operand, shape) for operand in op.operands]
    match op:
        case ew.Cast() if op.dtype is DType.BOOL:
            return None
        case ew.Neg() | ew.Abs() | ew.Relu() | ew.Cast() | st.Move():  # |f(x)| <= |x|, for every entry
            return parts[0]
        case ew.Add() | ew.Sub():
            return sum(parts)
        case ew.Maximum() | ew.Minimum():  # every entry is one of either operand, so its square is at most both's
            return math.hypot(*parts)
        case ew.Select():
            return max(parts[1:]) if _is_one_number(op.operands[0]) else math.hypot(*parts[1:])
        case st.Concat():
            return _joined(facts, op)
        case st.Sum():
            summed = [op.operands[0].type.shape[a] for a in op.axes]
            return _over_clients(facts, summed) * math.sqrt(within_client(tuple(summed))) * parts[0]
        case st.MatMul():  # |A·B| <= |A|·|B|
            return _over_clients(facts, op.operands[0].type.shape[-1:]) * math.prod(
                length(facts, o) for o in op.operands
            )
    return _of_product(facts, bounds, op) if op.powers else None


def _is_one_number(value: Value) -> bool:
    """Whether all entries of a client are the same."""
    shape = value.type.shape
    along = entries(value).positions.last(within_client(shape)) if CLIENTS_DIM not in shape[1:] else None
    return along is not None and along.is_constant()


def _repeated(facts: Facts, operand: Value, shape: Shape) -> float:
    """The length after broadcasting to a shape: every entry of one client is repeated equally often."""
    repeats = max(1.0, within_client(shape) / max(1, within_client(operand.type.shape)))
    return math.sqrt(repeats) * length(facts, operand)


def _over_clients(facts: Facts, summed: Sequence[object]) -> float:
    """A sum of one vector for each of n clients is at most n times as long as the longest."""
    return float(facts.clients ** sum(d == CLIENTS_DIM for d in summed))


def _of_product(facts: Facts, bounds: Bounds, op: Op) -> float | None:
    """|x·y|² is a sum of squares."""
    shape = op.result.type.shape
    clients_axes = sum(d == CLIENTS_DIM for d in shape)
    term = facts.terms[op.result]
    if CLIENTS_DIM in shape[clients_axes:] or any(factor.value is op.result for factor in term.powers):
        return None  # the entries of one client are not next to one another, or the product could not be written down
    return math.sqrt(bounds.by_lengths(Term().times(term, 2.0), within_client(shape), divisors(term)))


def _joined(facts: Facts, op: st.Concat) -> float:
    """Vectors side by side: |(x, y)|² = |x|² + |y|²; and parts of one vector that do not overlap are within it."""
    apart = math.sqrt(sum(length(facts, operand) ** 2 for operand in op.operands))
    found = [_span(operand) for operand in op.operands]
    sources = {source for source, _ in found}
    if len(sources) != 1 or any(span is None for _, span in found):
        return apart
    spans = [span for _, span in found if span is not None]
    most_often = max(sum(first <= start <= last for first, last in spans) for start, _ in spans)
    return min(apart, math.sqrt(most_often) * length(facts, sources.pop()))


def _span(value: Value) -> tuple[Value, tuple[int, int] | None]:
    """Where the entries of a value come from, each from another place, and the first and last of these in a client."""
    source, positions = entries(value)
    shape = value.type.shape
    within = positions.last(within_client(shape)) if shape[:1] == (CLIENTS_DIM,) == source.type.shape[:1] else None
    if within is None or not within.is_injective():
        return source, None
    first = positions.offset % within_client(source.type.shape)
    return source, (first, first + sum((size - 1) * stride for size, stride in within.digits))
