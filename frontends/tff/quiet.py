"""A computation without its noise, to compare results with: what it draws with a normal distribution is 0."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Any

import tensorflow as tf
from google.protobuf import any_pb2
from tensorflow_federated.proto.v0 import computation_pb2 as pb
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb
from tensorflow_federated.python.core.impl.compiler import transformation_utils
from tensorflow_federated.python.core.impl.computation import computation_impl

from ezprivsecfl.frontends.tff.boundary.noise import FRESH


def without_noise(computation: Any) -> Any:
    """The computation with zeros in place of normal numbers that have no seed, wherever they are drawn."""
    block, _ = transformation_utils.transform_postorder(computation.to_building_block(), _quiet)
    quiet = computation_impl.ConcreteComputation.from_building_block(block)
    return computation_impl.ConcreteComputation.with_type(quiet, computation.type_signature)


def _quiet(block: Any) -> tuple[Any, bool]:
    if not isinstance(block, bb.CompiledComputation) or block.proto.WhichOneof("computation") != "tensorflow":
        return block, False
    graph_def = tf.compat.v1.GraphDef()
    block.proto.tensorflow.graph_def.Unpack(graph_def)
    found = _zeros(graph_def.node, inside=False)
    for function in graph_def.library.function:
        found |= _zeros(function.node_def, inside=True)
    if not found:
        return block, False
    proto = pb.Computation()
    proto.CopyFrom(block.proto)
    packed = any_pb2.Any()
    packed.Pack(graph_def)
    proto.tensorflow.graph_def.CopyFrom(packed)
    proto.tensorflow.ClearField("cache_key")
    return bb.CompiledComputation(proto, type_signature=block.type_signature), True


def _zeros(nodes: MutableSequence[Any], *, inside: bool) -> bool:
    """Replaces draws among the nodes of a graph, or of a function, where outputs have names."""
    drawing = [node for node in nodes if node.op == FRESH]
    for node in drawing:
        dtype, index_type = node.attr["dtype"].type, node.attr["T"].type
        zero = nodes.add(name=f"{node.name}_zero", op="Const")  # type: ignore[attr-defined]
        zero.attr["dtype"].type = dtype
        zero.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0, dtype=dtype))
        node.op = "Fill"
        node.input.insert(1, f"{zero.name}:output:0" if inside else zero.name)
        node.attr.clear()
        node.attr["T"].type, node.attr["index_type"].type = dtype, index_type
    return bool(drawing)
