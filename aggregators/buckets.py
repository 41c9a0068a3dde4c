"""Clients in buckets: the means of the buckets are as many rows times the updates."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def bucket_matrix(clients: Any, size: int, dtype: Any) -> Any:
    """The matrix [ceil(n / size), n] whose product with the updates is the mean of each ``size`` of them in a row."""
    bucket = tf.range(clients) // size
    members = tf.equal(tf.range((clients + size - 1) // size)[:, tf.newaxis], bucket[tf.newaxis, :])
    ones = tf.cast(members, dtype)
    return ones / tf.reduce_sum(ones, 1, keepdims=True)
