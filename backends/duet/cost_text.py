"""What the Duet back end costs, in words."""

from __future__ import annotations

import math
from pathlib import Path

from ezprivsecfl.backends.duet.declared import DeclaredCost, declared
from ezprivsecfl.backends.duet.round_cost import RoundCost
from ezprivsecfl.cells import place_text
from ezprivsecfl.errors import Location
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.statistics import size_text


def table_text(table: RoundCost) -> str:
    """A line for every operation that sends anything, and for every agreement; sums, and estimates."""
    lines = [
        f"cost of a round of {table.clients} clients, both directions together",
        f"{'operation':13s} {'where':28s} {'setup':>9s} {'online':>9s} {'CPU ms':>8s}",
        *(_line(c.op.name, place(c.op.location), c.cost) for c in table.ops),
        *(_line(name, "", cost) for name, cost in table.agreements.items()),
    ]
    cpu_seconds = sum(cost.cpu_seconds for cost in table.costs)
    lines.append(_columns("all", "", sum(table.setup_bytes), sum(table.online_bytes), cpu_seconds))
    return "\n".join([*lines, estimate_text(table)])


def estimate_text(table: RoundCost) -> str:
    """What a round takes on the network."""
    return (
        f"estimated for {table.network.name} ({table.network.bytes_per_second / 1e6:g} MB/s, "
        f"{1e3 * table.network.round_trip_seconds:g} ms round trip): setup {table.setup_seconds:.2f} s, "
        f"online {table.online_seconds:.3f} s in {table.rounds} rounds"
    )


def summary_text(table: RoundCost) -> str:
    """A round in one line."""
    return f"a round of {table.clients} clients sends {size_text(table.total_bytes)}; {estimate_text(table)}"


def _line(name: str, where: str, cost: DeclaredCost) -> str:
    return _columns(name, where, sum(cost.setup.bytes), sum(cost.online.bytes), cost.cpu_seconds)


def _columns(name: str, where: str, setup: int, online: int, cpu_seconds: float) -> str:
    return f"{name:13s} {where[:28]:28s} {size_text(setup):>9s} {size_text(online):>9s} {1e3 * cpu_seconds:8.1f}"


def place(location: Location) -> str:
    """A line of the user's program, and the operation there."""
    return f"{place_text(Path(location.file).name, location.line)} {location.op}" if location.line else ""


def traffic(table: RoundCost) -> list[str]:
    """What a round sends, and how long keys for lattice encryption last."""
    phases = [
        ("setup", table.setup_bytes, table.setup_messages),
        ("online", table.online_bytes, table.online_messages),
    ]
    lines = [
        f"{phase}: server 0 sends {size_text(sent[0])} in {messages[0]} messages, "
        f"server 1 {size_text(sent[1])} in {messages[1]}"
        for phase, sent, messages in phases
    ]
    lines[1] += f"; {table.rounds} round{'' if table.rounds == 1 else 's'}"
    return [*lines, "(once per session, base oblivious transfers come on top)", *_lattice_keys(table)]


def _lattice_keys(table: RoundCost) -> list[str]:
    """What answers under a key for lattice encryption may tell, and how long a key lasts."""
    spent = max(table.flooding)
    if spent == 0:
        return []
    budget = _duet.FLOODING_BUDGET
    lasts = f"every {int(budget / spent)} rounds" if spent <= budget else "within a round"
    return [
        f"lattice encryption: all answers under one key are within 2^{math.log2(budget):.0f} (statistical distance) "
        f"of what tells nothing about the other server's shares; a round takes 2^{math.log2(spent):.1f} of that, so "
        f"both keys ({size_text(sum(declared('lattice_keys').setup.bytes))}) are made anew {lasts}"
    ]
