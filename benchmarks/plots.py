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
STYLES = ["-", "--", ":", "-."]


def plot(title: str, points: Sequence[Figures], path: Path) -> None:
    """Draws a computation's bytes and CPU time over n and over d: a colour for each system, a style for each curve."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 9), sharey="row", layout="constrained")
    systems = list(dict.fromkeys(p.system for p in points))
    for row, (name, value) in zip(axes, FIGURES.items(), strict=True):
        for panel, over, fixed, x_name, fixed_name in (
            (row[0], "clients", "size", "clients n", "d"),
            (row[1], "size", "clients", "parameters d", "n"),
        ):
            for i, at in enumerate(sorted({getattr(p, fixed) for p in points})):
                for colour, system in enumerate(systems):
                    mine = (p for p in points if p.system == system and getattr(p, fixed) == at)
                    if curve := sorted((getattr(p, over), value(p)) for p in mine):
                        style = {"color": f"C{colour}", "linestyle": STYLES[i % len(STYLES)], "marker": "o"}
                        panel.loglog(*zip(*curve, strict=True), **style, label=f"{system}, {fixed_name} = {at:,}")
            panel.set_xlabel(x_name)
            panel.grid(alpha=0.3)
            if panel in axes[0]:  # those of the row below are the same
                panel.legend(fontsize="x-small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        row[0].set_ylabel(UNITS[name])
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
    plt.close(figure)
