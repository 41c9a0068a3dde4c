"""Inlines function calls and conditionals, so that a TensorFlow graph can be cut inside of them.

A conditional is inlined if one of its branches draws random numbers and it takes something secret, such as
``tf.cond(s > 0, lambda: x + noise(s), lambda: x)``: what is drawn does not depend on x and stays in the clear, and the
choice between both results is made on shares. All other conditionals stay whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Protocol

import tensorflow as tf
from tensorflow.python.framework import op_def_registry
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph_def

from ezprivsecfl.frontends.tff.boundary.own_operations import CHECKS, HANDLES

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
CONDITIONALS = ("If", "StatelessIf")
BRANCHES = ("then_branch", "else_branch")
COLOCATION = "_class"
"""The attribute that names the nodes on whose device a node is to run."""
SHAPES = ("Rank", "Shape", "Size")


def inlined(graph_def: Any, secret: Set[str] = frozenset()) -> Any:
    """The graph without function calls; functions that loops and other branches refer to are left as they are.

    Nodes keep their names; those of a function's body get the call's name as prefix. All lose their colocation
    constraints, which name nodes that are renamed or cut away; where a node runs does not change what it computes.

    Args:
        graph_def: The graph, a ``GraphDef``.
        secret: The placeholders whose values are known on shares alone.
    """
    library = {function.signature.name: function for function in graph_def.library.function}
    with tf.Graph().as_default():  # where TensorFlow looks for the functions that a function calls
        tf.import_graph_def(graph_def, name="")
        result = _inlined(graph_def, library, secret)
    return _with_static_shapes(result, library) if secret else result


def _inlined(graph_def: Any, library: dict[str, Any], secret: Set[str]) -> Any:
    result = tf.compat.v1.GraphDef()
    result.CopyFrom(graph_def)
    for node in result.node:
        node.attr.pop(COLOCATION, None)
    while True:
        calls: dict[str, _Inlined] = {n.name: _Call(n, library) for n in result.node if _function(n, library)}
        if not calls:
            dependent = _dependent(result, secret) if secret else set()
            opened = [n for n in result.node if n.name in dependent and _is_random_choice(n, library)]
            calls = {node.name: _Choice(node, library) for node in opened}
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


def _with_static_shapes(graph_def: Any, library: dict[str, Any]) -> Any:
    """The graph in which shapes that are known do not depend on tensors, so that noise of such a shape does not."""
    result = tf.compat.v1.GraphDef()
    result.CopyFrom(graph_def)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        for node in result.node:
            op = graph.get_operation_by_name(node.name)
            if node.op in SHAPES and (value := tf.get_static_value(op.outputs[0])) is not None:
                _make_constant(node, value)
            elif node.op in CONDITIONALS and not all(tensor.shape.is_fully_defined() for tensor in op.outputs):
                shapes = [_result_shapes(library[node.attr[branch].func.name], op.inputs[1:]) for branch in BRANCHES]
                if shapes[0] == shapes[1] and all(shape.is_fully_defined() for shape in shapes[0]):
                    del node.attr["output_shapes"].list.shape[:]
                    node.attr["output_shapes"].list.shape.extend(shape.as_proto() for shape in shapes[0])
    return result


def _make_constant(node: Any, value: Any) -> None:
    node.op = "Const"
    kept = [name for name in node.input if _is_control(name)]
    del node.input[:]
    node.input.extend(kept)
    node.attr.clear()
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))


def _result_shapes(function: Any, given: Sequence[Any]) -> list[Any]:
    """The shapes of a function's results, as far as what is known of its arguments determines them."""
    body, flat = function_def_to_graph_def(function)
    known = [
        (arg.name, tf.get_static_value(tensor)) for arg, tensor in zip(function.signature.input_arg, given, strict=True)
    ]
    constants = {f"{name}:0": tf.constant(value) for name, value in known if value is not None}
    wanted = [flat[function.ret[arg.name]] for arg in function.signature.output_arg]
    results = tf.graph_util.import_graph_def(body, input_map=constants, return_elements=wanted, name="shapes")
    return [tensor.shape for tensor in results]


def _function(node: Any, library: dict[str, Any]) -> str:
    """The name of the function that a node calls; empty if it is no call."""
    if node.op in CALLS:
        return str(node.attr["f"].func.name)
    return str(node.op) if node.op in library else ""


def _dependent(graph_def: Any, sources: Set[str]) -> set[str]:
    """The names of the nodes that take what some nodes give, directly or through others."""
    users: dict[str, list[str]] = {}
    for node in graph_def.node:
        for name in node.input:
            if not _is_control(name):
                users.setdefault(_node(name), []).append(node.name)
    found: set[str] = set()
    stack = list(sources)
    while stack:
        for user in users.get(stack.pop(), ()):
            if user not in found:
                found.add(user)
                stack.append(user)
    return found


def _is_random_choice(node: Any, library: dict[str, Any]) -> bool:
    """Whether a node is a conditional of tensors that draws in a branch."""
    if node.op not in CONDITIONALS or tf.dtypes.as_dtype(node.attr["Tcond"].type) is not tf.bool:
        return False
    types = [*node.attr["Tin"].list.type, *node.attr["Tout"].list.type]
    if any(tf.dtypes.as_dtype(one) in HANDLES for one in types):
        return False
    return any(_draws(node.attr[branch].func.name, library) for branch in BRANCHES)


def _draws(function: str, library: dict[str, Any]) -> bool:
    for node in library[function].node_def:
        inner = [value.func.name for value in node.attr.values() if value.HasField("func")]
        if _function(node, library) in library:
            inner.append(_function(node, library))
        if any(_draws(name, library) for name in inner if name in library):
            return True
        if not inner and node.op not in CHECKS and op_def_registry.get(node.op).is_stateful:
            return True
    return False


class _Inlined(Protocol):
    """What stands in the place of a node: other nodes."""

    nodes: list[Any]

    def result(self, index: int) -> str:
        """The tensor that an output of the node is."""

    def done(self) -> list[str]:
        """Control inputs for what must come after the node."""


class _Call:
    """One call with the nodes of its function's body.

    Args:
        node: The call.
        library: Functions by name.
        branch: Of a conditional, the branch that is called.
    """

    def __init__(self, node: Any, library: dict[str, Any], branch: str = "") -> None:
        function = library[node.attr[branch].func.name if branch else _function(node, library)]
        body, flat = function_def_to_graph_def(function)
        prefix = f"{node.name}/{branch}/" if branch else f"{node.name}/"
        arguments = [arg.name for arg in function.signature.input_arg]
        given = [name for name in node.input if not _is_control(name)][1 if branch else 0 :]
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
            copy.attr.pop(COLOCATION, None)
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


class _Choice:
    """A conditional with the nodes of both branches, and a choice for every result."""

    def __init__(self, node: Any, library: dict[str, Any]) -> None:
        self._branches = [_Call(node, library, branch) for branch in BRANCHES]
        self._name = node.name
        self.nodes = [inner for branch in self._branches for inner in branch.nodes]
        for i, type_ in enumerate(node.attr["Tout"].list.type):
            chosen = tf.compat.v1.NodeDef(name=f"{node.name}/chosen_{i}", op="SelectV2")
            chosen.input.extend([node.input[0], *(branch.result(i) for branch in self._branches)])
            chosen.attr["T"].type = type_
            self.nodes.append(chosen)

    def result(self, index: int) -> str:
        """The choice between the branches' results."""
        return f"{self._name}/chosen_{index}:0"

    def done(self) -> list[str]:
        """What comes after either branch."""
        return [one for branch in self._branches for one in branch.done()]


def _resolved(name: str, calls: Mapping[str, _Inlined]) -> list[str]:
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
