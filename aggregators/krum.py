"""Krum and Multi-Krum: the updates that have the nearest neighbours.

P. Blanchard, E. M. El Mhamdi, R. Guerraoui, J. Stainer, "Machine Learning with Adversaries: Byzantine Tolerant
Gradient Descent", NeurIPS 2017, Section 4. With f Byzantine clients of n >= 2f + 3 an update's score is

    s_i = sum of |g_i - g_j|^2 over the n - f - 2 nearest j != i

Krum is the update of the lowest score, Multi-Krum the mean of those of the m lowest; of equal scores the first counts.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.geometry import squared_distances
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.weighted import weighted_sum


def krum_scores(distances: Any, neighbours: Any) -> Any:
    """The sum of the distances to that many nearest others, [n], of distances [n, n] with zeros in the diagonal."""
    # Nobody is nearer than oneself, at distance zero: that one is among the smallest and adds nothing.
    return -tf.reduce_sum(tf.math.top_k(-distances, neighbours + 1).values, 1)


def krum_weights(distances: Any, byzantine: int, selected: int) -> Any:
    """1/m for the m = ``selected`` clients of the lowest scores and 0 for the others, [n]."""
    scores = krum_scores(distances, clients(distances) - byzantine - 2)
    return smallest(scores, selected) / selected


@robust_aggregation
def krum(updates: Any, *, byzantine: int, squared: bool = True) -> Any:
    """The update of the lowest score; see the module. Of equal updates, that one.

    Args:
        updates: Of all clients, [n, d].
        byzantine: f, a number of clients.
        squared: Whether scores add squared distances as in the paper, or, as SAFEFL's code does, distances.

    Raises:
        ValueError: f is negative, or n < 2f + 3.
    """
    return _multi_krum(updates, byzantine, 1, squared, "krum")


@robust_aggregation
def multi_krum(updates: Any, *, byzantine: int, selected: int, squared: bool = True) -> Any:
    """The mean of the ``selected`` updates of the lowest scores.

    Args:
        updates: Of all clients, [n, d].
        byzantine: f, a number of clients.
        selected: m, a number of clients, at most n - f.
        squared: See ``krum``.

    Raises:
        ValueError: f is negative, m is not positive, n < 2f + 3 or n < m + f.
    """
    return _multi_krum(updates, byzantine, selected, squared, "multi_krum")


def _multi_krum(updates: Any, byzantine: int, selected: int, squared: bool, rule: str) -> Any:
    require(byzantine >= 0 and selected > 0, rule, "byzantine >= 0 and selected > 0")
    least = max(2 * byzantine + 3, byzantine + selected)
    require_clients(updates, least, rule, "2·byzantine + 3 and byzantine + selected")
    squares = squared_distances(updates)
    distances = squares if squared else tf.sqrt(squares)
    return weighted_sum(updates, krum_weights(distances, byzantine, selected))
