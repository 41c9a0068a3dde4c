"""Pre-aggregations: a robust rule gets means of several updates, which vary less than the updates.

S. P. Karimireddy, L. He, M. Jaggi, "Byzantine-Robust Learning on Heterogeneous Datasets via Bucketing", ICLR 2022,
Algorithm 1; Y. Allouah, S. Farhadkhani, R. Guerraoui, N. Gupta, R. Pinot, J. Stephan, "Fixing by Mixing: A Recipe for
Optimal Byzantine ML under Heterogeneity", AISTATS 2023, Algorithm 2.

Both replace the updates g by M g with a matrix M whose rows add up to 1. For a rule that returns a combination of its
inputs with weights w, the result is (M^T w)^T g: M g itself is never computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ezprivsecfl.aggregators.buckets import bucket_matrix
from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.geometric_median import geometric_median_weights
from ezprivsecfl.aggregators.geometry import mixed_distances, squared_distances
from ezprivsecfl.aggregators.krum import krum_weights
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.weighted import weighted_sum


@robust_aggregation
def bucketing(updates: Any, *, permutation: Sequence[int], size: int, byzantine: int) -> Any:
    """Krum of the means of buckets of shuffled clients.

    Args:
        updates: Of all clients, [n, d].
        permutation: The clients' positions 0 to n - 1 in a random order, [n]: the first ``size`` of them are the first
            bucket, and so on. Public randomness; a compiled program has one for all its rounds, so that clients who
            stay together should get their places anew (a cohort that is sampled has random places).
        size: s, clients in a bucket; 2 in the paper. The last bucket may have fewer.
        byzantine: f, a number of clients and so at most of buckets.

    Raises:
        ValueError: s is not positive, f is negative, there are fewer than 2f + 3 buckets, or it is no permutation of
            the clients.
    """
    require(size > 0 and byzantine >= 0, "bucketing", "size > 0 and byzantine >= 0")
    require(sorted(permutation) == list(range(len(permutation))), "bucketing", "a permutation of 0 to n - 1")
    require_clients(updates, (2 * byzantine + 2) * size + 1, "bucketing", "2·byzantine + 3 buckets")
    require_clients(updates, len(permutation), "bucketing", "as many as the permutation has")
    mixing = tf.gather(bucket_matrix(len(permutation), size, updates.dtype), np.argsort(permutation), axis=1)
    weights = krum_weights(mixed_distances(squared_distances(updates), mixing), byzantine, 1)
    return weighted_sum(updates, weighted_sum(mixing, weights))


@robust_aggregation
def nearest_neighbour_mixing(updates: Any, *, byzantine: int, iterations: int = 3, smoothing: float = 1e-6) -> Any:
    """The geometric median after every update is replaced by the mean of the n - f nearest ones, itself included.

    Args:
        updates: Of all clients, [n, d].
        byzantine: f, a number of clients.
        iterations: See ``geometric_median``.
        smoothing: See ``geometric_median``.

    Raises:
        ValueError: f is negative, or no majority is honest: n < 2f + 1.
    """
    rule = "nearest_neighbour_mixing"
    require(byzantine >= 0, rule, "byzantine >= 0")
    require_clients(updates, 2 * byzantine + 1, rule, "2·byzantine + 1")
    squares, kept = squared_distances(updates), clients(updates) - byzantine
    mixing = smallest(squares, kept) / tf.cast(kept, updates.dtype)
    weights = geometric_median_weights(mixed_distances(squares, mixing), iterations, smoothing)
    return weighted_sum(updates, weighted_sum(mixing, weights))
