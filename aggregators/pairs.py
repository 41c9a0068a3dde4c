"""Every pair of n clients once, for what is symmetric and dear: partners go round, as in a tournament.

Client i is paired with i, i + 1, ..., i + n // 2, modulo n: so many columns. For an even n the last column has its
pairs twice. Slices and reshapes do it, because on two servers these are free.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def pairs_once(numbers: Any) -> Any:
    """Column s of row i is numbers[i, (i + s) mod n]: [n, n // 2 + 1, ...] of symmetric numbers [n, n, ...]."""
    n, rest = tf.shape(numbers)[0], tf.shape(numbers)[2:]
    columns = n // 2 + 1
    twice = tf.concat([numbers, numbers[:, : columns - 1]], 1)
    # Rows that are one longer begin one later each.
    row = n + columns - 1
    flat = tf.reshape(twice, tf.concat([[n * row], rest], 0))
    longer = tf.concat([flat, tf.zeros_like(flat[:n])], 0)
    return tf.reshape(longer, tf.concat([[n, row + 1], rest], 0))[:, :columns]


def all_pairs(columns: Any) -> Any:
    """The symmetric matrix [n, n] of whose entries ``pairs_once`` gives [n, n // 2 + 1]."""
    n, count = tf.shape(columns)[0], tf.shape(columns)[1]
    place = tf.range(count)
    found_twice = tf.logical_or(tf.equal(place, 0), tf.equal(2 * place, n))
    halves = columns * tf.where(found_twice, tf.constant(0.5, columns.dtype), tf.constant(1.0, columns.dtype))
    longer = tf.concat([halves, tf.zeros([n, 2 * n + 1 - count], columns.dtype)], 1)
    shifted = tf.reshape(tf.reshape(longer, [-1])[: 2 * n * n], [n, 2 * n])
    one_way = shifted[:, :n] + shifted[:, n:]
    return one_way + tf.transpose(one_way)
