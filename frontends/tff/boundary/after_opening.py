"""Records what the server computes of opened aggregates, since nobody can compute it on shares.

That are operations on strings, on tensors whose shape depends on what is secret, and on tables and queues: a heavy
hitter's name that is decoded of a summed sketch, say. What such operations take of what is on shares is *opened for the
server's own work*: it must be the same at every client, as an aggregate over all of them is. What they give, and all
that is computed of that, is in the clear at the server, after the secure part of the round, and can be nothing but a
result. All other operations of the same TensorFlow computation stay on shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb

from ezprivsecfl.errors import Location
from ezprivsecfl.frontends.tff.boundary.clear_operations import draws_numbers
from ezprivsecfl.frontends.tff.boundary.clear_work import AfterWork, Crossing
from ezprivsecfl.frontends.tff.boundary.own_operations import HANDLES, can_be_shared
from ezprivsecfl.frontends.tff.boundary.sites import site
from ezprivsecfl.frontends.tff.boundary.steps import OwnPart, Step, literal
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.graphs import Graph
from ezprivsecfl.frontends.tff.problems import Problems, Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, Known, Leaf, Local, Origin, TensorList, Traced
from ezprivsecfl.ir.tensor import Output

MIXED = (
    "takes what the server computes after the opening, and also what cannot be opened for that: a single client's "
    "value or a variable"
)

NOISE_AFTER = (
    "random numbers in what the server computes after the opening: as noise they would hide nothing, since both "
    "servers have seen what they are added to; add noise to the aggregate before, in a computation without strings and "
    "tensors of unknown shape"
)


def makes_unshared(op: Any, graph: Graph) -> bool:
    """Whether an operation, or one of its loop or branch, makes a tensor that the IR cannot hold of ones that it can.

    Such are strings, tables and queues, and tensors whose shape depends on values. An operation on numbers that merely
    nobody has written is none, also if its loop has lost the shapes.
    """
    if any(makes_unshared(inner, graph) for inner in graph.inner_operations(op) if inner.type != "Placeholder"):
        return True
    if op.type.startswith("TensorList"):
        return False
    tensors = (*op.inputs, *op.outputs)
    if any(tensor.dtype.base_dtype in (tf.string, tf.resource) for tensor in tensors):
        return True
    return all(map(can_be_shared, op.inputs)) and not all(map(can_be_shared, op.outputs))


def is_after(leaf: Leaf) -> bool:
    """Whether a value is there after the opening only."""
    return isinstance(leaf, Local) and leaf.origin.after


class AfterOpening:
    """Keeps the steps after the opening, and what they take.

    Args:
        emit: Adds the outputs to the IR.
        problems: Takes what is not supported.
    """

    def __init__(self, emit: Emitter, problems: Problems) -> None:
        self._emit = emit
        self._problems = problems
        self._steps: list[Step] = []
        self._opened: dict[str, tuple[Traced, Any, Location]] = {}
        self._handed: dict[str, Any] = {}
        self._answers: dict[str, Any] = {}

    def part(self, graph: Graph, place: Location) -> OwnPart:
        """The part of a call that comes after the opening; empty at first."""
        part = OwnPart(f"after_{len(self._steps)}", graph, [], place, members=set())
        self._steps.append(part)
        return part

    def lower(
        self,
        part: OwnPart,
        op: Any,
        values: Mapping[str, Leaf],
        location: Location,
        lower: Callable[[], Sequence[Leaf]],
    ) -> Sequence[Leaf]:
        """The results of an operation of the server: on shares, or where that is impossible after the opening.

        Args:
            part: What its call computes after the opening.
            op: The operation.
            values: What it depends on.
            location: Where it is.
            lower: Gives its results on shares.
        """
        found: list[tuple[Location, str]] = []
        results: Sequence[Leaf] = [BROKEN] * len(op.outputs)
        if not any(is_after(values[tensor.name]) for tensor in op.inputs):
            if not makes_unshared(op, part.graph):
                return lower()
            with self._problems.held() as found:
                results = lower()
            if not found:
                return results
        try:
            return self._outputs(part, op, values, location)
        except Unsupported as e:
            for entry in found or [(location, str(e))]:
                self._problems.add(*entry)
            return results

    def _outputs(self, part: OwnPart, op: Any, values: Mapping[str, Leaf], location: Location) -> list[Leaf]:
        """What an operation gives, which becomes a member of a part.

        Args:
            part: The part of the call that the operation is in.
            op: The operation.
            values: What the tensors of its graph are that it depends on, by name.
            location: Where it is in the user's program.

        Raises:
            Unsupported: It takes what cannot be opened, or draws noise.
        """
        if draws_numbers(op, part.graph):
            raise Unsupported(NOISE_AFTER)
        assert part.members is not None
        members, pending = {op.name}, [op]
        given: dict[str, Any] = {}
        while pending:
            for tensor in pending.pop().inputs:
                if tensor.op.name in part.members | members:
                    continue
                leaf = values[tensor.name]
                if isinstance(leaf, TensorList):  # it is made anew, of what its elements are made of
                    members.add(tensor.op.name)
                    pending.append(tensor.op)
                else:
                    given[tensor.name] = self._block(leaf, tensor, location)
        part.members.update(members)
        part.given.update(given)
        blocks = [None if tensor.dtype.base_dtype in HANDLES else part.fetch(tensor) for tensor in op.outputs]
        return [Local(Origin(block, at_client=False, after=True)) for block in blocks]

    def answer(self, path: str, value: Local) -> None:
        """Makes a value after the opening a result of the program."""
        self._answers[path] = value.origin.block

    def finish(self) -> tuple[AfterWork | None, list[Any]]:
        """The work that the answers need, and what is handed to it of what the server computes before.

        What it takes of what is on shares becomes an output of the program, unless it is one.
        """
        if not self._answers:
            return None, []
        types = {name: block.type_signature for name, block in self._handed.items()}
        types |= {name: type_ for name, (_, type_, _) in self._opened.items()}
        whole = site(self._steps, list(self._answers.values()), {}, types, self._problems)
        opened = [self._output(*both) for name, both in self._opened.items() if name in whole.names]
        handed = [block for name, block in self._handed.items() if name in whole.names]
        return AfterWork(whole, tuple(opened), tuple(self._answers)), handed

    def _block(self, leaf: Leaf, tensor: Any, location: Location) -> Any:
        """A value as the steps after the opening can have it."""
        if isinstance(leaf, Known):
            return literal(leaf.array)
        origin = leaf.origin if isinstance(leaf, Traced | Local) else None
        if origin is not None and origin.after:
            return origin.block
        if origin is not None and not origin.at_client:
            return _named(self._handed, origin.block, f"handed_{len(self._handed)}")
        if not isinstance(leaf, Traced) or leaf.batched:
            raise Unsupported(MIXED)
        same = (name for name, (traced, _, _) in self._opened.items() if traced.value is leaf.value)
        name = next(same, f"opened_{len(self._opened)}")
        type_ = tff.TensorType(tensor.dtype.base_dtype.as_numpy_dtype, leaf.shape)
        self._opened.setdefault(name, (leaf, type_, location))
        return bb.Reference(name, type_)

    def _output(self, leaf: Traced, type_: Any, location: Location) -> Crossing:
        outputs = [op for op in self._emit.builder.ops if isinstance(op, Output)]
        path = next((op.path for op in outputs if op.operands == (leaf.value,)), None)
        if path is None:
            taken = {op.path for op in outputs}
            path = next(one for i in range(len(taken) + 1) if (one := f"opened/{i}") not in taken)
            self._emit.builder.append(Output(operands=(leaf.value,), path=path, location=location))
        dtype = np.dtype(type_.dtype).name
        return Crossing(path, leaf.shape, dtype, location, secret=leaf.type.is_secret)


def _named(names: dict[str, Any], block: Any, new: str) -> Any:
    """A reference to a block, by the name that it has or gets."""
    name = next((name for name, one in names.items() if one is block), new)
    names[name] = block
    return bb.Reference(name, block.type_signature)
