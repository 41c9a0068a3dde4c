"""Runs a compiled program in this process: exact ring arithmetic, no cryptography, no servers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.mpc.io import Output, Public, Share
from ezprivsecfl.ir.mpc.opening import bits_opened
from ezprivsecfl.ir.mpc.protocol import Open
from ezprivsecfl.runtime.admission import ClientValues, admit, client_value
from ezprivsecfl.runtime.encoding import check_bound
from ezprivsecfl.runtime.participants import on_valid_clients
from ezprivsecfl.runtime.program import Arrays, Clear
from ezprivsecfl.runtime.session import RunResult, ServerValues, check_round
from ezprivsecfl.runtime.statistics import Statistics, described, peak_memory_bytes


class PlainProgram:
    """A compiled program, simulated: what is truncated is rounded down, and outputs keep the places that stay closed.

    Args:
        compiled: The program.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.clear = Clear(json.loads(json.dumps(manifest(compiled.secure))), compiled.prologue, compiled.epilogue)
        self.magnitudes: dict[str, int] = {}
        self.opened: list[dict[str, Any]] = []

    def prepare(self, clients: int) -> None:
        """There is nothing to prepare."""

    def run(self, clients: ClientValues, server: ServerValues) -> RunResult:
        """One round; raises what the servers would raise."""
        started, cpu = time.perf_counter(), time.process_time()
        count = check_round(self.compiled, clients, server)
        policy = self.compiled.options.on_bad_client
        encoded, dropped = admit(count, lambda client: self._encoded(clients, client), policy)
        outputs, kept, invalid = on_valid_clients(
            self.compiled.name,
            encoded,
            dropped,
            policy,
            self.compiled.options.min_clients,
            lambda kept: self._computed([encoded[c] for c in kept], server),
        )
        statistics = Statistics(
            computation=self.compiled.name,
            backend="plain",
            clients=len(kept),
            dropped=described({**dropped, **invalid}),
            bytes_sent=[0, 0],
            messages=[0, 0],
            rounds=0,
            compile_seconds=0.0,
            setup_seconds=0.0,
            online_seconds=time.perf_counter() - started,
            cpu_seconds=[time.process_time() - cpu, 0.0],
            peak_memory_bytes=[peak_memory_bytes(), 0],
            opened=self.opened,
        )
        return RunResult(outputs, self.magnitudes, statistics)

    def _computed(self, encoded: Sequence[Mapping[str, NDArray[np.uint64]]], server: ServerValues) -> Arrays:
        """The results for some clients."""
        secure, clients = self.compiled.secure, len(encoded)
        inputs = {op.path: np.stack([one[op.path] for one in encoded]) for op in secure.of(Share)}
        prepared = self.clear.prepared(server, clients)
        publics = self.clear.publics(prepared)
        inputs |= {op.path: value for op, value in zip(secure.of(Public), publics, strict=True)}
        by_path = run_mpc(secure, inputs, clients)
        opened = [by_path[op.path] for op in secure.of(Output)]
        self.magnitudes = self.clear.magnitudes(opened)
        bits = [
            bits_opened(value, op.operands[0].op.significant, lowest) if isinstance(op.operands[0].op, Open) else 0
            for op, value, lowest in zip(secure.of(Output), opened, self.clear.lowest(prepared), strict=True)
        ]
        self.opened = self.clear.opened(bits, [value.size for value in opened])
        return self.clear.results(opened, server, clients)

    def _encoded(self, clients: ClientValues, client: int) -> dict[str, NDArray[np.uint64]]:
        """One client's values, checked as it would check them."""
        encoded = {}
        for op in self.compiled.secure.of(Share):
            value = client_value(op, clients, client)
            check_bound(value, op.bound, op.path, f" of client {client}", op.lowest)
            encoded[op.path] = encode(value, op.type.frac)
        return encoded
