"""From a TFF computation to a tensor-level program."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.errors import UNKNOWN, ClientWorkWarning, CompileError, InputError, Location, UnsupportedError
from ezprivsecfl.frontends.tff.blocks import BlockTracer
from ezprivsecfl.frontends.tff.boundary.clear_work import ClearWork, Crossing, lines_text
from ezprivsecfl.frontends.tff.boundary.recorder import Recorder, element
from ezprivsecfl.frontends.tff.definitions import find_definition
from ezprivsecfl.frontends.tff.discovery import as_computation, has_clients_parameter, initialize_of
from ezprivsecfl.frontends.tff.dtypes import has_ir_dtype, ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.folds import OPENED
from ezprivsecfl.frontends.tff.leaves import elements_of, tensor_leaf
from ezprivsecfl.frontends.tff.problems import Problems, UnknownNumberError, Unsupported
from ezprivsecfl.frontends.tff.reference import reference_context
from ezprivsecfl.frontends.tff.signature import Arguments, Signature
from ezprivsecfl.frontends.tff.source import Definition, definition_of
from ezprivsecfl.frontends.tff.values import BROKEN, Function, Known, Local, Node, Origin, Rows, Struct, Tensor, Traced
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.rewrite import drop_unused
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.types import CLIENTS_DIM, Secrecy, TensorType

OwnerOf = Callable[[str], Owner | None]
"""Who alone knows an input of the server, given by its path; None for a public one."""

LEFT = (
    "{}: clients upload {}, which they draw at random of a distribution that is their secret ({}). What the program "
    "does to their values before, such as clipping, is therefore left to them; --boundary shows what that is. Draw "
    "numbers whose shape and distribution are public, and what is computed with them stays on shares"
)
"""The warning for ``Crossing.drawn``."""


@dataclass(frozen=True)
class TracedComputation:
    """A computation as a program, and how its calls map to the program's inputs and outputs.

    Args:
        program: What is computed on shares, and of public values.
        signature: What calls take and return.
        clear_work: What is computed in the clear before.
        finite: Arguments of the server that must be finite, by path.
        initialize: Of a process, the computation of its first state.
        constants: Arguments of the server, by path, whose values are part of the program; it serves no others.
        clients: The only number of clients that it serves; None if it serves any.
    """

    program: Program
    signature: Signature
    clear_work: ClearWork | None = None
    finite: frozenset[str] = frozenset()
    initialize: Any = None
    constants: Mapping[str, Array] = field(default_factory=dict)
    clients: int | None = None

    def serves(self, values: Mapping[str, Any]) -> bool:
        """Whether a call's arguments, by path, have the values that are part of the program."""
        return all(np.array_equal(values[path], value) for path, value in self.constants.items())

    def initial_state(self) -> Mapping[str, Array | list[Array | InputError]]:
        """By input path the values of a process's first state, as TFF computes it; empty if this is no process's."""
        if self.initialize is None:
            return {}
        return self.signature.of_state(reference_context().invoke(self.initialize, None))

    @property
    def drawn_by_clients(self) -> list[Crossing]:
        """The uploads that clients draw of distributions that are their secret."""
        return [one for one in self.clear_work.at_client.results if one.drawn] if self.clear_work else []

    @property
    def opens_for_server(self) -> tuple[Crossing, ...]:
        """What is opened for the server's own work."""
        after = self.clear_work.after if self.clear_work else None
        return tuple(one for one in after.opened if one.secret) if after else ()

    @property
    def aggregates(self) -> bool:
        """Whether anything is left to compute on shares; otherwise no result depends on what clients upload."""
        return any(_is_secret(op) for op in self.program.of(Output))

    def in_clear(self, given: Arguments) -> object:
        """The result of a call if there is nothing to compute on shares; see ``arguments`` and ``result``."""
        return self.result(run_tensor(self.program, given.stacked(), given.clients), given)

    def boundary(self) -> list[str]:
        """What runs in the clear, what is uploaded, and what is computed on shares, in words."""
        work = self.clear_work
        given = {upload.path for site in (work.at_client, work.at_server) for upload in site.results} if work else set()
        needed = drop_unused(self.program, (Output,)).of(Input)
        arguments = [op for op in needed if op.placement is Placement.CLIENTS and op.path not in given]
        exactly = () if self.clients is None else (f"Compiled for exactly {self.clients} clients; anew for others",)
        lines = {op.location for op in self.program.ops if not isinstance(op, Input | Output)} - {UNKNOWN}
        return [
            *(work.explained() if work else ["In the clear: nothing"]),
            *(f"Compiled for {path} = {value}; anew for others" for path, value in self.constants.items()),
            *exactly,
            *(f"Each client uploads, in shares, its argument {op.path}" for op in arguments),
            f"After that, on shares and on what is opened: {lines_text(lines)}",
            *(work.after.explained() if work and work.after else []),
        ]

    def arguments(self, argument: object) -> Arguments:
        """Arrays by input path, for a call with data sets after the clients have done their own work.

        Args:
            argument: What a TFF context's ``invoke`` is given: see ``Signature.flatten``.

        Raises:
            InputError: A SERVER-placed value is missing or of the wrong structure, shape or element type, or there
                are no clients.
        """
        given = self.signature.flatten(argument)
        for path in self.constants:
            del given.values[path]
        for path, value in given.values.items():
            if path in self.finite and not np.isfinite(np.asarray(value)).all():
                raise InputError(
                    f"{self.signature.name}: {path!r} is not finite, and the program tests whether what is computed of "
                    "it on shares is"
                )
        if self.clear_work is None:
            return given
        placed = self.signature.placed(argument)
        ready = self.clear_work.run(placed, given.clients)
        return Arguments(given.clients, {**given.values, **ready.values}, ready.answers, ready.kept, ready.handed)

    def result(self, outputs: Mapping[str, Array], given: Arguments, dropped: Collection[int] = ()) -> object:
        """The result of a call in the containers and element types that TFF would return.

        Args:
            outputs: By path the outputs of the secure program.
            given: What ``arguments`` has given for the call.
            dropped: The positions of the clients that took no part.

        Raises:
            InputError: The own work of a client has failed that took part.
            RunError: The server's own work after the opening has failed.
        """
        after = self.clear_work.after if self.clear_work else None
        answers = {**given.answers, **(after.run(self.signature.name, given.handed, outputs) if after else {})}
        return self.signature.unflatten(outputs, answers, given.kept_without(dropped))


def trace(
    computation: Any,
    name: str | None = None,
    constants: Mapping[str, Array] | None = None,
    *,
    opening: bool = False,
    clients: int | None = None,
    owner: OwnerOf = lambda path: None,
) -> TracedComputation:
    """Traces a computation to the tensor level of the IR.

    Args:
        computation: A ``tff.Computation`` with CLIENTS-placed parameters, or an ``AggregationProcess`` (its ``next``).
        name: The program's name; by default that of the Python function, or of the variable in its module.
        constants: Arguments of the server, by path, that become part of the program with these values.
        opening: Whether aggregates may be opened for the server's own work; see ``boundary/after_opening.py``.
        clients: The number of clients of a round, if the program is to be for no other.
        owner: Who alone knows an input of the server, given by its path; None for a public one.

    Raises:
        UnknownNumberError: It cannot be traced for any number of clients, but may be for a given one.
        UnsupportedError: Lists everything in the computation that is not supported.
        CompileError: It has no CLIENTS-placed parameter, so there is nothing to keep secret.
        TypeError: It is no computation.
    """
    described = _Described.of(computation, name)
    if not has_clients_parameter(described.comp):
        why = f"{described.name} has no CLIENTS-placed parameter; TFF itself runs such computations"
        raise CompileError(why, [described.place])
    trace_ = _Trace(described, constants or {}, opening=opening, clients=clients, owner=owner)
    traced, initialize = trace_.run(), initialize_of(computation)
    if initialize is not None:
        _check_state(traced, owner)
    for upload in traced.drawn_by_clients:
        warnings.warn(LEFT.format(described.name, upload.path, upload.location), ClientWorkWarning, stacklevel=2)
    return replace(traced, initialize=initialize)


def _check_state(traced: TracedComputation, owner: OwnerOf) -> None:
    """Raises CompileError for a private state: each round's is a result of the round before."""
    signature = traced.signature
    state = elements_of(signature.parameter, signature.parameter_path)[0][2]
    for op in traced.program.of(Input):
        if (op.path == state or op.path.startswith(f"{state}/")) and owner(op.path) is not None:
            raise CompileError(
                f"{op.path} is part of the state of {traced.program.name}, which every round returns to both servers: "
                "it cannot be private. Make what is to be private a parameter of its own",
                [op.location],
            )


def signature_of(computation: Any, name: str | None = None) -> Signature:
    """What a computation, or the ``next`` of a process, takes and returns; see ``trace``."""
    return _Described.of(computation, name).signature()


@dataclass(frozen=True)
class _Described:
    """A computation with what is found out about it in the user's program.

    Args:
        comp: The computation.
        name: Its name.
        definition: The function that it was made of.
        place: Where that is.
    """

    comp: Any
    name: str
    definition: Definition | None
    place: Location

    @staticmethod
    def of(computation: Any, name: str | None) -> _Described:
        comp = as_computation(computation)
        definition = find_definition(computation) or definition_of(comp)
        made_of = definition_of(comp) or definition
        place = made_of.location if made_of else UNKNOWN
        return _Described(comp, name or (definition.name if definition else "") or "aggregation", made_of, place)

    def signature(self) -> Signature:
        parameter, result = self.comp.type_signature.parameter, self.comp.type_signature.result
        names = self.definition.parameters if self.definition else ()
        only = names[0] if len(names) == 1 else "value"
        several = isinstance(parameter, tff.StructType) and _is_list_of_placed(parameter)
        structured = isinstance(result, tff.StructType) and _is_list_of_placed(result)
        return Signature(self.name, parameter, result, "" if several else only, "" if structured else "result")


def _is_secret(output: Output) -> bool:
    type_ = output.operands[0].type
    return isinstance(type_, TensorType) and type_.is_secret


class _Trace:
    """One computation being traced."""

    def __init__(
        self,
        described: _Described,
        constants: Mapping[str, Array],
        *,
        opening: bool,
        clients: int | None,
        owner: OwnerOf,
    ) -> None:
        self._comp = described.comp
        self._name = described.name
        self._place = described.place
        self._constants = constants
        self._owner = owner
        self._emit = Emitter(described.name, clients)
        self._problems = Problems()
        self._signature = described.signature()
        self._recorder = Recorder(self._emit, self._problems, opening=opening)

    def run(self) -> TracedComputation:
        """The traced computation."""
        signature = self._signature
        with self._emit.builder.at(self._place):
            argument = self._inputs(signature.parameter, signature.parameter_path, Placement.SERVER)
        tracer = BlockTracer(self._emit, self._problems, self._recorder, self._place)
        function = tracer.evaluate(self._comp.to_building_block(), {})
        result = function.call(argument) if isinstance(function, Function) else BROKEN
        with self._emit.builder.at(self._place):
            self._outputs(result, signature.result, signature.result_path)
            self._recorder.open()
        number_helps = self._emit.has_rows and self._emit.number is None
        self._problems.raise_if_any(self._name, UnknownNumberError if number_helps else UnsupportedError)
        program, clear_work = self._used(self._emit.builder.build())
        self._problems.raise_if_any(self._name)
        finite = frozenset(self._emit.finite)
        number = self._emit.number
        return TracedComputation(program, signature, clear_work, finite, constants=self._constants, clients=number)

    def _used(self, program: Program) -> tuple[Program, ClearWork | None]:
        """What results depend on, and all parameters; with the work in the clear that it needs."""
        uploads = self._recorder.paths()
        inputs = {op.path for op in drop_unused(program, (Output,)).of(Input)}
        kept = drop_unused(program, (Input, Output))
        ops = [op for op in kept.ops if not isinstance(op, Input) or op.path in inputs or op.path not in uploads]
        return replace(kept, ops=tuple(ops)), self._recorder.finish(inputs)

    def _inputs(self, type_: Any, path: str, placement: Placement, origin: Origin | None = None) -> Node:
        if isinstance(type_, tff.FederatedType):
            at_clients = type_.placement is tff.CLIENTS and not type_.all_equal
            origin = self._recorder.parameter(path, type_.member, at_client=at_clients)
            return self._inputs(type_.member, path, Placement.CLIENTS if at_clients else Placement.SERVER, origin)
        if isinstance(type_, tff.StructType):
            parts = enumerate(elements_of(type_, path))
            return Struct(
                tuple((name, self._inputs(t, inner, placement, element(origin, i))) for i, (name, t, inner) in parts)
            )
        if isinstance(type_, tff.SequenceType) and origin is not None:
            return Local(origin)
        if path in self._constants:
            return Known(np.array(self._constants[path]))
        try:
            given = self._input(type_, path, placement)
            # What is private is computed on shares alone: neither server, nor a client, has it in the clear.
            private = placement is Placement.SERVER and self._owner(path) is not None
            return given if private else replace(given, origin=origin)
        except Unsupported as e:
            if origin is not None and not origin.at_client:
                return Local(origin)
            self._problems.add(self._place, f"parameter {e}")
            return BROKEN

    def _input(self, type_: Any, path: str, placement: Placement) -> Traced:
        leaf = tensor_leaf(type_, path, placement)
        at_clients, owner = placement is Placement.CLIENTS, None
        if not at_clients:
            owner = self._owner(path)
        secret = at_clients or owner is not None
        ir_type = TensorType(
            (CLIENTS_DIM, *leaf.shape) if at_clients else leaf.shape,
            ir_dtype(leaf.dtype),
            Secrecy.SECRET if secret else Secrecy.PUBLIC,
        )
        value = self._emit.builder.add(Input, path=path, placement=placement, bound=None, type=ir_type, owner=owner)
        return Traced(value, batched=at_clients)

    def _outputs(self, node: Node, type_: Any, path: str, *, at_clients: bool = False) -> None:
        if isinstance(type_, tff.FederatedType):
            differs = type_.placement is tff.CLIENTS and not type_.all_equal
            self._outputs(node, type_.member, path, at_clients=differs)
        elif isinstance(type_, tff.StructType):
            for i, (_, inner, inner_path) in enumerate(elements_of(type_, path)):
                part = node.at(i) if isinstance(node, Struct) else BROKEN
                self._outputs(part, inner, inner_path, at_clients=at_clients)
        elif isinstance(node, Rows):
            self._problems.add(self._place, f"result {path!r}: {OPENED}")
        elif isinstance(node, Known | Traced | Local):
            try:
                if at_clients and self._recorder.needs_client([node]):
                    self._recorder.keep(path, node)
                else:
                    self._output(node, path)
            except Unsupported as e:
                self._problems.add(self._place, f"result {path!r}: {e}")

    def _output(self, node: Tensor | Local, path: str) -> None:
        if isinstance(node, Local) or (isinstance(node, Known) and not has_ir_dtype(node.array.dtype)):
            self._recorder.answer(path, node)
            return
        tensor = self._emit.traced(node)
        if tensor.batched:
            raise Unsupported("differs from client to client, and would be opened for the server")
        location = self._emit.builder.location
        self._emit.builder.append(Output(operands=(tensor.value,), path=path, location=location))


def _is_list_of_placed(type_: Any) -> bool:
    # Several parameters, or the parts of a process's result, are placed one by one.
    return any(isinstance(t, tff.FederatedType | tff.StructType) for _, t in tff.structure.iter_elements(type_))
