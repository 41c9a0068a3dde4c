"""Tensor programs that many compiler tests use, written the way a front end traces them."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement
from ezprivsecfl.ir.tensor.elementwise import (
    Abs,
    Add,
    BitAnd,
    BitXor,
    Div,
    DivNoNan,
    Erf,
    Exp,
    FloorDiv,
    Greater,
    Maximum,
    Mul,
    Pow,
    Relu,
    Select,
    Sigmoid,
    Softplus,
    Sqrt,
    Tanh,
)
from ezprivsecfl.ir.tensor.structure import Clients, Concat, MatMul, ReduceMax, Reshape, Slice, Sum, Transpose
from ezprivsecfl.ir.types import Dim, DType, Secrecy, TensorType


class TensorProgram(ProgramBuilder):
    """A builder with short names for what tests need."""

    def __init__(self, name: str) -> None:
        super().__init__(name, Level.TENSOR)

    def clients(self, path: str, *shape: Dim, dtype: DType = DType.F32) -> Value:
        type_ = TensorType(("n", *shape), dtype, Secrecy.SECRET)
        return self.add(Input, path=path, placement=Placement.CLIENTS, bound=None, type=type_)

    def server(self, path: str, *shape: Dim, dtype: DType = DType.F32, owner: Owner | None = None) -> Value:
        type_ = TensorType(shape, dtype, Secrecy.PUBLIC if owner is None else Secrecy.SECRET)
        return self.add(Input, path=path, placement=Placement.SERVER, bound=None, type=type_, owner=owner)

    def constant(self, value: float, dtype: DType = DType.F32) -> Value:
        return self.add(Constant, value=np.asarray(value), dtype=dtype)

    def returns(self, value: Value, path: str = "result") -> None:
        self.append(Output(operands=(value,), path=path))

    def column(self, value: Value, rank: int = 2) -> Value:
        """One number of each client, to be multiplied with what has more entries."""
        return self.add(Reshape, value, shape=("n",) + (1,) * (rank - 1))

    def total(self, value: Value) -> Value:
        """Over the clients."""
        return self.add(Sum, value, axes=(0,))

    def norm(self, value: Value, axis: int) -> Value:
        return self.add(Sqrt, self.add(Sum, self.add(Mul, value, value), axes=(axis,)))


def fltrust(size: int, owner: Owner | None = None) -> Program:
    """``aggregators/fltrust.py`` without TensorFlow; a test of the aggregator asserts that it computes the same."""
    b = TensorProgram("fltrust")
    updates, root = b.clients("updates", size), b.server("root", size, owner=owner)
    norm, root_norm = b.norm(updates, 1), b.norm(root, 0)
    dot = b.add(Sum, b.add(Mul, updates, root), axes=(1,))
    score = b.add(Relu, b.add(Div, dot, b.add(Mul, norm, root_norm)))
    scale = b.add(Div, b.add(Mul, score, root_norm), norm)
    rows = b.add(Mul, b.add(Reshape, scale, shape=("n", 1)), updates)
    total = b.add(Sum, score, axes=(0,))
    b.returns(b.add(DivNoNan, b.add(Sum, rows, axes=(0,)), total))
    return b.build()


def functions(size: int) -> Program:
    """Functions that circuits approximate, of every client's values and of their sum, and bits of integers."""
    b = TensorProgram("functions")
    x, count = b.clients("x", size), b.clients("count", dtype=DType.I32)
    exponentials = b.add(Exp, x)
    b.returns(b.add(Sum, exponentials, axes=(0,)), "exp")
    b.returns(b.add(Sum, b.add(Mul, b.add(Sigmoid, x), b.add(Tanh, x)), axes=(0,)), "gates")
    total = b.add(Sum, b.add(Add, b.add(Softplus, x), b.add(Erf, x)), axes=(0,))
    b.returns(b.add(Pow, total, b.constant(0.7)), "power")
    b.returns(b.add(Sum, b.add(BitXor, b.add(BitAnd, count, b.constant(6, DType.I32)), count), axes=(0,)), "bits")
    b.returns(b.add(Sum, b.add(FloorDiv, b.constant(100, DType.I32), count), axes=(0,)), "quotients")
    return b.build()


def weighted_mean(size: int) -> Program:
    b = TensorProgram("weighted_mean")
    values, weights = b.clients("value", size), b.clients("weight")
    rows = b.add(Mul, values, b.add(Reshape, weights, shape=("n", 1)))
    b.returns(b.add(Div, b.add(Sum, rows, axes=(0,)), b.add(Sum, weights, axes=(0,))))
    return b.build()


def weighted_layers(size: int) -> Program:
    """The weighted mean of models of several tensors."""
    b = TensorProgram("weighted_layers")
    weight = b.clients("weight")
    total = b.add(Sum, weight, axes=(0,))
    for name, shape in (("kernel", (size, 10)), ("bias", (10,)), ("scale", ())):
        layer = b.clients(name, *shape)
        rows = b.add(Mul, layer, b.add(Reshape, weight, shape=("n", *[1] * len(shape))))
        b.returns(b.add(Div, b.add(Sum, rows, axes=(0,)), total), name)
    return b.build()


def clipped_mean(size: int) -> Program:
    """Rows longer than the bound are scaled down to it; the count of clipped rows is returned too."""
    b = TensorProgram("clipped_mean")
    values, limit = b.clients("value", size), b.server("limit")
    norm = b.norm(values, 1)
    clipped = b.add(Greater, norm, limit)
    scale = b.add(Reshape, b.add(Div, limit, norm), shape=("n", 1))
    rows = b.add(Select, b.add(Reshape, clipped, shape=("n", 1)), b.add(Mul, values, scale), values)
    b.returns(b.add(Div, b.add(Sum, rows, axes=(0,)), b.add(Clients, dtype=DType.F32)))
    return b.build()


def everything() -> Program:
    """Selection, maxima, comparison, integers, moves and a large public constant in one program."""
    b = TensorProgram("everything")
    x, y = b.clients("x", 4, 3), b.clients("y", 4, 3)
    count, offset = b.clients("count", dtype=DType.I32), b.server("offset", 4, 3)
    table = b.add(Constant, value=np.arange(120.0).reshape(12, 10) / 64, dtype=DType.F32)
    turned = b.add(Transpose, b.add(Maximum, x, y), permutation=(0, 2, 1))
    joined = b.add(Concat, b.add(Reshape, turned, shape=("n", 12)), b.add(Reshape, y, shape=("n", 12)), axis=1)
    part = b.add(Slice, joined, starts=(0, 0), sizes=("n", 12), strides=(1, 2))
    largest = b.add(ReduceMax, b.add(Abs, x), axes=(1, 2))
    b.returns(b.add(Sum, b.add(MatMul, part, table), axes=(0,)), "product")
    b.returns(b.add(Sum, b.add(Add, b.add(Mul, x, y), offset), axes=(0,)), "shifted")
    b.returns(b.add(Sum, b.add(Sqrt, largest), axes=(0,)), "roots")
    b.returns(b.add(Sum, count, axes=(0,)), "count")
    return b.build()
