"""TFF's learning processes, three rounds each, against TFF itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.frontends.tff import trace
from ezprivsecfl.ir.interpreter import run_tensor

Same = Callable[..., None]

SPEC = (tf.TensorSpec([None, 4], tf.float32), tf.TensorSpec([None, 1], tf.int32))
LOSS = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
SGD = tff.learning.optimizers.build_sgdm(0.1)
ALGORITHMS = tff.learning.algorithms


def network() -> Any:
    layers = [tf.keras.layers.InputLayer([4]), tf.keras.layers.Dense(3, kernel_initializer="ones")]
    return tf.keras.Sequential(layers)


def keras() -> Any:
    metrics = [tf.keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    return tff.learning.models.from_keras_model(network(), input_spec=SPEC, loss=LOSS, metrics=metrics)


def functional() -> Any:
    return tff.learning.models.functional_model_from_keras(
        network(),
        loss_fn=LOSS,
        input_spec=SPEC,
        metrics_constructor=lambda: OrderedDict(n=tff.learning.metrics.NumExamplesCounter()),
    )


PROCESSES: dict[str, Callable[[], Any]] = {
    "weighted_fed_avg": lambda: ALGORITHMS.build_weighted_fed_avg(keras, client_optimizer_fn=SGD),
    "weighted_fed_avg_functional": lambda: ALGORITHMS.build_weighted_fed_avg(
        functional(), client_optimizer_fn=SGD, server_optimizer_fn=tff.learning.optimizers.build_adam(0.01)
    ),
    "unweighted_fed_avg": lambda: ALGORITHMS.build_unweighted_fed_avg(keras, client_optimizer_fn=SGD),
    "scheduled_fed_avg": lambda: ALGORITHMS.build_weighted_fed_avg_with_optimizer_schedule(
        keras,
        client_learning_rate_fn=lambda n: 0.1 / tf.cast(n + 1, tf.float32),
        client_optimizer_fn=tff.learning.optimizers.build_sgdm,
    ),
    "weighted_fed_prox": lambda: ALGORITHMS.build_weighted_fed_prox(
        keras, proximal_strength=0.1, client_optimizer_fn=SGD
    ),
    "weighted_mime_lite": lambda: ALGORITHMS.build_weighted_mime_lite(
        keras, base_optimizer=tff.learning.optimizers.build_sgdm(0.1, 0.9)
    ),
    "fed_sgd": lambda: ALGORITHMS.build_fed_sgd(keras),
    "fed_eval": lambda: ALGORITHMS.build_fed_eval(keras),
}


def batches(rng: np.random.Generator, size: int) -> list[Any]:
    x, y = rng.normal(size=(size, 4)).astype(np.float32), rng.integers(0, 3, (size, 1)).astype(np.int32)
    return [(x[i : i + 4], y[i : i + 4]) for i in range(0, size, 4)]


def three_rounds(process: Any, data: Callable[[], Any], reference: Any, same: Same) -> Any:
    traced = trace(process)
    state = reference.invoke(process.initialize, None)
    for _ in range(3):
        argument = tff.structure.Struct([("state", state), ("client_data", data())])
        given = traced.arguments(argument)
        got = traced.signature.unflatten(run_tensor(traced.program, given.stacked(), given.clients))
        want = reference.invoke(process.next, argument)
        same(got, want, 1e-4)
        state = got.state
    return traced


def paths(traced: Any) -> list[str]:
    return [upload.path for upload in traced.clear_work.at_client.results]


@pytest.mark.parametrize("name", PROCESSES)
def test_learning(name: str, tff_reference: Any, same: Same, rng: np.random.Generator) -> None:
    three_rounds(PROCESSES[name](), lambda: [batches(rng, n) for n in (8, 4, 6)], tff_reference, same)


def test_k_means(tff_reference: Any, same: Same, rng: np.random.Generator) -> None:
    process = ALGORITHMS.build_fed_kmeans(2, (3,), random_seed=(1, 2))
    points = lambda: [list(rng.normal(size=(n, 3)).astype(np.float32)) for n in (8, 4, 6)]  # noqa: E731
    three_rounds(process, points, tff_reference, same)


def test_aggregators_are_on_shares(tff_reference: Any, same: Same, rng: np.random.Generator) -> None:
    """Whatever the aggregator does to them, the clients upload what their training gave."""
    process = ALGORITHMS.build_weighted_fed_avg(
        keras, client_optimizer_fn=SGD, model_aggregator=tff.learning.robust_aggregator()
    )
    data = lambda: [batches(rng, n) for n in (8, 4, 6)]  # noqa: E731
    robust = three_rounds(process, data, tff_reference, same)
    plain = trace(PROCESSES["weighted_fed_avg"]())
    assert paths(robust) == paths(plain)
    assert robust.clear_work.received == plain.clear_work.received
