"""Programs for given integers of the server, or a given number of clients, where these decide what is computed.

How often a loop runs, or how many leaves a tree has, must be known when a program is compiled. Where that is an
argument of the server, which is public, the program is traced for the value that it has: an aggregation whose state
holds the arity of a tree, say. It is traced again if the value changes. So is one that compares clients with each
other, for each number of clients (``ops/client_rows.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Set
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.frontends.tff.discovery import initialize_of
from ezprivsecfl.frontends.tff.leaves import elements_of
from ezprivsecfl.frontends.tff.problems import UnknownNumberError
from ezprivsecfl.frontends.tff.reference import reference_context
from ezprivsecfl.frontends.tff.signature import Arguments, Signature
from ezprivsecfl.frontends.tff.tracing import OwnerOf, TracedComputation, signature_of, trace
from ezprivsecfl.ir.op import Array

Admit = Callable[[str, int], None]
"""Raises InputError for numbers of clients that no round of a computation, given by its name, may have."""

MOST_ENTRIES = 16
"""Larger tensors of integers are data, and decide on no shape or number of iterations."""


class Traces:
    """A computation, traced once, or once for all values that some integers of the server have.

    What is on shares alone is preferred to what the server computes of opened aggregates
    (``boundary/after_opening.py``): that is traced only if no integers help.

    Args:
        computation: See ``trace``.
        name: See ``trace``.
        clients: See ``trace``.
        owner: See ``trace``; what is private decides on nothing.
    """

    def __init__(
        self,
        computation: Any,
        name: str | None = None,
        clients: int | None = None,
        owner: OwnerOf = lambda path: None,
    ) -> None:
        self._computation = computation
        self._name = name
        self._clients = clients
        self._owner = owner
        self._by_clients: dict[int, Traces] = {}
        self._shown: TracedComputation | None = None
        self._traced: list[TracedComputation] = []

    def first(self, clients: int) -> TracedComputation:
        """What the computation shows of itself before any call; of a process, for its first state if need be.

        Args:
            clients: How many clients it is for, if that must be known.

        Raises:
            UnsupportedError: It cannot be traced for that; see ``trace``.
        """
        if self._needs_clients:
            return self._of_clients(clients).first(clients)
        if self._shown is None:
            self._shown = self._traced[0] if self._traced else self._for_first_state()
        return self._shown

    def of(self, argument: object, admit: Admit = lambda name, clients: None) -> TracedComputation:
        """What serves a call.

        Args:
            argument: What a TFF context's ``invoke`` is given: see ``Signature.flatten``.
            admit: See ``of_given``; it is asked about no clients at all, too.

        Raises:
            UnsupportedError: It cannot be traced for such a call; see ``trace``.
            InputError: See ``TracedComputation.arguments``.
        """
        if not self._needs_clients and self._traced and not self._traced[0].constants:
            return self._traced[0]
        given = self._signature.flatten(argument)
        if not given.clients:  # then nothing can be told of their values either
            admit(self._signature.name, 0)
        return self.of_given(given, admit)

    def of_given(self, given: Arguments, admit: Admit) -> TracedComputation:
        """What serves a call, for its arguments; see ``of``.

        Args:
            given: The arguments.
            admit: Asked about the number of clients, if it is traced for a number.
        """
        if self._needs_clients:
            admit(self._signature.name, given.usable_clients)
            return self._of_clients(given.usable_clients).of_given(given, admit)
        if self._traced and not self._traced[0].constants:
            return self._traced[0]
        found = next((traced for traced in self._traced if traced.serves(given.values)), None)
        return found or self._for_values(given.values)

    @cached_property
    def _signature(self) -> Signature:
        return signature_of(self._computation, self._name)

    @cached_property
    def _deciding(self) -> Set[str]:
        # In order, since the first one is the first to be tried without.
        found = _deciding(self._signature.parameter, self._signature.parameter_path)
        return {path: None for path in found if self._owner(path) is None}.keys()

    @cached_property
    def _needs_clients(self) -> bool:
        """Whether the number of clients must be known; else this traces for all values, on shares alone, if it can."""
        try:
            self._traced.append(self._trace())
        except UnknownNumberError:
            return True
        except UnsupportedError:
            pass
        return False

    def _of_clients(self, clients: int) -> Traces:
        if clients not in self._by_clients:
            self._by_clients[clients] = Traces(self._computation, self._name, clients, self._owner)
        return self._by_clients[clients]

    def _trace(self, constants: Mapping[str, Array] | None = None, *, opening: bool = False) -> TracedComputation:
        return trace(
            self._computation, self._name, constants, opening=opening, clients=self._clients, owner=self._owner
        )

    def _for_first_state(self) -> TracedComputation:
        initialize = initialize_of(self._computation)
        state = {} if initialize is None else self._signature.of_state(reference_context().invoke(initialize, None))
        traced = self._for_values(state)
        if traced.opens_for_server and not self._deciding <= set(state):
            self._traced.clear()  # a call's integers may do better
        return traced

    def _for_values(self, values: Mapping[str, Any]) -> TracedComputation:
        """With as little opened as possible, and then for as few values as possible."""
        deciding = {path: np.array(values[path]) for path in self._deciding if path in values}
        traced = self._as_before(deciding)
        if traced is None:
            traced = self._for_fewer(self._trace(deciding, opening=True))
        self._traced.append(traced)
        return traced

    def _as_before(self, deciding: Mapping[str, Array]) -> TracedComputation | None:
        """For the same arguments as before; None if that opens anything else: other values may need others."""
        for before in self._traced:
            constants = {path: deciding[path] for path in before.constants}
            try:
                traced = self._trace(constants, opening=True)
            except UnsupportedError:
                continue
            if traced.opens_for_server == before.opens_for_server:
                return traced
        return None

    def _for_fewer(self, traced: TracedComputation) -> TracedComputation:
        for path in traced.constants:
            fewer = {other: value for other, value in traced.constants.items() if other != path}
            try:
                other = self._trace(fewer, opening=True)
            except UnsupportedError:
                continue  # this one is needed
            if other.opens_for_server == traced.opens_for_server:
                traced = other
        return traced


def _deciding(type_: Any, path: str) -> Iterator[str]:
    """The paths of the server's tensors of few integers or truth values."""
    if isinstance(type_, tff.FederatedType):
        if type_.placement is tff.SERVER or type_.all_equal:
            yield from _deciding(type_.member, path)
    elif isinstance(type_, tff.StructType):
        for _, element, inner in elements_of(type_, path):
            yield from _deciding(element, inner)
    elif isinstance(type_, tff.TensorType) and np.dtype(type_.dtype).kind in "iub":
        shape = type_.shape
        if shape is not None and None not in shape and math.prod(shape) <= MOST_ENTRIES:
            yield path
