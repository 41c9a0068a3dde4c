"""Inlines function calls, so that a TensorFlow graph can be cut inside of them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph_def

CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def inlined(graph_def: Any) -> Any:
    """The graph without function calls; functions that loops and branches refer to are left as they are.

    Nodes keep their names; those of a function's body get the call's name as prefix.
    """
    library = {function.signature.name: function for function in graph_def.library.function}
    with tf.Graph().as_default():  # where TensorFlow looks for the functions that a function calls
        tf.import_graph_def(graph_def, name="")
        return _inlined(graph_def, library)


def _inlined(graph_def: Any, library: dict[str, Any]) -> Any:
    result = tf.compat.v1.GraphDef()
    result.CopyFrom(graph_def)
    while True:
        calls = {node.name: _Call(node, library) for node in result.node if _function(node, library)}
        if not calls:
            return result
        nodes = [node for node in result.node if node.name not in calls]
        nodes += [node for call in calls.values() for node in call.nodes]
        # Arguments and results of calls may be those of other calls: names are replaced until none is left.
        del result.node[:]
        for node in nodes:
            copy = result.node.add()
            copy.CopyFrom(node)
            inputs = [name for given in node.input for name in _resolved(given, calls)]
            del copy.input[:]
            copy.input.extend(name for name in inputs if not _is_control(name))
            copy.input.extend(dict.fromkeys(name for name in inputs if _is_control(name)))


def _function(node: Any, library: dict[str, Any]) -> str:
    """The name of the function that a node calls; empty if it is no call."""
    if node.op in CALLS:
        return str(node.attr["f"].func.name)
    return str(node.op) if node.op in library else ""


class _Call:
    """One call with the nodes of its function's body."""

    def __init__(self, node: Any, library: dict[str, Any]) -> None:
        function = library[_function(node, library)]
        body, flat = function_def_to_graph_def(function)
        prefix = f"{node.name}/"
        arguments = [arg.name for arg in function.signature.input_arg]
        given = [name for name in node.input if not _is_control(name)]
        before = [name for name in node.input if _is_control(name)]
        self._given = {f"{prefix}{name}": value for name, value in zip(arguments, given, strict=True)}
        self._results = [prefix + flat[function.ret[arg.name]] for arg in function.signature.output_arg]
        self._done = [f"^{prefix}{name}" for name in function.control_ret.values()]
        self.nodes = []
        for inner in body.node:
            if inner.name in arguments:
                continue
            copy = tf.compat.v1.NodeDef()
            copy.CopyFrom(inner)
            copy.name = prefix + inner.name
            copy.attr.pop("_class", None)  # nodes of the body by their old names, to be put on the same device
            del copy.input[:]
            copy.input.extend(self._argument(_prefixed(name, prefix)) for name in inner.input)
            copy.input.extend(before)
            self.nodes.append(copy)

    def _argument(self, name: str) -> str:
        given = self._given.get(name.removeprefix("^").removesuffix(":0"))
        if given is None:
            return name
        return f"^{_node(given)}" if _is_control(name) else given

    def result(self, index: int) -> str:
        """The tensor that an output of the call is."""
        return self._argument(self._results[index])

    def done(self) -> list[str]:
        """Control inputs for what must come after the call."""
        return self._done + [f"^{_node(self.result(i))}" for i in range(len(self._results))]


def _resolved(name: str, calls: dict[str, _Call]) -> list[str]:
    while _node(name) in calls:
        call = calls[_node(name)]
        if _is_control(name):
            return [inner for one in call.done() for inner in _resolved(one, calls)]
        name = call.result(int(name.partition(":")[2] or 0))
    return [name]


def _prefixed(name: str, prefix: str) -> str:
    return f"^{prefix}{name[1:]}" if _is_control(name) else prefix + name


def _node(name: str) -> str:
    return name.removeprefix("^").partition(":")[0]


def _is_control(name: str) -> bool:
    return name.startswith("^")
