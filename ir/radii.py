"""To which lengths vectors are cut in a round: what both servers, and every client, compute of public values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from ezprivsecfl.ir.images import radius_path
from ezprivsecfl.ir.interpreter import evaluate_ops
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.rewrite import drop_unused
from ezprivsecfl.ir.tensor import Input, Output


def radii_program(prologue: Program, vectors: Collection[str]) -> Program:
    """The part of a prologue that computes the lengths of some vectors."""
    wanted = {radius_path(vector) for vector in vectors}
    ops = tuple(op for op in prologue.ops if not isinstance(op, Output) or op.path in wanted)
    return drop_unused(replace(prologue, ops=ops), Output)


def radii(part: Program, server: Mapping[str, Array], vectors: Collection[str]) -> dict[str, float]:
    """The length of each vector.

    Args:
        part: See ``radii_program``.
        server: By path the SERVER-placed inputs.
        vectors: The names of the vectors.
    """
    needed = {op.path: np.asarray(server[op.path]) for op in part.of(Input)}
    values = evaluate_ops(part, needed, Environment(clients=0))  # on which no length depends
    return {vector: float(values[radius_path(vector)]) for vector in vectors}
