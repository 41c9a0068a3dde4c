"""Bulyan: a trimmed mean around the median of updates that Krum has chosen.

E. M. El Mhamdi, R. Guerraoui, S. Rouault, "The Hidden Vulnerability of Distributed Learning in Byzantium", ICML 2018,
Section 4. With f Byzantine clients of n >= 4f + 3, theta = n - 2f times Krum chooses one of those that are left. Of the
chosen, the result is per coordinate the mean of the theta - 2f entries that are nearest to their median.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.geometry import squared_distances
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import median, precedes, smallest


@robust_aggregation
def bulyan(updates: Any, *, byzantine: int) -> Any:
    """See the module. Krum among m that are left sums the m - f - 2 nearest squared distances, at least one.

    With one neighbour, in the last rounds, the nearest two have the same score, and the first is chosen: the result
    depends on the clients' order.

    Args:
        updates: Of all clients, [n, d].
        byzantine: f, a number of clients.

    Raises:
        ValueError: f is negative, or n < 4f + 3.
    """
    require(byzantine >= 0, "bulyan", "byzantine >= 0")
    require_clients(updates, 4 * byzantine + 3, "bulyan", "4·byzantine + 3")
    chosen = tf.matmul(_chosen(squared_distances(updates), byzantine), updates)
    distances = tf.abs(chosen - median(chosen))
    near = tf.transpose(smallest(tf.transpose(distances), clients(updates) - 4 * byzantine))
    return tf.reduce_sum(near * chosen, 0) / tf.cast(clients(updates) - 4 * byzantine, updates.dtype)


def _chosen(squares: Any, byzantine: int) -> Any:
    """Which client each of the theta rounds of Krum chooses, as 0/1 rows, [theta, n].

    Who is nearer to whom does not change when clients are taken away: it is compared once, and counted in each round.
    """
    n = clients(squares)
    nearer = tf.cast(precedes(squares), squares.dtype)
    others = 1.0 - tf.eye(n, dtype=squares.dtype)
    beyond = tf.reduce_sum(squares) + 1.0
    rounds = n - 2 * byzantine
    left = tf.ones_like(squares[0])
    rows = tf.TensorArray(squares.dtype, rounds)
    for step in tf.range(rounds):
        neighbours = tf.cast(tf.maximum(n - step - byzantine - 2, 1), squares.dtype)
        # Counts among those that are left the others that are nearer, so without i itself.
        rank = tf.linalg.matvec(nearer, left) - left[:, tf.newaxis]
        counted = tf.cast(rank < neighbours, squares.dtype) * others * left[tf.newaxis, :]
        scores = tf.reduce_sum(counted * squares, 1)
        best = smallest(tf.where(left > 0.5, scores, beyond), 1)
        rows = rows.write(step, best)
        left = left - best
    return rows.stack()
