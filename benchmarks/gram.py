"""Gram matrices of all updates, and the product of two matrices that one takes the place of.

    uv run python benchmarks/gram.py

Both are run by turns, on servers of their own. CPU seconds are those of the busier server, setup and online, in the
round that took least; memory is the larger server's.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from kernels import compiled

from ezprivsecfl.backends.duet.backend import Duet, DuetProgram
from ezprivsecfl.backends.duet.passes import legal
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.ir.mpc import shares, structure
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.session import TwoServerProgram

ROUNDS = 4
"""The first takes what a session needs once, and does not count."""


def gram(b, x):
    return b.add(shares.Gram, x)


def product(b, x):
    return b.add(shares.Gemm, x, b.add(structure.Transpose, x, permutation=(1, 0)))


@dataclass
class Measured:
    """A kernel on servers of its own, at one size."""

    name: str
    kernel: object
    clients: int
    size: int
    statistics: list = field(default_factory=list)

    def __post_init__(self):
        program = compiled(self.name, self.kernel, self.size, self.clients)
        program = replace(program, options=Options(clients=self.clients, proofs=False))
        self.lowered = DuetProgram(program, program.secure, legal(program.secure), Duet())
        self.cluster = LocalCluster()
        self.on_servers = TwoServerProgram(self.cluster, self.lowered.build())

    def run(self, values):
        self.statistics.append(self.on_servers.run({"x": list(values)}, {}).statistics)
        self.cluster.settle()

    def row(self):
        later = self.statistics[1:]
        declared, sent = self.lowered.cost(self.clients).total_bytes, sum(later[-1].bytes_sent)
        cpu = min(max(s.cpu_seconds) for s in later)
        memory = max(later[-1].peak_memory_bytes)
        size = f"{self.clients} x {self.size:,}"
        return f"{self.name:8s} {size:>14s} {declared / 1e6:12.2f} {sent / 1e6:12.2f} {cpu:8.2f} {memory / 1e6:10.0f}"


if __name__ == "__main__":
    print(f"{'kernel':8s} {'size':>14s} {'declared MB':>12s} {'measured MB':>12s} {'CPU s':>8s} {'memory MB':>10s}")
    for clients, size in ((30, 3_372), (100, 3_372), (30, 100_000)):
        pair = [Measured("product", product, clients, size), Measured("gram", gram, clients, size)]
        values = np.random.default_rng(0).integers(-4, 4, (clients, size)).astype(float)
        for _ in range(ROUNDS):
            for one in pair:
                one.run(values)
        for one in pair:
            print(one.row(), flush=True)
            one.cluster.stop()
