"""SignGuard: updates of usual length whose signs are those of the larger group.

J. Xu, S.-L. Huang, L. Song, T. Lan, "Byzantine-robust Federated Learning through Collaborative Malicious Gradient
Filtering", ICDCS 2022, Algorithm 2, with 2-means as the clustering, as in SAFEFL.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from ezprivsecfl.aggregators.checks import require
from ezprivsecfl.aggregators.clipping import clip_factors
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import median
from ezprivsecfl.aggregators.two_means import larger_of_two_clusters
from ezprivsecfl.aggregators.weighted import weighted_sum


@robust_aggregation
def signguard(
    updates: Any,
    *,
    shortest: float = 0.1,
    longest: float = 3.0,
    share: float = 0.1,
    seed: int = 0,
    iterations: int = 10,
    clip: bool = True,
) -> Any:
    """The mean of the updates that two filters keep.

    The first keeps lengths between L·M and R·M with M the median length; the second the larger of two clusters of the
    shares of positive, zero and negative entries.

    Args:
        updates: Of all clients, [n, d].
        shortest: L.
        longest: R.
        share: Of the coordinates whose signs are counted, above 0 and at most 1.
        seed: Chooses these coordinates; public, and the same in all rounds of a compiled program.
        iterations: Steps of 2-means.
        clip: Whether kept updates are clipped to M, as in the paper; SAFEFL does not clip.

    Returns:
        [d]; zeros if no update passes both.

    Raises:
        ValueError: L > R or one is negative, the share is not above 0 and at most 1, or there are no steps.
    """
    require(0 <= shortest <= longest, "signguard", "0 <= shortest <= longest")
    require(0 < share <= 1 and iterations > 0, "signguard", "0 < share <= 1 and iterations > 0")
    lengths = tf.norm(updates, axis=1)
    usual = median(lengths)
    of_usual_length = tf.logical_and(lengths >= shortest * usual, lengths <= longest * usual)
    entries = updates.shape[1]
    chosen = np.sort(np.random.default_rng(seed).choice(entries, max(1, round(share * entries)), replace=False))
    signs = tf.sign(tf.gather(updates, chosen, axis=1))
    counted = [tf.cast(tf.equal(signs, sign), updates.dtype) for sign in (1.0, 0.0, -1.0)]
    features = tf.stack([tf.reduce_mean(each, 1) for each in counted], 1)
    kept = tf.where(of_usual_length, larger_of_two_clusters(features, iterations), 0.0)
    factors = clip_factors(lengths, usual) if clip else tf.ones_like(lengths)
    return weighted_sum(updates, kept * factors * tf.math.divide_no_nan(1.0, tf.reduce_sum(kept)))
