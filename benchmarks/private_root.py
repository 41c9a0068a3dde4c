"""FLTrust with a public and with a private root update: traffic, rounds, processor time and error of the second round.

uv run python benchmarks/private_root.py [CLIENTS PARAMETERS]
"""

from __future__ import annotations

import sys

from computations import COMPUTATIONS, inputs_for, relative_error

import ezprivsecfl as ez
from ezprivsecfl.compiler.choices import WHO


def main(clients: int, parameters: int) -> None:
    """Prints a row for each choice of who knows the root update."""
    fltrust, inputs = COMPUTATIONS["fltrust"], inputs_for(clients, parameters)
    source, expected = fltrust.program(parameters), fltrust.reference(inputs)
    for choice in WHO:
        program = ez.compile(source, clients=clients, server_inputs={"root_update": choice})
        found = [program.run(*fltrust.arguments(source, inputs)) for _ in range(2)][-1]
        statistics = program.last_statistics
        assert statistics is not None
        print(
            f"{choice}: {sum(statistics.bytes_sent) / 1e6:.2f} MB, {statistics.rounds} rounds, "
            f"{max(statistics.cpu_seconds):.2f} s of CPU, error {relative_error(fltrust.outputs(found), expected):.0e}",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ("30", "3372")))
