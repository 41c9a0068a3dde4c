"""Evaluates TensorFlow operations whose inputs are known while tracing, with TensorFlow itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.ir.op import Array


def can_fold(op: Any) -> bool:
    """Whether an operation gives the same result whenever it is evaluated, and has inputs at all."""
    return bool(op.inputs) and not op.op_def.is_stateful


def fold(op: Any, arrays: Sequence[Array], dtypes: Mapping[str, np.dtype[Any]] | None = None) -> list[Array]:
    """The operation's results.

    It is evaluated in a graph of its own: a session over the program's graph would prepare all of that, too, and fails
    at functions, conditionals and assertions that have nothing to do with the operation.

    Args:
        op: The operation.
        arrays: Its inputs.
        dtypes: By attribute the element type that the operation is to have instead of its own.

    Raises:
        Unsupported: TensorFlow refuses the operation.
    """
    try:
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(_alone(op, arrays, dtypes or {}), name="")
        copy = graph.get_operation_by_name(op.name)
        feeds = dict(zip(copy.inputs, arrays, strict=True))
        with tf.compat.v1.Session(graph=graph) as session:
            results = session.run(list(copy.outputs), feeds)
    except (tf.errors.OpError, TypeError, ValueError) as e:
        raise Unsupported(f"cannot be evaluated: {e}") from None
    return [np.asarray(r) for r in results]


def _alone(op: Any, arrays: Sequence[Array], dtypes: Mapping[str, np.dtype[Any]]) -> graph_pb2.GraphDef:
    """A graph of the operation and placeholders for its inputs, without control inputs and places."""
    graph = graph_pb2.GraphDef()
    graph.versions.CopyFrom(op.graph.graph_def_versions)
    node = graph.node.add(name=op.name, op=op.type)
    declared = {attr.name for attr in op.op_def.attr}
    for name, value in op.node_def.attr.items():
        if name in declared:
            node.attr[name].CopyFrom(value)
    for name, dtype in dtypes.items():
        node.attr[name].type = tf.as_dtype(dtype).as_datatype_enum
    for i, (tensor, array) in enumerate(zip(op.inputs, arrays, strict=True)):
        source = graph.node.add(name=f"{op.name}_input{i}", op="Placeholder")
        own = tensor.dtype.base_dtype
        source.attr["dtype"].type = (tf.as_dtype(array.dtype) if dtypes else own).as_datatype_enum
        source.attr["shape"].shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
        node.input.append(source.name)
    return graph
