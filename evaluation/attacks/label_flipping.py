"""Label flipping: malicious clients train on wrong labels.

V. Tolpegin, S. Truex, M. E. Gursoy, L. Liu, "Data Poisoning Attacks Against Federated Learning Systems", ESORICS 2020;
as l -> C - 1 - l of C classes in FLTrust's paper and SAFEFL's code, as chosen pairs in FedSecurity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, Goal
from ezprivsecfl.evaluation.data.federation import Federation


@dataclass(frozen=True)
class LabelFlipping(Attack):
    """All rows of malicious clients whose label is among the original ones get the target of the same place.

    FedSecurity pairs 3 with 9 and 2 with 1; Sun et al.'s backdoor is the pair of 7 and 1. With pairs, success is
    measured on the test rows of the original labels.

    Args:
        original_class_list: Labels; empty for all, and then l becomes C - 1 - l.
        target_class_list: What they become, as many.
    """

    original_class_list: Sequence[int] = ()
    target_class_list: Sequence[int] = ()

    def __post_init__(self) -> None:
        if len(self.original_class_list) != len(self.target_class_list):
            raise ValueError("original_class_list and target_class_list: expected as many labels in both")

    @property
    def labels(self) -> Sequence[int]:
        """All that are flipped, and what they become."""
        return (*self.original_class_list, *self.target_class_list)

    def poison(self, federation: Federation, malicious: Array, rng: np.random.Generator) -> Federation:
        """See the class."""
        labels = federation.labels.copy()
        for client in malicious:
            rows = federation.clients[client]
            labels[rows] = self._flipped(labels[rows], federation.classes)
        return federation.relabelled(labels)

    def goal(self, federation: Federation) -> Goal | None:
        """The test rows of the original labels; None if all labels are flipped."""
        if not self.original_class_list:
            return None
        rows = np.isin(federation.test_labels, self.original_class_list)
        labels = federation.test_labels[rows]
        return Goal(federation.test_features[rows], labels, self._flipped(labels, federation.classes))

    def _flipped(self, labels: Array, classes: int) -> Array:
        if not self.original_class_list:
            return classes - 1 - labels
        becomes = np.arange(classes)
        becomes[list(self.original_class_list)] = self.target_class_list
        return becomes[labels]
