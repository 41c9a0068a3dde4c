"""Traces the TensorFlow graphs inside a TFF program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

from ezprivsecfl.errors import Location, VerifyError
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.folding import can_fold, fold
from ezprivsecfl.frontends.tff.ops import CONTROL, LOWERINGS, Call
from ezprivsecfl.frontends.tff.ops.client_rows import on_rows
from ezprivsecfl.frontends.tff.ops.complex_numbers import on_pairs
from ezprivsecfl.frontends.tff.problems import Problems, Unsupported
from ezprivsecfl.frontends.tff.source import operation_location
from ezprivsecfl.frontends.tff.values import (
    BROKEN,
    STAYS,
    Broken,
    Function,
    Known,
    Leaf,
    Local,
    Node,
    Pair,
    Rows,
    Struct,
    Variable,
)

RANDOM = (
    "random numbers in a computation on secret values; the servers draw normal noise alone (tf.random.normal), outside "
    "of loops and branches, where it is added to a value"
)

REASONS = {
    "Random": RANDOM,
    "TruncatedNormal": RANDOM,
    "Multinomial": RANDOM,
    "Dataset": "a data set that is no argument of the computation",
    "String": "strings",
    "Where": "the number of its results depends on values that are not constant; tf.where(condition, x, y) has a shape "
    "of its own, and so has a product with tf.cast(condition, x.dtype) in place of tf.boolean_mask",
    "Unique": "the number of its results depends on values that are not constant; if these are small integers, count "
    "them with tf.math.bincount(x, minlength=m, maxlength=m)",
}
"""Why operations with these parts of names have no lowering."""


def reason_for(operation: str) -> str | None:
    """Why operations of a type have no lowering; None if only nobody has written one."""
    return next((why for part, why in REASONS.items() if part in operation), None)


class Graph:
    """A TensorFlow graph of a TFF program, and the functions in its library.

    Args:
        proto: The ``TensorFlow`` protocol buffer of a computation.
        prepare: Rewrites the ``GraphDef`` in it.
    """

    def __init__(self, proto: Any, prepare: Callable[[Any], Any] = lambda graph_def: graph_def) -> None:
        packed = tf.compat.v1.GraphDef()
        proto.graph_def.Unpack(packed)
        graph_def = prepare(packed)
        self.proto = proto
        self.parameter = proto.parameter if proto.HasField("parameter") else None
        self.result = proto.result
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.import_graph_def(graph_def, name="")
        self._library = {f.signature.name: f for f in graph_def.library.function}
        self._functions: dict[str, Any] = {}

    def function(self, name: str) -> Any:
        """A function of the library, as a graph with inputs and outputs."""
        if name not in self._functions:
            with self.graph.as_default():
                self._functions[name] = function_def_to_graph(self._library[name])
        return self._functions[name]

    @cached_property
    def initialisers(self) -> set[str]:
        """The names of the operations that are run first, to initialise variables."""
        names: set[str] = set()
        stack = [self.graph.get_operation_by_name(self.proto.initialize_op)] if self.proto.initialize_op else []
        while stack:
            op = stack.pop()
            if op.name not in names:
                names.add(op.name)
                stack.extend([tensor.op for tensor in op.inputs] + list(op.control_inputs))
        return names

    def has_function(self, name: str) -> bool:
        """Whether the library has the function."""
        return name in self._library

    def functions_of(self, op: Any) -> list[str]:
        """The functions of the library that an operation calls: a loop's body, branches."""
        values = op.node_def.attr.values()
        named = [v.func.name for v in values if v.HasField("func")] + [f.name for v in values for f in v.list.func]
        return [name for name in named if name in self._library]

    def inner_operations(self, op: Any) -> list[Any]:
        """The operations of the functions that an operation calls."""
        return [inner for name in self.functions_of(op) for inner in self.function(name).get_operations()]


class Elsewhere(Protocol):
    """Operations of a graph that are not traced, since they are computed in the clear."""

    def has(self, op: Any) -> bool:
        """Whether an operation is one of them."""

    def output(self, tensor: Any, location: Location) -> Leaf:
        """What an output of such an operation is to the rest of the graph."""

    def lower(
        self, op: Any, values: Mapping[str, Leaf], location: Location, lower: Callable[[], Sequence[Leaf]]
    ) -> Sequence[Leaf]:
        """The results of another operation: those of ``lower``, unless it can only be computed in the clear.

        Args:
            op: The operation.
            values: What the tensors of the graph are that it depends on, by name.
            location: Where it is.
            lower: Gives its results on shares.
        """

    def sequence(self, path: tuple[int, ...]) -> Leaf:
        """A data set in the result of the graph; ``path`` leads there by positions in structures."""


class GraphTracer:
    """Evaluates graphs on the values of a trace."""

    def __init__(self, emit: Emitter, problems: Problems) -> None:
        self._emit = emit
        self._problems = problems
        self._graphs: dict[bytes, Graph] = {}

    def graph(self, proto: Any) -> Graph:
        """The graph of a TensorFlow computation, read once."""
        key = proto.SerializeToString(deterministic=True)
        if key not in self._graphs:
            self._graphs[key] = Graph(proto)
        return self._graphs[key]

    def call(
        self, graph: Graph, result_type: Any, argument: Node | None, place: Location, elsewhere: Elsewhere | None = None
    ) -> Node:
        """The result of a TensorFlow computation.

        Args:
            graph: Its graph.
            result_type: The type of its result, for the names in structures.
            argument: What it is called with.
            place: Where it is called, for operations that do not carry their own place.
            elsewhere: Operations to leave out.
        """
        feeds: dict[str, Leaf] = {}
        if graph.parameter is not None:
            self._feed(graph.parameter, argument, feeds)
        fetches: list[Any] = []
        _collect(graph.result, graph.graph, fetches)
        leaves = iter(_Run(self, graph, place, elsewhere).evaluate(fetches, feeds))
        return self._rebuild(graph.result, result_type, leaves, place, elsewhere)

    def lower(self, graph: Graph, op: Any, leaves: Sequence[Leaf], place: Location) -> Sequence[Leaf]:
        """The results of one operation; problems are noted and give broken results."""
        location = operation_location(op, place)
        with self._emit.builder.at(location):
            try:
                results = self._lower(graph, op, leaves, location)
            except (Unsupported, VerifyError) as e:
                self._problems.add(location, str(e))
                results = BROKEN
            except (ArithmeticError, LookupError, TypeError, ValueError) as e:
                # A form of the operation that its lowering does not foresee: the user needs the place, not our stack.
                self._problems.add(location, f"cannot be translated ({type(e).__name__}: {e})")
                results = BROKEN
        if results is BROKEN:
            return [BROKEN] * len(op.outputs)
        return results if isinstance(results, Sequence) else [results]

    def note(self, location: Location, why: str) -> None:
        """Adds to what is wrong with the program."""
        self._problems.add(location, why)

    def _lower(self, graph: Graph, op: Any, leaves: Sequence[Leaf], location: Location) -> Leaf | Sequence[Leaf]:
        run = _Run(self, graph, location)
        call = Call(op, leaves, self._emit, run.function)
        if op.type in CONTROL:
            return CONTROL[op.type](call)
        if graph.has_function(op.type):
            return run.function(op.type, leaves)
        arrays = [leaf.array for leaf in leaves if isinstance(leaf, Known)]
        if len(arrays) == len(leaves) and can_fold(op):
            return [Known(a) for a in fold(op, arrays)]
        if any(isinstance(leaf, Pair) for leaf in leaves):
            return on_pairs(call)
        if any(isinstance(leaf, Rows) for leaf in leaves):
            return on_rows(call)
        if op.type not in LOWERINGS:
            raise Unsupported(reason_for(op.type) or "not supported")
        if any(isinstance(leaf, Local) for leaf in leaves):
            raise Unsupported(STAYS)
        if any(isinstance(leaf, Broken) for leaf in leaves):
            return BROKEN
        return LOWERINGS[op.type](call)

    def _feed(self, binding: Any, node: Node | None, feeds: dict[str, Leaf]) -> None:
        kind = binding.WhichOneof("binding")
        if kind == "tensor":
            feeds[binding.tensor.tensor_name] = BROKEN if node is None or isinstance(node, Struct | Function) else node
        elif kind == "struct":
            for i, element in enumerate(binding.struct.element):
                self._feed(element, node.at(i) if isinstance(node, Struct) else BROKEN, feeds)
        else:  # a sequence, which no parameter of the program and no result of a graph is traced to
            feeds[binding.sequence.variant_tensor_name] = BROKEN

    def _rebuild(
        self,
        binding: Any,
        type_: Any,
        leaves: Any,
        place: Location,
        elsewhere: Elsewhere | None,
        path: tuple[int, ...] = (),
    ) -> Node:
        if binding.WhichOneof("binding") == "tensor":
            leaf: Leaf = next(leaves)
            return leaf
        if binding.WhichOneof("binding") == "struct":
            named = tff.structure.to_elements(type_)
            elements = enumerate(zip(named, binding.struct.element, strict=True))
            return Struct(
                tuple(
                    (name, self._rebuild(b, t, leaves, place, elsewhere, (*path, i))) for i, ((name, t), b) in elements
                )
            )
        if elsewhere is not None:
            return elsewhere.sequence(path)
        self._problems.add(place, "a sequence (tf.data.Dataset) as result")
        return BROKEN


class _Run:
    """One evaluation of one graph, or of one function of its library."""

    def __init__(self, tracer: GraphTracer, graph: Graph, place: Location, elsewhere: Elsewhere | None = None) -> None:
        self._tracer = tracer
        self._graph = graph
        self._place = place
        self._elsewhere = elsewhere

    def function(self, name: str, args: Sequence[Leaf]) -> list[Leaf]:
        """The results of a function of the library."""
        function = self._graph.function(name)
        feeds = {tensor.name: arg for tensor, arg in zip(function.inputs, args, strict=True)}
        return self.evaluate(function.outputs, feeds)

    def evaluate(self, fetches: Sequence[Any], feeds: dict[str, Leaf]) -> list[Leaf]:
        """The tensors to fetch; of other operations only assertions are looked at."""
        values = dict(feeds)
        results = self._evaluated(fetches, values)
        for graph in dict.fromkeys(tensor.graph for tensor in fetches):
            self._check(graph, values)
        return results

    def _evaluated(self, fetches: Sequence[Any], values: dict[str, Leaf]) -> list[Leaf]:
        """The tensors to fetch; ``values`` gets those that they depend on."""
        done: set[str] = set()
        stack = [tensor.op for tensor in reversed(fetches) if tensor.name not in values]
        while stack:
            op = stack[-1]
            if self._elsewhere is not None and self._elsewhere.has(op):
                stack.pop()
                location = operation_location(op, self._place)
                values.update((t.name, self._elsewhere.output(t, location)) for t in op.outputs if t.name not in values)
                continue
            missing = [tensor.op for tensor in op.inputs if tensor.name not in values]
            missing += [before for before in self._before(op) if before.name not in done]
            if missing:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if op.name in done or (op.outputs and all(tensor.name in values for tensor in op.outputs)):
                continue
            done.add(op.name)
            if op.type == "VarHandleOp":
                values[op.outputs[0].name] = Variable(self._initial(op))
            else:
                results = self._results(op, values)
                values.update(zip((t.name for t in op.outputs), results, strict=True))
        return [values[tensor.name] for tensor in fetches]

    def _check(self, graph: Any, values: Mapping[str, Leaf]) -> None:
        """Notes assertions that are known not to hold; of secret values they are left out."""
        known: dict[str, bool] = {}
        for op in graph.get_operations():
            if op.type != "Assert" or not self._is_known(op.inputs[0], values, known):
                continue
            (holds,) = self._evaluated([op.inputs[0]], dict(values))
            if isinstance(holds, Known) and not np.all(holds.array):
                said = [tf.make_ndarray(t.op.get_attr("value")).item() for t in op.inputs[1:] if _is_text(t)]
                why = " ".join(text.decode(errors="replace") for text in said)
                self._tracer.note(operation_location(op, self._place), f"this assertion fails: {why}")

    def _is_known(self, tensor: Any, values: Mapping[str, Leaf], known: dict[str, bool]) -> bool:
        """Whether a tensor follows from constants, known arguments and shapes alone; ``known``: those looked at."""
        if tensor.name in values:
            return isinstance(values[tensor.name], Known)
        op = tensor.op
        if tensor.name not in known:
            follows = op.type in ("Const", "Shape") or all(self._is_known(t, values, known) for t in op.inputs)
            known[tensor.name] = follows and (op.type == "Const" or can_fold(op))
        return known[tensor.name]

    def _results(self, op: Any, values: Mapping[str, Leaf]) -> Sequence[Leaf]:
        def lower() -> Sequence[Leaf]:
            return self._tracer.lower(self._graph, op, [values[t.name] for t in op.inputs], self._place)

        if self._elsewhere is None:
            return lower()
        return self._elsewhere.lower(op, values, operation_location(op, self._place), lower)

    def _before(self, op: Any) -> Iterator[Any]:
        """What is done to variables before an operation, by its control inputs."""
        for before in op.control_inputs:
            if self._elsewhere is not None and self._elsewhere.has(before):
                continue
            if any(tensor.dtype.base_dtype == tf.resource for tensor in before.inputs):
                yield before
            elif before.type == "NoOp":
                yield from self._before(before)

    def _initial(self, handle: Any) -> Callable[[], Leaf]:
        """Evaluates what a variable is initialised with, which TFF does before the graph is run."""

        def evaluate() -> Leaf:
            setters = [user for user in handle.outputs[0].consumers() if user.name in self._graph.initialisers]
            if not setters:
                return BROKEN
            (value,) = self.evaluate([setters[0].inputs[1]], {})
            return value

        return evaluate


def _is_text(tensor: Any) -> bool:
    """Whether a tensor is one constant string."""
    return bool(tensor.op.type == "Const" and tensor.dtype == tf.string and tensor.shape.rank == 0)


def _collect(binding: Any, graph: Any, fetches: list[Any]) -> None:
    if binding.WhichOneof("binding") == "tensor":
        fetches.append(graph.get_tensor_by_name(binding.tensor.tensor_name))
    elif binding.WhichOneof("binding") == "struct":
        for element in binding.struct.element:
            _collect(element, graph, fetches)
