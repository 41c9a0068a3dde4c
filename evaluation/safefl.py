"""Rules as SAFEFL's code has them, where no parameter of ours says so: each has one quirk for which it is named.

They remember or see what single clients send, which nobody does who aggregates on shares; so they are only for runs in
the clear. Written after the code of T. Gehlhar, F. Marx, T. Schneider, A. Suresh, T. Wehrle, H. Yalame, "SAFEFL:
MPC-friendly Framework for Private and Robust Federated Learning", 2023. The rules that they differ from, with their
papers, are in ``aggregators/``.
"""

from __future__ import annotations

from typing import Any

from ezprivsecfl.installing import needing_tff

with needing_tff():
    import tensorflow as tf

from ezprivsecfl.aggregators.clipping import clipped
from ezprivsecfl.aggregators.flare import kernel
from ezprivsecfl.aggregators.geometry import cosines, directions
from ezprivsecfl.aggregators.rule import RobustAggregation, robust_aggregation
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.similarity import LINEAR_PART
from ezprivsecfl.aggregators.weighted import weighted_mean, weighted_sum

UNATTACKED = "unattacked"
"""The input of a rule that gets what clients would have sent without the attack, [n, d]."""


def _nothing_yet(entries: int) -> Any:
    """Before the first round: one row of zeros, which serves as every client's, for their number is not known."""
    return tf.zeros([1, entries])


@robust_aggregation(state=_nothing_yet)
def foolsgold_history(updates: Any, state: Any) -> Any:
    """FoolsGold, capped, whose cosines are those of the sums of all rounds' updates, as in its paper.

    Args:
        updates: Of all clients, [n, d].
        state: Each client's sum so far, [n, d].

    Returns:
        sum_i a_i g_i of capped g_i, and the new sums.
    """
    counted = clipped(updates, 1.0)
    sums = state + counted
    similar = _to_others(sums)
    largest = tf.reduce_max(similar, 1)
    pardon = largest[:, tf.newaxis] * tf.math.divide_no_nan(1.0, largest)[tf.newaxis, :]
    pardoned = tf.where(largest[tf.newaxis, :] > largest[:, tf.newaxis], similar * pardon, similar)
    apart = tf.clip_by_value(1.0 - tf.reduce_max(pardoned, 1), 0.0, 1.0)
    return weighted_sum(counted, _influence(apart)), sums


@robust_aggregation(state=_nothing_yet)
def contra_history(updates: Any, state: Any, *, neighbours: int) -> Any:
    """CONTRA, whose cosines are those of the sums of all rounds' updates.

    A client counts among its own neighbours, with a cosine of 0; who is opposed to others is farther from them than 1.

    Args:
        updates: Of all clients, [n, d].
        state: Each client's sum so far, [n, d].
        neighbours: k, a number of clients; n - f - 1.

    Returns:
        sum_i a_i g_i, and the new sums.
    """
    sums = state + updates
    nearest = tf.math.top_k(_to_others(sums), neighbours).values
    return weighted_sum(updates, _influence(1.0 - tf.reduce_mean(nearest, 1))), sums


@robust_aggregation(state=_nothing_yet)
def shieldfl_ranges(updates: Any, state: Any, *, byzantine: int) -> Any:
    """ShieldFL of entries that are mapped to 0 to 1, so that no two directions are far from each other.

    Before that, honest clients set an entry to 0 that is negative and less than it was a round before; malicious ones,
    who are the first, do not.

    Args:
        updates: Of all clients, [n, d].
        state: The last result, and below it what each client sent then, [1 + n, d].
        byzantine: f.

    Returns:
        The result, without negative entries, and the new state.
    """
    last, before = state[0], state[1:]
    kept = updates >= 0.0
    if before.shape[0]:
        kept |= updates >= before
    kept |= (tf.range(tf.shape(updates)[0]) < byzantine)[:, tf.newaxis]
    entries = tf.where(kept, updates, 0.0)
    low, high = tf.reduce_min(entries, 1, keepdims=True), tf.reduce_max(entries, 1, keepdims=True)
    unit = directions((entries - low) / (high - low))
    usual = last if before.shape[0] else tf.reduce_mean(unit, 0)
    suspect = unit[tf.argmin(tf.linalg.matvec(unit, usual))]
    result = weighted_mean(unit, 1.0 - tf.linalg.matvec(unit, suspect))
    return result, tf.concat([result[tf.newaxis], updates], 0)


@robust_aggregation
def flare_unattacked(updates: Any, unattacked: Any, model: Any, examples: Any, *, classes: int) -> Any:
    """FLARE, whose distances are those of what clients would have sent without the attack.

    Args:
        updates: Of all clients, [n, d].
        unattacked: Likewise, [n, d].
        model: w, [d]: the entries of a kernel [features, classes], then those of a bias [classes].
        examples: Of the root data set, [r, features].
        classes: How many numbers the model answers.

    Returns:
        sum_i p_i g_i, with p the softmax of votes.
    """
    n, features = updates.shape[0], examples.shape[1]
    models = tf.reshape(model - unattacked, [n, features + 1, classes])
    means = _mean_kernels(tf.matmul(examples, models[:, :features]) + models[:, features:])
    own = tf.linalg.diag_part(means)
    distances = own[:, tf.newaxis] + own - 2.0 * means
    votes = tf.reduce_sum(smallest(distances, round(n / 2)), 0)
    return weighted_sum(updates, tf.nn.softmax(votes))


def _mean_kernels(answers: Any) -> Any:
    """For every pair of clients the mean kernel of their answers, [n, n], of answers [n, r, classes].

    Client by client, because numbers for all pairs at once do not fit a processor's cache.
    """
    n, rows, classes = answers.shape
    rows_below = []
    for i in range(n):
        others = tf.reshape(answers[i:], [(n - i) * rows, classes])
        products = tf.matmul(answers[i], others, transpose_b=True)
        own, theirs = tf.reduce_sum(answers[i] ** 2, 1), tf.reduce_sum(others**2, 1)
        squares = own[:, tf.newaxis] + theirs - 2.0 * products
        means = tf.reduce_mean(tf.reshape(kernel(squares), [rows, n - i, rows]), [0, 2])
        rows_below.append(tf.pad(means, [[i, 0]]))
    half = tf.stack(rows_below)
    return half + tf.transpose(tf.linalg.set_diag(half, tf.zeros([n])))


def _to_others(vectors: Any) -> Any:
    """Cosines between all rows of [n, d]; to oneself 0."""
    similar = cosines(vectors)
    return tf.linalg.set_diag(similar, tf.zeros_like(similar[0]))


def _influence(apart: Any) -> Any:
    """Weights, [n], of how far clients are from others: the logit of the share of the farthest, plus 1/2, in 0 to 1."""
    share = tf.clip_by_value(apart * tf.math.divide_no_nan(1.0, tf.reduce_max(apart)), *LINEAR_PART)
    return tf.clip_by_value(tf.math.log(share) - tf.math.log(1.0 - share) + 0.5, 0.0, 1.0)


RULES: dict[str, RobustAggregation] = {
    rule.name: rule for rule in (foolsgold_history, contra_history, shieldfl_ranges, flare_unattacked)
}
"""By the function's name."""
