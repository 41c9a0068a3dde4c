"""The point that has the smallest sum of distances to all updates, or to means of buckets of updates.

K. Pillutla, S. M. Kakade, Z. Harchaoui, "Robust Aggregation for Federated Learning" (RFA), IEEE Transactions on
Signal Processing 2022: smoothed Weiszfeld, here for clients of the same weight. From the mean on, each step is

    b_i = 1 / max(nu, |v - g_i|),   v = sum_i b_i g_i / sum_i b_i

Y. Chen, L. Su, J. Xu, "Distributed Statistical Machine Learning in Adversarial Settings: Byzantine Gradient Descent",
SIGMETRICS 2017: the geometric median of k means.

v is always a combination of updates, so that its coefficients are iterated and not its entries.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.buckets import bucket_matrix
from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.geometry import distances_to_combination, mixed_distances, squared_distances
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.weighted import weighted_sum


def geometric_median_weights(squares: Any, iterations: int, smoothing: float) -> Any:
    """The coefficients of the geometric median, [n], of squared distances [n, n]."""
    coefficients = tf.ones_like(squares[0]) / tf.cast(clients(squares), squares.dtype)
    for _ in range(iterations):
        distances = tf.sqrt(distances_to_combination(squares, coefficients))
        inverse = 1.0 / tf.maximum(distances, smoothing)
        coefficients = inverse / tf.reduce_sum(inverse)
    return coefficients


@robust_aggregation
def geometric_median(updates: Any, *, iterations: int = 3, smoothing: float = 1e-6) -> Any:
    """The smoothed geometric median; of equal updates, that one.

    Args:
        updates: Of all clients, [n, d].
        iterations: Steps of Weiszfeld's algorithm; the paper's experiments take 3 (from memory, unchecked).
        smoothing: nu, a length in the unit of the updates.

    Raises:
        ValueError: ``iterations`` or ``smoothing`` is not positive.
    """
    _check(iterations, smoothing, "geometric_median")
    return weighted_sum(updates, geometric_median_weights(squared_distances(updates), iterations, smoothing))


@robust_aggregation
def geometric_median_of_means(updates: Any, *, size: int, iterations: int = 3, smoothing: float = 1e-6) -> Any:
    """The geometric median of the means of buckets of clients, in the order that clients have.

    Args:
        updates: Of all clients, [n, d].
        size: Clients in a bucket; the last bucket may have fewer.
        iterations: See ``geometric_median``.
        smoothing: See ``geometric_median``.

    Raises:
        ValueError: ``size``, ``iterations`` or ``smoothing`` is not positive, or there are fewer clients than ``size``.
    """
    rule = "geometric_median_of_means"
    _check(iterations, smoothing, rule)
    require(size > 0, rule, "size > 0")
    require_clients(updates, size, rule, "one bucket")
    mixing = bucket_matrix(clients(updates), size, updates.dtype)
    squares = mixed_distances(squared_distances(updates), mixing)
    weights = geometric_median_weights(squares, iterations, smoothing)
    return weighted_sum(updates, weighted_sum(mixing, weights))


def _check(iterations: int, smoothing: float, rule: str) -> None:
    require(iterations > 0 and smoothing > 0, rule, "iterations > 0 and smoothing > 0")
