"""Random programs of everything that the range analysis has theorems about: no value leaves its range."""

from __future__ import annotations

import numpy as np
from claimed_ranges import check_ranges
from hypothesis import given, settings
from hypothesis import strategies as strategies
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.pipeline import tensor_passes
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

N, K = 3, 3
SHAPE = ("n", K, K)
"""All values of a random program have this shape; sums and norms are repeated to it, along some axes or others."""

Draw = strategies.DrawFn


def repeated(b: TensorProgram, x: Value, axis: int, draw: Draw) -> Value:
    """A value without an axis, repeated along one: the same as before, or another one of the same size."""
    along = draw(strategies.sampled_from([1, 2])) if axis else 0
    ones = tuple(1 if i == along else d for i, d in enumerate(SHAPE))
    return b.add(st.Broadcast, b.add(st.Reshape, x, shape=ones), shape=SHAPE)


def total(b: TensorProgram, x: Value, draw: Draw) -> Value:
    axis = draw(strategies.sampled_from([0, 1, 2]))
    return repeated(b, b.add(st.Sum, x, axes=(axis,)), axis, draw)


def norm(b: TensorProgram, x: Value, draw: Draw) -> Value:
    return b.add(ew.Sqrt, total(b, b.add(ew.Mul, x, x), draw))


def turned(b: TensorProgram, x: Value, draw: Draw) -> Value:
    return b.add(st.Transpose, x, permutation=(0, 2, 1))


def reshaped(b: TensorProgram, x: Value, draw: Draw) -> Value:
    flat = b.add(st.Reshape, x, shape=("n", K * K))
    start = draw(strategies.sampled_from([0, K]))
    half = b.add(st.Slice, flat, starts=(0, start), sizes=("n", K), strides=(1, 1))
    return repeated(b, half, draw(strategies.sampled_from([1, 2])), draw)


UNARY = [ew.Neg, ew.Abs, ew.Relu, ew.Sign, ew.Reciprocal, ew.Sqrt, ew.Rsqrt, ew.Square]
BINARY = [ew.Add, ew.Sub, ew.Mul, ew.Div, ew.DivNoNan, ew.Maximum, ew.Minimum, st.MatMul]
COMPARISONS = [ew.Less, ew.LessEqual, ew.Greater, ew.GreaterEqual, ew.Equal, ew.NotEqual]


@strategies.composite
def programs(draw: Draw) -> Program:
    b = TensorProgram("random")
    values = [b.clients("signed/x", K, K), b.clients("positive/w", K, K)]
    values.append(b.add(ew.Cast, b.clients("positive/count", K, K, dtype=DType.I32), dtype=DType.F32))
    values += [b.add(st.Broadcast, b.constant(c), shape=SHAPE) for c in (0.0, 1e-3, 1.0)]
    for _ in range(draw(strategies.integers(1, 7))):
        x, y, p, q = (draw(strategies.sampled_from(values)) for _ in range(4))
        kind = draw(strategies.sampled_from(["unary", "binary", "binary", "move", "sum", "norm", "select"]))
        if kind == "unary":
            values.append(b.add(draw(strategies.sampled_from(UNARY)), x))
        elif kind == "binary":
            values.append(b.add(draw(strategies.sampled_from(BINARY)), x, y))
        elif kind == "select":
            values.append(b.add(ew.Select, b.add(draw(strategies.sampled_from(COMPARISONS)), p, q), x, y))
        else:
            move = {"move": draw(strategies.sampled_from([turned, reshaped])), "sum": total, "norm": norm}[kind]
            values.append(move(b, x, draw))
    b.returns(b.add(st.Sum, values[-1], axes=(0,)))
    traced = b.build()
    bounds = {op.path: Bound(4.0, 0.0 if op.path.startswith("positive") else None) for op in traced.of(Input)}
    norms = draw(strategies.sampled_from([None, NormBounds(), NormBounds.of({"signed": 2.0})]))
    return DeclareBounds(N, ParameterBounds.of(bounds), norms).run(traced)


def inputs(rng: np.random.Generator, program: Program, clients: int) -> dict[str, np.ndarray]:
    found = {}
    for op in program.of(Input):
        shape = (clients, K, K)
        array = rng.choice([0.0, 1e-9, 1e-3, 0.5, 1.0], shape) * rng.choice([-4.0, -1.0, 1.0, 4.0], shape)
        if op.norm is not None:  # one entry may have it all, and any sign
            length = np.sqrt(np.sum(array**2, axis=(1, 2), keepdims=True))
            array = array * op.norm / np.where(length > 0, length, 1.0)
        elif op.path.startswith("positive"):
            array = np.abs(array)
        found[op.path] = np.trunc(array).astype(np.int64) if op.type.dtype.is_integer else array
    return found


@settings(max_examples=150, deadline=None)
@given(program=programs(), seed=strategies.integers(0, 1000))
def test_no_value_leaves_its_range(program: Program, seed: int):
    rng = np.random.default_rng(seed)
    try:
        forms = program, run_passes(program, tensor_passes(Options(clients=N)))
    except CompileError:  # such as an output that would show more than the program's result
        forms = (program,)
    for each in forms:
        ranges = Ranges(each)
        for clients in (1, 2, N, N, N):
            check_ranges(each, inputs(rng, each, clients), clients, ranges)
