"""Convolutional networks in TensorFlow, one client after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ezprivsecfl.installing import needing_tff

with needing_tff():
    import tensorflow as tf

from ezprivsecfl.evaluation.models.base import Array, Model, Vector

CLASSIFIED_AT_ONCE = 1000
"""Rows; bounds the memory that activations take."""


def fltrust_layers(classes: int) -> list[Any]:
    """The CNN of FLTrust's public program: 139,960 parameters for 28x28 grey images and 10 classes."""
    layers = tf.keras.layers
    return [
        layers.Conv2D(30, 3, activation="relu"),
        layers.MaxPool2D(2),
        layers.Conv2D(50, 3, activation="relu"),
        layers.MaxPool2D(2),
        layers.Flatten(),
        layers.Dense(100, activation="relu"),
        layers.Dense(classes),
    ]


def lenet_layers(classes: int) -> list[Any]:
    """Like LeNet-5 (LeCun et al., Proc. IEEE 1998), with ReLU and max-pooling: two convolutions, three dense layers."""
    layers = tf.keras.layers
    return [
        layers.Conv2D(6, 5, activation="relu", padding="same"),
        layers.MaxPool2D(2),
        layers.Conv2D(16, 5, activation="relu", padding="same"),
        layers.MaxPool2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="relu"),
        layers.Dense(84, activation="relu"),
        layers.Dense(classes),
    ]


class Network(Model):
    """A Keras model; parameters are its trainable variables one after the other, each row by row.

    Args:
        layers: Makes the layers from the number of classes; the last one gives the classes' scores.
        shape: Of a row.
        classes: How many labels there are.
    """

    def __init__(self, layers: Callable[[int], list[Any]], shape: tuple[int, ...], classes: int) -> None:
        self._model = tf.keras.Sequential([tf.keras.layers.InputLayer(shape), *layers(classes)])
        self._variables = self._model.trainable_variables
        self._shapes = [tuple(variable.shape) for variable in self._variables]
        self._sizes = [int(np.prod(shape)) for shape in self._shapes]
        self._gradient = tf.function(self._one_gradient, reduce_retracing=True)
        self._scores = tf.function(partial(self._model, training=False), reduce_retracing=True)

    @property
    def entries(self) -> int:
        """The number of all variables' entries."""
        return sum(self._sizes)

    def initial(self, rng: np.random.Generator) -> Vector:
        """Kernels that are uniform up to sqrt(2.24·2 / (fan in + fan out)), and biases of zeros.

        That is MXNet's Xavier initialisation of magnitude 2.24, as in FLTrust's public program.
        """
        parts = []
        for shape, size in zip(self._shapes, self._sizes, strict=True):
            if len(shape) == 1:
                parts.append(np.zeros(size))
                continue
            field = int(np.prod(shape[:-2]))
            limit = np.sqrt(2.24 * 2 / (field * (shape[-2] + shape[-1])))
            parts.append(rng.uniform(-limit, limit, size))
        return np.concatenate(parts).astype(np.float32)

    def gradients(self, parameters: Vector, features: Array, labels: Array, weights: Array) -> Vector:
        """See ``Model``."""
        gradients = np.empty((len(labels), self.entries), np.float32)
        if parameters.ndim == 1:
            self._assign(parameters)
        for client, batch in enumerate(zip(features, labels, weights.astype(np.float32), strict=True)):
            if parameters.ndim == 2:
                self._assign(parameters[client])
            gradients[client] = self._gradient(*map(tf.convert_to_tensor, batch))
        return gradients

    def classify(self, parameters: Vector, features: Array) -> Array:
        """See ``Model``."""
        self._assign(parameters)
        parts = np.array_split(features, -(-len(features) // CLASSIFIED_AT_ONCE)) if len(features) else []
        scores = [self._scores(tf.convert_to_tensor(part)) for part in parts]
        return np.concatenate([np.argmax(part, axis=1) for part in scores] or [np.zeros(0, np.int64)])

    def _assign(self, parameters: Vector) -> None:
        parts = np.split(parameters, np.cumsum(self._sizes)[:-1])
        for variable, part, shape in zip(self._variables, parts, self._shapes, strict=True):
            variable.assign(part.reshape(shape))

    def _one_gradient(self, rows: Any, labels: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = self._model(rows, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
            loss = tf.reduce_sum(weights * losses)
        gradients = tape.gradient(loss, self._variables)
        return tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], 0)
