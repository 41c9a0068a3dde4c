"""Which random numbers of the server are drawn on shares, so that neither server knows them.

These are normal numbers without a seed, ``tf.random.normal(shape, stddev=s)``, in a call that also takes something
secret: nobody draws such there but to hide what they are added to. A draw from a seed is refused: both servers know the
seed, so they would know the noise, and fresh noise in its place is not what the program says, which may draw the same
numbers again, even in a later round, to take them off.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from ezprivsecfl.frontends.tff.dtypes import ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.graphs import Graph
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Traced
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor.elementwise import Add, Sub
from ezprivsecfl.ir.tensor.noise import StandardNormal
from ezprivsecfl.ir.types import TensorType

FRESH = "RandomStandardNormal"
SEEDED = ("StatelessRandomNormal", "StatelessRandomNormalV2")

FROM_SEED = (
    "noise from a seed in a computation that takes secret values: both servers know the seed, and so would know the "
    "noise (tree aggregation draws like that, and keeps its noise in the SERVER's state). Use tf.random.normal without "
    "a seed: then each server adds noise of its own in every round"
)

APART = (
    "noise that the server draws in a computation of its own: both servers know it, and it would hide nothing from "
    "them. Draw it, with tf.random.normal and without a seed, in the computation that adds it to the aggregate: then "
    "it is drawn on shares, and neither knows it"
)


def added_apart(ops: Sequence[Op], known: Set[Value]) -> list[Op]:
    """The operations that add noise to secret values that both servers know.

    Args:
        ops: A program's operations.
        known: What the server has drawn of distributions that noise has.
    """
    found: list[Op] = []
    noise = set(known)
    for op in ops:
        of_noise = noise.intersection(op.operands)
        if not of_noise or not op.results:
            continue
        secret = isinstance(op.result.type, TensorType) and op.result.type.is_secret
        if not secret:
            noise.add(op.result)
        elif isinstance(op, Add | Sub):
            found.append(op)
    return found


def is_noise(op: Any) -> bool:
    """Whether an operation draws normal numbers that no seed tensor determines."""
    return bool(op.type == FRESH)


def draws_from_seed(graph: Graph) -> bool:
    """Whether a graph, or a function that it calls, draws normal numbers from a seed that it is given."""
    graph_def = graph.graph.as_graph_def()
    nodes = (*graph_def.node, *(node for function in graph_def.library.function for node in function.node_def))
    return any(node.op in SEEDED for node in nodes)


def noise(emit: Emitter, op: Any, draw: int) -> Traced:
    """What a draw is on shares.

    Args:
        emit: Adds it to the IR.
        op: The operation.
        draw: Its number, which no other draw has.

    Raises:
        Unsupported: It has a seed, or its shape is not known.
    """
    if op.get_attr("seed") or op.get_attr("seed2"):
        raise Unsupported(FROM_SEED)
    (normal,) = op.outputs
    if not normal.shape.is_fully_defined():
        raise Unsupported("noise whose shape is not known before the round")
    dtype = ir_dtype(normal.dtype.base_dtype.as_numpy_dtype)
    shape = tuple(normal.shape.as_list())
    return Traced(emit.builder.add(StandardNormal, shape=shape, dtype=dtype, draw=draw), batched=False)
