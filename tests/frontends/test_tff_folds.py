"""``tff.federated_aggregate`` against TFF itself."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.frontends.tff import trace

Agrees = Callable[..., Any]

VECTOR = tff.TensorType(np.float32, [3])
AT_CLIENTS = tff.FederatedType(VECTOR, tff.CLIENTS)


def fold(zero: Any, accumulate: Any, report: Any = lambda a: a, merge: Any = None) -> Any:
    """A computation that folds vectors; ``zero`` makes the first accumulator."""
    first = tff.tensorflow.computation(zero)
    state = first.type_signature.result
    step = tff.tensorflow.computation(accumulate, (state, VECTOR))
    join = tff.tensorflow.computation(merge or (lambda a, b: a), (state, state))
    last = tff.tensorflow.computation(report, state)

    @tff.federated_computation(AT_CLIENTS)
    def folded(values: Any) -> Any:
        return tff.federated_aggregate(values, first(), step, join, last)

    return folded


@pytest.fixture
def vectors(rng: np.random.Generator) -> list[Any]:
    return [rng.normal(size=3).astype(np.float32) for _ in range(5)]


SUMS = {
    "mean": (
        lambda: collections.OrderedDict(total=tf.zeros([3]), count=0.0),
        lambda a, v: collections.OrderedDict(total=a["total"] + v, count=a["count"] + 1.0),
        lambda a: a["total"] / a["count"],
    ),
    "variance": (
        lambda: (0.0, tf.zeros([3]), tf.zeros([3])),
        lambda a, v: (a[0] + 1, v + a[1], tf.add_n([a[2], v * v])),
        lambda a: a[2] / a[0] - tf.square(a[1] / a[0]),
    ),
    "offset": (lambda: tf.constant([1.0, 2.0, 3.0]), lambda a, v: a - 2 * v),
    "some": (
        lambda: (tf.zeros([3]), 0),
        lambda a, v: (tf.where(v > 0, a[0] + v, a[0]), a[1] + tf.cast(tf.reduce_sum(v) > 0, tf.int32)),
    ),
    "branches": (
        lambda: tf.zeros([3]),
        lambda a, v: tf.cond(v[0] > 0, lambda: a + v, lambda: a - tf.reverse(v, [0])),
    ),
    "nested": (
        lambda: collections.OrderedDict(a=(0.0, collections.OrderedDict(b=tf.zeros([2, 3])))),
        lambda a, v: collections.OrderedDict(
            a=(a["a"][0] + tf.norm(v), collections.OrderedDict(b=a["a"][1]["b"] + tf.stack([v, -v])))
        ),
    ),
}

EXTREMES = {
    "range": (
        lambda: (tf.fill([3], 9.0), tf.fill([3], -9.0), tf.zeros([3])),
        lambda a, v: (tf.minimum(a[0], v), tf.maximum(a[1], v), tf.maximum(tf.abs(v), a[2])),
        lambda a: (a[1] - a[0], a[2]),
    ),
    "beyond": (lambda: tf.fill([3], 0.5), lambda a, v: tf.maximum(a, v)),
    "some": (lambda: tf.fill([3], -9.0), lambda a, v: tf.where(v < 0, tf.maximum(a, v), a)),
    "logic": (
        lambda: (tf.zeros([3], tf.bool), tf.ones([3], tf.bool)),
        lambda a, v: (tf.logical_or(a[0], v > 0.5), tf.logical_and(v > -1, a[1])),
    ),
}


@pytest.mark.parametrize("case", SUMS)
def test_sums(agrees: Agrees, vectors: list[Any], case: str) -> None:
    agrees(fold(*SUMS[case]), vectors)


@pytest.mark.parametrize("case", EXTREMES)
def test_extremes(agrees: Agrees, vectors: list[Any], case: str) -> None:
    agrees(fold(*EXTREMES[case]), vectors)


def test_what_every_client_adds_alike(agrees: Agrees, vectors: list[Any]) -> None:
    assert agrees(fold(lambda: 0, lambda a, v: a + 2), vectors) == 10
    assert agrees(fold(lambda: 7.0, lambda a, v: a), vectors) == 7.0


def concatenated(report: Any, accumulate: Any = lambda a, v: tf.concat([a, [v]], 0)) -> Any:
    """A computation that folds vectors to a matrix with one row for each client."""
    state = tff.TensorType(np.float32, [None, 3])
    first = tff.tensorflow.computation(lambda: tf.zeros([0, 3]))
    step = tff.tensorflow.computation(accumulate, (state, VECTOR))
    join = tff.tensorflow.computation(lambda a, b: tf.concat([a, b], 0), (state, state))
    last = tff.tensorflow.computation(report, state)

    @tff.federated_computation(AT_CLIENTS)
    def folded(values: Any) -> Any:
        return tff.federated_aggregate(values, first(), step, join, last)

    return folded


def mean_of_all(rows: Any) -> Any:
    return tf.reduce_mean(rows)


def clipped(rows: Any) -> Any:
    norms = tf.norm(rows, axis=1, keepdims=True)
    return tf.where(norms > 1.0, rows / norms, rows)


REPORTS = {
    "range": lambda a: tf.reduce_max(a, 0) - tf.reduce_min(a, 0),
    "deviation": lambda a: tf.math.reduce_std(a, axis=0),
    "mean of all": mean_of_all,
    "norms": lambda a: tf.reduce_sum(tf.norm(a, axis=1)),
    "count": lambda a: tf.reduce_sum(a, 0) / tf.cast(tf.shape(a)[0], tf.float32),
    "means of rows": lambda a: tf.reduce_max(tf.reduce_mean(a, axis=1)),
    "clipped": lambda a: tf.reduce_mean(clipped(a), axis=0),
    "above": lambda a: tf.reduce_sum(tf.cast(a > tf.reduce_mean(a, axis=0, keepdims=True), tf.int32), 0),
    "logic": lambda a: (tf.reduce_any(a > 1.0, 0), tf.reduce_all(a > -9.0)),
}


@pytest.mark.parametrize("case", REPORTS)
def test_concatenation(agrees: Agrees, vectors: list[Any], case: str) -> None:
    agrees(concatenated(REPORTS[case]), vectors)


def test_rows_may_be_computed_by_the_client_first(agrees: Agrees, vectors: list[Any]) -> None:
    own = lambda a, v: tf.concat([a, tf.expand_dims(v / tf.norm(v), 0)], 0)  # noqa: E731
    agrees(concatenated(lambda a: tf.reduce_max(a, 0), own), vectors)


@pytest.mark.parametrize(
    ("report", "accumulate", "reason"),
    [
        (lambda a: a, None, "it would open values of single clients"),
        (lambda a: a[:2], None, "StridedSlice: of the values of all clients, for a number of clients that is not"),
        (lambda a: a[0], None, "StridedSlice: of the values of all clients, for a number of clients that is not known"),
        (
            lambda a: tf.reduce_sum(a * tf.ones([5, 3])),
            None,
            "Mul: of the values of all clients, for a number of clients that is not known",
        ),
        (mean_of_all, lambda a, v: tf.concat([a, [v, v]], 0), "ConcatV2: appends more than one row for a client"),
        (mean_of_all, lambda a, v: tf.concat([[v], a], 0), "ConcatV2: .* a fold can only append"),
        (mean_of_all, lambda a, v: tf.concat([2.0 * a, [v]], 0), "Mul: of the values of the clients before"),
    ],
)
def test_other_concatenations_are_refused(report: Any, accumulate: Any, reason: str) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        trace(concatenated(report, accumulate) if accumulate else concatenated(report))


def test_samples_of_clients_are_refused() -> None:
    @tff.federated_computation(AT_CLIENTS)
    def sampled(values: Any) -> Any:
        return tff.aggregators.federated_sample(values, 2)

    with pytest.raises(
        UnsupportedError, match="it would open values of single clients, be they sampled or all"
    ) as caught:
        trace(sampled)
    assert "Random" not in str(caught.value)


@pytest.mark.parametrize(
    "accumulate",
    [
        lambda a, v: (a[0] * v, a[1]),
        lambda a, v: (0.9 * a[0] + v, a[1]),
        lambda a, v: (v - a[0], a[1]),
        lambda a, v: (v, a[1]),
        lambda a, v: (tf.ones([3]), a[1]),
        lambda a, v: (a[1], a[0]),
        lambda a, v: (a[0] + a[0], a[1]),
        lambda a, v: (a[0] + a[1], a[1]),
        lambda a, v: (tf.maximum(a[0], v) + v, a[1]),
        lambda a, v: (tf.where(v > a[0], a[0] + v, a[0]), a[1]),
        lambda a, v: (tf.where(v > 0, a[0] + v, v), a[1]),
        lambda a, v: (tf.where(v > 0, a[0] + v, tf.maximum(a[0], v)), a[1]),
        lambda a, v: (tf.reverse(a[0], [0]) + v, a[1]),
    ],
)
def test_other_folds_are_refused(accumulate: Any) -> None:
    computation = fold(lambda: (tf.zeros([3]), tf.zeros([3])), accumulate)
    with pytest.raises(UnsupportedError, match="federated_aggregate: the accumulator must be, entry by entry, a sum"):
        trace(computation)


def test_problems_inside_are_named() -> None:
    computation = fold(lambda: tf.zeros([3]), lambda a, v: a + tf.random.normal([3]))
    with pytest.raises(UnsupportedError, match="RandomStandardNormal") as caught:
        trace(computation)
    assert "federated_aggregate" not in str(caught.value)


def test_integers_are_compared(agrees: Agrees) -> None:
    @tff.federated_computation(tff.FederatedType(np.int32, tff.CLIENTS))
    def extremes(values: Any) -> Any:
        return tff.federated_max(values), tff.federated_min(values)

    agrees(extremes, [3, -7, 5])
