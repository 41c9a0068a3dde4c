"""FLTrust on Duet and on MOTION2NX with both arithmetic protocols, side by side, as a table in Markdown.

    EZ_MOTION2NX_DIR=... uv run python benchmarks/backends.py [--grid 30x3372 10x100000] [--rounds 2]

Bytes are exact; seconds are those of the machine at hand. The figures are of the last round.
"""

import argparse
import itertools
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from computations import COMPUTATIONS, inputs_for, relative_error

import ezprivsecfl as ez

BACKENDS = {
    "Duet": "duet",
    "MOTION2NX, GMW": ez.Motion2nx(arithmetic="gmw"),
    "MOTION2NX, BEAVY": ez.Motion2nx(arithmetic="beavy"),
}


NORMS = ("by clients", "by servers")
COLUMNS = (
    "back end",
    "norms",
    "MB, both directions",
    "MB online",
    "setup s",
    "online s",
    "CPU s per server",
    "memory MB",
    "error",
)


def measure(title, norms, clients, size, rounds):
    backend = BACKENDS[title]
    fltrust, inputs = COMPUTATIONS["fltrust"], inputs_for(clients, size)
    source = fltrust.program(size)
    program = ez.compile(source, clients=clients, name="fltrust", backend=backend, proofs=norms == "by clients")
    for _ in range(rounds):
        result = program.run(*fltrust.arguments(source, inputs))
    error = relative_error(fltrust.outputs(result), fltrust.reference(inputs))
    s = program.last_statistics
    columns = [
        title,
        norms,
        f"{sum(s.bytes_sent) / 1e6:.1f}",
        f"{(sum(s.bytes_sent) - sum(s.setup_bytes_sent)) / 1e6:.2f}",
        f"{s.setup_seconds:.2f}",
        f"{s.online_seconds:.2f}",
        f"{max(s.cpu_seconds):.1f}",
        f"{max(s.peak_memory_bytes) / 1e6:.0f}",
        f"{error:.0e}",
    ]
    print(f"| {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", nargs="+", default=["30x3372", "10x100000"], metavar="CLIENTSxSIZE")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--row", nargs=2, metavar=("BACKEND", "NORMS"), help="print one row only")
    options = parser.parse_args()
    for point in options.grid:
        clients, size = map(int, point.split("x"))
        if options.row:
            measure(*options.row, clients, size, options.rounds)
            continue
        print(f"\n{clients} clients x {size} parameters\n")
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
        for norms, title in itertools.product(NORMS, BACKENDS):
            # A process, and with it servers, of its own: peak memory is that of this row alone.
            row = ["--row", title, norms, "--grid", point, "--rounds", str(options.rounds)]
            subprocess.run([sys.executable, __file__, *row], check=True)
