"""The adaptive attack on FLTrust: zeroth-order ascent on how far the aggregate is turned from the honest one.

X. Cao, M. Fang, J. Liu, N. Z. Gong, "FLTrust: Byzantine-robust Federated Learning via Trust Bootstrapping", NDSS 2021,
Section V, and SAFEFL's code. (The paper's text could not be had; what is here was compared with the code.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View
from ezprivsecfl.evaluation.attacks.trim import Trim


@dataclass(frozen=True)
class Adaptive(Attack):
    """Directions e'_i that maximise h = |g_0|·s·(honest aggregate - attacked aggregate) of FLTrust; sent is |g_0|·e'_i.

    With e_i = g_i/|g_i|, c_i = <e_i, e_0>, and s the sign of the honest aggregate sum_i ReLU(c_i)·e_i / sum ReLU(c_i):
    only c'_i = <e'_i, e_0> and <e'_i, s> of an attacker are in h, so each of its values takes two inner products.

    Args:
        passes: V; all attackers are gone through so many times.
        steps: Q for one attacker in a pass.
        deviation: Of the random directions' entries; the code draws them with 0.5, and calls that sigma^2.
        probe: gamma, how far h is probed.
        step_size: eta.
    """

    needs_root: ClassVar[bool] = True

    passes: int = 10
    steps: int = 10
    deviation: float = 0.5
    probe: float = 0.005
    step_size: float = 0.01

    def send(self, view: View) -> Array:
        """See the class."""
        assert view.root is not None  # needs_root
        objective = Objective.of(view, view.root)
        start = Trim().send(view).astype(np.float32)
        crafted = start / np.maximum(np.linalg.norm(start, axis=1, keepdims=True), 1e-9)
        trust, turn = crafted @ objective.root, crafted @ objective.sign
        for _ in range(self.passes):
            for i in range(len(crafted)):
                drawn = view.rng.standard_normal((self.steps, crafted.shape[1]), np.float32)
                probes = np.float32(self.deviation) * drawn
                for probe, along_root, along_sign in zip(
                    probes, probes @ objective.root, probes @ objective.sign, strict=True
                ):
                    before = objective(trust, turn)
                    probed = objective(
                        _changed(trust, i, trust[i] + self.probe * along_root),
                        _changed(turn, i, turn[i] + self.probe * along_sign),
                    )
                    step = np.float32(self.step_size * (probed - before) / self.probe)
                    moved = crafted[i] + step * probe
                    length = np.linalg.norm(moved)
                    crafted[i] = moved / length
                    trust[i] = (trust[i] + step * along_root) / length
                    turn[i] = (turn[i] + step * along_sign) / length
        sent: Array = crafted * objective.length
        return sent


def _changed(values: Array, position: int, value: float) -> Array:
    changed = values.copy()
    changed[position] = value
    return changed


@dataclass(frozen=True)
class Objective:
    """h as a function of the attackers' c'_i and <e'_i, s>.

    Args:
        length: |g_0|.
        root: e_0, [d].
        sign: s, [d].
        honest: s·(honest aggregate of directions).
        trust: The sum of the other clients' ReLU(c_i).
        turn: The sum of their ReLU(c_i)·<e_i, s>.
    """

    length: float
    root: Array
    sign: Array
    honest: float
    trust: float
    turn: float

    @staticmethod
    def of(view: View, root: Array) -> Objective:
        """The objective of a round, for the server's gradient g_0."""
        clients = view.known[: view.clients].astype(np.float32)
        root = root.astype(np.float32)
        directions = clients / np.maximum(np.linalg.norm(clients, axis=1, keepdims=True), 1e-9)
        length = float(np.linalg.norm(root))
        unit: Array = root / max(length, 1e-9)
        trust = np.maximum(directions @ unit, 0.0)
        aggregate = trust @ directions / (trust.sum() + 1e-9)
        sign = np.sign(aggregate)
        others = np.delete(np.arange(view.clients), view.malicious)
        turn = trust[others] @ (directions[others] @ sign)
        return Objective(length, unit, sign, float(sign @ aggregate), float(trust[others].sum()), float(turn))

    def __call__(self, trust: Array, turn: Array) -> float:
        """h, for the attackers' values, each [f]."""
        counted = np.maximum(trust, 0.0)
        return self.length * float(self.honest - (counted @ turn + self.turn) / (counted.sum() + self.trust + 1e-9))
