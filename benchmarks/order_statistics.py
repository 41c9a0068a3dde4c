"""Median and trimmed mean per coordinate on two servers: bytes, rounds, CPU time and error.

    uv run python benchmarks/order_statistics.py [--grid 30x3372 30x100] [--rounds 3] [--trimmed 3] [--proofs]

Each of two clients has half of the d coordinates, with n numbers each: what is measured does not depend on how the
numbers of a coordinate came together. Figures are of the round that took least processor time.
"""

import argparse
import statistics
from dataclasses import replace

import numpy as np

from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement
from ezprivsecfl.ir.tensor.elementwise import Mul, Neg
from ezprivsecfl.ir.tensor.ordering import TopValues
from ezprivsecfl.ir.tensor.structure import Slice, Sum
from ezprivsecfl.ir.types import DType, Secrecy, TensorType
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.session import TwoServerProgram

CLIENTS = 2


def mean_of_middle(name, rows, size, dropped):
    """The mean of all but the ``dropped`` smallest and largest of every row."""
    b = ProgramBuilder(name, Level.TENSOR, CLIENTS)
    type_ = TensorType(("n", rows // CLIENTS, size), DType.F32, Secrecy.SECRET)
    x = b.add(Input, path="x", placement=Placement.CLIENTS, bound=None, type=type_)
    ascending = b.add(Neg, b.add(TopValues, b.add(Neg, x), count=size))
    kept = size - 2 * dropped
    middle = b.add(Slice, ascending, starts=(0, 0, dropped), sizes=("n", rows // CLIENTS, kept), strides=(1, 1, 1))
    scale = b.add(Constant, value=np.asarray(1 / kept), dtype=DType.F32)
    means = b.add(Mul, b.add(Sum, middle, axes=(2,)), scale)
    b.append(Output(operands=(b.add(Sum, means, axes=(0,)),), path="y"))
    return b.build()


def measure(cluster, program, rows, size, dropped, rounds, proofs):
    bounds = ParameterBounds.of({"x": Bound(0.5)})
    lowered = Duet().lower(compile_program(program, Options(clients=CLIENTS, bounds=bounds, proofs=proofs)))
    on_servers = TwoServerProgram(cluster, lowered.build())
    rng = np.random.default_rng(size)
    shape = (CLIENTS, rows // CLIENTS, size)
    x = np.clip(rng.normal(rng.normal(size=(*shape[:2], 1)), 1.0, shape) / 20, -0.5, 0.5)
    expected = np.sort(x, axis=2)[..., dropped : size - dropped].mean(axis=2).sum(axis=0)
    results = [on_servers.run({"x": list(x)}, {}) for _ in range(rounds + 1)][1:]  # the first has the base OTs
    best = min((r.statistics for r in results), key=lambda s: max(s.cpu_seconds))
    error = np.max(np.abs(results[0].outputs["y"] - expected)) / np.max(np.abs(expected))
    declared = lowered.cost(CLIENTS)
    gates = sum(c.and_count for c in lowered.secure.circuits.values())
    sent = sum(best.bytes_sent)
    cpu = statistics.median(max(r.statistics.cpu_seconds) for r in results)
    print(
        f"{program.name:13s} {size:3d} x {rows:5,d}  declared {declared.total_bytes / 1e6:7.2f} MB  "
        f"measured {sent / 1e6:7.2f} MB  rounds {best.rounds:4d}  CPU {max(best.cpu_seconds):6.2f} s "
        f"(median {cpu:.2f})  memory {max(best.peak_memory_bytes) / 1e6:5.0f} MB  AND gates {gates:6,d}  "
        f"error {error:.1e}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", nargs="+", default=["30x100", "30x3372"], metavar="NxD")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trimmed", type=int, default=3, help="how many the trimmed mean leaves out at each end")
    parser.add_argument("--proofs", action="store_true", help="clients prove norms")
    options = parser.parse_args()
    cluster = LocalCluster()
    for point in options.grid:
        size, rows = map(int, point.split("x"))
        for name, dropped in (("median", (size - 1) // 2), ("trimmed_mean", options.trimmed)):
            program = replace(mean_of_middle(name, rows, size, dropped), max_clients=CLIENTS)
            measure(cluster, program, rows, size, dropped, options.rounds, options.proofs)
    cluster.stop()
