"""One client's work: processor time of checking, sharing and proving an update, and what it uploads to each server.

    uv run python benchmarks/sharing.py [--parameters 10000 1000000] [--proofs off] [--norm-bound 10]

The manifest is that of a mean of float32 vectors, as the compiler makes it: it says what is proved, and in which
fixed point.
"""

import argparse
import time

import numpy as np
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.sharing import Occasion, checked, share, upload_messages
from ezprivsecfl.runtime.wire import send

REPEATS = 9
CLIENTS = 30


class Counter:
    """Stands for a connection to a server."""

    def __init__(self):
        self.bytes = 0

    def sendall(self, data):
        self.bytes += memoryview(data).nbytes


def mean_of(parameters, **options):
    """What clients must know of a mean of so many parameters."""

    @tff.federated_computation(tff.FederatedType(tff.TensorType(np.float32, [parameters]), tff.CLIENTS))
    def mean(update):
        return tff.federated_mean(update)

    compiled = ez.compile(mean, clients=CLIENTS, scale="fixed", **options).variants[0].lowered.compiled
    return manifest(compiled, compiled.secure, "duet")


def timed(step):
    """What it returns, and its median processor time in nanoseconds."""
    nanoseconds = []
    for _ in range(REPEATS):
        started = time.process_time_ns()
        result = step()
        nanoseconds.append(time.process_time_ns() - started)
    return result, float(np.median(nanoseconds))


def measure(parameters, **options):
    """Prints a paragraph."""
    program = mean_of(parameters, **options)
    (given,) = program.shares
    update = np.random.default_rng(0).normal(0, 1e-3, parameters).astype(np.float32)
    values, checking = timed(lambda: checked(program, {given.path: update}))
    occasion = Occasion(bytes(32), bytes(16), 0)
    uploads, sharing = timed(lambda: share(program, values, occasion))
    servers = Counter(), Counter()
    for server, message in zip(servers, upload_messages("0" * 64, occasion, uploads), strict=True):
        send(server, message)
    layout = plan_of(program).layout
    print(f"{parameters} parameters of one client; |x| < {given.bound:g}, proof: {given.proof}, norm: {given.norm}")
    print(f"    {given.frac} fractional bits, shares of {64 + 8 * layout.high_bytes / layout.entries:.1f} bits")
    print(f"    check        {checking / parameters:8.1f} ns per parameter (median of {REPEATS})")
    print(f"    share, prove {sharing / parameters:8.1f} ns per parameter, {sharing / 1e6:.2f} ms")
    print(f"    to server 0  {servers[0].bytes} bytes")
    print(f"    to server 1  {servers[1].bytes} bytes, {servers[1].bytes / parameters:.4f} per parameter")
    print(f"    between servers {layout.message_bytes} bytes, {layout.message_bytes / parameters:.4f} per parameter")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameters", type=int, nargs="+", default=[8, 1_000, 100_000, 1_000_000])
    parser.add_argument("--proofs", choices=["on", "off"], default="on")
    parser.add_argument("--norm-bound", type=float)
    chosen = parser.parse_args()
    norms = {} if chosen.norm_bound is None else {"norm_bounds": {"": chosen.norm_bound}}
    for count in chosen.parameters:
        measure(count, proofs=chosen.proofs == "on", **norms)
