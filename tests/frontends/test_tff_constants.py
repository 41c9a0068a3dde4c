"""Constants are evaluated alone: what stands next to them in the graph must not matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

VECTOR = tff.TensorType(np.float32, [3])
SCALE = tff.FederatedType(np.float32, tff.SERVER)


def asserted(v: Any, c: Any) -> Any:
    count = tf.constant([2, 4])
    tf.debugging.assert_positive(c)
    with tf.control_dependencies([tf.debugging.assert_less(tf.reduce_sum(v), 1e6, message="too large")]):
        return v / tf.cast(tf.reduce_max(count), tf.float32)


def conditional(v: Any, c: Any) -> Any:
    k = tf.cast(tf.constant(2), tf.float32)
    return tf.cond(c > 1.0, lambda: v * k, lambda: v - tf.cast(tf.constant(3), tf.float32)) * (1.0 / k)


def switched(v: Any, c: Any) -> Any:
    branch = tf.cast(c, tf.int32)
    picked = tf.switch_case(branch, [lambda: v, lambda: v * tf.cast(tf.constant(5), tf.float32), lambda: -v])
    return picked * tf.cast(tf.size(tf.constant([1, 2])), tf.float32)


def looped(v: Any, c: Any) -> Any:
    steps = tf.cast(tf.constant(3.7), tf.int32)
    return tf.while_loop(lambda i, _: i < steps, lambda i, x: (i + 1, x * c), (0, v))[1]


@tf.function
def _halved(x: Any, n: Any) -> Any:
    return x / tf.cast(n, tf.float32)


def called(v: Any, c: Any) -> Any:
    n = tf.constant(2)
    return _halved(v, n) + _halved(v * c, n + 2)


@pytest.mark.parametrize("whole", [False, True], ids=["graph", "function"])
@pytest.mark.parametrize("body", [asserted, conditional, switched, looped, called])
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_next_to_a_constant(agrees: Callable[..., Any], body: Callable[..., Any], whole: bool, scale: float) -> None:
    local = tff.tensorflow.computation(tf.function(body) if whole else body, (VECTOR, np.float32))

    @tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS), SCALE)
    def total(v: Any, c: Any) -> Any:
        return tff.federated_sum(tff.federated_map(local, (v, tff.federated_broadcast(c))))

    agrees(total, [np.array([1, -2, 3], np.float32), np.array([4, 5, 6], np.float32)], np.float32(scale))
