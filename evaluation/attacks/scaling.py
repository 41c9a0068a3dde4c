"""The scaling attack: a backdoor whose gradients are sent enlarged.

E. Bagdasaryan, A. Veit, Y. Hua, D. Estrin, V. Shmatikov, "How To Backdoor Federated Learning", AISTATS 2020, as in
FLTrust's paper and SAFEFL's code.
"""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.evaluation.attacks.backdoor import Backdoor
from ezprivsecfl.evaluation.attacks.base import Array, View


@dataclass(frozen=True)
class Scaling(Backdoor):
    """Malicious clients send their poisoned data's gradients times a factor, in every round.

    Args:
        factor: None is how many gradients the attacker sees: n, or n + 1 with the server's, as in SAFEFL.
    """

    factor: float | None = None

    def send(self, view: View) -> Array:
        """See the class."""
        return view.own * (len(view.known) if self.factor is None else self.factor)
