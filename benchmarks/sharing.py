"""One client's work: processor time of sharing an update, and what the client uploads to each server.

    uv run python benchmarks/sharing.py [--parameters 1000000]

The time has the check of all values, the conversion to fixed point, and both shares.
"""

import argparse
import time

import numpy as np

from ezprivsecfl.runtime.sharing import share, upload_messages
from ezprivsecfl.runtime.wire import send

REPEATS = 20


class Counter:
    """Stands for a connection to a server."""

    def __init__(self):
        self.bytes = 0

    def sendall(self, data):
        self.bytes += memoryview(data).nbytes


def measure(parameters):
    update = np.random.default_rng(0).normal(0, 0.05, parameters).astype(np.float32)
    milliseconds = []
    for _ in range(REPEATS):
        started = time.process_time()
        uploads = share(update, frac=24, bound=8.0, path="update", client=0)
        milliseconds.append(1e3 * (time.process_time() - started))
    servers = Counter(), Counter()
    for server, message in zip(servers, upload_messages("0" * 64, 0, ["update"], [uploads]), strict=True):
        send(server, message)
    print(f"{parameters} parameters of one client")
    print(f"    CPU          {np.median(milliseconds):.1f} ms (median of {REPEATS})")
    print(f"    to server 0  {servers[0].bytes} bytes")
    print(f"    to server 1  {servers[1].bytes} bytes, {servers[1].bytes / parameters:.4f} per parameter")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameters", type=int, default=1_000_000)
    measure(parser.parse_args().parameters)
