"""Maxima and minima over axes as trees of element-wise maxima and minima; those over clients by all pairs.

The number of clients is only known when a round starts, so there is no tree over them. Instead every client's value is
compared with every other one: the largest is the one that is at least as large as all n. Clients that share the
largest value are averaged; what is not a number is passed on. That takes n² comparisons per element, but only a
constant number of rounds. (All pairs: "enumeration sort", D. E. Muller, F. P. Preparata, "Bounds to complexities of
networks for sorting and for switching", Journal of the ACM 22, 1975.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor.elementwise import (
    And,
    Cast,
    Div,
    Equal,
    GreaterEqual,
    LessEqual,
    Maximum,
    Minimum,
    NotEqual,
    Or,
    Select,
)
from ezprivsecfl.ir.tensor.structure import (
    Clients,
    ReduceAll,
    ReduceAny,
    ReduceMax,
    ReduceMin,
    Reshape,
    Slice,
    Sum,
    Transpose,
)
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, DType

PAIRWISE: dict[type[Op], type[Op]] = {ReduceMax: Maximum, ReduceMin: Minimum, ReduceAny: Or, ReduceAll: And}
"""All of them idempotent, so that the halves of an odd number of elements may overlap."""

AT_LEAST: dict[type[Op], type[Op]] = {ReduceMax: GreaterEqual, ReduceMin: LessEqual}
"""How the extreme one compares with all others."""


@dataclass(frozen=True)
class ReduceByTrees:
    """Rewrites reductions of secret values to log2(k) element-wise steps on halves.

    Example::

        program @tree tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = reduce_max %0 {axes = [1]} : secret<f32[n]>
          %2 = sum %1 {axes = [0]} : secret<f32[]>
          output %2 {path = "result"}
        }

    becomes::

        program @tree tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = reshape %0 {shape = [n, 3]} : secret<f32[n, 3]>
          %2 = slice %1 {starts = [0, 0], sizes = [n, 2], strides = [1, 1]} : secret<f32[n, 2]>
          %3 = slice %1 {starts = [0, 1], sizes = [n, 2], strides = [1, 1]} : secret<f32[n, 2]>
          %4 = maximum %2, %3 : secret<f32[n, 2]>
          %5 = slice %4 {starts = [0, 0], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %6 = slice %4 {starts = [0, 1], sizes = [n, 1], strides = [1, 1]} : secret<f32[n, 1]>
          %7 = maximum %5, %6 : secret<f32[n, 1]>
          %8 = reshape %7 {shape = [n]} : secret<f32[n]>
          %9 = sum %8 {axes = [0]} : secret<f32[]>
          output %9 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        return rewrite(program, _reduced)


def _reduced(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
    if type(op) not in PAIRWISE or not tensor_type(op.operands[0]).is_secret:
        return None
    return _tree(b, op, operands[0])


def _tree(b: ProgramBuilder, op: Op, value: Value) -> Value:
    axes = op.attributes()["axes"]
    shape = value.type.shape
    over_clients = [a for a in axes if shape[a] == CLIENTS_DIM]
    if len(over_clients) > 1:
        raise UnsupportedError(
            f"{op.user_name} over two axes of clients: reduce values of one client each, not of pairs", [op.location]
        )
    if over_clients:
        value = _over_clients(b, op, value, over_clients[0])
        axes = tuple(a - (a > over_clients[0]) for a in axes if a != over_clients[0])
        shape = value.type.shape
    kept = [i for i in range(len(shape)) if i not in axes]
    kept_shape = tuple(shape[i] for i in kept)
    size = 1
    for a in axes:
        size *= int(shape[a])
    if size == 0:
        raise UnsupportedError(f"{op.user_name} of no elements has no value", [op.location])
    order = (*kept, *axes)
    if order != tuple(range(len(shape))):
        value = b.add(Transpose, value, permutation=order)
    value = b.add(Reshape, value, shape=(*kept_shape, size))
    while size > 1:
        half = (size + 1) // 2
        value = b.add(PAIRWISE[type(op)], _last(b, value, 0, half), _last(b, value, size - half, half))
        size = half
    return b.add(Reshape, value, shape=kept_shape)


def _over_clients(b: ProgramBuilder, op: Op, value: Value, axis: int) -> Value:
    """The largest or smallest value of all clients, without the clients axis."""
    dtype = tensor_type(value).dtype
    at_least = AT_LEAST.get(type(op))
    if at_least is None or not dtype.is_float:
        raise UnsupportedError(f"{op.user_name} over clients takes floats only: cast to a float first", [op.location])
    others = [i for i in range(len(value.type.shape)) if i != axis]
    if axis:
        value = b.add(Transpose, value, permutation=(axis, *others))
    clients, *rest = value.type.shape
    mine = b.add(Reshape, value, shape=(clients, 1, *rest))
    every = b.add(Reshape, value, shape=(1, clients, *rest))
    held = b.add(Sum, b.add(Cast, b.add(at_least, mine, every), dtype=DType.I64), axes=(1,))
    is_extreme = b.add(Equal, held, b.add(Clients, dtype=DType.I64))
    zero, one = (b.add(Constant, value=np.asarray(x), dtype=dtype) for x in (0.0, 1.0))
    chosen = b.add(Or, is_extreme, b.add(NotEqual, value, value))  # what is not a number must not go unnoticed
    total = b.add(Sum, b.add(Select, chosen, value, zero), axes=(0,))
    ties = b.add(Sum, b.add(Cast, is_extreme, dtype=dtype), axes=(0,))
    return b.add(Div, total, b.add(Maximum, ties, one))  # one always holds: the range of the quotient follows from it


def _last(b: ProgramBuilder, value: Value, start: int, size: int) -> Value:
    """``size`` elements of the last axis from ``start``."""
    shape = value.type.shape
    rest = len(shape) - 1
    return b.add(Slice, value, starts=(0,) * rest + (start,), sizes=(*shape[:-1], size), strides=(1,) * len(shape))
