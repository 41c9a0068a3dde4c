"""FLTrust: a Byzantine-robust average, written as a plain TFF computation.

Cao, Fang, Liu, Gong, "FLTrust: Byzantine-robust Federated Learning via Trust Bootstrapping", NDSS 2021.
The server trains on a small, clean root data set of its own. A client's update counts as much as its direction agrees
with the root update, and no update is longer than the root update.

    python examples/fltrust.py                      in the clear, by TFF: the server sees every update
    ezcompile run examples/fltrust.py --check       by two servers, neither of which sees any update
"""

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

CLIENTS, MALICIOUS, PARAMETERS = 30, 9, 3372

UPDATE = tff.TensorType(np.float32, [PARAMETERS])


@tff.tensorflow.computation(UPDATE, UPDATE)
def trusted_update(update, root_update):
    """A client's trust score, and its update scaled to the root update's length and weighted by the score."""
    norm, root_norm = tf.norm(update), tf.norm(root_update)
    cosine = tf.reduce_sum(update * root_update) / (norm * root_norm)
    score = tf.nn.relu(cosine)
    return score, score * root_norm / norm * update


@tff.tensorflow.computation(UPDATE, np.float32)
def divide(total, total_score):
    return tf.math.divide_no_nan(total, total_score)


@tff.federated_computation(tff.FederatedType(UPDATE, tff.CLIENTS), tff.FederatedType(UPDATE, tff.SERVER))
def fltrust(updates, root_update):
    """The trust-weighted average of all clients' updates."""
    scored = tff.federated_map(trusted_update, (updates, tff.federated_broadcast(root_update)))
    total_score = tff.federated_sum(scored[0])
    total = tff.federated_sum(scored[1])
    return tff.federated_map(divide, (total, total_score))


def simulated_updates(seed=0):
    """Honest updates scatter around a common direction; malicious ones point the other way, ten times as long."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(0.0, 0.05, PARAMETERS)
    honest = direction + rng.normal(0.0, 0.05, (CLIENTS - MALICIOUS, PARAMETERS))
    malicious = -10 * direction + rng.normal(0.0, 0.05, (MALICIOUS, PARAMETERS))
    root_update = direction + rng.normal(0.0, 0.02, PARAMETERS)
    updates = np.concatenate([honest, malicious]).astype(np.float32)
    return list(updates), root_update.astype(np.float32), honest.mean(axis=0)


if __name__ == "__main__":
    updates, root_update, honest_mean = simulated_updates()
    robust = fltrust(updates, root_update)
    plain = np.mean(updates, axis=0)
    print(f"{CLIENTS} clients, {MALICIOUS} of them malicious, {PARAMETERS} parameters")
    print(f"distance of FLTrust's average to the honest mean:  {np.linalg.norm(robust - honest_mean):.3f}")
    print(f"distance of the plain average to the honest mean:  {np.linalg.norm(plain - honest_mean):.3f}")
