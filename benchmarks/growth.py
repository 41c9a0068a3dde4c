"""How figures grow with the number of clients and of parameters: least squares in logarithms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from measuring import Figures

FIGURES: dict[str, Callable[[Figures], float]] = {"bytes": lambda f: f.total_bytes, "CPU": lambda f: f.cpu}


def exponent(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The a for which c * x**a comes closest to y."""
    return float(np.polyfit(np.log(xs), np.log(ys), 1)[0])


@dataclass(frozen=True)
class Growth:
    """How one figure grows along one line of the grid.

    Args:
        computation: A key of ``COMPUTATIONS``.
        figure: A key of ``FIGURES``.
        variable: ``n`` or ``d``: what grows.
        fixed: The other one's value.
        over: The values that were measured.
        exponent: The figure grows with this power of the variable.
    """

    computation: str
    figure: str
    variable: str
    fixed: int
    over: tuple[int, ...]
    exponent: float

    @property
    def row(self) -> list[str]:
        """Cells under ``HEADINGS``."""
        other = "d" if self.variable == "n" else "n"
        over = ", ".join(f"{x:,}" for x in self.over)
        return [self.computation, self.figure, f"{other} = {self.fixed:,}", f"{self.variable} = {over}", self.law]

    @property
    def law(self) -> str:
        """For people."""
        return f"{self.variable}^{self.exponent:.2f}"


HEADINGS = ["computation", "figure", "at", "over", "grows as"]


def growths(points: Iterable[Figures]) -> list[Growth]:
    """Fits every line of the grid that has at least two points."""
    lines: dict[tuple[Any, ...], dict[int, float]] = {}
    for point in points:
        for name, value in FIGURES.items():
            for variable, x, fixed in (("n", point.clients, point.size), ("d", point.size, point.clients)):
                lines.setdefault((point.computation, name, variable, fixed), {})[x] = value(point)
    found = [
        Growth(*line, over=tuple(sorted(ys)), exponent=exponent(sorted(ys), [ys[x] for x in sorted(ys)]))
        for line, ys in lines.items()
        if len(ys) > 1
    ]
    order = list(dict.fromkeys(g.computation for g in found))
    return sorted(found, key=lambda g: (order.index(g.computation), g.figure, g.variable != "n", g.fixed))
