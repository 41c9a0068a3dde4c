"""Selections as arithmetic where a circuit would have to touch every element."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.compiler.analyses.partial import may_fail
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Mul, Select, Sub
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import count


@dataclass(frozen=True)
class BlendSelections:
    """Rewrites where(c, a, b) to b + c·(a - b) if c is public, or smaller than secret numeric branches.

    Not where a branch has no finite value for some elements: the other one would not be chosen then, but added to that.

    Example::

        program @blended tensor {
          %0 = input {path = "c", placement = clients, bound = 1.0, type = secret<bool[n, 1]>}
          %1 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %2 = input {path = "y", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %3 = select %0, %1, %2 : secret<f32[n, 3]>
          %4 = sum %3 {axes = [0]} : secret<f32[3]>
          output %4 {path = "result"}
        }

    becomes::

        program @blended tensor {
          %0 = input {path = "c", placement = clients, bound = 1.0, type = secret<bool[n, 1]>}
          %1 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %2 = input {path = "y", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %3 = cast %0 {dtype = f32} : secret<f32[n, 1]>
          %4 = sub %1, %2 : secret<f32[n, 3]>
          %5 = mul %3, %4 : secret<f32[n, 3]>
          %6 = add %2, %5 : secret<f32[n, 3]>
          %7 = sum %6 {axes = [0]} : secret<f32[3]>
          output %7 {path = "result"}
        }
    """

    level = Level.TENSOR

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
