"""Clamps that never act, such as those of a cast to integers after the program's own clipping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.integers import integers
from ezprivsecfl.compiler.analyses.partial import may_fail
from ezprivsecfl.compiler.analyses.ranges import EXACT, Intervals
from ezprivsecfl.ir.interval import UNBOUNDED, Interval
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor import Input, Placement, TensorOp
from ezprivsecfl.ir.tensor.elementwise import Maximum, Minimum
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import DType


@dataclass(frozen=True)
class DropIdleClamps:
    """Rewrites min(x, c) and max(x, c) to x where x never passes c, whatever clients upload.

    The bounds of clients' inputs do not count: a client may share more than it has declared, and clamps are what robust
    programs limit that with. What counts is what the program computes itself, in circuits (clips, comparisons): of
    values that it bounds on both sides nothing wraps around in the ring either. (TFF's quantised sums clip updates to
    their range, and the integers that these become to those of 64 bits.)

    Example::

        program @clipped(clients <= 30) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = constant {value = array<f32[]> 1.0, dtype = f32}
          %2 = minimum %0, %1 : secret<f32[n, 3]>
          %3 = constant {value = array<f32[]> -1.0, dtype = f32}
          %4 = maximum %2, %3 : secret<f32[n, 3]>
          %5 = constant {value = array<f32[]> 100.0, dtype = f32}
          %6 = minimum %4, %5 : secret<f32[n, 3]>
          %7 = sum %6 {axes = [0]} : secret<f32[3]>
          output %7 {path = "result"}
        }

    becomes::

        program @clipped(clients <= 30) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = constant {value = array<f32[]> 1.0, dtype = f32}
          %2 = minimum %0, %1 : secret<f32[n, 3]>
          %3 = constant {value = array<f32[]> -1.0, dtype = f32}
          %4 = maximum %2, %3 : secret<f32[n, 3]>
          %5 = constant {value = array<f32[]> 100.0, dtype = f32}
          %6 = sum %4 {axes = [0]} : secret<f32[3]>
          output %6 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program; the same if no number of clients is declared yet."""
        if program.max_clients is None:
            return program
        reached = _reached(program, program.max_clients)

        def rule(_: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            kept = _kept(op, reached)
            return None if kept is None else operands[kept]

        return rewrite(program, rule)


def _reached(program: Program, clients: int) -> Mapping[Value, Interval]:
    """What values lie in for any inputs of the clients."""
    intervals = Intervals(Facts(clients, EXACT, integers(program)))
    for op in program.ops:
        assert isinstance(op, TensorOp)
        anything = isinstance(op, Input) and op.placement is Placement.CLIENTS and op.type.dtype is not DType.BOOL
        for result in op.results:
            intervals[result] = UNBOUNDED if anything else intervals.of(op)
    return intervals.facts.intervals


def _kept(op: Op, reached: Mapping[Value, Interval]) -> int | None:
    """The position of the operand that the result always is; None if the clamp may act."""
    if not isinstance(op, Minimum | Maximum) or not tensor_type(op.result).is_secret:
        return None
    for kept, other in ((0, 1), (1, 0)):
        value, limit = reached[op.operands[kept]], reached[op.operands[other]]
        idle = value.hi <= limit.lo if isinstance(op, Minimum) else value.lo >= limit.hi
        same = op.operands[kept].type == op.result.type
        if idle and same and value.is_bounded and not any(may_fail(operand) for operand in op.operands):
            return kept
    return None
