"""Min-Max and Min-Sum: as far from the mean as distances among the honest hide.

V. Shejwalkar, A. Houmansadr, "Manipulating the Byzantine: Optimizing Model Poisoning Attacks and Defenses for Federated
Learning", NDSS 2021, Section IV, with its Algorithm 1 for gamma. All malicious clients send mean - gamma·u.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View
from ezprivsecfl.evaluation.attacks.krum import squared_distances

FIRST_GAMMA, TOLERANCE = 50.0, 1e-5
"""Of the search: where it starts, and the precision where it ends; as in the authors' and in SAFEFL's code."""


@dataclass(frozen=True)
class FromMean(Attack):
    """What both have in common: the direction u, and the search for the largest gamma that is allowed.

    Args:
        direction: u: the mean's direction ``unit``, its ``sign``, or each entry's standard deviation ``std``.
    """

    direction: Literal["unit", "sign", "std"] = "unit"

    def send(self, view: View) -> Array:
        """See the module; mean and distances are those of all known gradients, as in SAFEFL's code."""
        known = view.known.astype(np.float64)
        mean = known.mean(0)
        along = {"unit": _unit(mean), "sign": np.sign(mean), "std": known.std(0)}[self.direction]
        return view.repeated(mean - largest(self._allowed(known - mean, along)) * along)

    @abstractmethod
    def _allowed(self, centred: Array, along: Array) -> Callable[[float], bool]:
        """Whether a gamma is allowed, from the gradients less their mean, [k, d], and u."""


@dataclass(frozen=True)
class MinMax(FromMean):
    """max_i |m - g_i|^2 <= max_ij |g_i - g_j|^2.

    Args:
        per_coordinate: What SAFEFL's code does: its norms are over the clients instead of over the coordinates, so
            both maxima are of sum_i (m_j - g_ij)^2, over the coordinates j (on the right also over who is m).
    """

    per_coordinate: bool = False

    def _allowed(self, centred: Array, along: Array) -> Callable[[float], bool]:
        if self.per_coordinate:
            spread, count = np.sum(centred**2, 0), len(centred)
            # sum_i (g_ij - u_j)^2 is the spread around the mean, and count times the distance of u_j to the mean.
            bound = np.max(spread + count * np.max(centred**2, 0))
            return lambda gamma: bool(np.max(spread + count * (gamma * along) ** 2) <= bound)
        bound = squared_distances(centred).max()
        distances = _to_candidate(centred, along)
        return lambda gamma: bool(np.max(distances(gamma)) <= bound)


@dataclass(frozen=True)
class MinSum(FromMean):
    """sum_i |m - g_i|^2 <= min_i sum_j |g_i - g_j|^2 as in the authors' and SAFEFL's code.

    Args:
        largest: Whether the bound is the largest instead of the least such sum, as in the paper's text.
    """

    largest: bool = False

    def _allowed(self, centred: Array, along: Array) -> Callable[[float], bool]:
        sums = squared_distances(centred).sum(1)
        bound = sums.max() if self.largest else sums.min()
        distances = _to_candidate(centred, along)
        return lambda gamma: bool(np.sum(distances(gamma)) <= bound)


def largest(allowed: Callable[[float], bool]) -> float:
    """The largest gamma that the search finds: steps are halved, upwards from what is allowed and downwards else."""
    gamma = step = FIRST_GAMMA
    found = 0.0
    while abs(found - gamma) > TOLERANCE:
        step /= 2
        if allowed(gamma):
            found = gamma
            gamma += step
        else:
            gamma -= step
    return found


def _to_candidate(centred: Array, along: Array) -> Callable[[float], Array]:
    """|m - g_i|^2 of each i as a function of gamma, in a few numbers of each client."""
    lengths, products, square = np.einsum("ij,ij->i", centred, centred), centred @ along, along @ along
    return lambda gamma: lengths + 2 * gamma * products + gamma**2 * square


def _unit(vector: Array) -> Array:
    direction: Array = vector / max(float(np.linalg.norm(vector)), 1e-30)
    return direction
