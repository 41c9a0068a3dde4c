"""Curves over the rounds; needs matplotlib, from the extra ``evaluation``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ezprivsecfl.evaluation.config import Experiment
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.store import Store


def write(store: Store, experiments: Sequence[Experiment]) -> list[Path]:
    """One figure for each attack of each experiment, with a curve for each rule; returns the files.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ConfigError("--plots needs matplotlib: pip install 'ezprivsecfl[evaluation]'") from None
    files = []
    for experiment in experiments:
        runs = list(experiment.runs())
        for threat in experiment.attacks:
            figure = Figure(figsize=(7, 4.5))
            axes = figure.add_subplot(xlabel="round", ylabel="test accuracy", ylim=(0, 1))
            for defence in experiment.defences:
                same = [store.readings(run) for run in runs if run.threat is threat and run.defence is defence]
                _curve(axes, [lines for lines in same if lines], defence.name)
            axes.set_title(
                " / ".join(part for part in (experiment.name, experiment.whole_setting, threat.name) if part)
            )
            axes.legend(fontsize="small")
            name = re.sub(r"[^a-z0-9]+", "-", f"{experiment.whole_setting} {threat.name}".lower()).strip("-")
            path = store.folder / f"{name}.png"
            figure.savefig(path, dpi=120)
            files.append(path)
    return files


def _curve(axes: Any, seeds: Sequence[Sequence[dict[str, Any]]], name: str) -> None:
    """The mean over the seeds, and the range in a lighter shade."""
    if not seeds:
        return
    length = min(len(lines) for lines in seeds)
    rounds = [line["round"] for line in seeds[0][:length]]
    values = np.array([[line["accuracy"] for line in lines[:length]] for lines in seeds])
    (line,) = axes.plot(rounds, values.mean(0), label=name)
    if len(seeds) > 1:
        axes.fill_between(rounds, values.min(0), values.max(0), color=line.get_color(), alpha=0.2)
