"""Inner-product manipulation: the aggregate's product with the honest mean is to become negative.

C. Xie, O. Koyejo, I. Gupta, "Fall of Empires: Breaking Byzantine-tolerant SGD by Inner Product Manipulation", UAI 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View


@dataclass(frozen=True)
class InnerProduct(Attack):
    """All malicious clients send -epsilon times the mean of the others.

    Args:
        epsilon: 0.5 is hard to see, 10 to 100 turn the mean round (values from memory, unchecked).
    """

    epsilon: float = 0.5

    def send(self, view: View) -> Array:
        """See the class."""
        return view.repeated(-self.epsilon * view.others.mean(0))
