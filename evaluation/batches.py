"""Every client's batch of a round, drawn for all clients at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.evaluation.data.federation import Rows


@dataclass(frozen=True)
class Batches:
    """Rows of each client, [n, b], and their weights in its gradient.

    Args:
        rows: Positions in the pool; of a client with fewer rows than b, some of them twice.
        weights: 1/m for the m rows that count, or 1 for sums of losses; 0 for rows that only fill up.
    """

    rows: Rows
    weights: NDArray[np.float64]


class Sampler:
    """Draws batches without replacement.

    Args:
        clients: Each client's rows.
        size: Of a batch.
        loss: ``mean`` or ``sum``.
    """

    def __init__(self, clients: Sequence[Rows], size: int, loss: str) -> None:
        self._counts = np.array([len(rows) for rows in clients])
        self._rows = np.zeros((len(clients), max(size, *self._counts)), np.int64)
        for client, rows in enumerate(clients):
            self._rows[client, : len(rows)] = rows
        self._size, self._mean = size, loss == "mean"

    def draw(self, clients: Rows, rng: np.random.Generator) -> Batches:
        """A batch for each of these clients, [n]."""
        counts = self._counts[clients, np.newaxis]
        keys = rng.random((len(clients), self._rows.shape[1]), np.float32)
        keys[np.arange(keys.shape[1]) >= counts] = 2.0  # never before a row that there is
        drawn = np.argpartition(keys, self._size - 1, axis=1)[:, : self._size]
        counted = drawn < counts
        weights = counted / counted.sum(1, keepdims=True) if self._mean else counted.astype(np.float64)
        return Batches(np.take_along_axis(self._rows[clients], np.where(counted, drawn, 0), axis=1), weights)
