"""FLTrust, FedAvg, weighted mean and norm clipping on Duet over a grid of clients and parameters.

    uv run python benchmarks/grid.py [--computations fltrust ...] [--clients 10 30 ...] [--sizes 3372 ...] [--rounds 3]

Prints a table, and with which powers of n and d bytes and CPU time grow; saves both, the raw figures as JSON and plots
as PNG. Every point has processes of its own. The first round of a session includes what a session needs once; figures
are of the cheapest of the others, in processor time. Bytes, messages and rounds are exact; seconds are those of the
machine at hand.

Points that would take longer than --minutes or more memory than --gigabytes are skipped, and the table says so: a point
is expected to take as much as the largest one of its computation measured before, times the ratio of n·d.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from budget import Budget, available_memory_bytes
from computations import COMPUTATIONS
from growth import HEADINGS, growths, rows
from measuring import Figures, PointError, measure_apart
from plots import save_plots
from tables import Table, megabytes, replace_section, significant

COLUMNS = ["computation", "n", "d", "MB", "rounds", "setup s", "online s", "CPU s", "memory MB", "error", "first MB"]


def cells(f: Figures) -> list[str]:
    """A point's row."""
    return [
        COMPUTATIONS[f.computation].title,
        f"{f.clients:,}",
        f"{f.size:,}",
        megabytes(f.total_bytes),
        str(f.rounds),
        significant(f.setup_seconds),
        significant(f.online_seconds),
        significant(f.cpu),
        megabytes(f.memory),
        f"{f.error:.0e}",
        megabytes(f.first_bytes),
    ]


def smallest_first(clients: Sequence[int], sizes: Sequence[int]) -> list[tuple[int, int]]:
    """All points of a grid."""
    return sorted(((n, d) for n in clients for d in sizes), key=lambda point: (point[0] * point[1], point))


def several(text: str) -> int:
    """The number of rounds."""
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text} is not 2 or more rounds: the first is not like the others")
    return int(text)


def arguments(description: str) -> argparse.ArgumentParser:
    """What grid.py and peers.py have in common."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--computations", nargs="+", choices=COMPUTATIONS, default=list(COMPUTATIONS))
    parser.add_argument("--clients", nargs="+", type=int, metavar="N")
    parser.add_argument("--sizes", nargs="+", type=int, metavar="D")
    parser.add_argument("--rounds", type=several, default=3, help="at least 2")
    parser.add_argument("--minutes", type=float, default=10, help="what all rounds of a point may take")
    spare = 0.8 * available_memory_bytes() / 1e9
    parser.add_argument("--gigabytes", type=float, default=spare, help="by default 80%% of the memory that is free")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to save")
    parser.add_argument("--page", type=Path, help="also put the tables into this page (docs/benchmarks.md)")
    return parser


def finish(name: str, tables: Sequence[str], measured: Sequence[Figures], options: argparse.Namespace) -> None:
    """Prints the growth of all figures; saves it with the other tables, and plots."""
    print()
    text = "\n\n".join([*tables, str(Table(HEADINGS, rows(growths(measured))))])
    (options.out / f"{name}.md").write_text(text + "\n")
    if options.page:
        replace_section(options.page, name, text)
    save_plots({c: COMPUTATIONS[c].title for c in options.computations}, measured, options.out, name)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.set_defaults(clients=[10, 30, 100, 1000], sizes=[3372, 100_000, 1_000_000], out=Path("build/benchmarks"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    budget = Budget(60 * options.minutes, 1e9 * options.gigabytes)
    measured: list[Figures] = []
    table = Table(COLUMNS)
    for name in options.computations:
        for clients, size in smallest_first(options.clients, options.sizes):
            run = partial(measure_apart, name, clients, size, options.rounds)
            try:
                point = budget.measure(run, name, clients, size)
            except PointError as e:
                table.add([COMPUTATIONS[name].title, f"{clients:,}", f"{size:,}", str(e), *[""] * (len(COLUMNS) - 4)])
                continue
            measured.append(point)
            table.add(cells(point))
            (options.out / "grid.json").write_text(json.dumps([asdict(f) for f in measured], indent=1))
    finish("grid", [str(table)], measured, options)
