"""What ``ezcompile run`` tells at the end: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ezprivsecfl.errors import CompileError
from ezprivsecfl.runtime.statistics import Statistics, size_text


def print_summary(calls: Sequence[Statistics], *, check: bool) -> None:
    """A table with one row per call, on stderr; with ``check``, the errors too."""
    console = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
    table = Table(
        "computation", "clients", "dropped", "sent", "rounds", "compile s", "setup s", "online s", "CPU s", "MB memory"
    )
    if check:
        table.add_column("error")
    for c in calls:
        row = [
            c.computation,
            str(c.clients),
            str(len(c.dropped)),
            " + ".join(size_text(b) for b in c.bytes_sent),
            str(c.rounds),
            f"{c.compile_seconds:.2f}",
            f"{c.setup_seconds:.3f}",
            f"{c.online_seconds:.3f}",
            " + ".join(f"{s:.2f}" for s in c.cpu_seconds),
            " + ".join(f"{b / 1e6:.0f}" for b in c.peak_memory_bytes),
        ]
        if check:
            row.append("-" if c.max_relative_error is None else f"{c.max_relative_error:.1e}")
        table.add_row(*row)
    console.print(table)


def write_json(path: Path, calls: Sequence[Statistics]) -> None:
    """Writes one object per call; raises CompileError if the file cannot be written."""
    try:
        path.write_text(json.dumps([c.to_json() for c in calls], indent=2) + "\n")
    except OSError as e:
        raise CompileError(f"cannot write the report {path}: {e.strerror}") from None
