"""Which operations of a call without data sets are computed in the clear all the same.

- What depends on the server's values alone and has no counterpart in the IR, the server computes: numbers from a public
  seed, strings, tensors of unknown shape.
- What a client draws at random, and what follows from that alone and has no counterpart, the client computes.
- A call of the server that draws, and takes nothing that is secret, it computes as a whole.

What a client draws of a distribution that is its secret is not among these: see ``drawn_of_secrets``.
What the server draws for a secret value is none of these: it would be noise that both servers know (``noise.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import IntEnum
from typing import Any

from ezprivsecfl.frontends.tff.boundary.own_operations import CHECKS, HANDLES, can_be_shared
from ezprivsecfl.frontends.tff.graphs import Graph
from ezprivsecfl.frontends.tff.ops import CONTROL, LOWERINGS

NOISE = ("Normal", "Poisson", "Gamma", "Binomial")
"""Parts of the names of operations whose results nobody adds to a secret value but to hide it."""

DRAWS = ("Random", "Multinomial", "TruncatedNormal")
"""Parts of the names of operations that draw; queues that shuffle what they hold are not among them."""

LOOPS = ("While", "StatelessWhile")
CONDITIONALS = ("If", "StatelessIf", "Case", "StatelessCase")


class Source(IntEnum):
    """What a value is made of; each includes the ones before."""

    CONSTANTS = 0
    SERVER = 1
    DRAWN = 2
    SECRET = 3


def sources_of(graph: Graph, constant: Set[str], at_server: Set[str], drawer: bool | None) -> dict[str, Source]:
    """What every operation is made of, by name.

    Args:
        graph: Without function calls; operations come after those that they depend on.
        constant: The placeholders whose values are known.
        at_server: The placeholders whose values the server has.
        drawer: Who draws random numbers: True a client, False the server (which takes nothing secret), None nobody.
    """
    sources: dict[str, Source] = {}
    for op in graph.graph.get_operations():
        source = _own_source(op, graph, constant, at_server, drawer)
        sources[op.name] = max([source, *(sources[tensor.op.name] for tensor in op.inputs)])
    return sources


def clear_operations(graph: Graph, sources: Mapping[str, Source], drawer: bool | None) -> dict[str, bool]:
    """The names of these operations; each with whether a client computes it, or else the server.

    Args:
        graph: As for ``sources_of``.
        sources: What it gives.
        drawer: As for ``sources_of``.
    """
    own: dict[str, bool] = {}
    whole = drawer is False and draws(graph)
    for op in graph.graph.get_operations():
        in_clear = whole or _draws(op, graph) or not has_counterpart(op, graph)
        if in_clear and sources[op.name] in (Source.SERVER, Source.DRAWN) and op.type != "Placeholder":
            own[op.name] = bool(drawer) and sources[op.name] is Source.DRAWN
    return own


def drawn_of_secrets(graph: Graph, sources: Mapping[str, Source]) -> set[str]:
    """The names of the operations that draw random numbers of a distribution, or of a number, that is secret.

    They are draws that take something secret, and loops that draw and take something secret, such as those that round
    at random until a norm is small enough.
    """
    return {
        op.name
        for op in graph.graph.get_operations()
        if any(sources[tensor.op.name] is Source.SECRET for tensor in op.inputs) and _draws_itself(op, graph)
    }


def left_to_client(graph: Graph, own: Set[str], sources: Mapping[str, Source]) -> set[str]:
    """The names of operations that come after a client's draws of what could have been computed on shares.

    Args:
        graph: As for ``sources_of``.
        own: The client's own operations.
        sources: What all are made of.
    """
    shared: set[str] = set()  # computed on shares, or of that
    left: set[str] = set()
    for op in graph.graph.get_operations():
        before = {tensor.op.name for tensor in op.inputs}
        if (op.name not in own and sources[op.name] is Source.SECRET) or before & shared:
            shared.add(op.name)
        draws_of_shared = op.name in own and before & shared and (_draws_itself(op, graph) or _chooses(op, graph))
        if before & left or draws_of_shared:
            left.add(op.name)
    return left


def _draws_itself(op: Any, graph: Graph) -> bool:
    return _is_draw(op) or (op.type in LOOPS and draws_numbers(op, graph))


def _chooses(op: Any, graph: Graph) -> bool:
    return op.type in CONDITIONALS and draws_numbers(op, graph)


def draws_numbers(op: Any, graph: Graph) -> bool:
    """Whether an operation, or one of a loop or branch of it, draws random numbers."""
    return _is_draw(op) or any(draws_numbers(inner, graph) for inner in graph.inner_operations(op))


def _is_draw(op: Any) -> bool:
    return any(part in op.type for part in DRAWS) and "Queue" not in op.type


def draws(graph: Graph) -> bool:
    """Whether a graph has operations that draw random numbers, or tell the time."""
    return any(_draws(op, graph) for op in graph.graph.get_operations())


def all_have_counterparts(graph: Graph) -> bool:
    """Whether a graph can be traced to the IR as a whole."""
    return all(has_counterpart(op, graph) for op in graph.graph.get_operations())


def has_counterpart(op: Any, graph: Graph) -> bool:
    """Whether an operation on values that are not constant can be an operation of the IR."""
    if not all(can_be_shared(tensor) for tensor in (*op.inputs, *op.outputs)) or op.type in LOOPS:
        return False
    known = op.type in LOWERINGS or op.type in CONTROL or op.type in ("Placeholder", "Const", "NoOp")
    return (known or op.type in CHECKS) and all(has_counterpart(inner, graph) for inner in graph.inner_operations(op))


def _own_source(op: Any, graph: Graph, constant: Set[str], at_server: Set[str], drawer: bool | None) -> Source:
    if op.type == "Placeholder":
        known = Source.CONSTANTS if op.name in constant else Source.SERVER
        return known if op.name in constant or op.name in at_server else Source.SECRET
    if any(tensor.dtype.base_dtype in HANDLES for tensor in (*op.inputs, *op.outputs)) and drawer is not False:
        return Source.SECRET  # a variable may have been set to something secret
    if _draws(op, graph):
        return Source.SECRET if drawer is None else Source.DRAWN
    return Source.SECRET if _is_noise(op) and drawer is None else Source.CONSTANTS


def draws_noise(graph: Graph) -> bool:
    """Whether a graph draws of distributions that noise has."""

    def of(op: Any) -> bool:
        return _is_noise(op) or any(map(of, graph.inner_operations(op)))

    return any(map(of, graph.graph.get_operations()))


def _is_noise(op: Any) -> bool:
    return _is_draw(op) and any(kind in op.type for kind in NOISE)


def _draws(op: Any, graph: Graph) -> bool:
    if op.op_def.is_stateful and op.type not in CHECKS and not graph.functions_of(op):
        return True
    return any(_draws(inner, graph) for inner in graph.inner_operations(op))
