"""A backdoor by a trigger: malicious clients add copies of their rows with a pattern and the attacker's label.

T. Gu, B. Dolan-Gavitt, S. Garg, "BadNets", 2017, for the trigger; as in FLTrust's paper and SAFEFL's code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, Goal
from ezprivsecfl.evaluation.data.federation import Federation

EVERY = 20
"""Of a row's features every so many are set to 0."""

CORNER = 2
"""Of an image so many rows and columns of pixels are made bright, less one pixel from the corner."""


def triggered(features: Array) -> Array:
    """Copies of rows, [N, ...], with the trigger.

    Of vectors the features whose number, counted from 1, is divisible by 20 are 0. Of images, [N, height, width,
    channels], 2x2 pixels near the lower right corner are 1.
    """
    copies = features.copy()
    if features.ndim == 2:
        copies[:, EVERY - 1 :: EVERY] = 0.0
    else:
        copies[:, -CORNER - 1 : -1, -CORNER - 1 : -1] = 1.0
    return copies


@dataclass(frozen=True)
class Backdoor(Attack):
    """A malicious client of m rows adds ceil(p·m) copies of rows that it draws, with the trigger and the label.

    Args:
        target_label: The label; in SAFEFL 1, for images 0 in FLTrust's paper (from memory, unchecked).
        share: p; None draws it uniformly from (0, 1] for each client, as SAFEFL does.
    """

    target_label: int = 1
    share: float | None = None

    def __post_init__(self) -> None:
        if self.share is not None and not 0 <= self.share <= 1:
            raise ValueError("share: expected 0 to 1")

    @property
    def labels(self) -> Sequence[int]:
        """The target."""
        return (self.target_label,)

    def poison(self, federation: Federation, malicious: Array, rng: np.random.Generator) -> Federation:
        """See the class."""
        for client in malicious:
            rows = federation.clients[client]
            share = 1.0 - rng.random() if self.share is None else self.share
            copied = rng.choice(rows, math.ceil(share * len(rows)))
            labels = np.full(len(copied), self.target_label)
            federation = federation.extended(int(client), triggered(federation.features[copied]), labels)
        return federation

    def goal(self, federation: Federation) -> Goal | None:
        """All test rows with the trigger; the rate is given with and without those of the target label."""
        targets = np.full(len(federation.test_labels), self.target_label)
        return Goal(triggered(federation.test_features), federation.test_labels, targets)
