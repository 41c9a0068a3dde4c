"""Free riders, or lazy workers: they have not trained, and send an old model as theirs.

Y. Fraboni, R. Vidal, M. Lorenzi, "Free-rider Attacks on Model Aggregation in Federated Learning", AISTATS 2021; after
FedSecurity's code, in which a counter that never counts keeps the attack from ever happening.
"""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View


@dataclass(frozen=True)
class FreeRider(Attack):
    """Malicious clients send the global model of the round before, with noise that hides it.

    In the first round there is none before: they send the model that they were sent.

    Args:
        noise: The standard deviation of normal noise on every entry, in the unit of the model; 1 in FedSecurity.
    """

    noise: float = 0.0

    def __post_init__(self) -> None:
        if self.noise < 0:
            raise ValueError("noise: expected at least 0")

    def send(self, view: View) -> Array:
        """See the class."""
        return view.to_send(view.previous_model + self.noise * view.rng.standard_normal(view.own.shape))
