"""Exact reference semantics of the mpc level: ring arithmetic and circuits on what is shared, without shares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ezprivsecfl.ir.interpreter import Watch, check_clients, check_paths, check_shape, evaluate_ops
from ezprivsecfl.ir.mpc.io import Private, Public, Share
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.types import resolve


def run_mpc(
    program: Program,
    inputs: Mapping[str, Array],
    clients: int,
    coins: Array | None = None,
    watch: Watch | None = None,
    *,
    noise: bool = True,
) -> dict[str, Array]:
    """Evaluates an mpc-level program; bit for bit what two servers compute, but for noise.

    Args:
        program: A program of the mpc level.
        inputs: Encoded values (uint64) of all ``share``, ``private`` and ``public`` operations by path; those of
            ``share`` have all clients stacked along the first axis.
        clients: Number of clients of the round.
        coins: What ``coins`` operations give (four numbers below 2^32); fresh ones by default.
        watch: Is shown every operation and its results.
        noise: Whether noise is drawn.

    Returns:
        Opened ring elements by output path (uint64).

    Raises:
        InputError: An input is missing, unknown, or of the wrong shape.
        DivisionError: A secret divisor was zero.
    """
    if program.level is not Level.MPC:
        raise ValueError(f"{program.name} is a program of the {program.level.value} level")
    check_clients(program, clients)
    check_paths(program, inputs)
    prepared = {}
    sources: list[Share | Private | Public] = [*program.of(Share), *program.of(Private), *program.of(Public)]
    for op in sources:
        value = np.asarray(inputs[op.path], dtype=np.uint64)
        check_shape(op.path, value, resolve(op.type.shape, clients))
        prepared[op.path] = value
    return evaluate_ops(program, prepared, Environment(clients, program.circuits, coins, noise), watch)
