"""FLAME: the updates of the densest majority, clipped to the median length, with noise.

T. D. Nguyen et al., "FLAME: Taming Backdoors in Federated Learning", USENIX Security 2022, Algorithm 1.

The paper clusters by HDBSCAN with a smallest cluster of n // 2 + 1. Of two such clusters there cannot be room, so what
it keeps is a majority that is connected by small distances. HDBSCAN has no sensible form on shares: here the majority
is the client whose n // 2 nearest others are nearest, and those. docs/aggregators.md has how often the two differ.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require
from ezprivsecfl.aggregators.geometry import cosines
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import median, smallest
from ezprivsecfl.aggregators.weighted import weighted_sum


def densest_majority(distances: Any) -> Any:
    """1.0 for n // 2 + 1 clients, [n]: one, and the nearest others, where the farthest of these is nearest.

    Args:
        distances: Between all clients, [n, n]; zeros in the diagonal.
    """
    majority = clients(distances) // 2 + 1
    radius = -tf.math.top_k(-distances, majority).values[:, -1]
    centre = smallest(radius, 1)
    return smallest(tf.linalg.matvec(distances, centre), majority)


@robust_aggregation
def flame(updates: Any, *, noise_factor: float, lower: bool = False) -> Any:
    """The mean of the majority's updates, none longer than S, and noise N(0, (lambda·S)^2) on every entry.

    Distances are 1 - cosine; S is the median of the lengths of all updates.

    Args:
        updates: Of all clients, [n, d].
        noise_factor: lambda: sqrt(2·ln(1.25/delta)) / epsilon. SAFEFL's epsilon 3000 and delta 0.001 make it 0.00126
            (its code then squares lambda·S, so that there is practically no noise: 0 is nearest to its table).
        lower: See ``coordinate_median``, for S.

    Raises:
        ValueError: The noise is negative.
    """
    require(noise_factor >= 0, "flame", "noise_factor >= 0")
    similar = cosines(updates)
    kept = densest_majority(1.0 - similar)
    lengths = tf.norm(updates, axis=1)
    bound = median(lengths, lower=lower)
    # In units of S, in which the noise is public: min(1, S/|g|) / S is 1 / max(|g|, S).
    weights = kept * tf.math.divide_no_nan(1.0, tf.maximum(lengths, bound))
    mean = weighted_sum(updates, weights) / tf.cast(clients(updates) // 2 + 1, kept.dtype)
    return bound * (mean + tf.random.normal([updates.shape[1]], stddev=noise_factor, dtype=mean.dtype))
