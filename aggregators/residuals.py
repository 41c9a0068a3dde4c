"""Residual reweighting: clients count by how near their entries are to the medians.

S. Fu, C. Xie, B. Li, Q. Chen, "Attack-Resistant Federated Learning with Residual-based Reweighting", 2019. Written
after FedML's formulas; the paper is unchecked. The paper regresses entries on their ranks; here the regression is the
constant one, so that a residual is the distance to the median and its leverage h is 1/n.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.checks import clients, require_clients
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import median
from ezprivsecfl.aggregators.weighted import weighted_mean

SMALLEST_WEIGHT = 0.1
"""Entries of a smaller weight are replaced by the median."""


@robust_aggregation
def residual_reweighting(updates: Any) -> Any:
    """sum_i W_i g'_i / sum_i W_i.

    Per coordinate, r_i is an entry less the median, and s = 1.4826·(1 + 5/(n - 1))·median |r_i|. Its weight is
    w_i = min(1, K·sqrt(1 - h)·s / |r_i|) with K = 2·sqrt(2/n) and h = 1/n; g' has the median where w_i < 0.1. A client
    counts W_i = (V_i / max V)^2, with V_i the sum over all coordinates of w_i times the entries' standard deviation.

    Args:
        updates: Of all clients, [n, d]. Of equal updates the result is zeros: nothing has a weight.

    Raises:
        ValueError: There is one client.
    """
    require_clients(updates, 2, "residual_reweighting", "for a spread")
    n = tf.cast(clients(updates), updates.dtype)
    centre = median(updates)
    residuals = tf.abs(updates - centre)
    reach = 2.0 * tf.sqrt(2.0 / n) * tf.sqrt(1.0 - 1.0 / n) * 1.4826 * (1.0 + 5.0 / (n - 1.0)) * median(residuals)
    weights = tf.math.divide_no_nan(reach, tf.maximum(residuals, reach))
    replaced = tf.where(weights < SMALLEST_WEIGHT, centre, updates)
    votes = tf.linalg.matvec(weights, tf.math.reduce_std(updates, 0))
    influence = tf.square(votes * tf.math.divide_no_nan(1.0, tf.reduce_max(votes)))
    return weighted_mean(replaced, influence)
