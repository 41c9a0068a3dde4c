"""TFF's operators for data sets, which whoever has the data set evaluates in the clear, by ``tf.data``.

``federated_select`` is one of them. What is selected from is the server's, and public; each client's keys are its own.
So every client is given all of the server's values and selects its rows itself: unlike in TFF's own execution, its keys
go to nobody. The rows are a data set of the client.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tensorflow_federated as tff
from tensorflow_federated.python.core.backends.mapreduce.compiler import compile_local_computation_to_tensorflow
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb
from tensorflow_federated.python.core.impl.utils.tensorflow_utils import deserialize_and_call_tf_computation

from ezprivsecfl.frontends.tff.boundary.recorder import Recorder
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Function, Node, Struct

ARGUMENTS = (
    "what it takes must be there in the clear where the data set is: arguments, what is broadcast, and functions that "
    "refer to nothing else; an aggregate of the same round is not"
)


def _map(function: Any, values: Any) -> Any:
    called = _callable(function)
    return _call(lambda data: data.map(lambda *one: _nested(called(_element(one)))), values)


def _reduce(values: Any, zero: Any, step: Any) -> Any:
    called = _callable(step)

    def fold(data: Any, start: Any) -> Any:
        structure = _struct(start)

        def next_(state: Any, one: Any) -> Any:
            after = called(tff.structure.Struct.unnamed(_packed(structure, state), _struct(one)))
            return tuple(tff.structure.flatten(_struct(after)))

        return _packed(structure, data.reduce(tuple(tff.structure.flatten(structure)), next_))

    return _call(fold, values, zero)


def _sum(values: Any) -> Any:
    def total(data: Any) -> Any:
        zero = tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), data.element_spec)
        return data.reduce(zero, lambda state, one: tf.nest.map_structure(tf.add, state, one))

    return _call(total, values)


def _select(keys: Any, _: Any, values: Any, select: Any) -> Any:
    """The rows of one client: ``select`` called with the server's values and each of the keys."""
    called = _callable(select)

    def rows(keys: Any, values: Any) -> Any:
        nested = _nested(values)
        # What calls a computation of TFF must take the tensors that it gives it: they cannot come from outside.
        data = tf.data.Dataset.from_tensor_slices(keys).map(lambda key: (nested, key))
        return data.map(lambda *one: _nested(called(_struct(one))))

    return _call(rows, keys, values)


SEQUENCES: dict[str, Callable[..., Any]] = {
    "federated_secure_select": _select,
    "federated_select": _select,
    "sequence_map": _map,
    "sequence_reduce": _reduce,
    "sequence_sum": _sum,
}
"""The building block that an operator of TFF amounts to, for those of its arguments, by URI."""


def evaluate(recorder: Recorder, uri: str, argument: Node) -> Node:
    """The result of such an operator; its tensors are uploaded.

    Args:
        recorder: Keeps what is computed in the clear.
        uri: Which operator.
        argument: Its argument, or the structure of several.

    Raises:
        Unsupported: It takes what is computed on shares.
    """
    several = argument.elements if isinstance(argument, Struct) else ((None, argument),)
    nodes = [node for _, node in several]
    at_client = recorder.needs_client(nodes)
    blocks = [node.block if isinstance(node, Function) else recorder.block(node, at_client) for node in nodes]
    if any(block is None for block in blocks):
        raise Unsupported(ARGUMENTS)
    return recorder.evaluate(SEQUENCES[uri](*blocks), at_client, uri)


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    """A Python function of TensorFlow values, called with building blocks."""
    as_written = tf.autograph.experimental.do_not_convert(function)
    computation = tff.tensorflow.computation(as_written, *(block.type_signature for block in arguments))
    given = arguments[0] if len(arguments) == 1 else bb.Struct([(None, block) for block in arguments])
    return bb.Call(computation.to_compiled_building_block(), given)


def _callable(function: Any) -> Callable[[Any], Any]:
    """A function that is a building block, to be called inside of functions of ``tf.data``."""
    proto = compile_local_computation_to_tensorflow(function).proto
    if proto.tensorflow.initialize_op:
        raise Unsupported("a function with variables; set them in a TensorFlow computation that takes the data set")

    def call(argument: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        _, result = deserialize_and_call_tf_computation(proto, argument, graph, "", tf.constant(""))
        return result

    return call


def _element(one: tuple[Any, ...]) -> Any:
    """An element of a data set, as ``map`` passes it: a tuple's parts one by one."""
    return _struct(one[0] if len(one) == 1 else one)


def _struct(value: Any) -> Any:
    """A value with TFF's structures in place of Python's."""
    try:
        return tff.structure.from_container(value, recursive=True)
    except TypeError:
        return value


def _packed(structure: Any, flat: Any) -> Any:
    is_struct = isinstance(structure, tff.structure.Struct)
    return tff.structure.pack_sequence_as(structure, list(flat)) if is_struct else flat[0]


def _nested(value: Any) -> Any:
    """A value with the structures that ``tf.data`` has: dictionaries where there are names, else tuples."""
    struct = _struct(value)
    if not isinstance(struct, tff.structure.Struct):
        return struct
    elements = [(name, _nested(inner)) for name, inner in tff.structure.iter_elements(struct)]
    return OrderedDict(elements) if tff.structure.name_list(struct) else tuple(inner for _, inner in elements)
