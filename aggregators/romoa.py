"""Romoa: entry by entry, clients count by how much they resemble the others in three ways.

Y. Mao, X. Yuan, X. Zhao, S. Zhong, "Romoa: Robust Model Aggregation for the Resistance of Federated Learning to Model
Poisoning Attacks", ESORICS 2021. Written after SAFEFL's code, which says that it follows the authors'; that could not
be compared with the paper: neither the formulas below, nor gamma = 1/n, nor the memory of factors.

Let p be the last result, m the median of each entry, and g_i client i's update. A layer's *large* entries are those
that are among the share gamma of it which is largest in magnitude for some client; those of the whole update likewise.

- Entry by entry, for large ones of the whole update: a_ij = -cos((p_j, m_j), (p_j, g_ij)).
- Layer by layer: b_il = -cos(m, g_i), and c_il = Pearson's correlation of m and g_i, over the layer's large entries.

For each of the three, two-means divides the clients by their rows; x is the mean of the larger cluster's rows, and a
number y scores 1 - |y - x| / |x|. An entry that is not large scores 0 in the first way. With v_ij the least of an
entry's three scores, limited to -1 to 1,

    t_ij = sign(v_ij)·exp(n·|v_ij|),   F_ij = the softmax of t_ij over all clients i

are the factors. The result is sum_i F_ij·g_ij, with every g_ij limited to between the median of all clients' least
entries and the median of their largest ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import median
from ezprivsecfl.aggregators.two_means import larger_of_two_clusters
from ezprivsecfl.aggregators.weighted import weighted_mean

ITERATIONS = 10
"""Steps of two-means."""
LEAST = 1e-5
"""What a cluster's mean is divided by if it is smaller."""


@robust_aggregation(state=lambda entries: tf.zeros([entries]))
def romoa(
    updates: Any,
    state: Any,
    *,
    layers: Sequence[int] | None = None,
    share: float | None = None,
    lower: bool = False,
) -> Any:
    """sum_i F_i·g_i, entry by entry; see the module.

    The factors are this round's alone. SAFEFL adds half of those of the round before (its first ones are 1/n); they are
    numbers about single clients, so on two servers they would have to be a state that stays on shares.

    Args:
        updates: Of all clients, [n, d]. In float32 at most 88, because of exp(n).
        state: The last result, p, [d]; zeros before the first round, where SAFEFL takes the first model.
        layers: How many entries each tensor of the model has, in order; None is one layer.
        share: gamma, between 0 and 1; None is 1/n. Of a layer it is one entry at least; whatever is as large as the
            last one counts, too.
        lower: Whether of an even number the median is the lower of the two in the middle, as in SAFEFL.

    Raises:
        ValueError: The layers do not add up to d, the share is not between 0 and 1 or no entry of d, or there is one
            client.
    """
    sizes = [updates.shape[1]] if layers is None else list(layers)
    require(sum(sizes) == updates.shape[1] and min(sizes) > 0, "romoa", "layers of d entries in all")
    require(share is None or 0 < share <= 1, "romoa", "0 < share <= 1")
    require_clients(updates, 2, "romoa", "for a median of others")
    centre = median(updates, lower=lower)
    parts = list(zip(tf.split(updates, sizes, 1), tf.split(centre, sizes), strict=True))
    large = [_large(part, share) for part, _ in parts]
    masked = list(zip(parts, large, strict=True))
    cosines = tf.stack([-_cosine(part * mask, middle * mask) for (part, middle), mask in masked], 1)
    pearsons = tf.stack([_pearson(part, middle, mask) for (part, middle), mask in masked], 1)
    by_layer = tf.minimum(_scores(cosines), _scores(pearsons))
    anywhere = _large(updates, share)
    by_entry = anywhere * _scores(anywhere * _entry_cosines(updates, centre, state))
    spread = [tf.repeat(by_layer[:, i : i + 1], size, 1) for i, size in enumerate(sizes)]
    least = tf.clip_by_value(tf.minimum(by_entry, tf.concat(spread, 1)), -1.0, 1.0)
    n = tf.cast(clients(updates), updates.dtype)
    factors = tf.nn.softmax(tf.sign(least) * tf.exp(n * tf.abs(least)), 0)
    lowest, highest = (median(edge(updates, 1), lower=lower) for edge in (tf.reduce_min, tf.reduce_max))
    result = tf.reduce_sum(factors * tf.minimum(tf.maximum(updates, lowest), highest), 0)
    return result, result


def _large(updates: Any, share: float | None) -> Any:
    """1.0 for entries that are among the largest of some client, 0.0 for others, [d]."""
    magnitudes, entries = tf.abs(updates), updates.shape[1]
    count = entries // clients(updates) if share is None else int(share * entries)
    least = tf.math.top_k(magnitudes, tf.maximum(count, 1)).values[:, -1:]
    return tf.reduce_max(tf.cast(magnitudes >= least, updates.dtype), 0)


def _entry_cosines(updates: Any, centre: Any, last: Any) -> Any:
    """-cos((p_j, m_j), (p_j, g_ij)), [n, d]; 0 for a pair of zeros."""
    square = tf.square(last)
    lengths = tf.sqrt((square + tf.square(centre)) * (square + tf.square(updates)))
    return -tf.math.divide_no_nan(square + centre * updates, lengths)


def _cosine(rows: Any, other: Any) -> Any:
    """Of every row of [n, d] with one vector [d]; 0 for zeros."""
    lengths = tf.norm(rows, axis=1) * tf.norm(other)
    return tf.math.divide_no_nan(tf.linalg.matvec(rows, other), lengths)


def _pearson(rows: Any, other: Any, mask: Any) -> Any:
    """Correlations over the entries of a mask [d], [n]; -1 where there is none, because all are equal."""
    share = mask / tf.reduce_sum(mask)
    rows = (rows - tf.linalg.matvec(rows, share)[:, tf.newaxis]) * mask
    other = (other - tf.reduce_sum(other * share)) * mask
    found = tf.reduce_sum(tf.square(rows), 1) * tf.reduce_sum(tf.square(other)) > 0
    return tf.where(found, _cosine(rows, other), -1.0)


def _scores(numbers: Any) -> Any:
    """1 - |y - x| / |x| for every number y of [n, k], with x the mean over the larger of two clusters of rows."""
    centre = weighted_mean(numbers, larger_of_two_clusters(numbers, ITERATIONS))
    return 1.0 - tf.abs(numbers - centre) / tf.maximum(tf.abs(centre), LEAST)
