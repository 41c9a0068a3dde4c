"""From a TFF computation to a tensor-level program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow_federated as tff

from ezprivsecfl.errors import UNKNOWN, CompileError, Location
from ezprivsecfl.frontends.tff.blocks import BlockTracer
from ezprivsecfl.frontends.tff.definitions import find_definition
from ezprivsecfl.frontends.tff.discovery import as_computation, has_clients_parameter
from ezprivsecfl.frontends.tff.dtypes import ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.leaves import elements_of, tensor_leaf
from ezprivsecfl.frontends.tff.problems import Problems, Unsupported
from ezprivsecfl.frontends.tff.signature import Signature
from ezprivsecfl.frontends.tff.source import Definition, definition_of
from ezprivsecfl.frontends.tff.values import BROKEN, Broken, Function, Node, Struct, Traced
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.rewrite import drop_unused
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.types import CLIENTS_DIM, Secrecy, TensorType


@dataclass(frozen=True)
class TracedComputation:
    """A computation as a program, and how its calls map to the program's inputs and outputs."""

    program: Program
    signature: Signature


def trace(computation: Any, name: str | None = None) -> TracedComputation:
    """Traces a computation to the tensor level of the IR.

    Args:
        computation: A ``tff.Computation`` with CLIENTS-placed parameters, or an ``AggregationProcess`` (its ``next``).
        name: The program's name; by default that of the Python function, or of the variable in its module.

    Raises:
        UnsupportedError: Lists everything in the computation that is not supported.
        CompileError: It has no CLIENTS-placed parameter, so there is nothing to keep secret.
        TypeError: It is no computation.
    """
    comp = as_computation(computation)
    definition = find_definition(computation) or definition_of(comp)
    made_of = definition_of(comp) or definition
    place = made_of.location if made_of else UNKNOWN
    called = name or (definition.name if definition else "") or "aggregation"
    if not has_clients_parameter(comp):
        raise CompileError(f"{called} has no CLIENTS-placed parameter; TFF itself runs such computations", [place])
    return _Trace(comp, called, made_of, place).run()


class _Trace:
    """One computation being traced."""

    def __init__(self, comp: Any, name: str, definition: Definition | None, place: Location) -> None:
        self._comp = comp
        self._name = name
        self._place = place
        self._emit = Emitter(name)
        self._problems = Problems()
        self._signature = _signature(comp, name, definition)

    def run(self) -> TracedComputation:
        """The traced computation."""
        signature = self._signature
        with self._emit.builder.at(self._place):
            argument = self._inputs(signature.parameter, signature.parameter_path, Placement.SERVER)
        tracer = BlockTracer(self._emit, self._problems, self._place)
        function = tracer.evaluate(self._comp.to_building_block(), {})
        result = function.call(argument) if isinstance(function, Function) else BROKEN
        with self._emit.builder.at(self._place):
            self._outputs(result, signature.result, signature.result_path)
        self._problems.raise_if_any(self._name)
        return TracedComputation(drop_unused(self._emit.builder.build(), (Input, Output)), signature)

    def _inputs(self, type_: Any, path: str, placement: Placement) -> Node:
        if isinstance(type_, tff.FederatedType):
            at_clients = type_.placement is tff.CLIENTS and not type_.all_equal
            return self._inputs(type_.member, path, Placement.CLIENTS if at_clients else Placement.SERVER)
        if isinstance(type_, tff.StructType):
            parts = elements_of(type_, path)
            return Struct(tuple((name, self._inputs(t, inner, placement)) for name, t, inner in parts))
        try:
            return self._input(type_, path, placement)
        except Unsupported as e:
            self._problems.add(self._place, f"parameter {e}")
            return BROKEN

    def _input(self, type_: Any, path: str, placement: Placement) -> Traced:
        if not isinstance(type_, tff.TensorType):
            raise Unsupported(f"{path} is of type {type_}; only tensors and structures of tensors are supported")
        leaf = tensor_leaf(type_, path, placement)
        secret = placement is Placement.CLIENTS
        ir_type = TensorType(
            (CLIENTS_DIM, *leaf.shape) if secret else leaf.shape,
            ir_dtype(leaf.dtype),
            Secrecy.SECRET if secret else Secrecy.PUBLIC,
        )
        value = self._emit.builder.add(Input, path=path, placement=placement, bound=None, type=ir_type)
        return Traced(value, batched=secret)

    def _outputs(self, node: Node, type_: Any, path: str) -> None:
        if isinstance(type_, tff.FederatedType):
            if type_.placement is tff.CLIENTS and not type_.all_equal:
                self._problems.add(self._place, f"result {path!r} is CLIENTS-placed; results are for the server")
                return
            self._outputs(node, type_.member, path)
        elif isinstance(type_, tff.StructType):
            for i, (_, inner, inner_path) in enumerate(elements_of(type_, path)):
                self._outputs(node.at(i) if isinstance(node, Struct) else BROKEN, inner, inner_path)
        elif not isinstance(node, Broken | Struct | Function):
            try:
                self._output(self._emit.traced(node), path)
            except Unsupported as e:
                self._problems.add(self._place, f"result {path!r}: {e}")

    def _output(self, tensor: Traced, path: str) -> None:
        if tensor.batched:
            raise Unsupported("differs from client to client; results are for the server")
        location = self._emit.builder.location
        self._emit.builder.append(Output(operands=(tensor.value,), path=path, location=location))


def _signature(comp: Any, name: str, definition: Definition | None) -> Signature:
    parameter, result = comp.type_signature.parameter, comp.type_signature.result
    only = definition.parameters[0] if definition and len(definition.parameters) == 1 else "value"
    several = isinstance(parameter, tff.StructType) and _is_list_of_placed(parameter)
    structured = isinstance(result, tff.StructType) and _is_list_of_placed(result)
    return Signature(name, parameter, result, "" if several else only, "" if structured else "result")


def _is_list_of_placed(type_: Any) -> bool:
    # Several parameters, or the parts of a process's result, are placed one by one.
    return any(isinstance(t, tff.FederatedType | tff.StructType) for _, t in tff.structure.iter_elements(type_))
