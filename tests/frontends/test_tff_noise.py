"""Noise of TFF programs: who draws it, and what becomes of TFF's own mechanisms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff
import tensorflow_privacy as tfp

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.frontends.tff import reference_context, trace, without_noise
from ezprivsecfl.ir.op import Environment
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.tensor.noise import StandardNormal

VECTOR = tff.TensorType(np.float32, [3])
AT_CLIENTS = tff.FederatedType(VECTOR, tff.CLIENTS)
AT_SERVER = tff.FederatedType(np.float32, tff.SERVER)


def at_server(step: Callable[..., Any]) -> Any:
    """A step of the server on the sum and a number of its own."""
    computation = tff.tensorflow.computation(step, (VECTOR, np.float32))

    @tff.federated_computation(AT_CLIENTS, AT_SERVER)
    def private(values: Any, s: Any) -> Any:
        return tff.federated_map(computation, (tff.federated_sum(values), s))

    return private


@pytest.mark.parametrize(
    ("step", "draws"),
    [
        (lambda v, s: v + tf.random.normal([3], stddev=s), 1),
        (lambda v, s: v + tf.cast(tf.random.normal([3], 1.0, tf.cast(s, tf.float64), tf.float64), tf.float32), 1),
        (lambda v, s: v + tf.random_normal_initializer(stddev=s)(tf.shape(v)), 1),
        (lambda v, s: tf.cond(s > 0, lambda: v + tf.random.normal([3], stddev=s), lambda: v), 1),
        (lambda v, s: (v + tf.random.normal([3]), tf.norm(v) + tf.random.normal([], stddev=s)), 2),
        (tf.function(lambda v, s: v + s * tf.random.normal([3])), 1),
    ],
)
def test_what_the_server_draws_for_a_secret_is_drawn_on_shares(step: Any, draws: int) -> None:
    found = trace(at_server(step)).program.of(StandardNormal)
    assert [op.draw for op in found] == list(range(draws))


def test_what_it_draws_for_nothing_secret_stays_in_the_clear() -> None:
    draw = tff.tensorflow.computation(lambda s: s * tf.random.normal([3]), np.float32)

    @tff.federated_computation(AT_CLIENTS, AT_SERVER)
    def apart(values: Any, s: Any) -> Any:
        return tff.federated_sum(values), tff.federated_map(draw, s)

    assert not trace(apart).program.of(StandardNormal)


@pytest.mark.parametrize("always", [True, False])
def test_a_client_draws_in_a_branch_and_what_it_is_added_to_stays_on_shares(evaluate: Any, always: bool) -> None:
    """As TFF's distributed noise does."""

    @tff.tensorflow.computation(VECTOR, np.float32)
    def noised(v: Any, s: Any) -> Any:
        def noise() -> Any:
            seed = tf.cast(1e6 * tf.timestamp(), tf.int64) * tf.constant([1, 7], tf.int64)
            return 2.0 * v + tf.cast(tf.random.stateless_poisson([3], seed, [s, s, s]), tf.float32)

        return tf.cond(tf.equal(s, 0), lambda: v, noise)

    @tff.federated_computation(AT_CLIENTS, AT_SERVER)
    def private(values: Any, s: Any) -> Any:
        everywhere = tff.federated_broadcast(s)
        return tff.federated_sum(tff.federated_map(noised, (values, everywhere)))

    uploads = [op for op in trace(private).program.of(Input) if op.placement is Placement.CLIENTS]
    assert [op.path for op in uploads] == ["values", "at_client/StatelessRandomPoisson"]
    values = [np.array([1.0, 2.0, 3.0], np.float32)] * 4
    result = evaluate(private, values, np.float32(1000.0 if always else 0.0))
    if always:
        assert np.all(np.abs(result - 2 * np.sum(values, axis=0) - 4000) < 500)
    else:
        np.testing.assert_array_equal(result, np.sum(values, axis=0))


def test_noise_of_a_values_shape_does_not_depend_on_the_value(evaluate: Any) -> None:
    """As TFF's discrete Gaussian: the shape is an argument of the branches, so TensorFlow does not know it there."""

    @tff.tensorflow.computation(VECTOR, np.float32)
    @tf.function
    def noised(v: Any, s: Any) -> Any:
        shape = tf.shape(v)
        some = lambda: tf.reshape(s * tf.random.normal([1000])[: tf.reduce_prod(shape)], shape)  # noqa: E731
        return v + tf.cond(tf.equal(s, 0), lambda: tf.zeros(shape), some)

    @tff.federated_computation(AT_CLIENTS, AT_SERVER)
    def private(values: Any, s: Any) -> Any:
        return tff.federated_sum(tff.federated_map(noised, (values, tff.federated_broadcast(s))))

    uploads = [op for op in trace(private).program.of(Input) if op.placement is Placement.CLIENTS]
    assert [op.type.shape for op in uploads] == [("n", 3), ("n", 3)]
    values = [np.array([1.0, 2.0, 3.0], np.float32)] * 4
    np.testing.assert_array_equal(evaluate(private, values, np.float32(0.0)), [4.0, 8.0, 12.0])
    assert np.std(evaluate(private, values, np.float32(100.0))) > 10


Factory = tff.aggregators.DifferentiallyPrivateFactory


@pytest.mark.parametrize(
    ("process", "draws"),
    [
        (Factory.gaussian_fixed(1.0, 10, 1.0).create(VECTOR), 1),
        (Factory.gaussian_adaptive(0.3, 10).create(VECTOR), 2),
        (tff.learning.dp_aggregator(0.3, 10).create(VECTOR), 2),
        (
            tff.aggregators.PrivateQuantileEstimationProcess(tfp.NoPrivacyQuantileEstimatorQuery(1.0, 0.5, 1.0)),
            0,
        ),
        (
            tff.aggregators.PrivateQuantileEstimationProcess(
                tfp.QuantileEstimatorQuery(1.0, 0.5, 1.0, below_estimate_stddev=0.5, expected_num_records=4.0)
            ),
            1,
        ),
    ],
)
def test_mechanisms_of_tff(process: Any, draws: int) -> None:
    computation = process.next
    assert len(trace(computation).program.of(StandardNormal)) == draws


def test_tree_aggregation_is_refused_with_one_reason() -> None:
    process = Factory.tree_aggregation(1.0, 10, 1.0, VECTOR).create(VECTOR)
    with pytest.raises(UnsupportedError, match="noise from a seed") as error:
        trace(process.next)
    assert len(error.value.locations) == 1


def test_without_noise_a_computation_gives_what_it_adds_noise_to() -> None:
    computation = at_server(lambda v, s: tf.cond(s > 0, lambda: v + tf.random.normal([3], 1.0, s), lambda: v))
    values = [np.array([1.0, 2.0, 3.0], np.float32)] * 2
    result = reference_context().invoke(
        without_noise(computation), tff.structure.Struct([(None, values), (None, np.float32(5.0))])
    )
    np.testing.assert_array_equal(result, [3.0, 5.0, 7.0])
    same = Factory.gaussian_fixed(1.0, 10, 1.0).create(VECTOR).next
    assert without_noise(same).type_signature == same.type_signature


def test_draws_do_not_repeat() -> None:
    op = StandardNormal(shape=(8,), dtype=trace(at_server(lambda v, s: v)).program.of(Input)[0].type.dtype, draw=0)
    first, second = (op.evaluate([], Environment(2))[0] for _ in range(2))
    assert not np.array_equal(first, second)
