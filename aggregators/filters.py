"""FedSecurity's filters: clients far from the others, and clients that turn away from the last round's result.

S. Han et al., "FedSecurity: Benchmarking Attacks and Defenses in Federated Learning and Federated LLMs", KDD 2024: its
"three-sigma" and "cross-round" defences. They look at the last layer; here it is the whole update.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.geometry import directions, distances_to_combination, squared_distances
from ezprivsecfl.aggregators.krum import krum_scores
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.weighted import weighted_mean


@robust_aggregation
def three_sigma(updates: Any, *, byzantine: int, deviations: float = 0.5) -> Any:
    """The mean of the updates whose distance to a centre is at most mu + k·sigma, with these distances' mu and sigma.

    The centre is the mean of the ceil(n/2) - 1 updates of the lowest Krum scores. FedSecurity takes it from these in
    the first round only; here every round has its own.

    Args:
        updates: Of all clients, [n, d]. Of equal updates, that one.
        byzantine: f of Krum's scores, a number of clients.
        deviations: k; FedSecurity's default is 0.5, in spite of the name.

    Raises:
        ValueError: f or k is negative, or n < 2f + 3.
    """
    require(byzantine >= 0 and deviations >= 0, "three_sigma", "byzantine >= 0 and deviations >= 0")
    require_clients(updates, 2 * byzantine + 3, "three_sigma", "2·byzantine + 3")
    n, squares = clients(updates), squared_distances(updates)
    inner = (n + 1) // 2 - 1
    central = smallest(krum_scores(squares, n - byzantine - 2), inner) / tf.cast(inner, updates.dtype)
    scores = tf.sqrt(distances_to_combination(squares, central))
    limit = tf.reduce_mean(scores) + deviations * tf.math.reduce_std(scores)
    return weighted_mean(updates, tf.cast(scores <= limit, updates.dtype))


@robust_aggregation(state=lambda entries: tf.zeros([entries]))
def cross_round(updates: Any, state: Any, *, bound: float) -> Any:
    """The mean of the updates whose cosine with the last result is at least a bound.

    FedSecurity also compares a client's update with its own last one, which needs a state that stays on shares, and
    uses the comparison to decide whether another filter runs; here it is the filter.

    Args:
        updates: Of all clients, [n, d].
        state: The last result, [d]; zeros before the first round, in which every update counts.
        bound: A cosine.

    Returns:
        The result, which is also the new state; zeros if no update counts.

    Raises:
        ValueError: The bound is not between -1 and 1.
    """
    require(-1 <= bound <= 1, "cross_round", "-1 <= bound <= 1")
    similar = tf.linalg.matvec(directions(updates), directions(state[tf.newaxis])[0])
    first_round = tf.reduce_all(tf.equal(state, 0.0))
    kept = tf.logical_or(first_round, similar >= bound)
    result = weighted_mean(updates, tf.cast(kept, updates.dtype))
    return result, result
