"""FoolsGold and CONTRA: clients whose updates point the same way as others' share their influence.

C. Fung, C. J. M. Yoon, I. Beschastnikh, "The Limitations of Federated Learning in Sybil Settings", RAID 2020,
Algorithm 1; S. Awan, B. Luo, F. Li, "CONTRA: Defending against Poisoning Attacks in Federated Learning", ESORICS 2021.

Here similarities are those of this round's updates. The papers compare the sums of all updates that a client has sent;
a rule whose state holds these would open them, so that is for a state that stays on shares.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.clipping import clipped
from ezprivsecfl.aggregators.geometry import cosines
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.weighted import weighted_sum

LINEAR_PART = (0.37, 0.63)
"""Outside of these the logit, plus 1/2, is outside of 0 to 1: 1/(1 + e^0.5) = 0.378 and 1/(1 + e^-0.5) = 0.622."""


@robust_aggregation
def foolsgold(updates: Any, *, capped: bool = False) -> Any:
    """sum_i a_i g_i, not divided by anything, with weights a_i between 0 and 1 that are small for similar clients.

    With c_ij the cosines and v_i = max_{j != i} c_ij, pardoning multiplies c_ij by v_i/v_j where v_j > v_i. Then
    a_i = 1 - max_j c_ij, divided by max a, and ln(a_i / (1 - a_i)) + 1/2; a and the last are kept within 0 and 1.

    Args:
        updates: Of all clients, [n, d]; at least two. Of equal updates the result is zeros.
        capped: Whether updates are first shortened to length 1, as in SAFEFL.

    Raises:
        ValueError: There is one client.
    """
    require_clients(updates, 2, "foolsgold", "who are compared")
    counted = clipped(updates, 1.0) if capped else updates
    similar = _to_others(cosines(counted))
    largest = tf.reduce_max(similar, 1)
    pardon = largest[:, tf.newaxis] * tf.math.divide_no_nan(1.0, largest)[tf.newaxis, :]
    pardoned = tf.where(largest[tf.newaxis, :] > largest[:, tf.newaxis], similar * pardon, similar)
    return weighted_sum(counted, _influence(tf.reduce_max(pardoned, 1)))


@robust_aggregation
def contra(updates: Any, *, neighbours: int) -> Any:
    """sum_i a_i g_i, not divided by anything, with weights of the mean similarity to a client's neighbours.

    With tau_i the mean of the k largest c_ij, j != i: a_i = 1 - tau_i, and on as in ``foolsgold``. Every client takes
    part; CONTRA's reputations, which decide who is sampled, change nothing then. Written after SAFEFL's code; the
    paper is unchecked.

    Args:
        updates: Of all clients, [n, d]. Of equal updates the result is zeros.
        neighbours: k, a number of clients; n - f - 1 in SAFEFL.

    Raises:
        ValueError: k is not positive, or not below n.
    """
    require(neighbours > 0, "contra", "neighbours > 0")
    require_clients(updates, neighbours + 1, "contra", "neighbours + 1")
    similar = _to_others(cosines(updates))
    return weighted_sum(updates, _influence(tf.reduce_mean(tf.math.top_k(similar, neighbours).values, 1)))


def _to_others(similar: Any) -> Any:
    """Cosines with the diagonal at -1 or below, so that nobody is most similar to oneself."""
    return similar - 2.0 * tf.eye(clients(similar), dtype=similar.dtype)


def _influence(similarity: Any) -> Any:
    """Weights, [n], of each client's similarity to others."""
    apart = tf.clip_by_value(1.0 - similarity, 0.0, 1.0)
    share = tf.clip_by_value(apart * tf.math.divide_no_nan(1.0, tf.reduce_max(apart)), *LINEAR_PART)
    return tf.clip_by_value(tf.math.log(share) - tf.math.log(1.0 - share) + 0.5, 0.0, 1.0)
