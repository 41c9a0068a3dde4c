"""Federated training with FLTrust: softmax regression on handwritten digits, a third of the clients malicious.

Each round every client takes some steps of gradient descent on its own data and sends the difference; the server does
the same on its small root data set; FLTrust aggregates. Malicious clients have flipped labels and send their update ten
times as long. The curve of test accuracy is drawn next to that of plain averaging.

    ezcompile run --check examples/train.py --rounds 5
"""

import argparse

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import tensorflow_federated as tff
from sklearn.datasets import load_digits

from ezprivsecfl.aggregators import build_fltrust

CLIENTS, MALICIOUS, ROOT_EXAMPLES = 12, 4, 100
FEATURES, CLASSES = 64, 10
PARAMETERS = (FEATURES + 1) * CLASSES

fltrust = build_fltrust(tff.TensorType(np.float32, [PARAMETERS]))


def probabilities(model, images):
    logits = images @ model[:-CLASSES].reshape(FEATURES, CLASSES) + model[-CLASSES:]
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scaled / scaled.sum(axis=1, keepdims=True)


def local_update(model, images, labels, steps=5, rate=0.5):
    """What a client sends: the change of the model by some steps of gradient descent."""
    start = model
    for _ in range(steps):
        error = (probabilities(model, images) - np.eye(CLASSES)[labels]) / len(labels)
        gradient = np.concatenate([(images.T @ error).ravel(), error.sum(axis=0)])
        model = model - rate * gradient
    return (model - start).astype(np.float32)


def accuracy(model, images, labels):
    return float(np.mean(probabilities(model, images).argmax(axis=1) == labels))


def federated_digits(seed=0):
    """Digits for every client (a third of them with flipped labels), for the server, and for testing."""
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    images, labels = digits.data[order] / 16.0, digits.target[order]
    test, root, rest = np.split(np.arange(len(labels)), [400, 400 + ROOT_EXAMPLES])
    shards = np.array_split(rest, CLIENTS)
    clients = [(images[s], labels[s]) for s in shards]
    for i in range(MALICIOUS):
        clients[i] = (clients[i][0], CLASSES - 1 - clients[i][1])
    return clients, (images[root], labels[root]), (images[test], labels[test])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--plot", default="train.png", help="where to save the accuracy curve")
    options = parser.parse_args()

    clients, root, test = federated_digits()
    robust, plain = np.zeros(PARAMETERS, np.float32), np.zeros(PARAMETERS, np.float32)
    curves = {"FLTrust": [accuracy(robust, *test)], "plain average": [accuracy(plain, *test)]}
    for round_number in range(1, options.rounds + 1):
        updates = [local_update(robust, *data) for data in clients]
        updates[:MALICIOUS] = [10 * u for u in updates[:MALICIOUS]]
        robust = robust + fltrust(updates, local_update(robust, *root))
        attacked = [local_update(plain, *data) * (10 if i < MALICIOUS else 1) for i, data in enumerate(clients)]
        plain = plain + np.mean(attacked, axis=0)
        curves["FLTrust"].append(accuracy(robust, *test))
        curves["plain average"].append(accuracy(plain, *test))
        latest = ", ".join(f"{name} {curve[-1]:.3f}" for name, curve in curves.items())
        print(f"round {round_number}: accuracy {latest}")

    for name, curve in curves.items():
        plt.plot(curve, marker="o", label=name)
    plt.xlabel("round")
    plt.ylabel("test accuracy")
    plt.title(f"{MALICIOUS} of {CLIENTS} clients malicious")
    plt.legend()
    plt.savefig(options.plot, dpi=120)
    print(f"accuracy curve saved to {options.plot}")
