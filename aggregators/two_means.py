"""Two clusters of a few numbers of each client, by Lloyd's algorithm with a fixed number of steps."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients
from ezprivsecfl.aggregators.geometry import squared_distances
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.weighted import weighted_mean


def larger_of_two_clusters(points: Any, iterations: int) -> Any:
    """1.0 for the clients of the larger cluster, of equally large ones the first client's, [n].

    It starts from the point that is farthest from all others together, and the one that is farthest from that one:
    nothing is random, as it is in the k-means of public code.

    Args:
        points: Of all clients, [n, k].
        iterations: Steps; ten are enough for a few dozen clients.
    """
    squares = squared_distances(points)
    first = smallest(-tf.reduce_sum(squares, 1), 1)
    second = smallest(-tf.linalg.matvec(squares, first), 1)
    for _ in range(iterations):
        nearer = tf.cast(_squares_to(points, first) <= _squares_to(points, second), points.dtype)
        first, second = nearer, 1.0 - nearer
    members = tf.reduce_sum(first)
    others = tf.cast(clients(points), points.dtype) - members
    mine = tf.logical_or(members > others, tf.logical_and(tf.equal(members, others), first[0] > 0.5))
    return tf.where(mine, first, second)


def _squares_to(points: Any, members: Any) -> Any:
    """The squared distance of every point to the mean of a cluster, [n]."""
    return tf.reduce_sum(tf.square(points - weighted_mean(points, members)), 1)
