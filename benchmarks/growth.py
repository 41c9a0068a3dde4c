"""How figures grow with the number of clients and of parameters: least squares in logarithms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from measuring import Figures

FIGURES: dict[str, Callable[[Figures], float]] = {"bytes": lambda f: f.total_bytes, "CPU": lambda f: f.cpu}


def exponent(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The a for which c * x**a comes closest to y."""
    return float(np.polyfit(np.log(xs), np.log(ys), 1)[0])


@dataclass(frozen=True)
class Growth:
    """How one figure grows along one row or column of the grid.

    Args:
        system: What ran.
        figure: A key of ``FIGURES``.
        variable: ``n`` or ``d``: what grows.
        fixed: The other one's value.
        exponent: The figure grows with this power of the variable.
    """

    system: str
    figure: str
    variable: str
    fixed: int
    exponent: float


def growths(points: Iterable[Figures]) -> list[Growth]:
    """Fits every row and column of a computation's grid that has at least two points."""
    series: dict[tuple[Any, ...], dict[int, float]] = {}
    for point in points:
        for name, value in FIGURES.items():
            for variable, x, fixed in (("n", point.clients, point.size), ("d", point.size, point.clients)):
                series.setdefault((point.system, name, variable, fixed), {})[x] = value(point)
    return [Growth(*which, exponent(list(ys), list(ys.values()))) for which, ys in series.items() if len(ys) > 1]


HEADINGS = ["system", "figure", "grows with n as", "grows with d as"]


def rows(found: Iterable[Growth]) -> list[list[str]]:
    """One row under ``HEADINGS`` for each figure on each system, in alphabetical order."""

    def figure(growth: Growth) -> tuple[str, str]:
        return growth.system, growth.figure

    table = []
    for names, group in groupby(sorted(found, key=lambda g: (*figure(g), g.fixed)), key=figure):
        laws = list(group)
        table.append([*names, *("; ".join(_law(g) for g in laws if g.variable == v) for v in ("n", "d"))])
    return table


def _law(growth: Growth) -> str:
    exponent = round(growth.exponent, 2) + 0.0  # never -0.00
    return f"{growth.variable}^{exponent:.2f} ({'d' if growth.variable == 'n' else 'n'} = {growth.fixed:,})"
