"""A little is enough: within the spread of the honest, for each coordinate.

G. Baruch, M. Baruch, Y. Goldberg, "A Little Is Enough: Circumventing Defenses For Distributed Learning", NeurIPS 2019,
Algorithm 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View


@dataclass(frozen=True)
class ALittleIsEnough(Attack):
    """All malicious clients send mean - z·std, per coordinate, of all known gradients.

    Args:
        z: None is the quantile z at which (n - f - s)/(n - f) of a normal distribution are below, with the
            s = n // 2 + 1 - f honest clients that the attackers need for a majority. A usual fixed value is 1.5 (from
            memory, unchecked).
    """

    z: float | None = None

    def send(self, view: View) -> Array:
        """See the class."""
        z = quantile(view.clients, len(view.malicious)) if self.z is None else self.z
        return view.repeated(view.known.mean(0) - z * view.known.std(0))


def quantile(clients: int, malicious: int) -> float:
    """z of the paper; 0 if the attackers are a majority by themselves, or would need all of the honest for one."""
    honest = clients - malicious
    needed = clients // 2 + 1 - malicious
    return NormalDist().inv_cdf((honest - needed) / honest) if 0 < needed < honest else 0.0
