"""An attack on FLOD: signs that differ from the server's in as many entries as still count.

Y. Dong, X. Chen, K. Li, D. Wang, S. Zeng, "FLOD: Oblivious Defender for Private Byzantine-Robust Federated Learning
with Dishonest-Majority", ESORICS 2021. From memory: the paper is unchecked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View


@dataclass(frozen=True)
class Signs(Attack):
    """All malicious clients send the server's signs, turned round in the entries where its gradient is largest.

    Args:
        disagreements: How many entries; None is d // 2 - 1, the most with which FLOD's threshold of d // 2 gives a
            client any weight. d for all of them.
    """

    needs_root: ClassVar[bool] = True

    disagreements: int | None = None

    def send(self, view: View) -> Array:
        """See the class; an entry where the server's gradient is 0 counts as negative, as in FLOD."""
        assert view.root is not None  # needs_root
        signs = np.where(view.root > 0, 1.0, -1.0)
        count = len(signs) // 2 - 1 if self.disagreements is None else self.disagreements
        turned = np.argsort(-np.abs(view.root), kind="stable")[:count]
        signs[turned] *= -1
        return view.repeated(signs)
