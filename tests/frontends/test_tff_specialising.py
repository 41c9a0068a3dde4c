"""Integers of the server that decide what is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.frontends.tff import Signature, Traces

F = np.float32
VECTOR = tff.TensorType(F, [3])
AT_CLIENTS = tff.FederatedType(VECTOR, tff.CLIENTS)
STATE = tff.StructWithPythonType([("steps", np.int32), ("round", np.int32), ("last", VECTOR)], dict)

VALUES = [np.array([1, -2, 3], F), np.array([0.5, 1, -1], F)]


@tff.tensorflow.computation(STATE, VECTOR)
@tf.function
def step(state: Any, total: Any) -> Any:
    """A loop over a number that the state has."""
    x = total
    for _ in tf.range(state["steps"]):
        x = 0.5 * x * x
    return {"steps": state["steps"], "round": state["round"] + 1, "last": x + tf.cast(state["round"], tf.float32)}


@tff.federated_computation(tff.FederatedType(STATE, tff.SERVER), AT_CLIENTS)
def next_round(state: Any, values: Any) -> Any:
    new = tff.federated_map(step, (state, tff.federated_sum(values)))
    return new, tff.federated_sum(values)


@tff.federated_computation
def start() -> Any:
    return tff.federated_value({"steps": 2, "round": 0, "last": np.zeros(3, F)}, tff.SERVER)


class Process(tff.templates.IterativeProcess):
    """A process with this state."""


PROCESS = Process(start, next_round, next_is_multi_arg=True)


def state(steps: int, round_: int = 0) -> dict[str, Any]:
    return {"steps": np.int32(steps), "round": np.int32(round_), "last": np.zeros(3, F)}


def expected(steps: int, round_: int = 0) -> Any:
    x = np.sum(VALUES, 0)
    for _ in range(steps):
        x = 0.5 * x * x
    return x + round_


def test_only_what_decides_is_a_constant() -> None:
    """Not the number of the round, which changes in every one."""
    traced = Traces(PROCESS).first(2)
    assert dict(traced.constants) == {"state/steps": 2}
    assert "Compiled for state/steps = 2; anew for others" in traced.boundary()


def test_a_process_is_compiled_for_its_first_state_and_then_for_others() -> None:
    program = ez.compile(PROCESS, backend="plain")
    for steps, round_ in ((2, 0), (2, 5), (1, 0), (0, 3), (2, 1)):
        new, total = program.run(state(steps, round_), VALUES)
        np.testing.assert_allclose(new["last"], expected(steps, round_), rtol=1e-4)
        np.testing.assert_allclose(total, np.sum(VALUES, 0), rtol=1e-4)
        assert (new["steps"], new["round"]) == (steps, round_ + 1)


def test_one_trace_for_each_value() -> None:
    traces = Traces(next_round)
    argument: Callable[..., Any] = lambda *given: tff.structure.Struct([("state", state(*given)), ("values", VALUES)])  # noqa: E731
    two = traces.of(argument(2))
    assert traces.of(argument(2, 7)) is two
    assert traces.of(argument(1)) is not two
    assert traces.of(argument(2, 9)) is two


def test_the_first_state_is_computed_only_if_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def of_state(*args: Any) -> Any:
        asked.append(args)

    monkeypatch.setattr(Signature, "of_state", of_state)
    total = tff.tensorflow.computation(lambda s, t: {**s, "last": t}, [STATE, VECTOR])

    @tff.federated_computation(tff.FederatedType(STATE, tff.SERVER), AT_CLIENTS)
    def simple(state: Any, values: Any) -> Any:
        return tff.federated_map(total, (state, tff.federated_sum(values)))

    process = Process(start, simple, next_is_multi_arg=True)
    assert not Traces(process).first(2).constants
    assert not asked


def test_what_needs_no_constants_has_none() -> None:
    @tff.federated_computation(tff.FederatedType(np.int32, tff.SERVER), AT_CLIENTS)
    def scaled(k: Any, values: Any) -> Any:
        return tff.federated_map(
            tff.tensorflow.computation(lambda k, v: tf.cast(k, tf.float32) * v, [tff.TensorType(np.int32), VECTOR]),
            (k, tff.federated_sum(values)),
        )

    assert not Traces(scaled).first(2).constants


def test_what_is_refused_anyway_is_refused_for_what_the_program_says() -> None:
    @tff.federated_computation(tff.FederatedType(np.int32, tff.SERVER), AT_CLIENTS)
    def inverted(k: Any, values: Any) -> Any:
        inverse = tff.tensorflow.computation(lambda v: tf.linalg.inv(tf.linalg.diag(v)), VECTOR)
        return k, tff.federated_map(inverse, tff.federated_sum(values))

    argument = tff.structure.Struct([("k", np.int32(1)), ("values", VALUES)])
    for attempt in (lambda: Traces(inverted).first(2), lambda: Traces(inverted).of(argument)):
        with pytest.raises(UnsupportedError, match="MatrixInverse: not supported"):
            attempt()


def test_without_values_it_is_refused_and_not_opened() -> None:
    traces = Traces(next_round)
    with pytest.raises(UnsupportedError, match="number of iterations"):
        traces.first(2)
    called = traces.of(tff.structure.Struct([("state", state(2)), ("values", VALUES)]))
    assert not called.opens_for_server
    assert dict(called.constants) == {"state/steps": 2}


def test_values_that_are_changed_in_place() -> None:
    """The caller's array is not the program's."""
    given = state(2)
    given["steps"] = np.array(2, np.int32)
    program = ez.compile(PROCESS, backend="plain")
    for steps in (2, 3, 1):
        given["steps"][...] = steps
        new, _ = program.run(given, VALUES)
        np.testing.assert_allclose(new["last"], expected(steps), rtol=1e-4)


NESTED = tff.StructWithPythonType([("depth", np.int32), ("arity", np.int32)], dict)


@pytest.mark.parametrize("rounds", [((0, 2), (2, 2), (2, 3), (1, 1)), ((2, 3), (0, 3), (2, 2))])
def test_other_values_may_need_other_constants(rounds: tuple[tuple[int, int], ...], agrees: Callable[..., Any]) -> None:
    """As in a process that warms up: where the outer loop runs 0 times, nobody asks how often the inner one runs."""

    @tff.tensorflow.computation(NESTED, VECTOR)
    @tf.function
    def nested(state: Any, total: Any) -> Any:
        x = total
        for _ in tf.range(state["depth"]):
            for _ in tf.range(state["arity"]):
                x = 0.5 * x
        return x

    @tff.federated_computation(tff.FederatedType(NESTED, tff.SERVER), AT_CLIENTS)
    def f(state: Any, values: Any) -> Any:
        return tff.federated_map(nested, (state, tff.federated_sum(values)))

    traces = Traces(f)
    for depth, arity in rounds:
        given = {"depth": np.int32(depth), "arity": np.int32(arity)}
        traced = traces.of(tff.structure.Struct([("state", given), ("values", VALUES)]))
        assert not traced.opens_for_server
        agrees(f, given, VALUES)


def test_what_the_server_knows_is_no_reason_for_a_constant(agrees: Callable[..., Any]) -> None:
    """A condition on the number of the round, after names were decoded, is handed over: nothing secret is opened."""

    @tff.tensorflow.computation(VECTOR, np.int32)
    def names(total: Any, round_: Any) -> Any:
        found = tf.boolean_mask(tf.constant(["a", "b", "c"]), total > 0.0)
        return tf.cond(tf.equal(round_ % 2, 0), lambda: found[:1], lambda: found)

    @tff.federated_computation(tff.FederatedType(STATE, tff.SERVER), AT_CLIENTS)
    def f(state: Any, values: Any) -> Any:
        return tff.federated_map(names, (tff.federated_sum(values), state["round"]))

    traced = Traces(f).of(tff.structure.Struct([("state", state(2)), ("values", VALUES)]))
    assert not traced.constants
    assert [opened.dtype for opened in traced.opens_for_server] == ["bool"]
    for round_ in range(2):
        agrees(f, state(2, round_), VALUES)


def test_nothing_is_opened_where_an_integer_helps(agrees: Callable[..., Any]) -> None:
    """Not even in a program that opens something else."""
    names = tff.tensorflow.computation(lambda total: tf.boolean_mask(tf.constant(["a", "b", "c"]), total > 0.0), VECTOR)

    @tff.federated_computation(tff.FederatedType(STATE, tff.SERVER), AT_CLIENTS)
    def both(state: Any, values: Any) -> Any:
        total = tff.federated_sum(values)
        return tff.federated_map(step, (state, total)), tff.federated_map(names, total)

    traced = Traces(both).of(tff.structure.Struct([("state", state(2)), ("values", VALUES)]))
    assert [(opened.dtype, opened.shape) for opened in traced.opens_for_server] == [("bool", (3,))]
    assert dict(traced.constants) == {"state/steps": 2}
    agrees(both, state(2), VALUES)
