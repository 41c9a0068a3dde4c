"""Inputs of a round."""

from __future__ import annotations

import numpy as np

from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement


def random_round(program: Program, clients: int, seed: int = 0):
    """Values by path: per client for CLIENTS inputs."""
    rng = np.random.default_rng(seed)
    given, server, stacked = {}, {}, {}
    for op in program.of(Input):
        shape = tuple(clients if d == "n" else int(d) for d in op.type.shape)
        value = rng.integers(1, 500, shape) if op.type.dtype.is_integer else rng.normal(0.3, 1.0, shape)
        if op.path in ("weight", "limit", "scale"):
            value = np.abs(value) + 1
        stacked[op.path] = value
        if op.placement is Placement.CLIENTS:
            given[op.path] = list(value)
        else:
            server[op.path] = value
    return given, server, stacked
