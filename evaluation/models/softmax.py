"""A linear classifier with softmax, for all clients in a few matrix products.

SAFEFL calls it linear regression, and FLTrust's paper logistic regression.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.evaluation.models.base import Array, Model, Vector

GAIN = 2.24
"""Of the Xavier initialisation in SAFEFL's code, which takes MXNet's magnitude for PyTorch's gain."""


@dataclass(frozen=True)
class Softmax(Model):
    """Parameters are the entries of a kernel [features, classes], then those of a bias [classes].

    Args:
        features: Of a row; images are flattened.
        classes: How many labels there are.
    """

    features: int
    classes: int

    @property
    def entries(self) -> int:
        """(features + 1)·classes."""
        return (self.features + 1) * self.classes

    def initial(self, rng: np.random.Generator) -> Vector:
        """A kernel that is uniform up to 2.24·sqrt(6 / (features + classes)), and a bias of zeros."""
        limit = GAIN * math.sqrt(6 / (self.features + self.classes))
        kernel = rng.uniform(-limit, limit, self.features * self.classes)
        start: Vector = np.concatenate([kernel, np.zeros(self.classes)]).astype(np.float32)
        return start

    def gradients(self, parameters: Vector, features: Array, labels: Array, weights: Array) -> Vector:
        """See ``Model``: the products of features with the errors p - y, one for each client."""
        n, b = labels.shape
        rows = features.reshape(n, b, self.features)
        errors = self._probabilities(parameters, rows)
        errors[np.arange(n)[:, np.newaxis], np.arange(b), labels] -= 1
        errors *= weights[..., np.newaxis].astype(np.float32)
        gradients = np.empty((n, self.entries), np.float32)
        np.matmul(rows.transpose(0, 2, 1), errors, out=gradients[:, : -self.classes].reshape(n, -1, self.classes))
        gradients[:, -self.classes :] = errors.sum(1)
        return gradients

    def classify(self, parameters: Vector, features: Array) -> Array:
        """See ``Model``."""
        kernel, bias = self._split(parameters)
        labels: Array = np.argmax(features.reshape(-1, self.features) @ kernel + bias, axis=1)
        return labels

    def _probabilities(self, parameters: Vector, rows: Array) -> Vector:
        """Of the classes, [n, b, classes]."""
        kernel, bias = self._split(parameters)
        if parameters.ndim == 1:  # one product of all rows is faster than one for each client
            scores = (rows.reshape(-1, self.features) @ kernel).reshape(*rows.shape[:2], -1) + bias
        else:
            scores = rows @ kernel + bias[:, np.newaxis]
        scores -= scores.max(2, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(2, keepdims=True)
        return scores

    def _split(self, parameters: Vector) -> tuple[Vector, Vector]:
        kernel = parameters[..., : -self.classes].reshape(*parameters.shape[:-1], self.features, self.classes)
        return kernel, parameters[..., -self.classes :]
