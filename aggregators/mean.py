"""Federated averaging: the mean of all updates, which one client can move anywhere.

B. McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017. Every
client counts the same; TFF's own ``tff.aggregators.MeanFactory`` weights them by their numbers of examples.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.rule import robust_aggregation


@robust_aggregation
def fedavg(updates: Any) -> Any:
    """sum_i g_i / n, [d], of updates [n, d]."""
    return tf.reduce_mean(updates, 0)
