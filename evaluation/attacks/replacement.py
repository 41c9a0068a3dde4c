"""Model replacement: one participant's model is to become the global one.

E. Bagdasaryan, A. Veit, Y. Hua, D. Estrin, V. Shmatikov, "How To Backdoor Federated Learning", AISTATS 2020, Section 4:
w + gamma·(w_i - w) with gamma the number of participants is w_i after averaging, if all others have converged. With
a bound S on the length, gamma = S / |w_i - w| ("train and scale").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ezprivsecfl.evaluation.attacks.backdoor import Backdoor
from ezprivsecfl.evaluation.attacks.base import Array, View


@dataclass(frozen=True)
class ModelReplacement(Backdoor):
    """See the module; the model to be is trained on the client's own data, with the backdoor.

    Args:
        scale_factor_S: S, a length in the unit of the model, as FedSecurity calls it; None for the full replacement.
    """

    scale_factor_S: float | None = None  # noqa: N815

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale_factor_S is not None and self.scale_factor_S <= 0:
            raise ValueError("scale_factor_S: expected a positive length")

    def send(self, view: View) -> Array:
        """See the class."""
        if self.scale_factor_S is None:
            return view.own * (view.clients / len(view.malicious))
        lengths = view.rate * np.linalg.norm(view.own, axis=1, keepdims=True)
        scaled: Array = view.own * (self.scale_factor_S / np.maximum(lengths, 1e-9))
        return scaled
