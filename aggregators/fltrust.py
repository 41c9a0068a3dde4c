"""FLTrust: an average that trusts a client as far as its update points where the server's own does.

X. Cao, M. Fang, J. Liu, N. Z. Gong, "FLTrust: Byzantine-robust Federated Learning via Trust Bootstrapping", NDSS 2021,
Section IV. The server trains on a small, clean root data set of its own. Let g_0 be the update that it finds, and g_i
that of client i. With the trust score

    TS_i = ReLU(<g_i, g_0> / (|g_i| · |g_0|))                                                     (the paper's eq. 2)

the aggregate is

    g = sum_i TS_i · (|g_0| / |g_i|) · g_i / sum_i TS_i                                            (its eqs. 3 and 4)

No client's update counts as longer than g_0, and one that points away from it does not count at all.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.aggregators.rule import robust_aggregation


def trusted(updates: Any, root_update: Any) -> Any:
    """Trust scores [...] of vectors [..., d], and the vectors as long as the root update [d] and times their score."""
    norms, root_norm = tf.norm(updates, axis=-1), tf.norm(root_update)
    scores = tf.nn.relu(tf.reduce_sum(updates * root_update, -1) / (norms * root_norm))
    return scores, tf.expand_dims(scores * root_norm / norms, -1) * updates


@robust_aggregation
def fltrust(updates: Any, root_update: Any) -> Any:
    """The aggregate of the module's formulas; zeros if no client has a positive trust score.

    Args:
        updates: Of all clients, [n, d]. It is NaN if one of them is zero, or the root update; on two servers such a
            client is dropped.
        root_update: The server's own, g_0, [d].
    """
    scores, weighted = trusted(updates, root_update)
    return tf.math.divide_no_nan(tf.reduce_sum(weighted, 0), tf.reduce_sum(scores))


def build_fltrust(update_type: tff.TensorType) -> tff.Computation:
    """``fltrust`` in TFF's operators, so that in TFF itself clients scale their own updates; for updates of one tensor.

    Args:
        update_type: Of an update: floats of any fully defined shape. Lengths and angles are those of all entries as
            one vector.

    Returns:
        A federated computation from ``updates`` (CLIENTS-placed) and ``root_update`` (SERVER-placed) to the aggregate
        (SERVER-placed), all of ``update_type``. Zeros if no client has a positive trust score. In TFF it is NaN if the
        root update or one client's update is zero; on two servers such a client is dropped.

    Raises:
        TypeError: It is not the type of a tensor of floats.
    """
    if not (isinstance(update_type, tff.TensorType) and tf.as_dtype(update_type.dtype).is_floating):
        raise TypeError(f"FLTrust takes updates that are tensors of floats, not {update_type}")

    @tff.tensorflow.computation(update_type, update_type)
    def trusted_update(update: Any, root_update: Any) -> Any:
        score, weighted = trusted(tf.reshape(update, [-1]), tf.reshape(root_update, [-1]))
        return score, tf.reshape(weighted, update_type.shape)

    @tff.tensorflow.computation(update_type, update_type.dtype)
    def divide(total: Any, total_score: Any) -> Any:
        return tf.math.divide_no_nan(total, total_score)

    @tff.federated_computation(tff.FederatedType(update_type, tff.CLIENTS), tff.FederatedType(update_type, tff.SERVER))
    def fltrust(updates: Any, root_update: Any) -> Any:
        scored = tff.federated_map(trusted_update, (updates, tff.federated_broadcast(root_update)))
        total_score = tff.federated_sum(scored[0])
        total = tff.federated_sum(scored[1])
        return tff.federated_map(divide, (total, total_score))

    return fltrust
