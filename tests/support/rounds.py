"""Inputs of a round."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Declared, ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Array, as_float
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.rounds import round_bounds
from ezprivsecfl.runtime.session import RunResult


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


def by_placement(program: Program, inputs: Mapping[str, Array]) -> tuple[dict[str, list[Array]], dict[str, Array]]:
    """What every client has, from all clients' values stacked, and what the server has."""
    placements = {op.path: op.placement for op in program.of(Input)}
    clients = {p: list(v) for p, v in inputs.items() if placements[p] is Placement.CLIENTS}
    return clients, {p: v for p, v in inputs.items() if p not in clients}


def compiled_for(
    program: Program, inputs: Mapping[str, Array], bounds: Mapping[str, Declared] | None = None
) -> Compiled:
    """Compiled for the magnitudes that clients declare for these inputs, as ``ez.SecureProgram.run`` does it."""
    clients, server = by_placement(program, inputs)
    most = max(map(len, clients.values()))
    options = Options(clients=most, bounds=ParameterBounds.of(bounds or {}))
    found = round_bounds(program, {**clients, **server}, options)
    return compile_program(program, Options(clients=most, bounds=ParameterBounds(found)))


def simulated(compiled: Compiled, inputs: Mapping[str, Array]) -> RunResult:
    """A round in the simulation."""
    return PlainProgram(compiled).run(*by_placement(compiled.tensor, inputs))


def worst_error(compiled: Compiled, inputs: Mapping[str, Array], kept: list[int] | None = None) -> float:
    """The largest relative L-infinity error of a round's results against float64.

    Args:
        compiled: The program.
        inputs: Values by path, those of clients stacked.
        kept: The clients that have a result, if not all have.
    """
    clients, server = by_placement(compiled.tensor, inputs)
    count = len(next(iter(clients.values())))
    kept = list(range(count)) if kept is None else kept
    stacked = {p: np.asarray(v)[kept] for p, v in clients.items()}
    expected = run_tensor(compiled.tensor, {**stacked, **server}, len(kept))
    got = simulated(compiled, inputs).outputs
    return max(
        float(np.max(np.abs(as_float(got[p]) - as_float(v))) / np.max(np.abs(as_float(v)))) for p, v in expected.items()
    )


def close(found: Mapping[str, Array], expected: Mapping[str, Array], tolerance: float) -> None:
    """Asserts that results are within a part of their largest entry."""
    assert found.keys() == expected.keys()
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, rtol=0, atol=tolerance * np.max(np.abs(value)), err_msg=path)
