"""Distances and angles between all updates, of one product of the matrix of updates with itself.

On two servers that product is the only step whose cost grows with the number of entries d; what follows is n x n.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def squared_distances(updates: Any) -> Any:
    """|g_i - g_j|^2 for all pairs of rows of [n, d], as [n, n]; never negative."""
    return distances_of_gram(tf.matmul(updates, updates, transpose_b=True))


def distances_of_gram(gram: Any) -> Any:
    """Squared distances of vectors, [n, n], from their inner products: |x|^2 + |y|^2 - 2<x, y>."""
    squares = tf.linalg.diag_part(gram)
    # Both <x, y> and <y, x>, so that a distance is the same to the last bit from both ends: who is equally far is tied.
    products = gram + tf.transpose(gram)
    return tf.nn.relu(squares[:, tf.newaxis] + squares[tf.newaxis, :] - products)


def centred_products(gram: Any) -> Any:
    """n^2 times the inner products of n vectors less their mean, [n, n], from those of the vectors; no quotients."""
    rows, n = tf.reduce_sum(gram, 1), tf.cast(tf.shape(gram)[0], gram.dtype)
    return n * (n * gram - rows[:, tf.newaxis] - rows[tf.newaxis, :]) + tf.reduce_sum(rows)


def distances_to_combination(squares: Any, coefficients: Any) -> Any:
    """|g_i - sum_j c_j g_j|^2 for every i, [n], where the coefficients add up to 1.

    With S the squared distances it is (S c)_i - c^T S c / 2, which needs neither the updates nor their lengths.
    """
    across = tf.linalg.matvec(squares, coefficients)
    return tf.nn.relu(across - 0.5 * tf.reduce_sum(coefficients * across))


def mixed_distances(squares: Any, mixing: Any) -> Any:
    """Squared distances of the rows of M g, [m, m], from those of g, if each row of the matrix M [m, n] adds up to 1.

    Moving all g by one vector changes no distance, so -M S M^T / 2 serves as matrix of inner products.
    """
    across = tf.matmul(mixing, tf.matmul(squares, mixing, transpose_b=True))
    return distances_of_gram(-0.5 * across)


def directions(updates: Any) -> Any:
    """Every row of [n, d] at length 1; a row of zeros stays one."""
    return updates * tf.math.divide_no_nan(1.0, tf.norm(updates, axis=1))[:, tf.newaxis]


def cosines(updates: Any) -> Any:
    """Of the angles between all pairs of rows of [n, d], as [n, n]; 0 for a row of zeros."""
    inverse = tf.math.divide_no_nan(1.0, tf.norm(updates, axis=1))
    products = tf.matmul(updates, updates, transpose_b=True) * inverse[:, tf.newaxis]
    # Rounding may give more than 1; and who looks at ranges knows them by this.
    return tf.clip_by_value(products * inverse[tf.newaxis, :], -1.0, 1.0)
