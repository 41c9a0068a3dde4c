"""Selections as arithmetic where a circuit would have to touch every element."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.compiler.analyses.partial import may_fail
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Mul, Select, Sub
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import count


@dataclass(frozen=True)
class BlendSelections:
    """Rewrites where(c, a, b) to b + c·(a - b) if c is public, or smaller than secret numeric branches.

    Not where a branch has no finite value for some elements: the other one would not be chosen then, but added to that.
    """

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        return rewrite(program, _blended)


def _blended(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
    if not isinstance(op, Select) or not _blends(op):
        return None
    condition, x, y = operands
    choice = b.add(Cast, condition, dtype=tensor_type(op.result).dtype)
    return b.add(Add, y, b.add(Mul, choice, b.add(Sub, x, y)))


def _blends(op: Op) -> bool:
    if not tensor_type(op.result).is_secret:
        return False
    dtype = tensor_type(op.result).dtype
    if not (dtype.is_float or dtype.is_integer):
        return False
    condition, *branches = op.operands
    smaller = not tensor_type(condition).is_secret or count(condition.type.shape) < count(op.result.type.shape)
    return smaller and not any(may_fail(b) for b in branches)
