"""Maxima and minima over axes as trees of element-wise maxima and minima."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program, ProgramBuilder
from ezprivsecfl.ir.tensor.elementwise import And, Maximum, Minimum, Or
from ezprivsecfl.ir.tensor.structure import ReduceAll, ReduceAny, ReduceMax, ReduceMin, Reshape, Slice, Transpose
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM

PAIRWISE: dict[type[Op], type[Op]] = {ReduceMax: Maximum, ReduceMin: Minimum, ReduceAny: Or, ReduceAll: And}
"""All of them idempotent, so that the halves of an odd number of elements may overlap."""


@dataclass(frozen=True)
class ReduceByTrees:
    """Rewrites reductions of secret values to log2(k) element-wise steps on halves."""

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        b = ProgramBuilder(program.name, program.level, program.max_clients)
        values: dict[Value, Value] = {}
        for op in program.ops:
            with b.at(op.location):
                if type(op) in PAIRWISE and tensor_type(op.operands[0]).is_secret:
                    values[op.result] = _tree(b, op, values[op.operands[0]])
                else:
                    values.update(zip(op.results, b.copy(op, values).results, strict=True))
        return b.build()


def _tree(b: ProgramBuilder, op: Op, value: Value) -> Value:
    axes = op.attributes()["axes"]
    shape = value.type.shape
    if any(shape[a] == CLIENTS_DIM for a in axes):
        raise UnsupportedError(f"{op.name} over clients is not supported", [op.location])
    kept = [i for i in range(len(shape)) if i not in axes]
    kept_shape = tuple(shape[i] for i in kept)
    size = 1
    for a in axes:
        size *= int(shape[a])
    if size == 0:
        raise UnsupportedError(f"{op.name} of no elements has no value", [op.location])
    order = (*kept, *axes)
    if order != tuple(range(len(shape))):
        value = b.add(Transpose, value, permutation=order)
    value = b.add(Reshape, value, shape=(*kept_shape, size))
    while size > 1:
        half = (size + 1) // 2
        value = b.add(PAIRWISE[type(op)], _last(b, value, 0, half), _last(b, value, size - half, half))
        size = half
    return b.add(Reshape, value, shape=kept_shape)


def _last(b: ProgramBuilder, value: Value, start: int, size: int) -> Value:
    """``size`` elements of the last axis from ``start``."""
    shape = value.type.shape
    rest = len(shape) - 1
    return b.add(Slice, value, starts=(0,) * rest + (start,), sizes=(*shape[:-1], size), strides=(1,) * len(shape))
