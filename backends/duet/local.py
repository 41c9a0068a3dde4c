"""Operations that each server computes by itself, as C++ for the engine."""

from __future__ import annotations

from collections.abc import Mapping

from ezprivsecfl.backends.cpp import local_expression
from ezprivsecfl.ir.mpc import boolean, linear, sketch, structure
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import ArithType, YaoType

LINEAR = (
    *(linear.Add, linear.Sub, linear.Neg, linear.Widen, linear.MulPublic, linear.MatMulPublic, linear.AsShares),
    structure.Sum,
)
"""What ``duet/linear.h`` has; all other operations on shares only move elements."""


def expression(program: Program, op: Op, names: Mapping[Value, str]) -> str:
    """The value of a local operation's only result.

    Args:
        program: The program.
        op: An operation of it.
        names: The variables that hold its operands.

    Raises:
        UnsupportedError: The engine does not compute the operation.
    """
    x = [names[o] for o in op.operands]
    match op:
        case boolean.ToBoolean():
            if isinstance(op.operands[0].type, YaoType):
                return f"colour_shares({x[0]})"
            shared = isinstance(op.operands[0].type, ArithType)
            return f"{'summands' if shared else 'public_bits'}(s, {x[0]}, {op.width})"
        case sketch.Sketch():
            return f"sketch({x[0]}, {x[1]}, {op.sums})"
    return local_expression(program, op, names)


def headers(op: Op) -> tuple[str, ...]:
    """The engine's header files that its expression needs, beyond those of every program."""
    match op:
        case boolean.ToBoolean():
            return ("duet/boolean.h",)
        case sketch.Sketch():
            return ("duet/sketch.h",)
    return ("duet/linear.h",) if isinstance(op, LINEAR) else ()
