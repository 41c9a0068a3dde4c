"""FLTrust on two servers: traffic, rounds, time, memory and error for several sizes.

    uv run python benchmarks/fltrust.py [--grid 30x3372 10x100000] [--rounds 3] [--link wan]

Bytes, messages and rounds are exact; seconds are those of the machine at hand. The first round of a session
includes the base oblivious transfers; the figures are of the last. `--link` emulates a network between the servers;
beside the seconds stands what `Program.cost` estimates.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez


def fltrust_for(size):
    update_type = tff.TensorType(np.float32, [size])

    @tff.tensorflow.computation(update_type, update_type)
    def trusted_update(update, root_update):
        norm, root_norm = tf.norm(update), tf.norm(root_update)
        score = tf.nn.relu(tf.reduce_sum(update * root_update) / (norm * root_norm))
        return score, score * root_norm / norm * update

    @tff.tensorflow.computation(update_type, np.float32)
    def divide(total, total_score):
        return tf.math.divide_no_nan(total, total_score)

    @tff.federated_computation(tff.FederatedType(update_type, tff.CLIENTS), tff.FederatedType(update_type, tff.SERVER))
    def fltrust(updates, root_update):
        scored = tff.federated_map(trusted_update, (updates, tff.federated_broadcast(root_update)))
        return tff.federated_map(divide, (tff.federated_sum(scored[1]), tff.federated_sum(scored[0])))

    return fltrust


def reference(updates, root_update):
    """FLTrust in float64."""
    norms, root_norm = np.linalg.norm(updates, axis=1), np.linalg.norm(root_update)
    scores = np.maximum(updates @ root_update / (norms * root_norm), 0)
    return (scores * root_norm / norms) @ updates / scores.sum()


def updates_for(clients, size):
    """Updates around a common direction, and the root update."""
    rng = np.random.default_rng(0)
    direction = rng.normal(0, 0.05, size)
    updates = (direction + rng.normal(0, 0.05, (clients, size))).astype(np.float32)
    return updates, (direction + rng.normal(0, 0.02, size)).astype(np.float32)


def measure(clients, size, rounds, link):
    updates, root_update = updates_for(clients, size)
    program = ez.compile(fltrust_for(size), clients=clients, name="fltrust", backend=ez.Duet(link=link))
    for _ in range(rounds):
        result = program.run(list(updates), root_update)
        if program.last_statistics.compile_seconds:
            built = program.last_statistics.compile_seconds
    expected = reference(updates.astype(np.float64), root_update.astype(np.float64))
    error = np.max(np.abs(result - expected)) / np.max(np.abs(expected))
    s = program.last_statistics
    estimate = program.cost(link or "lan")
    figures = {
        "both directions": f"{sum(s.bytes_sent) / 1e6:.1f} MB ({s.bytes_sent[0]} + {s.bytes_sent[1]} bytes)",
        "messages": sum(s.messages),
        "rounds online": s.rounds,
        "setup": f"{s.setup_seconds:.2f} s (estimate for {estimate.network.name} {estimate.setup_seconds:.2f} s)",
        "online": f"{s.online_seconds:.3f} s (estimate for {estimate.network.name} {estimate.online_seconds:.3f} s)",
        "CPU per server": f"{s.cpu_seconds[0]:.2f}, {s.cpu_seconds[1]:.2f} s",
        "memory per server": f"{max(s.peak_memory_bytes) / 1e6:.0f} MB",
        "compile and build": f"{built:.1f} s",
        "AND gates": sum(program.report.and_gates.values()),
        "relative error": f"{error:.1e}",
    }
    print(f"{clients} clients x {size} parameters")
    for name, value in figures.items():
        print(f"    {name:20s} {value}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", nargs="+", default=["30x3372", "100x3372", "10x100000"], metavar="CLIENTSxSIZE")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--link", choices=("lan", "wan"))
    options = parser.parse_args()
    for point in options.grid:
        measure(*map(int, point.split("x")), options.rounds, options.link)
