"""Records, while a program is traced, what stays in the clear and where it is shared."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import tensorflow_federated as tff
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb

from ezprivsecfl.errors import Location
from ezprivsecfl.frontends.tff.boundary.after_opening import AfterOpening
from ezprivsecfl.frontends.tff.boundary.clear_operations import (
    Source,
    all_have_counterparts,
    clear_operations,
    drawn_of_secrets,
    draws,
    draws_noise,
    left_to_client,
    sources_of,
)
from ezprivsecfl.frontends.tff.boundary.clear_work import AfterWork, ClearWork, Crossing, Site
from ezprivsecfl.frontends.tff.boundary.cut import Cut
from ezprivsecfl.frontends.tff.boundary.inlining import inlined
from ezprivsecfl.frontends.tff.boundary.noise import APART, FROM_SEED, added_apart, draws_from_seed, is_noise, noise
from ezprivsecfl.frontends.tff.boundary.own_operations import drawers_own, own_operations
from ezprivsecfl.frontends.tff.boundary.sites import site
from ezprivsecfl.frontends.tff.boundary.steps import OwnPart, Step, WholeCall, literal, placeholder
from ezprivsecfl.frontends.tff.discovery import has_data_set
from ezprivsecfl.frontends.tff.dtypes import ir_dtype
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.graphs import Graph, GraphTracer
from ezprivsecfl.frontends.tff.leaves import elements_of, tensor_leaf
from ezprivsecfl.frontends.tff.problems import Problems, Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, STAYS, Known, Leaf, Local, Node, Origin, Struct, Traced
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import CLIENTS_DIM, Secrecy, TensorType

FLOATS, INTEGERS = float(1 << 20), float(1 << 31)
"""Default bounds of what is uploaded, unless it is a variable that starts as what was broadcast: a model's weights."""

KEPT = (
    "CLIENTS-placed, and a client cannot compute it in the clear: it takes what is computed on shares, such as an "
    "aggregate of the same round; return the aggregate, and let clients use it in the next round"
)
"""Why a result cannot be a client's own."""


class Recorder:
    """Keeps how values are computed in the clear.

    Args:
        emit: Adds the uploads to the IR.
        problems: Takes what is not supported.
        opening: Whether aggregates may be opened for the server's own work.
    """

    def __init__(self, emit: Emitter, problems: Problems, *, opening: bool) -> None:
        self._opening = opening
        self._emit = emit
        self._problems = problems
        self._after = AfterOpening(emit, problems)
        self._parameters: dict[str, tuple[str, Any, bool]] = {}
        self._received: dict[str, Any] = {}
        self._steps: dict[bool, list[Step]] = {False: [], True: []}
        self._uploads: dict[str, tuple[Crossing, Origin]] = {}
        self._answers: dict[str, Any] = {}
        self._given: set[str] = set()
        self._kept: dict[str, Any] = {}
        self._opened: tuple[AfterWork | None, list[Any]] = (None, [])
        self._caller: bool | None = None
        self._draws = 0
        self._noise: set[Value] = set()

    @contextmanager
    def called_by(self, at_client: bool | None) -> Iterator[None]:
        """Calls inside are a client's, the server's, or nobody's own, as those of a fold over all clients."""
        before, self._caller = self._caller, at_client
        try:
            yield
        finally:
            self._caller = before

    def parameter(self, path: str, type_: Any, *, at_client: bool) -> Origin:
        """How a parameter of the program can be used in the clear."""
        name = f"argument_{len(self._parameters)}"
        self._parameters[name] = (path, type_, at_client)
        self._given.update(_tensor_paths(type_, path))
        return Origin(bb.Reference(name, type_), at_client)

    def call(self, graphs: GraphTracer, block: Any, argument: Node | None, place: Location) -> Node:
        """The result of a call of a TensorFlow computation.

        Args:
            graphs: Traces the graph.
            block: The computation, a ``CompiledComputation``.
            argument: What it is called with.
            place: Where it is called.
        """
        proto, result_type = block.proto.tensorflow, block.type_signature.result
        leaves = _leaves(argument)
        local = {leaf.origin.at_client for leaf in leaves if isinstance(leaf, Local)}
        if not local and all_have_counterparts(graphs.graph(proto)):
            result = graphs.call(graphs.graph(proto), result_type, argument, place)
            return self._with_origins(block, argument, result, place)
        secret = self._on_shares_alone(block, argument)
        graph = Graph(proto, lambda graph_def: inlined(graph_def, secret))
        parts = {party: self._part(block, graph, argument, party, place) for party in (False, True)}
        drawer, sources = self._sources(graph, parts[False])
        if True in local:
            return self._clients_own(graphs, graph, block, argument, parts[True], own_operations(graph), sources)
        drawn = drawn_of_secrets(graph, sources) if drawer else set()
        if drawn and None not in parts[True].placeholders().values():
            graph = Graph(proto, inlined)
            parts = {party: self._part(block, graph, argument, party, place) for party in (False, True)}
            _, sources = self._sources(graph, parts[False])
            own = drawers_own(graph, drawn)
            return self._clients_own(graphs, graph, block, argument, parts[True], own, sources)
        in_clear = clear_operations(graph, sources, drawer)
        for part in parts.values():
            part.ordered = self._caller is False
        if self._caller is False and None in parts[False].placeholders().values() and draws_from_seed(graph):
            self._problems.add(place, FROM_SEED)
            return BROKEN
        on_shares = {op.name for op in graph.graph.get_operations() if op.name not in in_clear and is_noise(op)}
        at_server = self._caller is False
        after = partial(self._after.lower, self._after.part(graph, place)) if at_server and self._opening else None
        cut = Cut(self, parts, in_clear, on_shares if at_server else set(), None, after)
        result = graphs.call(graph, result_type, argument, place, cut)
        if drawer is False and draws_noise(graph):
            self._noise.update(leaf.value for leaf in _leaves(result) if isinstance(leaf, Traced))
        # What is drawn is the same wherever it is used: it must not be drawn again with the whole result.
        again = drawer is not None and draws(graph)
        return result if again else self._with_origins(block, argument, result, place)

    def _clients_own(
        self,
        graphs: GraphTracer,
        graph: Graph,
        block: Any,
        argument: Node | None,
        part: OwnPart,
        own: Set[str],
        sources: Mapping[str, Source],
    ) -> Node:
        """The result of a call of which a client computes some operations in the clear."""
        whole = self._whole(block, argument, True, part.place)
        left = left_to_client(graph, own, sources)
        cut = Cut(self, {True: part}, dict.fromkeys(own, True), set(), whole, left=left)
        result = graphs.call(graph, block.type_signature.result, argument, part.place, cut)
        return result if whole is None else _fetched(result, graph.result, graph, part)

    def _on_shares_alone(self, block: Any, argument: Node | None) -> set[str]:
        """The placeholders of a call without data sets whose values the server does not know."""
        proto = block.proto.tensorflow
        if not proto.HasField("parameter") or any(isinstance(leaf, Local) for leaf in _leaves(argument)):
            return set()
        arguments = self._arguments(proto.parameter, block.type_signature.parameter, argument, at_client=False)
        return {placeholder(binding) for binding, _, given in arguments if given is None}

    def needs_client(self, nodes: Iterable[Node]) -> bool:
        """Whether only a client has all of some values in the clear; otherwise the server has."""
        return any(_at_client(leaf) for node in nodes for leaf in _leaves(node))

    def block(self, node: Node, at_client: bool) -> Any:
        """A structure as the party that needs it can compute it; None if some of it is computed on shares."""
        if not isinstance(node, Struct):
            return self._block(node, at_client)
        elements = [(name, self.block(inner, at_client)) for name, inner in node.elements]
        return None if any(inner is None for _, inner in elements) else bb.Struct(elements)

    def evaluate(self, block: Any, at_client: bool, name: str) -> Node:
        """What a building block gives that is computed in the clear; its tensors cross the boundary.

        Args:
            block: In terms of what ``block`` gives.
            at_client: Whether a client computes it, or else the server.
            name: Tells what it is.
        """
        location = self._emit.builder.location
        step = WholeCall(self._name(), block, location)
        self._steps[at_client].append(step)
        return self._evaluated(bb.Reference(step.name, block.type_signature), at_client, location, name)

    def _evaluated(self, block: Any, at_client: bool, location: Location, name: str) -> Node:
        type_ = block.type_signature
        if isinstance(type_, tff.StructType):
            named = enumerate(tff.structure.to_elements(type_))
            parts = [(key, bb.Selection(block, index=i)) for i, (key, _) in named]
            return Struct(tuple((key, self._evaluated(part, at_client, location, name)) for key, part in parts))
        origin = Origin(block, at_client)
        try:
            leaf = tensor_leaf(type_, name, Placement.CLIENTS if at_client else Placement.SERVER)
        except Unsupported:
            return Local(origin)
        return self.share(origin, leaf.shape, leaf.dtype, location, name)

    def _part(self, block: Any, graph: Graph, argument: Node | None, at_client: bool, place: Location) -> OwnPart:
        bindings = []
        if graph.parameter is not None:
            bindings = self._arguments(graph.parameter, block.type_signature.parameter, argument, at_client)
        part = OwnPart(self._name(), graph, bindings, place)
        self._steps[at_client].append(part)
        return part

    def _sources(self, graph: Graph, at_server: OwnPart) -> tuple[bool | None, dict[str, Source]]:
        """Who draws random numbers in a call without data sets, and what its operations are made of."""
        blocks = at_server.placeholders()
        constant = {name for name, block in blocks.items() if isinstance(block, bb.Literal)}
        given = {name for name, block in blocks.items() if block is not None}
        drawer = None if self._caller is False and len(given) < len(blocks) else self._caller
        return drawer, sources_of(graph, constant, given, drawer)

    def share(
        self,
        origin: Origin,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        location: Location,
        name: str,
        *,
        as_argument: bool = False,
        drawn: bool = False,
    ) -> Traced:
        """A tensor that crosses the boundary, as an input of the secure program.

        Args:
            origin: How it is computed in the clear.
            shape: Its shape, at one client.
            dtype: Its element type.
            location: The operation that it comes out of.
            name: Tells what it is.
            as_argument: Whether its bound is that of arguments by default.
            drawn: See ``Crossing``.
        """
        at_client = origin.at_client
        type_ = TensorType(
            (CLIENTS_DIM, *shape) if at_client else tuple(shape),
            ir_dtype(dtype),
            Secrecy.SECRET if at_client else Secrecy.PUBLIC,
        )
        path = self._path(name, at_client)
        bound = INTEGERS if dtype.kind in "iu" else FLOATS
        with self._emit.builder.at(location):
            value = self._emit.builder.add(
                Input,
                path=path,
                placement=Placement.CLIENTS if at_client else Placement.SERVER,
                bound=None if as_argument else bound,
                type=type_,
            )
        self._uploads[path] = Crossing(path, tuple(shape), dtype.name, location, drawn), origin
        return Traced(value, batched=at_client, origin=origin)

    def noise(self, op: Any, location: Location) -> Leaf:
        """Random numbers that the servers draw on shares."""
        self._draws += 1
        with self._emit.builder.at(location):
            try:
                return noise(self._emit, op, self._draws - 1)
            except Unsupported as e:
                self._problems.add(location, str(e))
                return BROKEN

    def answer(self, path: str, value: Known | Local) -> None:
        """Makes a value that the IR cannot hold a result of the program.

        Raises:
            Unsupported: It is a client's.
        """
        if isinstance(value, Local) and value.origin.after:
            self._after.answer(path, value)
            return
        block = self._block(value, at_client=False)
        if block is None:
            raise Unsupported(STAYS)
        self._answers[path] = block

    def keep(self, path: str, value: Node) -> None:
        """Makes a client's value a result that it computes for itself, and that no server sees.

        Raises:
            Unsupported: It takes what is computed on shares.
        """
        block = self._block(value, at_client=True)
        if block is None:
            raise Unsupported(KEPT)
        self._kept[path] = block

    def open(self) -> None:
        """Adds outputs for what the server's work after the opening takes; nothing can be recorded afterwards."""
        self._opened = self._after.finish()
        for op in added_apart(self._emit.builder.ops, self._noise):
            self._problems.add(op.location, APART)

    def finish(self, used: set[str]) -> ClearWork | None:
        """What is computed in the clear; after ``open``.

        Args:
            used: The paths of the inputs that the secure program uses; what leads to no other is left out.

        Returns:
            The work; None if there is none.
        """
        uploads = [both for path, both in self._uploads.items() if path in used]
        after, handed = self._opened
        if not uploads and not self._answers and not self._kept and after is None:
            return None
        own = [both for both in uploads if both[1].at_client]
        ready = [both for both in uploads if not both[1].at_client]
        kept = list(self._kept.values())
        at_client = self._site([*(origin.block for _, origin in own), *kept], at_client=True)
        received = [self._received[name] for name in self._received if name in at_client.names]
        results = [origin.block for _, origin in ready] + list(self._answers.values()) + handed + received
        at_server = self._site(results, at_client=False)
        return ClearWork(
            at_server=replace(at_server, results=tuple(upload for upload, _ in ready)),
            at_client=replace(at_client, results=tuple(upload for upload, _ in own)),
            answers=tuple(self._answers),
            received=tuple(self._described(block) for block in received),
            kept=tuple(self._kept),
            handed=len(handed),
            after=after,
        )

    def paths(self) -> set[str]:
        """The paths of all inputs that come from what is computed in the clear."""
        return set(self._uploads)

    def _site(self, results: list[Any], *, at_client: bool) -> Site:
        """What one party computes for some results, before anything is opened."""
        received = {name: block.type_signature for name, block in self._received.items()} if at_client else {}
        parameters = {name: (path, type_) for name, (path, type_, _) in self._parameters.items()}
        return site(self._steps[at_client], results, parameters, received, self._problems)

    def _arguments(self, binding: Any, type_: Any, node: Node | None, at_client: bool) -> list[tuple[Any, Any, Any]]:
        """The tensors and data sets of an argument: binding, type, building block."""
        if binding.WhichOneof("binding") == "struct":
            types = [t for _, t in tff.structure.iter_elements(type_)]
            return [
                one
                for i, (inner, t) in enumerate(zip(binding.struct.element, types, strict=True))
                for one in self._arguments(inner, t, node.at(i) if isinstance(node, Struct) else None, at_client)
            ]
        return [(binding, type_, None if node is None else self._block(node, at_client))]

    def _block(self, node: Node, at_client: bool) -> Any:
        """A value as the party that needs it can compute it; None if it is computed on shares."""
        if isinstance(node, Known):
            return literal(node.array)
        origin = node.origin if isinstance(node, Traced | Local) else None
        if origin is None or origin.after or (origin.at_client and not at_client):
            return None
        if origin.at_client == at_client:
            return origin.block
        same = (name for name, block in self._received.items() if block is origin.block)
        name = next(same, f"received_{len(self._received)}")
        self._received[name] = origin.block
        return bb.Reference(name, origin.block.type_signature)

    def _with_origins(self, block: Any, argument: Node | None, result: Node, place: Location) -> Node:
        """The result of a call on shares, which can be computed in the clear, too, if its argument can."""
        at_client = any(_at_client(leaf) for leaf in _leaves(argument))
        whole = self._whole(block, argument, at_client, place)
        return result if whole is None else _select(result, whole, at_client)

    def _whole(self, block: Any, argument: Node | None, at_client: bool, place: Location) -> Any:
        """The result of a call, computed in the clear; None if its argument is not there."""
        call = bb.Call(block) if argument is None else self._argument(argument, block, at_client)
        if call is None:
            return None
        step = WholeCall(self._name(), call, place)
        self._steps[at_client].append(step)
        return bb.Reference(step.name, call.type_signature)

    def _argument(self, argument: Node, block: Any, at_client: bool) -> Any:
        given = self.block(argument, at_client)
        return None if given is None else bb.Call(block, given)

    def _name(self) -> str:
        return f"step_{len(self._steps[False]) + len(self._steps[True])}"

    def _path(self, name: str, at_client: bool) -> str:
        """A path that no other input has: of the data set, and of what comes out of its operations."""
        taking = (path for path, type_, own in self._parameters.values() if own == at_client and has_data_set(type_))
        parameter = next(taking, None) or self._party("at_client" if at_client else "at_server")
        path = "/".join(part for part in (parameter, re.sub(r"[^\w/]", "_", name)) if part)
        return next(one for one in _numbered(path) if one not in self._uploads and one not in self._given)

    def _party(self, name: str) -> str:
        """The name of a party, which no parameter has: a bound that is declared for a parameter is not for others."""
        parameters = {path.partition("/")[0] for path, _, _ in self._parameters.values()}
        return next(one for one in _numbered(name) if one not in parameters)

    def _described(self, block: Any) -> str:
        """Where a received value is from: a part of a parameter, or computed of the server's parameters."""
        indices: list[str] = []
        inner = block
        while isinstance(inner, bb.Selection):
            elements = tff.structure.to_elements(inner.source.type_signature)
            position = inner.as_index()
            indices.insert(0, elements[position][0] or str(position))
            inner = inner.source
        path = self._parameters[inner.name][0] if inner.name in self._parameters else "computed by the server:"
        return f"{'/'.join((path, *indices))} {block.type_signature.compact_representation()}"


def element(origin: Origin | None, index: int) -> Origin | None:
    """How an element of a structure is computed in the clear."""
    return None if origin is None else Origin(bb.Selection(origin.block, index=index), origin.at_client)


def _select(node: Node, block: Any, at_client: bool) -> Node:
    """A structure with the origin of every tensor that has none yet."""
    if isinstance(node, Struct):
        return Struct(
            tuple(
                (name, _select(inner, bb.Selection(block, index=i), at_client))
                for i, (name, inner) in enumerate(node.elements)
            )
        )
    if isinstance(node, Traced) and node.origin is None:
        return Traced(node.value, node.batched, Origin(block, at_client))
    return node


def _fetched(node: Node, binding: Any, graph: Graph, part: OwnPart) -> Node:
    """The result of a call with data sets: how a client computes those tensors, too, that come after the cut."""
    if isinstance(node, Struct):
        pairs = zip(node.elements, binding.struct.element, strict=True)
        return Struct(tuple((name, _fetched(inner, b, graph, part)) for (name, inner), b in pairs))
    if isinstance(node, Traced) and node.origin is None and node.batched:
        tensor = graph.graph.get_tensor_by_name(binding.tensor.tensor_name)
        return Traced(node.value, node.batched, Origin(part.fetch(tensor), at_client=True))
    return node


def _tensor_paths(type_: Any, path: str) -> Iterator[str]:
    """The paths of all tensors of a parameter."""
    if isinstance(type_, tff.StructType):
        for _, element_type, inner in elements_of(type_, path):
            yield from _tensor_paths(element_type, inner)
    elif not isinstance(type_, tff.SequenceType):
        yield path


def _numbered(name: str) -> Iterator[str]:
    """A name, and where it is taken others like it."""
    yield name
    yield from (f"{name}.{count}" for count in itertools.count(1))


def _leaves(node: Node | None) -> list[Node]:
    if isinstance(node, Struct):
        return [leaf for _, inner in node.elements for leaf in _leaves(inner)]
    return [] if node is None else [node]


def _at_client(leaf: Node) -> bool:
    if isinstance(leaf, Local):
        return leaf.origin.at_client
    return isinstance(leaf, Traced) and (leaf.batched or (leaf.origin is not None and leaf.origin.at_client))
