"""Federated averaging of a Keras model's weights, weighted by example counts.

Both the weights and the example counts stay secret: how much data a client has is nobody's business either.

    ezcompile run --check examples/fedavg.py
"""

import collections

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

CLIENTS = 10


def build_model():
    return tf.keras.Sequential(
        [
            tf.keras.layers.InputLayer(input_shape=(64,)),
            tf.keras.layers.Dense(16, activation="relu", name="hidden"),
            tf.keras.layers.Dense(10, name="logits"),
        ]
    )


def weights_of(model):
    """The trainable weights by name, e.g. 'hidden_kernel'."""
    pairs = ((v.name.split(":")[0].replace("/", "_"), v.numpy()) for v in model.trainable_variables)
    return collections.OrderedDict(pairs)


MODEL_TYPE = tff.StructWithPythonType(
    [(name, tff.TensorType(value.dtype, value.shape)) for name, value in weights_of(build_model()).items()],
    collections.OrderedDict,
)


@tff.federated_computation(tff.FederatedType(MODEL_TYPE, tff.CLIENTS), tff.FederatedType(np.float32, tff.CLIENTS))
def fedavg(models, examples):
    """McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017."""
    return tff.federated_mean(models, examples)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    base = weights_of(build_model())
    # What clients would have after some local training: the same start, moved by a little.
    models = [
        collections.OrderedDict(
            (name, (rng.normal(0.0, 0.1, value.shape) + rng.normal(0.0, 0.02)).astype(np.float32))
            for name, value in base.items()
        )
        for _ in range(CLIENTS)
    ]
    examples = [np.float32(n) for n in rng.integers(20, 600, CLIENTS)]
    average = fedavg(models, examples)
    for name, value in average.items():
        expected = np.average([m[name] for m in models], axis=0, weights=examples)
        print(f"{name:16s} {value.shape!s:10s} largest difference to numpy {np.max(np.abs(value - expected)):.1e}")
