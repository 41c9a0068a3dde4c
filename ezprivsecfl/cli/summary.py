"""What ``ezcompile run`` tells at the end: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ezprivsecfl.errors import CompileError
from ezprivsecfl.runtime.statistics import Statistics, seconds_text, size_text

WIDTH = 100
"""Of the table, in columns, where stderr is no terminal."""

Calls = Sequence[Statistics]

COLUMNS: dict[str, Callable[[Calls], str]] = {
    "calls": lambda calls: str(len(calls)),
    "clients": lambda calls: _range(c.clients for c in calls),
    "dropped": lambda calls: str(sum(len(c.dropped) for c in calls)),
    "sent": lambda calls: size_text(round(fmean(sum(c.bytes_sent) for c in calls))),
    "rounds": lambda calls: _about(calls) + _range(c.rounds for c in calls),
    "compile": lambda calls: seconds_text(sum(c.compile_seconds for c in calls)),
    "setup": lambda calls: seconds_text(fmean(c.setup_seconds for c in calls)),
    "online": lambda calls: seconds_text(fmean(c.online_seconds for c in calls)),
    "CPU": lambda calls: seconds_text(fmean(max(c.cpu_seconds) for c in calls)),
    "memory": lambda calls: size_text(max(max(c.peak_memory_bytes) for c in calls)),
}
"""By heading what a row has of the calls that it is about."""

MEANING = (
    "sent: both servers together; CPU, memory: the server that took more. Of several calls: averages, but the sum of "
    "dropped clients and of compiling, and the largest memory and error (--verbose: a row for each)"
)


def print_summary(calls: Calls, *, check: bool, each: bool) -> None:
    """A table with a row for each computation, on stderr.

    Args:
        calls: All of them, in order.
        check: Whether the errors are shown, too.
        each: Whether every call has a row of its own.
    """
    console = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH)
    columns = COLUMNS | ({"error": _error} if check else {})
    several = not each and len(calls) > len(_by_computation(calls))
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=0)
    if several:
        table.caption, table.caption_justify = MEANING, "left"
    table.add_column("computation", overflow="fold")
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for rows in [[c] for c in calls] if each else _by_computation(calls):
        table.add_row(rows[0].computation, *(text(rows) for text in columns.values()))
    console.print(table)


def _by_computation(calls: Calls) -> list[list[Statistics]]:
    """Those of one computation on one back end together, in the order of the first of each."""
    found: dict[tuple[str, str], list[Statistics]] = {}
    for c in calls:
        found.setdefault((c.computation, c.backend), []).append(c)
    return list(found.values())


def _about(calls: Calls) -> str:
    """A mark on numbers of rounds that depend on timing."""
    return "" if all(c.rounds_are_exact for c in calls) else "~"


def _range(numbers: Iterable[int]) -> str:
    """``7``, or ``3-7``."""
    found = sorted(set(numbers))
    return str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}"


def _error(calls: Calls) -> str:
    known = [c.max_relative_error for c in calls if c.max_relative_error is not None]
    return f"{max(known):.1e}" if known else "-"


def write_json(path: Path, calls: Calls) -> None:
    """Writes one object per call; raises CompileError if the file cannot be written."""
    try:
        path.write_text(json.dumps([c.to_json() for c in calls], indent=2) + "\n")
    except OSError as e:
        raise CompileError(f"cannot write the report {path}: {e.strerror}") from None
