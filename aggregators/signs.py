"""Rules that look at the signs of entries: FLOD and the robust learning rate.

Y. Dong, X. Chen, K. Li, D. Wang, S. Zeng, "FLOD: Oblivious Defender for Private Byzantine-Robust Federated Learning
with Dishonest-Majority", ESORICS 2021 (written after SAFEFL's code; the paper is unchecked); M. S. Ozdayi,
M. Kantarcioglu, Y. R. Gel, "Defending against Backdoors in Federated Learning with Robust Learning Rate", AAAI 2021.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import require
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.weighted import weighted_mean


@robust_aggregation
def flod(updates: Any, root_update: Any, *, threshold: int | None = None) -> Any:
    """sum_i a_i sign(g_i) / sum_i a_i with a_i = max(0, tau - the number of entries whose signs are not g_0's).

    A positive entry is of one sign, all others are of the other; zeros are zeros in the sum.

    Args:
        updates: Of all clients, [n, d].
        root_update: The server's own, g_0, [d].
        threshold: tau, a number of entries; None is d // 2, as in SAFEFL.

    Returns:
        Entries from -1 to 1, to be multiplied by a learning rate; zeros if no client counts.

    Raises:
        ValueError: The threshold is not positive.
    """
    threshold = updates.shape[1] // 2 if threshold is None else threshold
    require(threshold > 0, "flod", "threshold > 0")
    differ = tf.not_equal(updates > 0, (root_update > 0)[tf.newaxis, :])
    agreement = threshold - tf.reduce_sum(tf.cast(differ, updates.dtype), 1)
    return weighted_mean(tf.sign(updates), tf.nn.relu(agreement))


@robust_aggregation
def robust_learning_rate(updates: Any, *, threshold: int) -> Any:
    """The mean of all updates, with the sign of an entry turned where too few clients agree on its sign.

    Per coordinate eta = +1 if |sum_i sign(g_i)| >= theta, else -1; the result is eta·mean.

    Args:
        updates: Of all clients, [n, d].
        threshold: theta, a number of clients.

    Raises:
        ValueError: The threshold is negative.
    """
    require(threshold >= 0, "robust_learning_rate", "threshold >= 0")
    mean = tf.reduce_mean(updates, 0)
    agree = tf.abs(tf.reduce_sum(tf.sign(updates), 0)) >= threshold
    return tf.where(agree, mean, -mean)
