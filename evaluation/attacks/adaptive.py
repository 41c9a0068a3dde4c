"""The adaptive attack on FLTrust: zeroth-order ascent on how far the aggregate is turned from the honest one.

X. Cao, M. Fang, J. Liu, N. Z. Gong, "FLTrust: Byzantine-robust Federated Learning via Trust Bootstrapping", NDSS 2021,
Section V, and SAFEFL's code. (The paper's text could not be had; what is here was compared with the code.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from ezprivsecfl.evaluation.attacks.base import Array, Attack, View
from ezprivsecfl.evaluation.attacks.trim import Trim


@dataclass(frozen=True)
class Adaptive(Attack):
    """Directions e'_i that maximise h = |g_0|·s·(honest aggregate - attacked aggregate) of FLTrust; sent is |g_0|·e'_i.

    With e_i = g_i/|g_i|, c_i = <e_i, e_0>, and s the sign of the honest aggregate sum_i ReLU(c_i)·e_i / sum ReLU(c_i):
    only c'_i = <e'_i, e_0> and <e'_i, s> of an attacker are in h.

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
        start = Trim().send(view)
        directions = start / np.maximum(np.linalg.norm(start, axis=1, keepdims=True), 1e-9)
        crafted = [Crafted(direction, objective) for direction in directions]
        for _ in range(self.passes):
            for i, one in enumerate(crafted):
                others = crafted[:i] + crafted[i + 1 :]
                self._climb(one, objective.without(others), view.rng)
        sent: Array = np.array([one.vector(view.rng) for one in crafted]) * objective.length
        return sent

    def _climb(self, one: Crafted, objective: Objective, rng: np.random.Generator) -> None:
        """Q steps for one attacker while the others stay."""
        for probe in one.probes(self.steps, self.deviation, rng):
            trust, turn = one.trust, one.turn
            gained = objective(trust + self.probe * probe.trust, turn + self.probe * probe.turn)
            one.move(self.step_size * (gained - objective(trust, turn)) / self.probe, probe)


Coordinates = Sequence[float]
"""In the space of e_0, s and an attacker's first e': three. Of so few, Python's own numbers are faster than arrays."""


class Probe(NamedTuple):
    """A random direction u with independent normal entries, as far as a step along it needs to know it.

    Args:
        inside: Its coordinates.
        trust: <u, e_0>.
        turn: <u, s>.
        along: The part of the rest of u that is along the rest of e'.
        square: The squared length of the rest of u.
    """

    inside: Coordinates
    trust: float
    turn: float
    along: float
    square: float


class Crafted:
    """One attacker's e', which random steps change.

    Steps are spherically symmetric around the space that e_0, s and the first e' span. So what is kept of e' are its
    three coordinates there and the length of the rest, whose direction is uniformly distributed and drawn once, at the
    end. The law of what is sent is that of steps in all d coordinates, which would be some hundred times slower.

    Args:
        direction: The first e', [d].
        objective: Has e_0 and s.
    """

    def __init__(self, direction: Array, objective: Objective) -> None:
        spanning = np.stack([objective.root, objective.sign, direction], axis=1).astype(np.float64)
        self._basis, coordinates = np.linalg.qr(spanning)
        self._root, self._sign, inside = coordinates.T.tolist()
        self._inside: Coordinates = inside
        self._rest = 0.0
        self.trust, self.turn = _dot(self._inside, self._root), _dot(self._inside, self._sign)

    def probes(self, count: int, deviation: float, rng: np.random.Generator) -> Iterator[Probe]:
        """So many random directions."""
        along = rng.normal(0.0, deviation, count)
        squares = along**2 + deviation**2 * rng.chisquare(len(self._basis) - 4, count)
        drawn = rng.normal(0.0, deviation, (count, 3))
        for inside, one, square in zip(drawn.tolist(), along.tolist(), squares.tolist(), strict=True):
            yield Probe(inside, _dot(inside, self._root), _dot(inside, self._sign), one, square)

    def move(self, step: float, probe: Probe) -> None:
        """e' becomes the direction of e' + step·u."""
        (x, y, z), (dx, dy, dz) = self._inside, probe.inside
        x, y, z = x + step * dx, y + step * dy, z + step * dz
        rest = self._rest**2 + 2 * step * self._rest * probe.along + step**2 * probe.square
        length = math.sqrt(x * x + y * y + z * z + rest)
        self._inside, self._rest = (x / length, y / length, z / length), math.sqrt(rest) / length
        self.trust = (self.trust + step * probe.trust) / length
        self.turn = (self.turn + step * probe.turn) / length

    def vector(self, rng: np.random.Generator) -> Array:
        """e', [d]."""
        drawn = rng.standard_normal(len(self._basis))
        drawn -= self._basis @ (self._basis.T @ drawn)
        found: Array = self._basis @ np.array(self._inside) + self._rest / np.linalg.norm(drawn) * drawn
        return found


def _dot(first: Coordinates, second: Coordinates) -> float:
    (x, y, z), (a, b, c) = first, second
    return x * a + y * b + z * c


@dataclass(frozen=True)
class Objective:
    """h as a function of one attacker's c' and <e', s>.

    Args:
        length: |g_0|.
        root: e_0, [d].
        sign: s, [d].
        honest: s·(honest aggregate of directions).
        trust: The sum of the others' ReLU(c_i).
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

    def without(self, others: Sequence[Crafted]) -> Objective:
        """The objective of one attacker, where these are the other ones."""
        counted = [(max(one.trust, 0.0), one.turn) for one in others]
        trust = self.trust + sum(trust for trust, _ in counted)
        return replace(self, trust=trust, turn=self.turn + sum(trust * turn for trust, turn in counted))

    def __call__(self, trust: float, turn: float) -> float:
        """h."""
        counted = max(trust, 0.0)
        return self.length * (self.honest - (counted * turn + self.turn) / (counted + self.trust + 1e-9))
