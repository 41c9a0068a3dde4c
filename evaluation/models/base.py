"""What a model is to the training loop: functions of its parameters, which are one vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Vector = NDArray[np.float32]
"""Parameters or a gradient, [d]; of several clients [n, d]."""


class Model(ABC):
    """A classifier with softmax cross-entropy as its loss; it holds no parameters itself."""

    @property
    @abstractmethod
    def entries(self) -> int:
        """d, how many parameters there are."""

    @abstractmethod
    def initial(self, rng: np.random.Generator) -> Vector:
        """Parameters to start from, [d]."""

    @abstractmethod
    def gradients(self, parameters: Vector, features: Array, labels: Array, weights: Array) -> Vector:
        """Every client's gradient of sum_b weight_b · loss_b.

        Args:
            parameters: Of all clients alike, [d], or of each, [n, d].
            features: Each client's batch, [n, b, ...].
            labels: [n, b].
            weights: Of the rows, [n, b]: 1/b for a mean, 1 for a sum, and 0 for rows that only fill the batch.

        Returns:
            [n, d].
        """

    @abstractmethod
    def classify(self, parameters: Vector, features: Array) -> Array:
        """The label of each row, [N], of features [N, ...]."""
