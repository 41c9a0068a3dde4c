"""Sums of updates with one weight for each client."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def weighted_sum(updates: Any, weights: Any) -> Any:
    """sum_i w_i g_i, [d], of updates [n, d] and weights [n]."""
    return tf.linalg.matvec(updates, weights, transpose_a=True)


def weighted_mean(updates: Any, weights: Any) -> Any:
    """sum_i w_i g_i / sum_i w_i, [d]; zeros if the weights add up to zero."""
    return weighted_sum(updates, weights * tf.math.divide_no_nan(1.0, tf.reduce_sum(weights)))
