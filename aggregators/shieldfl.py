"""ShieldFL: directions count the more, the less they resemble the most suspicious one.

Z. Ma, J. Ma, Y. Miao, Y. Li, R. H. Deng, "ShieldFL: Mitigating Model Poisoning Attacks in Privacy-Preserving Federated
Learning", IEEE Transactions on Information Forensics and Security 17, 2022 (from memory and SAFEFL's code; the paper
is unchecked).
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ezprivsecfl.aggregators.geometry import directions
from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.aggregators.selection import smallest
from ezprivsecfl.aggregators.weighted import weighted_mean


@robust_aggregation(state=lambda entries: tf.zeros([entries]))
def shieldfl(updates: Any, state: Any) -> Any:
    """sum_i a_i e_i / sum_i a_i of the directions e_i = g_i/|g_i|, with a_i = 1 - <e_i, e_b>.

    b is the client whose direction is least that of the last result, or of the mean of all e_i in the first round.
    SAFEFL's code first maps entries to 0 to 1, which makes all cosines large; that is left out.

    Args:
        updates: Of all clients, [n, d]. Of updates of one direction the result is zeros.
        state: The last result, [d]; zeros before the first round.

    Returns:
        The result, no longer than 1, which is also the new state.
    """
    unit = directions(updates)
    first_round = tf.reduce_all(tf.equal(state, 0.0))
    usual = tf.where(first_round, tf.reduce_mean(unit, 0), state)
    suspect = smallest(tf.linalg.matvec(unit, usual), 1)
    similar = tf.linalg.matvec(tf.matmul(unit, unit, transpose_b=True), suspect)
    result = weighted_mean(unit, 1.0 - similar)
    return result, result
