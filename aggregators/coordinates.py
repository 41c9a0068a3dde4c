"""Rules that treat every coordinate on its own: trimmed mean, median, and SLSGD.

D. Yin, Y. Chen, K. Ramchandran, P. Bartlett, "Byzantine-Robust Distributed Learning: Towards Optimal Statistical
Rates", ICML 2018, Definitions 1 and 2; C. Xie, O. Koyejo, I. Gupta, "SLSGD: Secure and Efficient Distributed
On-device Machine Learning", ECML PKDD 2019, Algorithm 1.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require, require_clients
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import median


@robust_aggregation
def trimmed_mean(updates: Any, *, trimmed: int) -> Any:
    """Per coordinate the mean of what is left without the k largest and the k smallest entries.

    Args:
        updates: Of all clients, [n, d].
        trimmed: k, a number of clients; as many as may be Byzantine.

    Raises:
        ValueError: k is negative, or nothing is left: n < 2k + 1.
    """
    return _trimmed_mean(updates, trimmed, "trimmed_mean")


@robust_aggregation
def coordinate_median(updates: Any, *, lower: bool = False) -> Any:
    """Per coordinate the median of all entries.

    Args:
        updates: Of all clients, [n, d].
        lower: Whether for an even n it is the lower of the two middle entries, as in SAFEFL, rather than their mean.
    """
    return median(updates, lower=lower)


@robust_aggregation
def slsgd(updates: Any, *, trimmed: int, mixing: float) -> Any:
    """A part of the trimmed mean: the new model is (1 - a)·w + a·(w + trimmed mean).

    Args:
        updates: Of all clients, differences from the model w, [n, d].
        trimmed: See ``trimmed_mean``.
        mixing: a, between 0 and 1.

    Raises:
        ValueError: See ``trimmed_mean``; or a is not between 0 and 1.
    """
    require(0 <= mixing <= 1, "slsgd", "0 <= mixing <= 1")
    return mixing * _trimmed_mean(updates, trimmed, "slsgd")


def _trimmed_mean(updates: Any, trimmed: int, rule: str) -> Any:
    require(trimmed >= 0, rule, "trimmed >= 0")
    require_clients(updates, 2 * trimmed + 1, rule, "2·trimmed + 1")
    return tf.reduce_mean(tf.sort(updates, axis=0)[trimmed : clients(updates) - trimmed], 0)
