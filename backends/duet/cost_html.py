"""What the Duet back end costs, as a table with bars: a row for what each operation of the user's became."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ezprivsecfl.backends.duet.cost_text import estimate_text, place
from ezprivsecfl.backends.duet.declared import DeclaredCost, PhaseCost
from ezprivsecfl.backends.duet.round_cost import RoundCost
from ezprivsecfl.drawing.page import Bars, table
from ezprivsecfl.runtime.statistics import size_text

MOST_ROWS = 40

HEAD = ("where", "operations", "bytes, setup + online", "CPU ms", "rounds", "seconds alone")


def table_html(costs: RoundCost) -> str:
    """Without a frame; what has its own row waits for nothing else, so that rounds and seconds add up to more."""
    rows = list(_rows(costs))
    dearest = sorted(rows, key=lambda row: -sum(cost.total_bytes for cost in row[2]))[:MOST_ROWS]
    shown = [row for row in rows if row in dearest]
    lines = [_line(costs, *row) for row in shown]
    if rest := [row for row in rows if row not in dearest]:
        lines.append(_line(costs, "", f"{len(rest)} rows more, which send less", [c for row in rest for c in row[2]]))
    setup, online = sum(costs.setup_bytes), sum(costs.online_bytes)
    cpu = 1e3 * sum(cost.cpu_seconds for cost in costs.costs)
    seconds = costs.setup_seconds + costs.online_seconds
    total = ("all", "", f"{size_text(setup)} + {size_text(online)}", f"{cpu:.1f}", str(costs.rounds), f"{seconds:.3g}")
    return table(HEAD, lines, total) + f"<p>{estimate_text(costs)}</p>"


Row = tuple[str, str, list[DeclaredCost]]
"""Where, what, and what it costs."""


def _rows(costs: RoundCost) -> Iterator[Row]:
    by_place: dict[str, tuple[dict[str, int], list[DeclaredCost]]] = {}
    for c in costs.ops:
        names, found = by_place.setdefault(place(c.op.location), ({}, []))
        names[c.op.name] = names.get(c.op.name, 0) + 1
        found.append(c.cost)
    for where, (names, found) in by_place.items():
        what = ", ".join(name if often == 1 else f"{often} x {name}" for name, often in names.items())
        yield where, what, found
    for name, cost in costs.agreements.items():
        yield "", name, [cost]


def _line(costs: RoundCost, where: str, what: str, found: Sequence[DeclaredCost]) -> Sequence[str | Bars]:
    setup, online = (sum(sum(phase.bytes) for phase in phases) for phases in _phases(found))
    cpu = sum(cost.cpu_seconds for cost in found)
    rounds = sum(cost.online.rounds for cost in found)
    seconds = sum(_alone(costs, cost) for cost in found)
    return (
        *(where, what),
        Bars({"public": setup, "arith": online}, f"{size_text(setup)} + {size_text(online)}"),
        Bars({"yao": cpu}, f"{1e3 * cpu:.1f}"),
        Bars({"accent": rounds}, str(rounds)),
        Bars({"boolean": seconds}, f"{seconds:.2g}"),
    )


def _phases(found: Sequence[DeclaredCost]) -> tuple[list[PhaseCost], list[PhaseCost]]:
    return [cost.setup for cost in found], [cost.online for cost in found]


def _alone(costs: RoundCost, cost: DeclaredCost) -> float:
    """The seconds of one operation by itself."""
    sent = max(a + b for a, b in zip(cost.setup.bytes, cost.online.bytes, strict=True))
    waiting = (cost.setup.rounds + cost.online.rounds) * costs.network.round_trip_seconds
    return cost.cpu_seconds + sent / costs.network.bytes_per_second + waiting
