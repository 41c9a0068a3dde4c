"""The network under attack: one hidden dense layer with ReLU, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DenseNetwork:
    """Softmax(V ReLU(W x + b) + c).

    Args:
        weights: W, ``[neurons, features]``.
        bias: b, ``[neurons]``.
        last_weights: V, ``[classes, neurons]``.
        last_bias: c, ``[classes]``.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    last_weights: NDArray[np.float64]
    last_bias: NDArray[np.float64]

    @staticmethod
    def random(features: int, neurons: int, classes: int, generator: np.random.Generator) -> DenseNetwork:
        """A fresh network; weights are uniform as of Glorot and Bengio (AISTATS 2010), biases are 0."""

        def glorot(rows: int, columns: int) -> NDArray[np.float64]:
            limit = np.sqrt(6 / (rows + columns))
            return generator.uniform(-limit, limit, (rows, columns))

        return DenseNetwork(glorot(neurons, features), np.zeros(neurons), glorot(classes, neurons), np.zeros(classes))

    def gradient(self, inputs: NDArray[Any], labels: NDArray[Any]) -> DenseNetwork:
        """Of the mean cross-entropy of a batch.

        Args:
            inputs: ``[batch, features]``.
            labels: ``[batch]``, from 0.

        Returns:
            One gradient for each parameter.
        """
        hidden = np.maximum(inputs @ self.weights.T + self.bias, 0)
        logits = hidden @ self.last_weights.T + self.last_bias
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        error = exponentials / exponentials.sum(axis=1, keepdims=True)
        error[np.arange(len(labels)), labels] -= 1
        error /= len(labels)
        back = (error @ self.last_weights) * (hidden > 0)
        return DenseNetwork(back.T @ inputs, back.sum(axis=0), error.T @ hidden, error.sum(axis=0))

    @property
    def parameters(self) -> NDArray[np.float64]:
        """All of them as one vector."""
        return np.concatenate([x.reshape(-1) for x in self._all])

    def of(self, parameters: NDArray[Any]) -> DenseNetwork:
        """The same vector as parameters of a network of this shape.

        Raises:
            ValueError: It has another length.
        """
        ends = np.cumsum([x.size for x in self._all])
        if np.shape(parameters) != (ends[-1],):
            raise ValueError(f"a network of this shape has {ends[-1]} parameters, not {list(np.shape(parameters))}")
        parts = np.split(np.asarray(parameters, np.float64), ends[:-1])
        return DenseNetwork(*(part.reshape(x.shape) for part, x in zip(parts, self._all, strict=True)))

    @property
    def _all(self) -> list[NDArray[np.float64]]:
        return [self.weights, self.bias, self.last_weights, self.last_bias]
