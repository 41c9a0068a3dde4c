"""Rules that shorten long updates: norm clipping, weak differential privacy, centred clipping, and CRFL.

Z. Sun, P. Kairouz, A. T. Suresh, H. B. McMahan, "Can You Really Backdoor Federated Learning?", 2019, Section 4;
S. P. Karimireddy, L. He, M. Jaggi, "Learning from History for Byzantine Robust Optimization", ICML 2021, Section 5;
C. Xie, M. Chen, P.-Y. Chen, B. Li, "CRFL: Certifiably Robust Federated Learning against Backdoor Attacks", ICML 2021,
Algorithm 1. Noise is drawn by the server; compiled for two servers, it is noise that neither of them knows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.aggregators.checks import require
from ezprivsecfl.aggregators.rule import robust_aggregation


def clip_factors(lengths: Any, bound: Any) -> Any:
    """min(1, bound / length) of lengths [n], for a bound that is not negative; 0 where both are 0."""
    return tf.math.divide_no_nan(bound, tf.maximum(lengths, bound))


def clipped(vectors: Any, bound: Any) -> Any:
    """Every row of [n, d], made no longer than the bound."""
    return vectors * clip_factors(tf.norm(vectors, axis=1), bound)[:, tf.newaxis]


@robust_aggregation
def norm_clipping(updates: Any, *, bound: float) -> Any:
    """mean_i g_i·min(1, B/|g_i|): no client moves the mean by more than 2·B/n.

    Args:
        updates: Of all clients, [n, d].
        bound: B, a length in the unit of the updates; Sun et al. use 3, 5 and 10 for EMNIST.

    Raises:
        ValueError: The bound is not positive.
    """
    return _clipped_mean(updates, bound, "norm_clipping")


@robust_aggregation
def weak_dp(updates: Any, *, bound: float, noise: float) -> Any:
    """``norm_clipping`` and noise N(0, sigma^2) on every entry of the mean.

    Args:
        updates: Of all clients, [n, d].
        bound: See ``norm_clipping``.
        noise: sigma, in the unit of the updates; 0.025 in the paper (from memory, unchecked).

    Raises:
        ValueError: The bound is not positive, or the noise is negative.
    """
    require(noise >= 0, "weak_dp", "noise >= 0")
    mean = _clipped_mean(updates, bound, "weak_dp")
    return mean + tf.random.normal([updates.shape[1]], stddev=noise, dtype=mean.dtype)


@robust_aggregation(state=lambda entries: tf.zeros([entries]))
def centred_clipping(updates: Any, state: Any, *, radius: float, iterations: int = 1) -> Any:
    """From the last result v on, v + mean_i (g_i - v)·min(1, tau/|g_i - v|), some times.

    Args:
        updates: Of all clients, [n, d].
        state: v, [d]; zeros before the first round.
        radius: tau, a length in the unit of the updates; 10 in the paper's experiments (from memory, unchecked).
        iterations: Steps.

    Returns:
        The result, which is also the new state. A client moves it by at most tau/n in a step.

    Raises:
        ValueError: The radius or the number of steps is not positive.
    """
    require(radius > 0 and iterations > 0, "centred_clipping", "radius > 0 and iterations > 0")
    centre = state
    for _ in range(iterations):
        centre = centre + tf.reduce_mean(clipped(updates - centre, radius), 0)
    return centre, centre


@robust_aggregation(server={"norm_bound": tff.TensorType(np.float32)})
def crfl(updates: Any, model: Any, norm_bound: Any, *, noise: float) -> Any:
    """The step to a model that is clipped and has noise: (w + m)·min(1, rho/|w + m|) + N(0, sigma^2) - w.

    Args:
        updates: Of all clients, [n, d]; m is their mean.
        model: w, [d], of this round.
        norm_bound: rho, a positive length in the unit of the model; the paper lets it grow with the round t: 2 + 0.1·t
            for MNIST, 4 + 0.25·t for EMNIST, 2 + 0.025·t for LOAN.
        noise: sigma, in the unit of the model; 0.01 in the paper, and 0 in the last round.

    Raises:
        ValueError: The noise is negative.
    """
    require(noise >= 0, "crfl", "noise >= 0")
    moved = (model + tf.reduce_mean(updates, 0))[tf.newaxis]
    bounded = clipped(moved, tf.cast(norm_bound, updates.dtype))[0]
    return bounded + tf.random.normal([updates.shape[1]], stddev=noise, dtype=updates.dtype) - model


def _clipped_mean(updates: Any, bound: float, rule: str) -> Any:
    require(bound > 0, rule, "bound > 0")
    return tf.reduce_mean(clipped(updates, bound), 0)
