"""A second way to write an aggregation: a function of the updates of all clients, stacked to one matrix.

    @robust_aggregation
    def multi_krum(updates, *, byzantine): ...

From it come the plaintext reference, a TFF computation, and the process that plugs into ``model_aggregator=`` of TFF's
learning algorithms. Like everything in this folder it is plain TFF: the updates are folded with
``tff.federated_aggregate``, which appends one row for each client, and the server applies the function to the rows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, overload

import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.aggregators.stacking import UpdateType

STATE = "state"
"""The parameter of a rule that gets the state."""


@overload
def robust_aggregation(function: Callable[..., Any], /) -> RobustAggregation: ...


@overload
def robust_aggregation(
    *, state: Callable[[int], Any] | None = None, server: Mapping[str, tff.Type] | None = None
) -> Callable[[Callable[..., Any]], RobustAggregation]: ...


def robust_aggregation(
    function: Callable[..., Any] | None = None,
    /,
    *,
    state: Callable[[int], Any] | None = None,
    server: Mapping[str, tff.Type] | None = None,
) -> RobustAggregation | Callable[[Callable[..., Any]], RobustAggregation]:
    """Makes a function of all clients' updates a rule.

    Args:
        function: Takes the updates, floats of shape [n, d], one row for each of n clients, as its first argument, and
            returns the result, of shape [d], in TensorFlow operations. It may have more arguments: one that is called
            ``state`` gets the state, and then it returns a pair, the result and the new state; any other that is
            positional is an input of the server, as long as an update, [d]; those behind a ``*`` are parameters, and
            constant. The number of clients is ``tf.shape(updates)[0]``.
        state: Makes the first state, any structure of tensors, from the number of entries d. Floats in it become of
            the updates' element type.
        server: Types of the server's inputs that are no updates, by name. A type that differs from use to use is given
            to ``computation``.

    Raises:
        TypeError: The function's arguments are others.
    """
    if function is None:
        return lambda inner: RobustAggregation(inner, state, server or {})
    return RobustAggregation(function, state, server or {})


@dataclass(eq=False)
class RobustAggregation:
    """A rule: see ``robust_aggregation``.

    Called with a matrix [n, d], and whatever else its function takes, it is its own plaintext reference: the function
    itself, evaluated by TensorFlow without TFF.

    Args:
        function: What was decorated.
        initial_state: Makes the first state; None if the rule has none.
        server_types: Types of inputs of the server that are no updates, by name.
    """

    function: Callable[..., Any]
    initial_state: Callable[[int], Any] | None = None
    server_types: Mapping[str, tff.Type] = field(default_factory=dict)

    def __post_init__(self) -> None:
        update_wrapper(self, self.function)
        kinds = {p.kind for p in inspect.signature(self.function).parameters.values()}
        if not self._positional or kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
            raise TypeError(f"{self.name}: expected the stacked updates as first argument, and no *args or **kwargs")
        if (STATE in self._positional[1:]) != (self.initial_state is not None):
            raise TypeError(
                f"{self.name}: a rule with state has both an argument of that name, behind the updates, and its first "
                "value: @robust_aggregation(state=lambda entries: tf.zeros([entries]))"
            )
        if unknown := set(self.server_types) - set(self.server_inputs):
            raise TypeError(f"{self.name}: has no argument {', '.join(sorted(unknown))}, for which server= has a type")

    def __call__(self, updates: Any, *args: Any, **kwargs: Any) -> Any:
        """What the function gives for the updates of all clients, [n, d]."""
        return self.function(tf.convert_to_tensor(updates), *args, **kwargs)

    def computation(self, update_type: tff.Type, **parameters: Any) -> tff.Computation:
        """The aggregation as a federated computation.

        Args:
            update_type: Of an update: a tensor of floats, or a structure of such, of fully defined shapes. Its tensors
                are one vector to the rule, and so is the result.
            **parameters: The rule's parameters, which are constant; and types of the server's inputs, by name, that
                are neither as long as an update nor of the type that the rule declares.

        Returns:
            A computation of the arguments that the function has, the updates CLIENTS-placed and all others
            SERVER-placed, to the result, or with state to the result and the new state, SERVER-placed.

        Raises:
            TypeError: The update type or a parameter is not what is expected.
        """
        update = UpdateType(update_type)
        types = {name: parameters.pop(name) for name in self.server_inputs if name in parameters}
        for name, type_ in types.items():
            if not isinstance(type_, tff.Type):
                raise TypeError(f"{self.name}: {name} is an input of the server: expected its type, not {type_!r}")
        apply = self._apply(update, {**self.server_types, **types}, parameters)
        _, *others = tff.structure.to_elements(apply.type_signature.parameter)
        given = [tff.FederatedType(type_, tff.SERVER) for _, type_ in others]

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        signature = inspect.Signature([inspect.Parameter(name, kind) for name in self._positional])

        def aggregation(*args: Any, **kwargs: Any) -> Any:
            updates, *others = signature.bind(*args, **kwargs).arguments.values()
            return tff.federated_map(apply, [update.stacked(updates), *others])

        # TFF, and messages about the program, are to know the function's name, place and arguments.
        update_wrapper(aggregation, self.function).__signature__ = signature  # type: ignore[attr-defined]
        return tff.federated_computation(aggregation, tff.FederatedType(update.type, tff.CLIENTS), *given)

    def factory(self, **parameters: Any) -> tff.aggregators.UnweightedAggregationFactory:
        """What ``model_aggregator=`` of TFF's learning algorithms takes, or ``create`` makes a process of.

        Args:
            **parameters: The rule's parameters.

        Raises:
            TypeError: The rule has inputs of the server, which a process does not get; ``computation`` has them.
        """
        if self.server_inputs:
            raise TypeError(
                f"{self.name}: an aggregation process has a state and the clients' updates, but nobody who gives it "
                f"{', '.join(self.server_inputs)}; keep that in the state, or use {self.name}.computation(update_type)"
            )
        return _Factory(self, parameters)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    @property
    def server_inputs(self) -> list[str]:
        """The names of the server's inputs but the state."""
        return [name for name in self._positional[1:] if name != STATE]

    @property
    def _positional(self) -> list[str]:
        parameters = inspect.signature(self.function).parameters.values()
        return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]

    def first_state(self, update: UpdateType) -> tff.Computation:
        """Makes the state before the first round; empty if the rule has none."""
        make = self.initial_state

        def as_entries(tensor: Any) -> Any:
            tensor = tf.convert_to_tensor(tensor)
            return tf.cast(tensor, update.dtype) if tensor.dtype.is_floating else tensor

        @tff.tensorflow.computation
        def first_state() -> Any:
            return () if make is None else tf.nest.map_structure(as_entries, make(update.entries))

        return first_state

    def _apply(
        self, update: UpdateType, types: Mapping[str, tff.Type], parameters: Mapping[str, Any]
    ) -> tff.Computation:
        """The server's computation of the rows, and whatever else the function takes, to what is returned."""
        self._check(parameters)
        own = {STATE: self.first_state(update).type_signature.result, **types}
        given = [own.get(name, update.type) for name in self._positional[1:]]
        vectors = [name not in own for name in self._positional[1:]]

        @tff.tensorflow.computation(tff.StructWithPythonType([update.rows, *given], list))
        @tf.function
        def apply(arguments: Any) -> Any:
            rows, *others = arguments
            flat = [update.flatten(other) if vector else other for other, vector in zip(others, vectors, strict=True)]
            returned = self.function(rows, *flat, **parameters)
            if self.initial_state is None:
                return self._result(update, returned)
            result, state = returned
            return self._result(update, result), state

        return apply

    def _check(self, parameters: Mapping[str, Any]) -> None:
        declared = inspect.signature(self.function).parameters.values()
        known = {p.name for p in declared if p.kind is p.KEYWORD_ONLY}
        missing = {p.name for p in declared if p.kind is p.KEYWORD_ONLY and p.default is p.empty} - set(parameters)
        if wrong := missing | (set(parameters) - known):
            what = f"takes the parameters {', '.join(sorted(known)) or 'none'}"
            raise TypeError(f"{self.name}: {what}; missing or unknown: {', '.join(sorted(wrong))}")

    def _result(self, update: UpdateType, result: Any) -> Any:
        vector = tf.convert_to_tensor(result)
        if not vector.shape.is_compatible_with([update.entries]):
            raise TypeError(f"{self.name}: expected a result of shape [{update.entries}], not {vector.shape}")
        return update.unflatten(vector)


@dataclass(frozen=True)
class _Factory(tff.aggregators.UnweightedAggregationFactory):  # type: ignore[misc]
    """Makes processes of a rule with given parameters."""

    rule: RobustAggregation
    parameters: Mapping[str, Any]

    def create(self, value_type: tff.Type) -> tff.templates.AggregationProcess:
        """The process for updates of a type; see ``RobustAggregation.computation`` for these."""
        first_state = self.rule.first_state(UpdateType(value_type))
        aggregation = self.rule.computation(value_type, **self.parameters)

        @tff.federated_computation
        def initialize() -> Any:
            return tff.federated_eval(first_state, tff.SERVER)

        @tff.federated_computation(
            tff.FederatedType(first_state.type_signature.result, tff.SERVER),
            tff.FederatedType(value_type, tff.CLIENTS),
        )
        def next_round(state: Any, value: Any) -> Any:
            if self.rule.initial_state is None:
                result = aggregation(value)
            else:
                result, state = aggregation(value, state)
            return tff.templates.MeasuredProcessOutput(state, result, tff.federated_value((), tff.SERVER))

        return tff.templates.AggregationProcess(initialize, next_round)
