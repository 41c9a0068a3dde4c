"""The Krum attack: malicious clients agree on one vector against the update's direction that Krum chooses.

M. Fang, X. Cao, J. Jia, N. Z. Gong, "Local Model Poisoning Attacks to Byzantine-Robust Federated Learning", USENIX
Security 2020, Section IV-B. All f send -lambda·s, with s the sign of what Krum would choose; lambda is halved from an
upper bound on until Krum chooses theirs. In the paper all but one are within a small distance of it: here, as in
SAFEFL's code, they are equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View

SMALLEST = 1e-5
"""The search ends below it."""


@dataclass(frozen=True)
class Krum(Attack):
    """See the module.

    With D_i the sum of the n - f - 2 least distances of a benign i to benign ones, the bound is
    min_i D_i / ((n - 2f - 1)·sqrt(d)) + max_i |g_i| / sqrt(d).

    Args:
        squared: Whether the Krum that is attacked adds squared distances, or distances as SAFEFL's.
        safefl_start: Whether to start where SAFEFL's code does: lengths are times the learning rate, which the vectors
            are not, and in the place of the dimension d is the distance of the last two vectors, which overwrites it.
    """

    squared: bool = False
    safefl_start: bool = False

    def send(self, view: View) -> Array:
        """See the class; if no lambda is found, the vector of the last one that was tried."""
        known = view.known.astype(np.float64)
        squares = np.maximum(squared_distances(known), 0.0)
        # A malicious majority, which Krum is not for, attacks with the one nearest neighbour; one client has none.
        neighbours = min(max(len(known) - len(view.malicious) - 2, 1), len(known) - 1)
        scored = squares if self.squared else np.sqrt(squares)
        sign = np.sign(known[np.argmin(scores(scored, neighbours))])
        factor = self._start(view, np.sqrt(squares), neighbours)
        along, lengths = known @ sign, np.einsum("ij,ij->i", known, known)

        def chosen(factor: float) -> bool:
            # Of -factor·sign to each benign vector; the malicious ones are all equal.
            to_benign = lengths + 2 * factor * along + factor**2 * np.sum(np.abs(sign))
            attacked = squares.copy()
            attacked[view.malicious] = to_benign
            attacked[:, view.malicious] = to_benign[:, np.newaxis]
            attacked[np.ix_(view.malicious, view.malicious)] = 0.0
            attacked = np.maximum(attacked, 0.0)
            return np.argmin(scores(attacked if self.squared else np.sqrt(attacked), neighbours)) in view.malicious

        while not chosen(factor) and factor / 2 > SMALLEST:
            factor /= 2
        return view.repeated(-factor * sign)

    def _start(self, view: View, distances: Array, neighbours: int) -> float:
        n, f, benign = len(view.known), len(view.malicious), view.honest
        among = np.sort(distances[np.ix_(benign, benign)], axis=1)[:, : neighbours + 1]
        nearest = among.sum(1).min()
        longest = np.linalg.norm(view.known[benign], axis=1).max()
        if self.safefl_start:
            nearest, longest = view.rate * nearest, view.rate * longest
            # Two equal vectors last, or a single one, would be no start: the search would not end.
            root = math.sqrt(view.rate * distances[-1, -min(2, n)]) or math.sqrt(view.known.shape[1])
        else:
            root = math.sqrt(view.known.shape[1])
        # The paper's bound takes a benign majority; without one its denominator would be 0 or negative.
        return float(nearest / (max(n - 2 * f - 1, 1) * root) + longest / root)


def squared_distances(vectors: Array) -> Array:
    """Between all rows of [k, d], [k, k]."""
    gram = vectors @ vectors.T
    lengths = np.diag(gram)
    distances: Array = lengths[:, np.newaxis] + lengths - 2 * gram
    return distances


def scores(distances: Array, neighbours: int) -> Array:
    """The sum of the distances to that many nearest others, [k]; oneself, at zero, adds nothing."""
    nearest: Array = np.partition(distances, neighbours, axis=1)[:, : neighbours + 1].sum(1)
    return nearest
