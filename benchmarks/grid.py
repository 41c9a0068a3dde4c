"""FLTrust, FedAvg, weighted mean and norm clipping on Duet over a grid of clients and parameters.

    uv run python benchmarks/grid.py [--computations fltrust ...] [--clients 10 30 ...] [--sizes 3372 ...] [--rounds 3]

Prints a table, and with which powers of n and d bytes and CPU time grow; saves both, the raw figures as JSON and plots
as PNG. Every point has processes of its own. The first round of a session includes what a session needs once; figures
are of the cheapest of the others, in processor time. Bytes, messages and rounds are exact; seconds are those of the
machine at hand.

Beside the grid there is one point of 10 clients with 10,000,000 parameters (--points). Points that would take longer
than --minutes or more memory than --gigabytes are skipped, and the table says so: a point is expected to take as much
as the largest one of its computation measured before, times the ratio of n·d. Clients' uploads lie in $TMPDIR, 10 bytes
for each parameter.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measuring import Figures, measure_apart
from sweep import Sweep, arguments
from tables import megabytes, significant

HEADINGS = ["MB", "rounds", "setup s", "online s", "CPU s", "memory MB", "error", "first MB"]


def cells(f: Figures, _: Figures | None) -> list[str]:
    """A point's row."""
    return [
        megabytes(f.total_bytes),
        str(f.rounds),
        significant(f.setup_seconds),
        significant(f.online_seconds),
        significant(f.cpu),
        megabytes(f.memory),
        f"{f.error:.0e}",
        megabytes(f.first_bytes),
    ]


def measure(_: str, computation: str, clients: int, size: int, rounds: int, timeout: float) -> Figures:
    """There is only one system."""
    return measure_apart(computation, clients, size, rounds, timeout)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.set_defaults(clients=[10, 30, 100, 1000], sizes=[3372, 100_000, 1_000_000], points=[(10, 10_000_000)])
    Sweep("grid", parser.parse_args(), lambda computation: ["Duet"], measure, HEADINGS, cells).run()
