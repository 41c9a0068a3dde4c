"""The rows of all parties: one pool of rows, and which of them each party has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Federation:
    """Who has which rows.

    Args:
        features: Of all rows that anybody trains on, float32 [N, ...].
        labels: Theirs, [N].
        clients: Each client's rows, as positions in the pool.
        root: The server's rows, likewise.
        test_features: Of the test rows, [M, ...].
        test_labels: Theirs, [M].
        classes: How many labels there are.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    clients: Sequence[Rows]
    root: Rows
    test_features: NDArray[np.float32]
    test_labels: NDArray[np.int64]
    classes: int

    @property
    def root_rows(self) -> NDArray[np.float32]:
        """The server's rows as vectors, [r, features]."""
        return self.features[self.root].reshape(len(self.root), -1)

    def relabelled(self, labels: NDArray[np.int64]) -> Federation:
        """The same rows with other labels, [N]."""
        return replace(self, labels=labels)

    def with_rows(self, client: int, rows: Rows) -> Federation:
        """With other rows of the pool for one client."""
        return replace(self, clients=[rows if i == client else own for i, own in enumerate(self.clients)])

    def extended(self, client: int, features: NDArray[np.float32], labels: NDArray[np.int64]) -> Federation:
        """With new rows that one client has in addition."""
        new = np.arange(len(self.labels), len(self.labels) + len(labels))
        longer = replace(
            self,
            features=np.concatenate([self.features, features.astype(np.float32)]),
            labels=np.concatenate([self.labels, labels]),
        )
        return longer.with_rows(client, np.concatenate([self.clients[client], new]))
