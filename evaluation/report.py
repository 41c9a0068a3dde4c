"""A report on what is in a folder: results.json and report.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ezprivsecfl.evaluation import tables
from ezprivsecfl.evaluation.config import Experiment
from ezprivsecfl.evaluation.store import Store
from ezprivsecfl.evaluation.summary import LAST
from ezprivsecfl.evaluation.tables import DEVIATION, Cells, Summary, groups, table


def write(store: Store, experiments: Sequence[Experiment]) -> Path:
    """Writes the report next to the readings, whatever of the runs is there, and returns its path."""
    summaries = [Summary.of(store, experiment) for experiment in experiments]
    results = [
        {
            "name": one.experiment.name,
            "setting": one.experiment.whole_setting,
            "cells": [*_cells(one.clear, secure=False), *_cells(one.secure, secure=True)],
        }
        for one in summaries
    ]
    (store.folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    path = store.folder / "report.md"
    path.write_text("\n\n".join([_head(), *map(_section, groups(summaries))]) + "\n", "utf-8")
    return path


def _cells(found: Cells, *, secure: bool) -> list[dict[str, object]]:
    return [
        {"rule": rule, "attack": attack, "secure": secure, **asdict(cell)} for (rule, attack), cell in found.items()
    ]


def _head() -> str:
    return (
        f"Accuracies are means over the last {LAST} readings of a run and over the seeds, ± the standard deviation of "
        "the seeds' means, with the [range] of these readings. Parameters of every run are in `configuration.json`, "
        "versions in `versions.json`, all readings in `readings.jsonl`."
    )


def _section(group: Sequence[Summary]) -> str:
    first = group[0].experiment
    title = f"# {first.name}" + (f": {first.setting}" if first.setting else "")
    if not any(one.clear for one in group):
        return f"{title}\n\nNothing has been run yet."
    states = [f"{one.experiment.varied}: {one.state}" if len(group) > 1 else one.state for one in group]
    parts = [title, "; ".join(states) + ".", "## Accuracy", table(group, tables.accuracy)]
    if first.published:
        parts += [
            f"## Published: {first.source}",
            f"In brackets ours minus the published figure, **bold** where they differ by more than {DEVIATION}; only "
            f"where ours has had {first.published_rounds:,} rounds, too.",
            table(group, tables.published),
        ]
    for text, heading in (
        (
            tables.success,
            "Attack success rate: of all of the goal's rows / without those whose true label is the target",
        ),
        (tables.on_two_servers, "On two servers: accuracy (less that in the clear); traffic and time of a run"),
        (tables.dropped, "Clients that were left out: client, and in how many rounds"),
    ):
        if any(text(one, *cell) for one in group for cell in one.clear):
            parts += [f"## {heading}", table(group, text)]
    return "\n\n".join(parts)
