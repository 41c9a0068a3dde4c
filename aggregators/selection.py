"""Which of n numbers are the smallest, as 0/1 masks: on two servers nobody learns which these are."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients


def precedes(numbers: Any) -> Any:
    """Whether number j of the last axis comes before number i in ascending order, of equal ones the first.

    Booleans [..., i, j] of numbers [..., n]. One comparison serves a pair: j is before i if i is not before j.
    """
    less = tf.expand_dims(numbers, -1) < tf.expand_dims(numbers, -2)
    places = tf.range(tf.shape(numbers)[-1])
    return tf.where(places[tf.newaxis, :] < places[:, tf.newaxis], ~less, tf.linalg.matrix_transpose(less))


def smallest(numbers: Any, count: Any) -> Any:
    """1.0 for the ``count`` smallest along the last axis, of equal ones the first, and 0.0 for the others."""
    ranks = tf.reduce_sum(tf.cast(precedes(numbers), tf.int32), -1)
    return tf.cast(ranks < count, numbers.dtype)


def median(numbers: Any, *, lower: bool = False) -> Any:
    """Along the first axis; of an even count the mean of the two in the middle, or the lower of them."""
    ascending, n = tf.sort(numbers, axis=0), clients(numbers)
    below = ascending[(n - 1) // 2]
    return below if lower else 0.5 * (below + ascending[n // 2])
