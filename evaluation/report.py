"""A report on what is in a folder: results.json, report.md, versions.json."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ezprivsecfl.evaluation.config import Experiment
from ezprivsecfl.evaluation.store import Store
from ezprivsecfl.evaluation.summary import LAST, Cell, cells

PACKAGES = ("ezprivsecfl", "numpy", "tensorflow-cpu", "tensorflow-federated", "pyyaml")

DEVIATION = 0.03
"""Of ours from a published accuracy; larger ones are marked."""


def write(store: Store, experiments: Sequence[Experiment]) -> Path:
    """Writes the report next to the readings, whatever of the runs is there, and returns its path."""
    results = []
    sections = [_head()]
    for experiment in experiments:
        found = cells(store, experiment)
        results.append(
            {
                "name": experiment.name,
                "setting": experiment.setting,
                "cells": [{"rule": rule, "attack": attack, **asdict(cell)} for (rule, attack), cell in found.items()],
            }
        )
        sections.append(_section(experiment, found))
    (store.folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (store.folder / "versions.json").write_text(json.dumps(versions(), indent=1) + "\n", "utf-8")
    path = store.folder / "report.md"
    path.write_text("\n\n".join(sections) + "\n", "utf-8")
    return path


def versions() -> dict[str, str]:
    """Of what the results depend on, and the machine."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return {**found, "python": platform.python_version(), "machine": f"{platform.machine()}, {os.cpu_count()} cores"}


def _head() -> str:
    return (
        f"Accuracies are means over the last {LAST} readings of a run and over the seeds, ± the standard deviation of "
        "the seeds' means, with the [range] of these readings. Parameters of every run are in `configuration.json`, "
        "versions in `versions.json`, all readings in `readings.jsonl`."
    )


def _section(experiment: Experiment, found: dict[tuple[str, str], Cell]) -> str:
    title = f"# {experiment.name}" + (f": {experiment.setting}" if experiment.setting else "")
    if not found:
        return f"{title}\n\nNothing has been run yet."
    least = min(cell.last_round for cell in found.values())
    seeds = sorted({cell.seeds for cell in found.values()})
    about = f"{least} of {experiment.training.comm_round} rounds; seeds a cell: {', '.join(map(str, seeds))}."
    parts = [title, about, "## Accuracy", _table(experiment, found, _accuracy)]
    if experiment.published:
        parts += [
            f"## Published: {experiment.source}",
            f"Ours minus the published figure in brackets, **bold** where they differ by more than {DEVIATION}.",
            _table(experiment, found, lambda cell: None, published=True),
        ]
    if any(cell.success_all is not None for cell in found.values()):
        parts += [
            "## Attack success rate",
            "All of the goal's rows, and without those whose true label is the target.",
            _table(experiment, found, _success),
        ]
    if any(cell.sent_bytes for cell in found.values()):
        parts += ["## On two servers: GB and seconds of a run", _table(experiment, found, _traffic)]
    if any(cell.dropped for cell in found.values()):
        parts += ["## Clients that were left out: client, and in how many rounds", _table(experiment, found, _dropped)]
    return "\n\n".join(parts)


def _table(
    experiment: Experiment,
    found: dict[tuple[str, str], Cell],
    text: Callable[[Cell], str | None],
    *,
    published: bool = False,
) -> str:
    attacks = [threat.name for threat in experiment.attacks]
    lines = ["| rule | " + " | ".join(attacks) + " |", "|---" * (len(attacks) + 1) + "|"]
    for defence in experiment.defences:
        row = []
        for attack in attacks:
            cell = found.get((defence.name, attack))
            known = experiment.published.get(defence.name, {}).get(attack)
            row.append(_beside(cell, known) if published else (cell and text(cell)) or "")
        lines.append(f"| {defence.name} | " + " | ".join(row) + " |")
    return "\n".join(lines)


def _accuracy(cell: Cell) -> str:
    spread = f" ± {cell.spread:.3f}" if cell.seeds > 1 else ""
    return f"{cell.accuracy:.3f}{spread} [{cell.lowest:.2f}, {cell.highest:.2f}]"


def _success(cell: Cell) -> str | None:
    if cell.success_all is None:
        return None
    others = "" if cell.success_others is None else f" / {cell.success_others:.3f}"
    return f"{cell.success_all:.3f}{others}"


def _traffic(cell: Cell) -> str:
    return f"{cell.sent_bytes / 1e9:.3f} GB, {cell.seconds:.0f} s"


def _dropped(cell: Cell) -> str:
    return ", ".join(
        f"{client}: {count}" for client, count in sorted(cell.dropped.items(), key=lambda one: int(one[0]))
    )


def _beside(cell: Cell | None, known: float | None) -> str:
    if known is None:
        return ""
    if cell is None:
        return f"{known:.2f}"
    difference = cell.accuracy - known
    text = f"({difference:+.2f})"
    return f"{known:.2f} " + (f"**{text}**" if abs(difference) > DEVIATION else text)
