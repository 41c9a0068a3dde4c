"""Results that are placed at clients: each client computes its own, in the clear."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.errors import CompileError, DroppedClientWarning, UnsupportedError
from ezprivsecfl.frontends.tff import reference_context, trace
from ezprivsecfl.ir.tensor import Input, Output

Agrees = Callable[..., Any]

VECTOR = tff.TensorType(np.float32, [3])
SCALAR = tff.TensorType(np.float32)
DATA = tff.SequenceType(VECTOR)


def at_clients(type_: Any) -> Any:
    return tff.FederatedType(type_, tff.CLIENTS)


def at_server(type_: Any) -> Any:
    return tff.FederatedType(type_, tff.SERVER)


@tff.tensorflow.computation(VECTOR, SCALAR)
def scaled(x: Any, factor: Any) -> Any:
    return collections.OrderedDict(scaled=factor * x, norm=tf.norm(x))


@tff.federated_computation(at_clients(VECTOR), at_server(SCALAR))
def scaled_and_summed(x: Any, factor: Any) -> Any:
    own = tff.federated_map(scaled, (x, tff.federated_broadcast(factor)))
    return collections.OrderedDict(
        own=own,
        total=tff.federated_sum(own),
        factor=tff.federated_broadcast(factor),
        both=tff.federated_zip((x, tff.federated_value(1, tff.CLIENTS))),
    )


def vectors(count: int) -> list[Any]:
    return list(np.random.default_rng(1).normal(size=(count, 3)).astype(np.float32))


def test_own_results(agrees: Agrees) -> None:
    agrees(scaled_and_summed, vectors(4), np.float32(3))


def test_nothing_more_is_uploaded_or_opened() -> None:
    traced = trace(scaled_and_summed)
    assert traced.clear_work.kept == ("own/scaled", "own/norm", "both/0")
    assert [op.path for op in traced.program.of(Input)] == ["x", "factor"]
    assert [op.path for op in traced.program.of(Output)] == ["total/scaled", "total/norm", "factor", "both/1"]
    assert "Each client keeps own/norm, which it uploads to nobody" in traced.boundary()


@tff.tensorflow.computation(VECTOR, DATA)
def tuned(model: Any, data: Any) -> Any:
    after = data.shuffle(4).reduce(model, lambda w, x: w - 0.1 * (w - x))
    return after, 2.0 * (after - model)


@tff.federated_computation(at_server(VECTOR), at_clients(DATA))
def personalised(model: Any, data: Any) -> Any:
    after, delta = tff.federated_map(tuned, (tff.federated_broadcast(model), data))
    return after, delta, tff.federated_sum(delta)


def test_training_is_done_once(evaluate: Callable[..., Any]) -> None:
    model = np.ones(3, np.float32)
    after, delta, total = evaluate(personalised, model, [vectors(4), vectors(3)])
    np.testing.assert_allclose(delta, 2 * (np.array(after) - model), atol=1e-6)
    np.testing.assert_allclose(total, np.sum(delta, axis=0), atol=1e-5)


@tff.federated_computation(at_clients(VECTOR))
def centred(x: Any) -> Any:
    mean = tff.federated_broadcast(tff.federated_mean(x))
    difference = tff.tensorflow.computation(lambda a, b: a - b, (VECTOR, VECTOR))
    return mean, tff.federated_map(difference, (x, mean))


def test_what_takes_an_aggregate_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"result '1': CLIENTS-placed, .*such as an aggregate of the same round"):
        trace(centred)


@tff.federated_computation(at_clients(VECTOR), at_server(SCALAR))
def only_own(x: Any, factor: Any) -> Any:
    return tff.federated_map(scaled, (x, tff.federated_broadcast(factor)))


def test_what_aggregates_nothing_stays_with_the_clients() -> None:
    argument = (vectors(3), np.float32(2))
    ez.set_secure_execution_context(backend="plain")
    got = only_own(*argument)
    want = reference_context().invoke(only_own, tff.structure.Struct.unnamed(*argument))
    tf.nest.map_structure(np.testing.assert_array_equal, got, want)
    with pytest.raises(CompileError, match="only_own aggregates nothing"):
        ez.compile(only_own, backend="plain")


def test_a_client_that_is_dropped_has_no_result() -> None:
    values = vectors(3)
    values[1] = np.full(3, np.nan, np.float32)
    ez.set_secure_execution_context(backend="plain")
    with pytest.warns(DroppedClientWarning):
        result = scaled_and_summed(values, np.float32(2))
    np.testing.assert_array_equal([own["scaled"] for own in result["own"]], [2 * values[0], 2 * values[2]])
    assert len(result["both"]) == 2
