"""The steps of what is computed in the clear, as TFF building blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff
from google.protobuf import any_pb2
from tensorflow_federated.proto.v0 import computation_pb2 as pb
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb
from tensorflow_federated.python.core.impl.compiler import tree_analysis
from tensorflow_federated.python.core.impl.types import type_serialization

from ezprivsecfl.errors import Location
from ezprivsecfl.frontends.tff.graphs import Graph
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.source import operation_location
from ezprivsecfl.ir.op import Array

Bindings = list[tuple[str, Any]]
"""Names with the building blocks that they stand for; later ones may refer to earlier ones."""


ON_SHARES = (
    "a client's own work that takes what is computed on shares, such as an aggregate of the same round; pass it to the "
    "next round in the state"
)


class Step(Protocol):
    """One call of a TensorFlow computation."""

    @property
    def place(self) -> Location:
        """Where it is called."""

    def bindings(self, wanted: set[str]) -> Bindings:
        """What gives the wanted names, of which some may be other steps'; empty if none is this one's.

        Raises:
            Unsupported: It takes what there is on shares alone.
        """

    def lines(self, wanted: set[str]) -> list[Location]:
        """The lines of the user's program that are run for the wanted names."""


@dataclass(frozen=True)
class WholeCall:
    """A call whose result is computed in the clear as a whole.

    Args:
        name: The result's name.
        block: The call.
        place: Where it is called.
    """

    name: str
    block: Any
    place: Location

    def bindings(self, wanted: set[str]) -> Bindings:
        """See ``Step``."""
        return [(self.name, self.block)] if self.name in wanted else []

    def lines(self, wanted: set[str]) -> list[Location]:
        """See ``Step``."""
        return [Location(self.place.file, self.place.line)]


@dataclass
class OwnPart:
    """The part of a call that comes before the cut.

    Args:
        name: Prefix of the names of what it gives.
        graph: The graph, without function calls.
        arguments: The tensors and data sets that the graph takes: binding, type, and building block (None if it is
            computed on shares).
        place: Where it is called.
        ordered: Whether operations wait for those that they depend on by control; without variables only assertions
            are waited for, and these are not evaluated.
        given: Tensors of the graph that are not computed here, by name, as building blocks.
        members: The operations that may be computed here; None for all.
    """

    name: str
    graph: Graph
    arguments: Sequence[tuple[Any, Any, Any]]
    place: Location
    ordered: bool = True
    given: dict[str, Any] = field(default_factory=dict)
    members: set[str] | None = None
    _fetched: dict[str, Any] = field(default_factory=dict)

    def placeholders(self) -> dict[str, Any]:
        """By name of the placeholder the building block that it stands for; None if that is computed on shares."""
        return {placeholder(binding): block for binding, _, block in self.arguments}

    def fetch(self, tensor: Any) -> Any:
        """A tensor of the graph as a building block."""
        name = f"{self.name}_{len(self._fetched)}"
        self._fetched[name] = tensor
        return bb.Reference(name, _type_of(tensor))

    def bindings(self, wanted: set[str]) -> Bindings:
        """See ``Step``."""
        chosen = {name: tensor for name, tensor in self._fetched.items() if name in wanted}
        if not chosen:
            return []
        call = self._call(list(chosen.values()))
        result = bb.Reference(self.name, call.type_signature)
        return [(self.name, call), *((name, bb.Selection(result, index=i)) for i, name in enumerate(chosen))]

    def operations(self, wanted: set[str]) -> list[Any]:
        """The operations that are needed for the wanted names, those of functions included."""
        needed = self._needed([tensor.op for name, tensor in self._fetched.items() if name in wanted])
        inner = [op for name in self._functions(needed) for op in self.graph.function(name).get_operations()]
        return needed + inner

    def _needed(self, operations: Sequence[Any]) -> list[Any]:
        """All operations that some depend on, themselves included."""
        found: dict[str, Any] = {}
        stack = list(operations)
        while stack:
            op = stack.pop()
            if op.name not in found and self._has(op):
                found[op.name] = op
                stack.extend(tensor.op for tensor in op.inputs if tensor.name not in self.given)
                stack.extend(op.control_inputs if self.ordered else [])
        return list(found.values())

    def _has(self, op: Any) -> bool:
        return self.members is None or op.name in self.members or op.type == "NoOp"

    def _functions(self, operations: Sequence[Any]) -> list[str]:
        found: dict[str, None] = {}
        stack = [name for op in operations for name in self.graph.functions_of(op)]
        while stack:
            name = stack.pop()
            if name not in found:
                found[name] = None
                for op in self.graph.function(name).get_operations():
                    stack.extend(self.graph.functions_of(op))
        return list(found)

    def lines(self, wanted: set[str]) -> list[Location]:
        """See ``Step``."""
        operations = [op for op in self.operations(wanted) if op.type != "Placeholder"]
        places = [operation_location(op, self.place) for op in operations]
        return [Location(place.file, place.line) for place in places]

    def _call(self, tensors: Sequence[Any]) -> Any:
        """The graph called for some of its tensors, with the arguments that these need."""
        needed = self._needed([tensor.op for tensor in tensors])
        names = {op.name for op in needed}
        taken = {tensor.name for op in needed for tensor in op.inputs}
        replaced = {name: f"boundary_given_{i}" for i, name in enumerate(self.given) if name in taken}
        used = [(b, type_, block) for b, type_, block in self.arguments if placeholder(b) in names]
        blocks = [self.given[name] for name in replaced]
        used += [
            (_tensor_binding(new), block.type_signature, block)
            for new, block in zip(replaced.values(), blocks, strict=True)
        ]
        if any(block is None for _, _, block in used):
            raise Unsupported(ON_SHARES)
        parameter = tff.StructType([(None, type_) for _, type_, _ in used])
        type_ = tff.FunctionType(parameter, tff.StructType([(None, _type_of(tensor)) for tensor in tensors]))
        proto = pb.TensorFlow()
        proto.CopyFrom(self.graph.proto)
        proto.ClearField("cache_key")
        token = {proto.session_token_tensor_name.partition(":")[0]} - {""}
        proto.graph_def.CopyFrom(self._pruned(names | self.graph.initialisers | token, tensors, replaced))
        proto.parameter.CopyFrom(_struct([b for b, _, _ in used]))
        proto.result.CopyFrom(_struct([_tensor_binding(_result_name(i)) for i in range(len(tensors))]))
        compiled = pb.Computation(type=type_serialization.serialize_type(type_), tensorflow=proto)
        argument = bb.Struct([(None, block) for _, _, block in used])
        return bb.Call(bb.CompiledComputation(compiled, type_signature=type_), argument)

    def _pruned(self, names: set[str], tensors: Sequence[Any], replaced: Mapping[str, str]) -> any_pb2.Any:
        """The graph with these operations alone, the functions that they call, and names for what goes in and out.

        Args:
            names: The operations.
            tensors: The results.
            replaced: The given tensors, each with the name of the placeholder that stands for it.
        """
        whole = self.graph.graph.as_graph_def()
        graph_def = tf.compat.v1.GraphDef(versions=whole.versions)
        graph_def.node.extend(node for node in whole.node if node.name in names)
        for node in graph_def.node:
            controls = [name for name in node.input if name.startswith("^") and self.ordered and name[1:] in names]
            inputs = [replaced.get(_tensor_name(name), name) for name in node.input if not name.startswith("^")]
            del node.input[:]
            node.input.extend(inputs + controls)
        for name, new in replaced.items():
            node = graph_def.node.add(name=new, op="Placeholder")
            node.attr["dtype"].type = self.graph.graph.get_tensor_by_name(name).dtype.base_dtype.as_datatype_enum
            node.attr["shape"].shape.CopyFrom(tf.TensorShape(self.given[name].type_signature.shape).as_proto())
        for i, tensor in enumerate(tensors):  # TensorFlow rewrites loops: their own results cannot be fetched
            node = graph_def.node.add(name=_result_name(i), op="Identity", input=[tensor.name])
            node.attr["T"].type = tensor.dtype.base_dtype.as_datatype_enum
        functions = set(self._functions([self.graph.graph.get_operation_by_name(name) for name in names]))
        graph_def.library.function.extend(f for f in whole.library.function if f.signature.name in functions)
        graph_def.library.gradient.extend(g for g in whole.library.gradient if g.function_name in functions)
        packed = any_pb2.Any()
        packed.Pack(graph_def)
        return packed


def names_in(block: Any) -> set[str]:
    """The names that a building block refers to."""
    names: set[str] = set()

    def visit(inner: Any) -> None:
        if isinstance(inner, bb.Reference):
            names.add(inner.name)

    tree_analysis.visit_preorder(block, visit)
    return names


def literal(array: Array) -> Any:
    """A known tensor as a building block; TensorFlow gives strings as objects, which TFF does not take.

    Raises:
        Unsupported: A string ends in a zero byte, which numpy's strings cannot.
    """
    value = array.astype(np.bytes_) if array.dtype.kind == "O" else array
    if value is not array and value.tolist() != array.tolist():
        raise Unsupported("a constant string that ends in a zero byte")
    return bb.Literal(value, tff.TensorType(value.dtype, value.shape))


def _tensor_name(name: str) -> str:
    """The name of a tensor, of which nodes' inputs leave out the index 0."""
    return name if ":" in name else f"{name}:0"


def _type_of(tensor: Any) -> Any:
    shape = tensor.shape.as_list() if tensor.shape.rank is not None else None
    dtype = tensor.dtype.base_dtype
    return tff.TensorType(np.str_ if dtype == tf.string else dtype.as_numpy_dtype, shape)


def _tensor_binding(name: str) -> Any:
    return pb.TensorFlow.Binding(tensor=pb.TensorFlow.TensorBinding(tensor_name=f"{name}:0"))


def _result_name(index: int) -> str:
    return f"boundary_result_{index}"


def _struct(bindings: Sequence[Any]) -> Any:
    return pb.TensorFlow.Binding(struct=pb.TensorFlow.StructBinding(element=bindings))


def placeholder(binding: Any) -> str:
    """The name of the operation that stands for an argument in its graph."""
    kind = binding.WhichOneof("binding")
    name = binding.tensor.tensor_name if kind == "tensor" else binding.sequence.variant_tensor_name
    return str(name).partition(":")[0]
