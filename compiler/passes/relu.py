"""ReLU exact, or as a polynomial (which needs no comparison)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ezprivsecfl.compiler.analyses.ranges import EXACT, Ranges
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.errors import Location, PrecisionError
from ezprivsecfl.ir.circuits.relu import minimax_relu
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor import Constant, Input
from ezprivsecfl.ir.tensor.elementwise import Add, Mul, Relu
from ezprivsecfl.ir.tensor.values import tensor_type


@dataclass(frozen=True)
class ApproximateRelu:
    """Replaces ReLU of secret values by a minimax polynomial over their range.

    Example of ``ApproximateRelu(2)``::

        program @relu (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n]>}
          %1 = relu %0 : secret<f32[n]>
          %2 = sum %1 {axes = [0]} : secret<f32[]>
          output %2 {path = "result"}
        }

    becomes::

        program @relu (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n]>}
          %1 = constant {value = array<f64[]> 0.125, dtype = f32} : public<f32[]>
          %2 = mul %0, %1 : secret<f32[n]>
          %3 = constant {value = array<f64[]> 0.5, dtype = f32} : public<f32[]>
          %4 = mul %3, %2 : secret<f32[n]>
          %5 = constant {value = array<f64[]> 0.5, dtype = f32} : public<f32[]>
          %6 = add %4, %5 : secret<f32[n]>
          %7 = mul %6, %2 : secret<f32[n]>
          %8 = constant {value = array<f64[]> 0.0625, dtype = f32} : public<f32[]>
          %9 = add %7, %8 : secret<f32[n]>
          %10 = constant {value = array<f64[]> 8.0, dtype = f32} : public<f32[]>
          %11 = mul %9, %10 : secret<f32[n]>
          %12 = sum %11 {axes = [0]} : secret<f32[]>
          output %12 {path = "result"}
        }

    Args:
        degree: Of the polynomial, an even number from 2 to 8; None: nothing is replaced.
        norms: How sums of squares are computed: ranges depend on it.
    """

    level = Level.TENSOR

    degree: int | None = None
    norms: Norms = EXACT

    def run(self, program: Program) -> Program:
        """Returns the rewritten program; raises PrecisionError for a ReLU of an unbounded value."""
        degree = self.degree
        if degree is None:
            return program
        bounds = iter(_bounds(program, self.norms))

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            if not isinstance(op, Relu) or not tensor_type(op.result).is_secret:
                return None
            return _polynomial(b, operands[0], degree, next(bounds))

        return rewrite(program, rule)


def approximations(program: Program, degree: int, norms: Norms) -> list[tuple[Location, float, float]]:
    """For every ReLU that is replaced its place, the bound of its operand, and the worst error."""
    found = zip(_replaced(program), _bounds(program, norms), strict=True)
    return [(op.location, b, minimax_relu(degree, b)[1]) for op, b in found]


def _replaced(program: Program) -> list[Relu]:
    return [op for op in program.of(Relu) if tensor_type(op.result).is_secret]


def _bounds(program: Program, norms: Norms) -> list[float]:
    """Of the operand of every ReLU that is replaced, in order, for inputs as they are declared.

    A client that proves its norm alone may go beyond, with one entry. What becomes of that is within the ranges of what
    the polynomial consists of; but the wider it approximates, the worse it is for all others.
    """
    declared = rewrite(program, _without_norm)
    ranges = Ranges(declared, norms)
    return [ranges[op.operands[0]].magnitude for op in _replaced(declared)]


def _without_norm(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
    return b.append(replace(op, norm=None)).result if isinstance(op, Input) else None


def _polynomial(b: ProgramBuilder, x: Value, degree: int, bound: float) -> Value:
    """Horner's rule on x / bound, which lies within [-1, 1]."""
    if not np.isfinite(bound):
        raise PrecisionError("ReLU of an unbounded value cannot be approximated", [b.location])
    coefficients, _ = minimax_relu(degree, 1.0)
    dtype = tensor_type(x).dtype

    def constant(value: float) -> Value:
        return b.add(Constant, value=np.asarray(value), dtype=dtype)

    scaled = b.add(Mul, x, constant(1.0 / bound))
    result = constant(float(coefficients[-1]))
    for c in reversed(coefficients[:-1]):
        result = b.add(Add, b.add(Mul, result, scaled), constant(float(c)))
    return b.add(Mul, result, constant(bound))
