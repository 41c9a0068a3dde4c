"""FLARE: clients whose models see a root data set as most others' do, for a model of one linear layer.

N. Wang, Y. Xiao, Y. Chen, Y. Hu, W. Lou, Y. T. Hou, "FLARE: Defending Federated Learning against Model Poisoning
Attacks via Latent Space Representations", AsiaCCS 2022 (written after SAFEFL's code; the paper is unchecked).

Let z_i,s be what client i's model w - g_i answers for example s, here the numbers of all classes. The distance of two
clients is their maximum mean discrepancy,

    m_ii + m_jj - 2·m_ij,   m_ij = the mean over s and t of k(z_i,s, z_j,t),   k(x, y) = sum_a exp(-|x - y|^2 / 2a)

with a = 10, 15, 20, 50. Every client votes for the round(n/2) nearest, itself included; the result is sum_i p_i g_i
with p the softmax of the numbers of votes.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require
from ezprivsecfl.aggregators.geometry import distances_of_gram
from ezprivsecfl.aggregators.pairs import all_pairs, pairs_once
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.weighted import weighted_sum


@robust_aggregation
def flare(updates: Any, model: Any, examples: Any, *, classes: int, limit: float | None = None) -> Any:
    """sum_i p_i g_i; see the module.

    Args:
        updates: Gradients of all clients, [n, d]. Of equal ones, that one.
        model: w, [d]: the entries of a kernel [features, classes], then those of a bias [classes].
        examples: Of the root data set, floats [r, features]. On two servers r decides the cost: there is an exponential
            for each of (n·r)^2 / 2 pairs.
        classes: How many numbers the model answers.
        limit: Answers beyond -limit to limit count as these. None is no limit, as in SAFEFL; two servers need one,
            because what is subtracted from each other has to fit their numbers.

    Raises:
        ValueError: The model of so many features and classes is not of d entries, or the limit is not positive.
    """
    features = examples.shape[1]
    require(classes > 0 and updates.shape[1] == (features + 1) * classes, "flare", "d = (features + 1)·classes")
    require(limit is None or limit > 0, "flare", "limit > 0")
    models = tf.reshape(model - updates, [-1, features + 1, classes])
    answers = tf.matmul(examples, models[:, :features]) + models[:, features:]
    if limit is not None:
        answers = tf.clip_by_value(answers, -limit, limit)
    means = all_pairs(_mean_kernels(answers))
    votes = tf.reduce_sum(smallest(distances_of_gram(means), (clients(updates) + 1) // 2), 0)
    return weighted_sum(updates, tf.nn.softmax(votes))


def _mean_kernels(answers: Any) -> Any:
    """m_ij for every pair of clients once, [n, n // 2 + 1], of answers [n, r, classes]."""
    n, (rows, classes) = tf.shape(answers)[0], answers.shape[1:]
    points = tf.reshape(answers, [-1, classes])
    squares = tf.reshape(tf.reduce_sum(tf.square(points), 1), [n, 1, rows, 1])
    others = tf.reshape(squares, [1, n, 1, rows])
    products = tf.reshape(tf.matmul(points, points, transpose_b=True), [n, rows, n, rows])
    distances = squares + others - 2.0 * tf.transpose(products, [0, 2, 1, 3])
    return tf.reduce_mean(kernel(pairs_once(distances)), [2, 3])


def kernel(squares: Any) -> Any:
    """exp(-x/20) + exp(-x/30) + exp(-x/40) + exp(-x/100), of squared distances x.

    They are the powers 30, 20, 15 and 6 of exp(-x/600), because on two servers an exponential takes far more than a
    product. A small negative x, which is one of rounding, counts as 0.
    """
    e1 = tf.exp(tf.minimum(squares * (-1.0 / 600.0), 0.0))
    e2 = e1 * e1
    e4 = e2 * e2
    e5 = e4 * e1
    e10 = e5 * e5
    e20 = e10 * e10
    return e10 * e20 + e20 + e5 * e10 + e1 * e5
