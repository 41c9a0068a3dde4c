"""Inputs for random programs: ordinary ones, and those at which programs break."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import numpy as np

from ezprivsecfl.ir.op import Array
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
    """Other inputs of the same magnitudes or smaller ones."""
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
            case "negated":
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
