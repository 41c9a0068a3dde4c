"""Which operations of a TensorFlow graph stay with who has the data set."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import tensorflow as tf

from ezprivsecfl.frontends.tff.dtypes import ir_dtype
from ezprivsecfl.frontends.tff.graphs import Graph
from ezprivsecfl.frontends.tff.problems import Unsupported

CHECKS = {"Assert", "CheckNumerics", "CheckNumericsV2", "Print", "PrintV2"}
"""Operations with side effects that neither hold nor draw anything."""

HANDLES = {tf.resource, tf.variant}
"""Element types of variables, iterators and data sets."""


def own_operations(graph: Graph) -> set[str]:
    """The names of the own operations, by the rules of the package's docstring.

    Args:
        graph: A graph without function calls, whose operations come after those that they depend on.
    """
    return _with_users(graph, {op.name for op in graph.graph.get_operations() if _keeps_or_draws(op, graph)})


def drawers_own(graph: Graph, drawn: Set[str]) -> set[str]:
    """The names of the own operations of who draws random numbers of a distribution that is its secret.

    Args:
        graph: As for ``own_operations``.
        drawn: The operations that draw them. Those with tensors that cannot be shared are own, too.
    """
    operations = graph.graph.get_operations()
    unshared = {op.name for op in operations if not all(map(can_be_shared, (*op.inputs, *op.outputs)))}
    return _with_users(graph, {op.name for op in operations if _keeps_or_draws(op, graph)} | unshared | drawn)


def _with_users(graph: Graph, own: set[str]) -> set[str]:
    """Own operations, and those that take of them what cannot be shared."""
    for op in graph.graph.get_operations():
        if any(tensor.op.name in own and not can_be_shared(tensor) for tensor in op.inputs):
            own.add(op.name)
    return own


def can_be_shared(tensor: Any) -> bool:
    """Whether the IR has such tensors: of known shape, and of numbers or truth values."""
    if tensor.dtype.base_dtype in HANDLES:
        return False
    try:
        ir_dtype(tensor.dtype.base_dtype.as_numpy_dtype)
    except Unsupported:
        return False
    return bool(tensor.shape.is_fully_defined())


def _keeps_or_draws(op: Any, graph: Graph) -> bool:
    if any(tensor.dtype.base_dtype in HANDLES for tensor in (*op.inputs, *op.outputs)):
        return True
    if graph.functions_of(op):
        return any(_keeps_or_draws(inner, graph) for inner in graph.inner_operations(op))
    return bool(op.op_def.is_stateful) and op.type not in CHECKS
