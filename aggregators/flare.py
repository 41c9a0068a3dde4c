"""FLARE: clients whose models see a root data set as most others' do, for a model of one linear layer.

N. Wang, Y. Xiao, Y. Chen, Y. Hu, W. Lou, Y. T. Hou, "FLARE: Defending Federated Learning against Model Poisoning
Attacks via Latent Space Representations", AsiaCCS 2022 (written after SAFEFL's code; the paper is unchecked).
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require
from ezprivsecfl.aggregators.geometry import distances_of_gram
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.weighted import weighted_sum

WIDTHS = (10.0, 15.0, 20.0, 50.0)
"""Of the kernels exp(-|x - y|^2 / (2·a))."""


@robust_aggregation
def flare(updates: Any, model: Any, *, examples: Any, classes: int) -> Any:
    """sum_i p_i g_i with p the softmax of the votes; every client votes for the round(n/2) nearest, itself included.

    The distance of two clients is the maximum mean discrepancy of what their models w - g_i answer for the examples.

    Args:
        updates: Gradients of all clients, [n, d]. Of equal ones, that one.
        model: w, [d]: the entries of a kernel [features, classes], then those of a bias [classes].
        examples: Of the root data set, floats [r, features]; public and constant.
        classes: How many numbers the model answers.

    Raises:
        ValueError: The model of so many features and classes is not of d entries.
    """
    features = examples.shape[1]
    require(classes > 0 and updates.shape[1] == (features + 1) * classes, "flare", "d = (features + 1)·classes")
    models = tf.reshape(model - updates, [-1, features + 1, classes])
    answers = tf.matmul(tf.constant(examples, updates.dtype), models[:, :features]) + models[:, features:]
    points = tf.reshape(answers, [-1, classes])
    squares = distances_of_gram(tf.matmul(points, points, transpose_b=True))
    kernel = tf.add_n([tf.exp(squares / (-2.0 * width)) for width in WIDTHS])
    n = clients(updates)
    means = tf.reduce_mean(tf.reshape(kernel, [n, len(examples), n, len(examples)]), [1, 3])
    votes = tf.reduce_sum(smallest(distances_of_gram(means), (n + 1) // 2), 0)
    return weighted_sum(updates, tf.nn.softmax(votes))
