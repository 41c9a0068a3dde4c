"""Complex numbers and Fourier transforms of clients' values, against TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.frontends.tff import trace

MATRIX = tff.TensorType(np.float32, [2, 6])
SEED = tff.FederatedType(tff.TensorType(np.int64, [2]), tff.SERVER)


def _rotated(x: Any, seed: Any) -> Any:
    phases = tf.exp(tf.complex(0.0, tf.random.stateless_uniform([6], seed, 0, 6.3)))
    return tf.signal.fft(tf.complex(x[0], x[1]) * phases)


def _there_and_back(x: Any, seed: Any) -> Any:
    return tf.signal.ifft(tf.signal.fft(tf.complex(x, tf.zeros_like(x))))


def _arithmetic(x: Any, seed: Any) -> Any:
    z = tf.complex(x[0], 2.0 * x[1])
    w = tf.constant([1 + 2j, 3, 0.5, -1j, 1, 2 - 1j], tf.complex64)
    return tf.math.conj(z * w - z) + w * tf.identity(-z)


@pytest.mark.parametrize("function", [_rotated, _there_and_back, _arithmetic])
def test_complex_numbers(agrees: Callable[..., Any], rng: np.random.Generator, function: Any) -> None:
    @tff.tensorflow.computation(MATRIX, SEED.member)
    def parts(x: Any, seed: Any) -> Any:
        z = function(x, seed)
        return tf.math.real(z), tf.math.imag(z)

    @tff.federated_computation(tff.FederatedType(MATRIX, tff.CLIENTS), SEED)
    def total(values: Any, seed: Any) -> Any:
        return tff.federated_sum(tff.federated_map(parts, (values, tff.federated_broadcast(seed))))

    agrees(total, [rng.normal(size=(2, 6)).astype(np.float32) for _ in range(3)], np.array([1, 2]), tolerance=1e-4)


def test_other_operations_on_complex_numbers_are_refused() -> None:
    logarithm = tff.tensorflow.computation(lambda x: tf.math.real(tf.math.log(tf.complex(x, x))), MATRIX)

    @tff.federated_computation(tff.FederatedType(MATRIX, tff.CLIENTS))
    def total(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(logarithm, values))

    with pytest.raises(UnsupportedError, match="Log: of complex numbers"):
        trace(total)
