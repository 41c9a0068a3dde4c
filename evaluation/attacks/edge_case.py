"""The edge-case backdoor: rows at the tail of a class get the attacker's label, without any trigger.

H. Wang et al., "Attack of the Tails: Yes, You Really Can Backdoor Federated Learning", NeurIPS 2020. The paper takes
the tail from other data sets (Southwest airplanes, ARDIS digits), which are not here: instead it is the part of a class
that is farthest from the class's mean. The projection to a ball (the paper's PGD) is unchecked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, Goal, View
from ezprivsecfl.evaluation.data.federation import Federation


@dataclass(frozen=True)
class EdgeCase(Attack):
    """Of a malicious client's rows a part is replaced by tail rows with the target label.

    Args:
        source_label: The class whose tail it is.
        target_label: What the tail is to be taken for.
        tail: The share of the class's rows that count as its tail.
        share: The part of a malicious client's rows that is replaced; on average also that of each batch.
        radius: The largest length of what is sent, in the unit of gradients; None for no projection.
    """

    source_label: int = 0
    target_label: int = 1
    tail: float = 0.1
    share: float = 0.5
    radius: float | None = None

    def __post_init__(self) -> None:
        if not (0 < self.tail <= 1 and 0 < self.share <= 1):
            raise ValueError("tail, share: expected above 0 and at most 1")
        if self.radius is not None and self.radius <= 0:
            raise ValueError("radius: expected a positive length")

    @property
    def labels(self) -> Sequence[int]:
        """Of the tail, and the target."""
        return (self.source_label, self.target_label)

    def poison(self, federation: Federation, malicious: Array, rng: np.random.Generator) -> Federation:
        """See the class. The attacker knows the tail of all training rows; clients' own rows are replaced at random."""
        edge = self._tail(federation, federation.features, federation.labels)
        poisoned = federation
        for client in malicious:
            rows = federation.clients[client]
            replaced = rng.choice(len(rows), max(1, round(self.share * len(rows))), replace=False)
            drawn = federation.features[rng.choice(edge, len(replaced))]
            kept = poisoned.with_rows(int(client), np.delete(rows, replaced))
            poisoned = kept.extended(int(client), drawn, np.full(len(drawn), self.target_label))
        return poisoned

    def send(self, view: View) -> Array:
        """Gradients, made no longer than the radius."""
        if self.radius is None:
            return view.own
        lengths = np.linalg.norm(view.own, axis=1, keepdims=True)
        shortened: Array = view.own * np.minimum(1.0, self.radius / np.maximum(lengths, 1e-9))
        return shortened

    def goal(self, federation: Federation) -> Goal | None:
        """The tail of the test rows of the class, from the same mean."""
        rows = self._tail(federation, federation.test_features, federation.test_labels)
        targets = np.full(len(rows), self.target_label)
        return Goal(federation.test_features[rows], federation.test_labels[rows], targets)

    def _tail(self, federation: Federation, features: Array, labels: Array) -> Array:
        """Positions among rows of the class that are farthest from its mean over the training rows."""
        centre = federation.features[federation.labels == self.source_label].mean(0)
        of_class = np.flatnonzero(labels == self.source_label)
        distances = np.sum((features[of_class] - centre).reshape(len(of_class), -1) ** 2, 1)
        tail: Array = of_class[np.argsort(-distances)[: max(1, round(self.tail * len(of_class)))]]
        return tail
