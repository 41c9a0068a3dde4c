"""FLTrust on two servers: traffic, rounds, time, memory and error for several sizes.

    uv run python benchmarks/fltrust.py [--grid 30x3372 10x100000] [--rounds 3] [--link wan] [--norms sketch:4096]
        [--transform avx2]

Bytes, messages and rounds are exact; seconds are those of the machine at hand. The first round of a session
includes the base oblivious transfers; the figures are of the last. `--link` emulates a network between the servers;
beside the seconds stands what `SecureProgram.cost` estimates.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from computations import COMPUTATIONS, inputs_for, relative_error
from transforms import add_transform, use_transform

import ezprivsecfl as ez


def measure(clients, size, rounds, link, norms):
    fltrust, inputs = COMPUTATIONS["fltrust"], inputs_for(clients, size)
    source = fltrust.program(size)
    program = ez.compile(source, clients=clients, name="fltrust", backend=ez.Duet(link=link), norms=norms)
    for _ in range(rounds):
        result = program.run(*fltrust.arguments(source, inputs))
        if program.last_statistics.compile_seconds:
            built = program.last_statistics.compile_seconds
    error = relative_error(fltrust.outputs(result), fltrust.reference(inputs))
    s = program.last_statistics
    variant = program.variants[-1]  # the one that ran
    estimate = variant.cost(link or "lan")
    figures = {
        "both directions": f"{sum(s.bytes_sent) / 1e6:.1f} MB ({s.bytes_sent[0]} + {s.bytes_sent[1]} bytes)",
        "messages": sum(s.messages),
        "rounds online": s.rounds,
        "setup": f"{s.setup_seconds:.2f} s (estimate for {estimate.network.name} {estimate.setup_seconds:.2f} s)",
        "online": f"{s.online_seconds:.3f} s (estimate for {estimate.network.name} {estimate.online_seconds:.3f} s)",
        "CPU per server": f"{s.cpu_seconds[0]:.2f}, {s.cpu_seconds[1]:.2f} s",
        "memory per server": f"{s.peak_memory_bytes[0] / 1e6:.0f}, {s.peak_memory_bytes[1] / 1e6:.0f} MB",
        "compile and build": f"{built:.1f} s",
        "AND gates": sum(c.and_count for c in variant.lowered.secure.circuits.values()),
        "relative error": f"{error:.1e}",
    }
    print(f"{clients} clients x {size} parameters")
    for name, value in figures.items():
        print(f"    {name:20s} {value}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", nargs="+", default=["30x3372", "100x3372", "10x100000"], metavar="CLIENTSxSIZE")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--link", choices=("lan", "wan"))
    parser.add_argument("--norms", default="exact", metavar="KIND", help="exact, or sketch:K")
    add_transform(parser)
    options = parser.parse_args()
    use_transform(options)
    for point in options.grid:
        measure(*map(int, point.split("x")), options.rounds, options.link, options.norms)
