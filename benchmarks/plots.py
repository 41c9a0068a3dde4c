"""Figures over n and over d, as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from growth import FIGURES
from measuring import Figures

UNITS = {"bytes": "bytes, both directions", "CPU": "CPU seconds per server"}


def plot(title: str, points: Sequence[Figures], path: Path) -> None:
    """Draws one computation's bytes and CPU time over n and over d, with logarithmic axes."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), sharey="row", layout="constrained")
    for row, (name, value) in zip(axes, FIGURES.items(), strict=True):
        for panel, over, fixed, x_name, fixed_name in (
            (row[0], "clients", "size", "clients n", "d"),
            (row[1], "size", "clients", "parameters d", "n"),
        ):
            for at in sorted({getattr(p, fixed) for p in points}):
                line = sorted((getattr(p, over), value(p)) for p in points if getattr(p, fixed) == at)
                panel.loglog(*zip(*line, strict=True), marker="o", label=f"{fixed_name} = {at:,}")
            panel.set_xlabel(x_name)
            panel.grid(alpha=0.3)
            panel.legend()
        row[0].set_ylabel(UNITS[name])
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
    plt.close(figure)
