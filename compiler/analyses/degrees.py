"""Homogeneity: how values change if every client multiplies some of its inputs with a positive number of its own.

A value of degree k is multiplied with the k-th power of that number, entry by entry those of the entry's client. What
does not depend on the inputs has degree 0, and so has what depends on their directions alone. None: neither is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise.comparisons import Compare
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape

Degree = Fraction | None

HALF = Fraction(1, 2)

POWERS: Mapping[type[Op], Fraction] = {
    ew.Neg: Fraction(1),
    ew.Abs: Fraction(1),
    ew.Relu: Fraction(1),
    ew.Square: Fraction(2),
    ew.Sqrt: HALF,
    ew.Rsqrt: -HALF,
    ew.Reciprocal: Fraction(-1),
}
"""f(c·x) = c^p · f(x) for every c > 0."""

SAME = (ew.Add, ew.Sub, ew.Maximum, ew.Minimum)
"""f(c·x, c·y) = c · f(x, y)."""


def degrees(program: Program, scaled: Mapping[Value, Fraction]) -> dict[Value, Degree]:
    """The degree of every value.

    Args:
        program: A tensor program.
        scaled: Inputs of clients, and by which power of its number a client multiplies each.
    """
    found: dict[Value, Degree] = {}
    for op in program.ops:
        operands = [found[o] for o in op.operands]
        for result in op.results:
            if result in scaled:
                found[result] = scaled[result]
            elif all(degree == 0 for degree in operands):
                found[result] = Fraction(0)
            elif None in operands:
                found[result] = None
            else:
                found[result] = _degree(op, [d for d in operands if d is not None]) if clients_kept_apart(op) else None
    return found


def _degree(op: Op, x: list[Fraction]) -> Degree:
    """The degree of an operation's result, of operands that are not all of degree 0."""
    for kind, power in POWERS.items():
        if isinstance(op, kind):
            return power * x[0]
    match op:
        case ew.Mul():
            return x[0] + x[1]
        case ew.Div():
            return x[0] - x[1]
        case ew.Select():
            return _common(op.operands[1:], x[1:]) if x[0] == 0 else None
        case ew.Sign():
            return Fraction(0)
        case Compare():
            return None if _common(op.operands, x) is None else Fraction(0)
        case ew.Cast():
            floats = all(tensor_type(v).dtype.is_float for v in (op.result, op.operands[0]))
            return x[0] if floats else None
        case st.View() | st.Slice() | st.Take():
            return x[0]
        case st.Concat():
            return _common(op.operands, x)
        case st.Sum() | st.ReduceMax() | st.ReduceMin():
            over_clients = any(op.operands[0].type.shape[axis] == CLIENTS_DIM for axis in op.axes)
            return None if over_clients else x[0]
        case st.MatMul():
            a, b = (o.type.shape for o in op.operands)
            if a[-1] == CLIENTS_DIM:  # summed over clients: nothing may be left of their numbers
                return Fraction(0) if x[0] + x[1] == 0 and _clients(a) == _clients(b) == 1 else None
            return x[0] + x[1]
    return _common(op.operands, x) if isinstance(op, SAME) else None


def _common(operands: Sequence[Value], x: Sequence[Fraction]) -> Degree:
    """The degree that all operands have; zeros have any."""
    found = {degree for o, degree in zip(operands, x, strict=True) if constant_value(o) != 0.0}
    return found.pop() if len(found) == 1 else None


def clients_kept_apart(op: Op) -> bool:
    """Whether every entry of a result with a clients axis is computed of one client's entries, its own."""
    shape = op.result.type.shape
    if isinstance(op, st.MatMul):
        a, b = (o.type.shape for o in op.operands)
        if a[-1] == CLIENTS_DIM:
            return True
        places = {_from_end(s, len(shape)) for s in (a, b) if CLIENTS_DIM in s}
        return len(places) == 1 and max(map(_clients, (a, b, shape))) == 1
    if isinstance(op, ew.Elementwise):
        places = {_from_end(o.type.shape, len(shape)) for o in op.operands if CLIENTS_DIM in o.type.shape}
        apart = all(_clients(o.type.shape) <= 1 for o in op.operands)
        return apart and places == {_from_end(shape, len(shape))} and _clients(shape) == 1
    return _clients(shape) == 1


def _clients(shape: Shape) -> int:
    return shape.count(CLIENTS_DIM)


def _from_end(shape: Shape, rank: int) -> int:
    """Where the clients' axis is, counted from the end as broadcasting does."""
    return len(shape) - 1 - shape.index(CLIENTS_DIM) if CLIENTS_DIM in shape else rank
