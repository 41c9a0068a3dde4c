"""What grid.py and peers.py have in common: tables, raw figures and plots of every computation over a grid."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from budget import Budget, available_memory_bytes
from computations import COMPUTATIONS
from growth import HEADINGS, growths, rows
from measuring import Figures, PointError
from plots import plot
from tables import Table, head_text, markdown, replace_section, row_text
from transforms import add_transform, use_transform


def arguments(description: str) -> argparse.ArgumentParser:
    """Options of both commands; the caller sets defaults for ``clients`` and ``sizes``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--computations", nargs="+", choices=COMPUTATIONS, default=list(COMPUTATIONS))
    parser.add_argument("--clients", nargs="+", type=int, metavar="N")
    parser.add_argument("--sizes", nargs="+", type=int, metavar="D")
    parser.add_argument("--points", nargs="+", type=point, default=[], metavar="NxD", help="beside all N with all D")
    parser.add_argument("--rounds", type=several, default=3, help="at least 2")
    parser.add_argument("--minutes", type=float, default=10, help="what all rounds of a point may take")
    spare = 0.8 * available_memory_bytes() / 1e9
    parser.add_argument("--gigabytes", type=float, default=spare, help="by default 80%% of the memory that is free")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"), metavar="DIR", help="where to save")
    parser.add_argument("--page", type=Path, help="also put the tables into this page (docs/benchmarks.md)")
    add_transform(parser)
    return parser


def several(text: str) -> int:
    """The number of rounds."""
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text} is not 2 or more rounds: the first is not like the others")
    return int(text)


def point(text: str) -> tuple[int, int]:
    """Clients and parameters."""
    clients, by, size = text.partition("x")
    if not (by and clients.isdecimal() and size.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text} is no point: expected CLIENTSxSIZE, such as 10x10000000")
    return int(clients), int(size)


def smallest_first(
    clients: Sequence[int], sizes: Sequence[int], points: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """All points of a grid, and others."""
    return sorted({*((n, d) for n in clients for d in sizes), *points}, key=lambda point: (point[0] * point[1], point))


@dataclass(frozen=True)
class Sweep:
    """Walks over the grid.

    Args:
        name: Of the command: files and sections of the page are called after it and the computation.
        options: Of ``arguments``.
        systems: What to run a computation (a key of ``COMPUTATIONS``) on, one after the other at each point.
        measure: Takes system, computation, clients, size, rounds, and seconds after which to give up.
        headings: Of the table, after clients, parameters and system.
        cells: Under these; takes a system's figures and those of the point's first system, if that did not fail.
    """

    name: str
    options: argparse.Namespace
    systems: Callable[[str], Sequence[str]]
    measure: Callable[[str, str, int, int, int, float], Figures]
    headings: Sequence[str]
    cells: Callable[[Figures, Figures | None], list[str]]

    def run(self) -> None:
        """Measures, prints and saves one computation after the other."""
        use_transform(self.options)
        self.options.out.mkdir(parents=True, exist_ok=True)
        budget = Budget(60 * self.options.minutes, 1e9 * self.options.gigabytes)
        for computation in self.options.computations:
            title = COMPUTATIONS[computation].title
            print(f"\n### {title}\n")
            table = Table(["n", "d", "system", *self.headings])
            print(head_text(table.headings), flush=True)
            measured = self._computation(computation, table, budget)
            print()
            self.save(computation, table, measured)

    def _computation(self, computation: str, table: Table, budget: Budget) -> list[Figures]:
        measured: list[Figures] = []
        for clients, size in smallest_first(self.options.clients, self.options.sizes, self.options.points):
            first = None
            for i, system in enumerate(self.systems(computation)):
                where = [f"{clients:,}", f"{size:,}", system]
                run = partial(self.measure, system, computation, clients, size, self.options.rounds)
                try:
                    figures = budget.measure(run, f"{system} {computation}", clients, size)
                except PointError as e:
                    _add(table, [*where, str(e), *[""] * (len(self.headings) - 1)])
                    continue
                first = figures if i == 0 else first
                measured.append(figures)
                _add(table, [*where, *self.cells(figures, first)])
        return measured

    def save(self, computation: str, table: Table, measured: Sequence[Figures]) -> None:
        """Prints the growth of all figures, and saves it with table, raw figures and plot."""
        growth = markdown(Table(HEADINGS, rows(growths(measured))))
        print(growth)
        text = f"{markdown(table)}\n\n{growth}"
        path = self.options.out / f"{self.name}-{computation}.md"
        path.write_text(text + "\n")
        path.with_suffix(".json").write_text(json.dumps([asdict(f) for f in measured], indent=1))
        if measured:
            plot(COMPUTATIONS[computation].title, measured, path.with_suffix(".png"))
        if self.options.page:
            replace_section(self.options.page, f"{self.name} {computation}", text)
        print(f"\nsaved {path} with .json and .png")


def _add(table: Table, row: Sequence[str]) -> None:
    """Takes in a row, and prints it as soon as it is measured."""
    table.add(row)
    print(row_text(row), flush=True)
