"""Programs of vectors of which clients prove the norm, and inputs of just that norm, many of them for each program."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from claimed_ranges import check_ranges
from shared_images import as_clients_share
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.pipeline import tensor_passes
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType, within_client

Build = Callable[[TensorProgram], Value]

N, K = 4, 12
"""Clients and entries per row."""

BOUND = 8.0
LONG = BOUND * math.sqrt(K)
"""What follows for a row from the bound of its entries."""

SHORT = 5.0
"""Declared for parameters below ``short``."""


def square(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Mul, x, x)


def squares(b: TensorProgram, x: Value, *axes: int) -> Value:
    return b.add(st.Sum, square(b, x), axes=axes)


def row(b: TensorProgram, path: str = "x") -> Value:
    return b.clients(path, K)


def part(b: TensorProgram, x: Value, first: int, size: int, stride: int = 1) -> Value:
    return b.add(st.Slice, x, starts=(0, first), sizes=("n", size), strides=(1, stride))


def program(build: Build) -> tuple[Program, Value]:
    """The program, with norms: parameters are within 8, and those below "positive" are said not to be negative."""
    b = TensorProgram(build.__name__)
    value = build(b)
    value = b.add(ew.Cast, value, dtype=DType.F32) if value.type.dtype is DType.BOOL else value
    clients = [a for a, d in enumerate(value.type.shape) if d == "n"]
    b.returns(b.add(st.Sum, value, axes=tuple(clients)) if clients else value)
    traced = b.build()
    bounds = {op.path: Bound(BOUND, 0.0 if op.path.startswith("positive") else None) for op in traced.of(Input)}
    short = NormBounds.of({"short": SHORT} if any(path.startswith("short") for path in bounds) else {})
    bounded = DeclareBounds(N, ParameterBounds.of(bounds), short).run(traced)
    (output,) = bounded.of(Output)
    return bounded, output.operands[0].op.operands[0] if clients else output.operands[0]


def at_the_norm(before: Program, seed: int) -> dict[str, np.ndarray]:
    """Inputs that are as long as may be, in ways that make some sum or other the largest."""
    rng = np.random.default_rng(seed)
    inputs = {}
    for op in before.of(Input):
        shape = tuple(N if d == "n" else int(d) for d in op.type.shape)
        size = within_client(op.type.shape)
        if op.type.dtype is DType.BOOL:
            inputs[op.path] = rng.random(shape) < 0.5
            continue
        shapes = [np.eye(size)[rng.integers(size)], np.ones(size), np.arange(1.0, size + 1), rng.normal(size=size)]
        shapes += [np.eye(size)[i % size] for i in (0, 3, 4)] + [np.isin(np.arange(size), (0, 1, 2, 6, 7, 8)) + 0.0]
        rows = np.stack([shapes[seed % len(shapes)]] * N if seed % 2 else [shapes[i] for i in rng.integers(8, size=N)])
        sign = -1.0 if seed % 3 == 0 else 1.0
        if op.norm is None:
            found = sign * (op.bound or 1.0) * rows / np.abs(rows).max(axis=-1, keepdims=True)
            found = found if op.lowest is None else np.abs(found)
        else:
            found = sign * op.norm * rows / np.linalg.norm(rows, axis=-1, keepdims=True)
        if "n" not in op.type.shape:
            found = -found[0] if seed % 5 else found[0]
        found = found.reshape(shape)
        inputs[op.path] = np.trunc(found).astype(np.int64) if op.type.dtype.is_integer else found
    return inputs


def hold(before: Program) -> None:
    """Neither the program nor what the passes make of it leaves its ranges."""
    for each in (before, run_passes(before, tensor_passes(Options(clients=N)))):
        ranges = Ranges(each)
        for seed in range(60):
            check_ranges(each, as_clients_share(each, at_the_norm(before, seed)), N, ranges)
