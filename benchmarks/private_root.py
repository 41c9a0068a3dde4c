"""FLTrust with a public and with a private root update: traffic, rounds, processor time and error of the second round.

uv run python benchmarks/private_root.py [CLIENTS PARAMETERS]
"""

from __future__ import annotations

import sys

import numpy as np
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.aggregators import build_fltrust
from ezprivsecfl.compiler.server_inputs import CHOICES


def main(clients: int, parameters: int) -> None:
    """Prints a row for each choice of who knows the root update."""
    rng = np.random.default_rng(0)
    direction = rng.normal(0.0, 0.05, parameters)
    updates = list((direction + rng.normal(0.0, 0.05, (clients, parameters))).astype(np.float32))
    root_update = (direction + rng.normal(0.0, 0.02, parameters)).astype(np.float32)
    fltrust = build_fltrust(tff.TensorType(np.float32, [parameters]))
    cosines = np.maximum([update @ root_update / np.linalg.norm(update) for update in updates], 0)
    units = [update / np.linalg.norm(update) for update in updates]
    expected = np.average(units, axis=0, weights=cosines) * np.linalg.norm(root_update)
    for choice in CHOICES:
        program = ez.compile(fltrust, clients=clients, server_inputs={"root_update": choice})
        found = [program.run(updates, root_update) for _ in range(2)][-1]
        statistics = program.last_statistics
        assert statistics is not None
        error = np.max(np.abs(found - expected)) / np.max(np.abs(expected))
        print(
            f"{choice}: {sum(statistics.bytes_sent) / 1e6:.2f} MB, {statistics.rounds} rounds, "
            f"{max(statistics.cpu_seconds):.2f} s of CPU, error {error:.0e}",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ("30", "3372")))
