"""Tensors of public factors at outputs: divided by the largest, so that they fit any fixed point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.analyses.chains import chain
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor import Constant, Output
from ezprivsecfl.ir.tensor.elementwise import Abs, DivNoNan, Maximum, Minimum, Mul
from ezprivsecfl.ir.tensor.structure import ReduceMax, Reshape
from ezprivsecfl.ir.tensor.values import tensor_type


@dataclass(frozen=True)
class NormaliseFactors:
    """Output x · f with a public tensor f becomes (x · f/c) · c, where c is the largest magnitude in f.

    The product with f/c is computed on shares, so that what is opened is as precise as the output's largest entry
    needs, and shows no more of entries with smaller factors; c is a number, and applied in the clear. Other public
    factors below come into f.

    Example::

        program @factors tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "f", placement = server, bound = 8.0, type = public<f32[3]>}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = mul %2, %1 : secret<f32[3]>
          output %3 {path = "result"}
        }

    becomes::

        program @factors tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "f", placement = server, bound = 8.0, type = public<f32[3]>}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = reshape %1 {shape = [3]} : public<f32[3]>
          %4 = abs %3 : public<f32[3]>
          %5 = reduce_max %4 {axes = [0]} : public<f32[]>
          %6 = constant {value = array<f64[]> 1.0, dtype = f32} : public<f32[]>
          %7 = div_no_nan %1, %5 : public<f32[3]>
          %8 = minimum %7, %6 : public<f32[3]>
          %9 = constant {value = array<f64[]> -1.0, dtype = f32} : public<f32[]>
          %10 = maximum %8, %9 : public<f32[3]>
          %11 = mul %2, %10 : secret<f32[3]>
          %12 = mul %11, %5 : secret<f32[3]>
          output %12 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        outputs = [op.operands[0] for op in program.of(Output) if tensor_type(op.operands[0]).is_secret]
        products = {value.op for value in (chain(o).opened for o in outputs) if _factor(value.op) is not None}
        return rewrite(program, lambda b, op, operands: _normalised(b, op) if op in products else None)


def _factor(op: Op) -> Value | None:
    """The public factor of a product with a secret value."""
    public = [o for o in op.operands if not tensor_type(o).is_secret]
    is_product = isinstance(op, Mul) and tensor_type(op.result).dtype.is_float
    return public[0] if is_product and len(public) == 1 else None


def _normalised(b: Rewriter, op: Op) -> Value:
    factor: Value | None = None
    while (next_factor := _factor(op)) is not None:
        factor = b.values[next_factor] if factor is None else b.add(Mul, b.values[next_factor], factor)
        (secret,) = [o for o in op.operands if o is not next_factor]
        op = secret.op
    assert factor is not None
    flat = b.add(Reshape, factor, shape=(math.prod(int(d) for d in factor.type.shape),))
    largest = b.add(ReduceMax, b.add(Abs, flat), axes=(0,))
    one = b.add(Constant, value=np.ones(()), dtype=tensor_type(factor).dtype)
    within = b.add(Minimum, b.add(DivNoNan, factor, largest), one)  # which range analysis cannot see otherwise
    within = b.add(Maximum, within, b.add(Constant, value=np.asarray(-1.0), dtype=tensor_type(factor).dtype))
    return b.add(Mul, b.add(Mul, b.values[secret], within), largest)
