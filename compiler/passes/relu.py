"""ReLU exact, or as a polynomial (which needs no comparison)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.analyses.ranges import EXACT, Ranges
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.errors import Location, PrecisionError
from ezprivsecfl.ir.circuits.relu import minimax_relu
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor.elementwise import Add, Mul, Relu
from ezprivsecfl.ir.tensor.values import tensor_type


@dataclass(frozen=True)
class ApproximateRelu:
    """Replaces ReLU of secret values by a minimax polynomial over their range.

    Args:
        degree: Of the polynomial, an even number from 2 to 8; None: nothing is replaced.
        norms: How sums of squares are computed: ranges depend on it.
    """

    degree: int | None = None
    norms: Norms = EXACT

    def run(self, program: Program) -> Program:
        """Returns the rewritten program; raises PrecisionError for a ReLU of an unbounded value."""
        if self.degree is None:
            return program
        ranges = Ranges(program, self.norms)
        b = ProgramBuilder(program.name, program.level, program.max_clients)
        values: dict[Value, Value] = {}
        for op in program.ops:
            with b.at(op.location):
                if isinstance(op, Relu) and tensor_type(op.result).is_secret:
                    bound = ranges[op.operands[0]].magnitude
                    values[op.result] = _polynomial(b, values[op.operands[0]], self.degree, bound)
                else:
                    values.update(zip(op.results, b.copy(op, values).results, strict=True))
        return b.build()


def approximations(program: Program, degree: int, norms: Norms) -> list[tuple[Location, float, float]]:
    """For every ReLU that is replaced its place, the bound of its operand, and the worst error."""
    ranges = Ranges(program, norms)
    secret = [op for op in program.of(Relu) if tensor_type(op.result).is_secret]
    bounds = [ranges[op.operands[0]].magnitude for op in secret]
    return [(op.location, b, minimax_relu(degree, b)[1]) for op, b in zip(secret, bounds, strict=True)]


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
