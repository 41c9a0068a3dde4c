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


def build_fltrust(update_type: tff.TensorType) -> tff.Computation:
    """FLTrust for updates of one tensor.

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
        """A client's trust score, and its update as long as the root update and weighted by the score."""
        norm, root_norm = tf.norm(update), tf.norm(root_update)
        score = tf.nn.relu(tf.reduce_sum(update * root_update) / (norm * root_norm))
        return score, score * root_norm / norm * update

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
