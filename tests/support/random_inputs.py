"""Inputs for random programs: ordinary ones, and those at which programs break."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import numpy as np

from ezprivsecfl.ir.op import Array, Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import DType, resolve

KINDS = ("ordinary", "small", "at the bound", "zeros", "a zero client", "ties", "mixed", "positive", "tiny", "sparse")
CAPS = {True: (1.0, 100.0, 1024.0, float(2**20)), False: (8.0, 8.0, 1.0)}


def random_inputs(random: Random, program: Program, clients: int) -> dict[str, Array]:
    """A value for every input, by path, as float32, int64 or bool; CLIENTS-placed ones have all clients stacked."""
    kind = random.choice(KINDS)  # most inputs of one round are alike
    drawn = {}
    for op in program.of(Input):
        mine = kind if random.random() < 0.6 else random.choice(KINDS)
        drawn[op.path] = _value(random, op, mine, clients)
    return drawn


def _value(random: Random, op: Input, kind: str, clients: int) -> Array:
    rng = np.random.default_rng(random.randrange(2**32))
    shape = resolve(op.type.shape, clients)
    scalar = len(shape) == (1 if op.placement is Placement.CLIENTS else 0)
    if op.type.dtype is DType.BOOL:
        return np.asarray(rng.random(shape) < (0.0 if kind == "zeros" else 0.5))
    if op.type.dtype.is_integer:
        most = random.choice((2, 100, 10000))
        return np.asarray(rng.integers(0 if random.random() < 0.8 else -most, most, shape) * (kind != "zeros"))
    cap = random.choice(CAPS[scalar])
    values = _reals(random, rng, kind, shape, cap)
    if scalar and op.placement is Placement.CLIENTS and random.random() < 0.6:
        values = np.abs(values)  # most numbers of clients are weights
    below = cap * (1 - 2.0**-20)
    return np.asarray(np.clip(values, -below, below).astype(np.float32))


def _reals(random: Random, rng: np.random.Generator, kind: str, shape: tuple[int, ...], cap: float) -> Array:
    values = rng.normal(size=shape) * cap / 8
    match kind:
        case "small":
            return values * 10.0 ** -random.uniform(3, 6)
        case "at the bound":
            return np.where(rng.random(shape) < 0.7, np.sign(values) * cap, values)
        case "zeros":
            return values * 0
        case "a zero client":
            return values * (np.arange(shape[0]) > 0).reshape((-1,) + (1,) * (len(shape) - 1)) if shape else values
        case "ties":
            return np.round(values * 16 / cap) * cap / 16
        case "mixed":
            return values * 10.0 ** -rng.uniform(0, 6, shape)
        case "positive":
            return np.abs(values)
        case "tiny":
            return rng.choice([-1.0, 1.0], shape) * 10.0 ** -rng.uniform(3, 8, shape)
        case "sparse":
            return np.where(rng.random(shape) < 0.5, 0, values)
    return values


def varied_inputs(random: Random, program: Program, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Other inputs with the same largest magnitudes and signs that allow for the same bounds."""
    varied = dict(inputs)
    for op in program.of(Input):
        value = inputs[op.path]
        rng = np.random.default_rng(random.randrange(2**32))
        if op.type.dtype is DType.BOOL or not value.size:
            continue
        match random.choice(
            ("as it is", "shuffled", "negated", "a zero client", "alike", "extreme", "sparse", "smaller")
        ):
            case "shuffled":
                varied[op.path] = rng.permutation(value.ravel()).reshape(value.shape)
            case "negated" if op.lowest is None:
                varied[op.path] = -value
            case "a zero client" if value.ndim:
                varied[op.path] = np.concatenate([value[:1] * 0, value[1:]])
            case "alike" if value.ndim:
                varied[op.path] = np.broadcast_to(value[:1], value.shape).copy()
            case "extreme":
                varied[op.path] = np.where(rng.random(value.shape) < 0.7, np.max(np.abs(value)), value).astype(
                    value.dtype
                )
            case "sparse":
                varied[op.path] = np.where(rng.random(value.shape) < 0.5, 0, value).astype(value.dtype)
            case "smaller" if op.type.dtype.is_float:
                varied[op.path] = (value * 10.0 ** -rng.uniform(0, 3, value.shape)).astype(value.dtype)
    return varied


def with_bounds(program: Program, inputs: Mapping[str, Array]) -> Program:
    """The program with bounds for the magnitude of these inputs: a power of 16 times the usual cap, just above them."""
    values: dict[Value, Value] = {}
    ops: list[Op] = []
    for op in program.ops:
        copy = op.rebuild([values[o] for o in op.operands])
        if isinstance(copy, Input):
            copy = replace(copy, **_bound(copy, inputs[copy.path]))
        ops.append(copy)
        values.update(zip(op.results, copy.results, strict=True))
    return Program(program.name, program.level, program.max_clients, tuple(ops))


def _bound(op: Input, value: Array) -> dict[str, float | None]:
    largest = float(np.max(np.abs(value.astype(np.float64)), initial=0.0))
    if op.type.dtype is DType.BOOL:
        return {}
    if op.type.dtype.is_integer:
        bound = max(2.0, 2.0 ** (math.floor(math.log2(max(largest, 1))) + 1))
    elif largest == 0:
        bound = 8.0
    else:
        bound = 8.0 * 16.0 ** (math.floor(math.log2(max(largest, 2.0**-30) / 8) / 4) + 1)
    assert largest < bound
    return {"bound": bound, "lowest": 0.0 if value.size and np.min(value) >= 0 else None}
