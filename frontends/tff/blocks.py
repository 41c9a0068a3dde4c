"""Interprets the building blocks that a TFF computation consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow_federated as tff
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb
from tensorflow_federated.python.core.impl.compiler import tree_analysis

from ezprivsecfl.errors import Location, VerifyError
from ezprivsecfl.frontends.tff.boundary.recorder import Recorder
from ezprivsecfl.frontends.tff.boundary.sequences import SEQUENCES, evaluate
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.graphs import GraphTracer
from ezprivsecfl.frontends.tff.intrinsics import CALLERS, INTRINSICS, MOVES
from ezprivsecfl.frontends.tff.problems import Problems, Unsupported
from ezprivsecfl.frontends.tff.source import symbol_location
from ezprivsecfl.frontends.tff.values import BROKEN, STAYS, Function, Known, Node, Struct, has_local

Environment = Mapping[str, Node]


class BlockTracer:
    """Evaluates building blocks to structures of tensors; functions are applied where they are called.

    Args:
        emit: Adds operations to the IR.
        problems: Takes what is not supported.
        recorder: Takes what is computed in the clear.
        place: The best known place of the computation in the user's program.
    """

    def __init__(self, emit: Emitter, problems: Problems, recorder: Recorder, place: Location) -> None:
        self._emit = emit
        self._problems = problems
        self._recorder = recorder
        self._place = place
        self._graphs = GraphTracer(emit, problems)

    def evaluate(self, block: Any, environment: Environment) -> Node:
        """The value of a block.

        Args:
            block: A ``tff.framework.ComputationBuildingBlock``.
            environment: The values of the names that are bound around it.
        """
        if isinstance(block, bb.Reference):
            return environment[block.name]
        if isinstance(block, bb.Selection):
            source = self.evaluate(block.source, environment)
            return source.at(block.as_index()) if isinstance(source, Struct) else BROKEN
        if isinstance(block, bb.Struct):
            elements = tff.structure.iter_elements(block)
            return Struct(tuple((name, self.evaluate(value, environment)) for name, value in elements))
        if isinstance(block, bb.Call):
            function = self.evaluate(block.function, environment)
            argument = None if block.argument is None else self.evaluate(block.argument, environment)
            return function.call(argument) if isinstance(function, Function) else BROKEN
        if isinstance(block, bb.Lambda):
            return self._lambda(block, environment)
        if isinstance(block, bb.Block):
            return self._block(block, environment)
        return self._terminal(block)

    def _lambda(self, block: Any, environment: Environment) -> Node:
        def call(argument: Node | None) -> Node:
            bound = {} if block.parameter_name is None or argument is None else {block.parameter_name: argument}
            return self.evaluate(block.result, {**environment, **bound})

        closed = tree_analysis.contains_no_unbound_references(block)
        return Function(call, block if closed else None)

    def _block(self, block: Any, environment: Environment) -> Node:
        local = dict(environment)
        outer = self._place
        for name, value in block.locals:
            self._place = symbol_location(name) or outer
            local[name] = self.evaluate(value, local)
        self._place = outer
        return self.evaluate(block.result, local)

    def _terminal(self, block: Any) -> Node:
        if isinstance(block, bb.Intrinsic):
            return Function(lambda argument: self._intrinsic(block.uri, argument))
        if isinstance(block, bb.CompiledComputation):
            return self._compiled(block)
        if isinstance(block, bb.Literal):
            return Known(np.asarray(block.value))
        self._problems.add(self._place, f"{type(block).__name__} in a computation")
        return BROKEN

    def _compiled(self, block: Any) -> Node:
        language = block.proto.WhichOneof("computation")
        if language != "tensorflow":
            self._problems.add(self._place, f"a local computation written in {language.upper()}, not in TensorFlow")
            return Function(lambda argument: BROKEN, block)
        return Function(lambda argument: self._recorder.call(self._graphs, block, argument, self._place), block)

    def _intrinsic(self, uri: str, argument: Node | None) -> Node:
        location = Location(self._place.file, self._place.line, uri)
        if argument is None or uri not in INTRINSICS | SEQUENCES:
            self._problems.add(location, "not supported")
            return BROKEN
        if uri in INTRINSICS and uri not in MOVES and has_local(argument):
            self._problems.add(location, STAYS)
            return BROKEN
        with self._emit.builder.at(location), self._recorder.called_by(CALLERS.get(uri)):
            try:
                if uri in SEQUENCES:
                    return evaluate(self._recorder, uri, argument)
                return INTRINSICS[uri](self._emit, argument)
            except (Unsupported, VerifyError) as e:
                self._problems.add(location, str(e))
                return BROKEN
