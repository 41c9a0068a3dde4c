"""What is read of a model: accuracy, test error, and the success rate of an attack that has a goal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ezprivsecfl.evaluation.attacks import Goal
from ezprivsecfl.evaluation.data.federation import Federation
from ezprivsecfl.evaluation.models.base import Model, Vector


@dataclass(frozen=True)
class Reading:
    """The metrics after a round.

    Args:
        round: How many rounds there were.
        accuracy: On the clean test rows.
        success_all: The share of the goal's rows that get the attacker's label, also those whose true label it is, as
            SAFEFL's code counts; a model without backdoor has about that class's share. None without a goal.
        success_others: The same without rows whose true label it is, as FLTrust's.
    """

    round: int
    accuracy: float
    success_all: float | None = None
    success_others: float | None = None

    @property
    def test_error(self) -> float:
        """1 - accuracy."""
        return 1.0 - self.accuracy


def read(model: Model, parameters: Vector, federation: Federation, goal: Goal | None, round_number: int) -> Reading:
    """The metrics of a model; one whose parameters are no numbers classifies nothing right."""
    if not np.all(np.isfinite(parameters)):
        return Reading(round_number, 0.0, *([None, None] if goal is None else [0.0, 0.0]))
    right = model.classify(parameters, federation.test_features) == federation.test_labels
    if goal is None:
        return Reading(round_number, float(right.mean()))
    reached = model.classify(parameters, goal.features) == goal.targets
    other = goal.labels != goal.targets
    others = float(reached[other].mean()) if other.any() else None
    return Reading(round_number, float(right.mean()), float(reached.mean()), others)
