"""Runs a compiled program in this process: exact ring arithmetic, no cryptography, no servers."""

from __future__ import annotations

import json
import time

import numpy as np

from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.mpc.io import Output, Public, Share
from ezprivsecfl.ir.mpc.opening import bits_opened
from ezprivsecfl.ir.mpc.protocol import Open
from ezprivsecfl.runtime.encoding import check_bound
from ezprivsecfl.runtime.program import Clear
from ezprivsecfl.runtime.session import ClientValues, RunResult, ServerValues, check_round
from ezprivsecfl.runtime.statistics import Statistics, peak_memory_bytes


class PlainProgram:
    """A compiled program, simulated: what is truncated is rounded down, and outputs keep the places that stay closed.

    Args:
        compiled: The program.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        described = json.loads(json.dumps({**manifest(compiled.secure), "checks": []}))
        self.clear = Clear(described, compiled.prologue, compiled.epilogue)

    def prepare(self, clients: int) -> None:
        """There is nothing to prepare."""

    def run(self, clients: ClientValues, server: ServerValues) -> RunResult:
        """One round; raises what the servers would raise."""
        started, cpu = time.perf_counter(), time.process_time()
        count = check_round(self.compiled, clients, server)
        secure = self.compiled.secure
        inputs = {}
        for op in secure.of(Share):
            for client, value in enumerate(clients[op.path]):
                check_bound(np.asarray(value), op.bound, op.path, f" of client {client}")
            inputs[op.path] = encode(np.stack([np.asarray(v) for v in clients[op.path]]), op.type.frac)
        publics = self.clear.publics(server, count)
        inputs |= {op.path: value for op, value in zip(secure.of(Public), publics, strict=True)}
        opened = run_mpc(secure, inputs, count)
        outputs = self.clear.results([opened[op.path] for op in secure.of(Output)], server, count)
        bits, sizes = [], []
        for output, lowest in zip(secure.of(Output), self.clear.lowest(server, count), strict=True):
            source, value = output.operands[0].op, opened[output.path]
            bits.append(bits_opened(value, source.significant, lowest) if isinstance(source, Open) else 0)
            sizes.append(value.size)
        statistics = Statistics(
            computation=self.compiled.name,
            backend="plain",
            clients=count,
            bytes_sent=[0, 0],
            messages=[0, 0],
            rounds=0,
            compile_seconds=0.0,
            setup_seconds=0.0,
            online_seconds=time.perf_counter() - started,
            cpu_seconds=[time.process_time() - cpu, 0.0],
            peak_memory_bytes=[peak_memory_bytes(), 0],
            opened=self.clear.opened(bits, sizes),
        )
        return RunResult(outputs, statistics)
