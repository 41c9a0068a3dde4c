"""Curves over the rounds; needs matplotlib, from the extra ``evaluation``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ezprivsecfl.evaluation.config import Experiment, Run
from ezprivsecfl.evaluation.packages import needed_for
from ezprivsecfl.evaluation.store import Store


def check() -> None:
    """Raises PackageMissingError unless plots can be drawn: better before the runs than after."""
    with needed_for("a plot"):
        import matplotlib.figure  # noqa: F401


def write(store: Store, experiments: Sequence[Experiment]) -> list[Path]:
    """One figure for each attack of each experiment, with a curve for each rule; returns the files.

    Raises:
        PackageMissingError: matplotlib is not installed.
    """
    files = []
    for experiment in experiments:
        for threat in experiment.attacks:
            name = re.sub(r"[^a-z0-9]+", "-", f"{experiment.whole_setting} {threat.name}".lower()).strip("-")
            files.append(draw(store, experiment, [threat.name], store.folder / f"{name}.png"))
    return files


def draw(store: Store, experiment: Experiment, attacks: Sequence[str], path: Path, columns: int = 1) -> Path:
    """Draws accuracies over the rounds, and returns the file.

    Each rule has a broad line for its runs in the clear, and a dashed one for those on two servers.

    Args:
        store: Has the readings.
        experiment: What is drawn.
        attacks: Each has its part of the figure.
        path: Of the file; its ending says in which format.
        columns: Parts side by side.

    Raises:
        PackageMissingError: matplotlib is not installed.
    """
    with needed_for("a plot"):
        from matplotlib import rc_context
        from matplotlib.figure import Figure

    rows = -(-len(attacks) // columns)
    figure = Figure(figsize=(7, 4.5) if len(attacks) == 1 else (3.2 * columns, 2.4 * rows), layout="constrained")
    parts = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flatten()
    for axes in parts[len(attacks) :]:
        axes.set_visible(False)
    runs = list(experiment.runs())
    for axes, attack in zip(parts, attacks, strict=False):
        colours = (f"C{number}" for number in itertools.count())
        for defence in experiment.defences:
            same = [run for run in runs if run.threat.name == attack and run.defence is defence]
            secure = [replace(run, secure=True) for run in same]
            colour = next(colours)
            _curve(axes, store, same, defence.name, color=colour, linewidth=2.5, alpha=0.6)
            _curve(axes, store, secure, f"{defence.name}, on two servers", color=colour, linewidth=1, linestyle="--")
        axes.set(title=attack, xlabel="round", ylabel="test accuracy", ylim=(0, 1))
        axes.label_outer()
    figure.suptitle(" / ".join(part for part in (experiment.name, experiment.whole_setting) if part))
    parts[0].legend(fontsize="small")
    with rc_context({"svg.hashsalt": experiment.name}):  # the same readings give the same file
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)
    return path


def _curve(axes: Any, store: Store, runs: Sequence[Run], label: str, **style: Any) -> None:
    """The mean over the seeds, and the range in a lighter shade."""
    seeds = [lines for run in runs if (lines := store.readings(run))]
    if not seeds:
        return
    length = min(len(lines) for lines in seeds)
    rounds = [line["round"] for line in seeds[0][:length]]
    values = np.array([[line["accuracy"] for line in lines[:length]] for lines in seeds])
    axes.plot(rounds, values.mean(0), label=label, **style)
    if len(seeds) > 1:
        axes.fill_between(rounds, values.min(0), values.max(0), color=style["color"], alpha=0.2)
