"""Byzantine clients of FedSecurity: models of zeros, of random numbers, or with the update turned round.

S. Han et al., "FedSecurity: A Benchmark for Attacks and Defenses in Federated Learning and Federated LLMs", 2023, after
its code (FedML): what is sent is a model, and what is random is its weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View


@dataclass(frozen=True)
class Byzantine(Attack):
    """See the module.

    Args:
        attack_mode: ``zero``: a model of zeros. ``random``: one with entries U[-1, 1], each client its own.
            ``flip``: w + (w - w_i) for the model w_i that the client has trained.
    """

    attack_mode: Literal["zero", "random", "flip"] = "random"

    def send(self, view: View) -> Array:
        """See the class."""
        if self.attack_mode == "flip":
            return -view.own
        if self.attack_mode == "zero":
            return view.repeated(view.to_send(np.zeros_like(view.model)))
        return view.to_send(view.rng.uniform(-1.0, 1.0, view.own.shape))
