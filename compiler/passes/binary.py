"""Makes truth values of parameters that a user declares to be 0 or 1."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ezprivsecfl.compiler.binary_parameters import BinaryParameters
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor.elementwise import Cast
from ezprivsecfl.ir.types import DType


@dataclass(frozen=True)
class DeclareBinary:
    """Has clients share truth values in place of numbers that are declared to be 0 or 1, and converts these.

    From here on it is as if the program's type said so: what clients prove, ranges, and formats without fractional
    bits follow from that.

    Example of ``DeclareBinary(BinaryParameters({"seen": False, "vote": True}))``::

        program @counts tensor {
          %0 = input {path = "seen", placement = clients, bound = none, type = secret<f32[n, 3]>}
          %1 = input {path = "vote", placement = clients, bound = none, type = secret<i32[n, 3]>}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = sum %1 {axes = [0]} : secret<i32[3]>
          output %2 {path = "seen"}
          output %3 {path = "votes"}
        }

    becomes::

        program @counts tensor {
          %0 = input {path = "seen", placement = clients, bound = none, type = secret<bool[n, 3]>}
          %1 = cast %0 {dtype = f32} : secret<f32[n, 3]>
          %2 = input {path = "vote", placement = clients, bound = none, type = secret<bool[n, 3]>, one_hot = true}
          %3 = cast %2 {dtype = i32} : secret<i32[n, 3]>
          %4 = sum %1 {axes = [0]} : secret<f32[3]>
          %5 = sum %3 {axes = [0]} : secret<i32[3]>
          output %4 {path = "seen"}
          output %5 {path = "votes"}
        }

    Args:
        binary: As declared.
    """

    level = Level.TENSOR

    binary: BinaryParameters

    def run(self, program: Program) -> Program:
        """Returns the rewritten program; raises CompileError for a declaration that fits no parameter."""
        self.binary.check(program)
        return rewrite(program, self._declared)

    def _declared(self, b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        one_hot = self.binary.of_input(op) if isinstance(op, Input) else None
        if one_hot is None or not isinstance(op, Input):
            return None
        truth = b.append(
            replace(op, type=replace(op.type, dtype=DType.BOOL), bound=None, one_hot=one_hot or op.one_hot)
        ).result
        return truth if op.type.dtype is DType.BOOL else b.add(Cast, truth, dtype=op.type.dtype)
