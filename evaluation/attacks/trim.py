"""The trim attack: against the trimmed mean and the median.

M. Fang, X. Cao, J. Jia, N. Z. Gong, "Local Model Poisoning Attacks to Byzantine-Robust Federated Learning", USENIX
Security 2020, Section IV-C. Per coordinate, malicious clients send values beyond all others', on the side that
is against the direction in which the model would move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View


@dataclass(frozen=True)
class Trim(Attack):
    """With s = sign(sum_i g_i), and D the least g_i where s > 0, the largest where s < 0: r·D or D/r, r ~ U[1, b].

    It is D/r where s·D > 0 and D·r where s·D < 0: either moves D against s. Entries where s = 0 are 0.

    Args:
        strength: b; 2 in the paper.
        over_all: Whether the sums and D are over all gradients, also those that malicious clients would have sent, as
            in SAFEFL's code, or, as in the paper, only over the others'.
    """

    strength: float = 2.0
    over_all: bool = True

    def __post_init__(self) -> None:
        if self.strength < 1:
            raise ValueError("strength: expected at least 1")

    def send(self, view: View) -> Array:
        """See the class."""
        known = view.known if self.over_all else view.others
        sign = np.sign(known.sum(0))
        beyond = np.where(sign > 0, known.min(0), known.max(0))
        factors = view.rng.uniform(1.0, self.strength, (len(view.malicious), known.shape[1]))
        sent: Array = np.where(sign * beyond > 0, beyond / factors, beyond * factors) * np.abs(sign)
        return sent
