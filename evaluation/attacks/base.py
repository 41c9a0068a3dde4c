"""What an attack is: what malicious clients do to their data, and what they send.

Vectors are gradients: the server's step is w - rate·(aggregate), and a client's local model is w - rate·(its gradient).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.evaluation.data.federation import Federation

Array = NDArray[Any]


@dataclass(frozen=True)
class View:
    """What malicious clients know in a round: everything, which is the worst case that the literature assumes.

    Args:
        known: The gradients of all clients as they are without the attack, [n, d], and after them the server's, if
            attackers see that (as in SAFEFL's code for FLTrust, FLOD, and the FLTrust attack), [n + 1, d].
        clients: n.
        malicious: Which of the clients are malicious, [f].
        model: w, [d].
        previous_model: The one of the round before; before the first round, this one.
        root: The server's gradient, [d]; None if nobody needs it.
        rate: The server's learning rate.
        rng: For the attack's random choices in this round.
    """

    known: Array
    clients: int
    malicious: Array
    model: Array
    previous_model: Array
    root: Array | None
    rate: float
    rng: np.random.Generator

    @property
    def own(self) -> Array:
        """The malicious clients' gradients, [f, d]: honest ones of their data, which may be poisoned."""
        return self.known[self.malicious]

    @property
    def honest(self) -> Array:
        """Positions in what is known of all that is not a malicious client's, [n - f or n - f + 1].

        Where only malicious clients take part, which sampling brings about, they are all: then attackers have only
        their own gradients to go by.
        """
        positions = np.arange(len(self.known))
        others = np.delete(positions, self.malicious)
        return others if len(others) else positions

    @property
    def others(self) -> Array:
        """The gradients of these, [n - f or n - f + 1, d]."""
        return self.known[self.honest]

    def repeated(self, vector: Array) -> Array:
        """What all malicious clients send if it is the same, [f, d]."""
        return np.broadcast_to(vector, (len(self.malicious), len(vector)))

    def to_send(self, model: Array) -> Array:
        """The gradient that makes a model, [d] or [f, d], a client's local one."""
        gradient: Array = (self.model - model) / self.rate
        return gradient


@dataclass(frozen=True)
class Goal:
    """What a backdoor is to achieve: rows that the model is to give other labels.

    Args:
        features: Of test rows, [K, ...].
        labels: The true ones, [K].
        targets: The attacker's, [K].
    """

    features: Array
    labels: Array
    targets: Array


@dataclass(frozen=True)
class Attack:
    """No attack; a subclass is one, and its fields are the attack's parameters.

    An attack keeps nothing from round to round: what it needs to know is in the view.
    """

    needs_root: ClassVar[bool] = False
    """Whether the attack needs the server's gradient, whatever the rule."""

    @property
    def labels(self) -> Sequence[int]:
        """The labels that its parameters name; those that the data set has not are refused before anything is run."""
        return ()

    def poison(self, federation: Federation, malicious: Array, rng: np.random.Generator) -> Federation:
        """What the parties' data are after malicious clients have altered theirs, before the first round."""
        return federation

    def send(self, view: View) -> Array:
        """What the malicious clients send in a round, [f, d]; anything of another shape ends the run."""
        return view.own

    def goal(self, federation: Federation) -> Goal | None:
        """What the attack's success is measured on; None for attacks that only do harm."""
        return None
