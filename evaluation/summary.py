"""Tables from readings: mean and range over each run's last readings, then mean and spread over the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ezprivsecfl.evaluation.config import Experiment, Run
from ezprivsecfl.evaluation.store import Store

LAST = 10
"""Readings: at SAFEFL's learning rate one alone jumps by 0.1 from the one before."""


@dataclass(frozen=True)
class Cell:
    """One attack against one rule: of all runs that are complete or, where none is, of those that have begun.

    Args:
        accuracy: Mean over the seeds of each run's mean over its last readings.
        spread: The standard deviation of these means over the seeds; 0 for one seed.
        lowest: Of all last readings of all seeds.
        highest: Likewise.
        success_all: Of the attack, mean as above; None where there is no goal.
        success_others: Without rows of the target label.
        seeds: Of these runs.
        complete: Whether they have had all of their rounds.
        last_round: The smallest last round of them.
        sent_bytes: Mean of the runs' traffic between two servers.
        seconds: Mean time of their aggregations.
        dropped: How often clients were left out, over all runs, by client.
    """

    accuracy: float
    spread: float
    lowest: float
    highest: float
    success_all: float | None
    success_others: float | None
    seeds: tuple[int, ...]
    complete: bool
    last_round: int
    sent_bytes: float
    seconds: float
    dropped: dict[str, int]


def cell_of(store: Store, runs: Sequence[Run]) -> Cell | None:
    """The summary of runs that differ in their seeds; None if there is no reading."""
    begun = [run for run in runs if store.readings(run)]
    whole = [run for run in begun if store.readings(run)[-1]["round"] == run.training.comm_round]
    chosen = whole or begun
    if not chosen:
        return None
    per_run = [store.readings(run)[-LAST:] for run in chosen]
    means = [_mean(lines, "accuracy") for lines in per_run]
    every = [line["accuracy"] for lines in per_run for line in lines]
    dropped: dict[str, int] = {}
    for lines in per_run:
        for client, count in lines[-1]["dropped"].items():
            dropped[client] = dropped.get(client, 0) + count
    return Cell(
        accuracy=float(np.mean(means)),
        spread=float(np.std(means, ddof=1)) if len(means) > 1 else 0.0,
        lowest=min(every),
        highest=max(every),
        success_all=_rate(per_run, "success_all"),
        success_others=_rate(per_run, "success_others"),
        seeds=tuple(run.seed for run in chosen),
        complete=bool(whole),
        last_round=min(lines[-1]["round"] for lines in per_run),
        sent_bytes=_mean([lines[-1] for lines in per_run], "sent_bytes"),
        seconds=_mean([lines[-1] for lines in per_run], "seconds"),
        dropped=dropped,
    )


def cells(store: Store, experiment: Experiment, *, secure: bool = False) -> dict[tuple[str, str], Cell]:
    """By rule and attack, of the runs in the clear or of those on two servers."""
    runs = list(experiment.runs())
    found = {}
    for defence in experiment.defences:
        for threat in experiment.attacks:
            same = [replace(run, secure=secure) for run in runs if run.threat is threat and run.defence is defence]
            if cell := cell_of(store, same):
                found[defence.name, threat.name] = cell
    return found


def _rate(per_run: Sequence[Sequence[dict[str, Any]]], key: str) -> float | None:
    if any(line[key] is None for lines in per_run for line in lines):
        return None
    return float(np.mean([_mean(lines, key) for lines in per_run]))


def _mean(lines: Sequence[dict[str, Any]], key: str) -> float:
    return float(np.mean([line[key] for line in lines]))
