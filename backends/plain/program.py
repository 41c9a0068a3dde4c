"""Runs a compiled program in this process: exact ring arithmetic, no cryptography, no servers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.mpc.io import Output
from ezprivsecfl.ir.mpc.opening import bits_opened
from ezprivsecfl.ir.mpc.protocol import Open
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.runtime.admission import ClientValues, ServerValues, admit, check_round, client_values
from ezprivsecfl.runtime.manifest import Manifest
from ezprivsecfl.runtime.participants import on_valid_clients
from ezprivsecfl.runtime.private import third_party_values
from ezprivsecfl.runtime.program import Arrays, Clear
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.session import RunResult
from ezprivsecfl.runtime.sharing import checked
from ezprivsecfl.runtime.statistics import Statistics, described, peak_memory_bytes


class PlainProgram:
    """A compiled program, simulated: what is truncated is rounded down, and outputs keep the places that stay closed.

    Args:
        compiled: The program.
        noise: Whether noise is drawn; without, results are those that it is added to.
    """

    def __init__(self, compiled: Compiled, *, noise: bool = True) -> None:
        self.noise = noise
        self.secure = compiled.secure
        self.manifest = manifest(compiled, compiled.secure, "plain")
        self.clear = Clear(self.manifest, compiled.prologue, compiled.epilogue, compiled.owned)
        self.magnitudes: dict[str, int] = {}
        self.opened: list[dict[str, Any]] = []

    def prepare(self, clients: int) -> None:
        """There is nothing to prepare."""

    def run(self, clients: ClientValues, server: ServerValues) -> RunResult:
        """One round; raises what the servers would raise."""
        started, cpu = time.perf_counter(), time.process_time()
        count = check_round(self.manifest, clients, server)
        manifest = self.clear.of_round(server)
        private = self._private(server)
        encoded, dropped = admit(manifest, range(count), lambda client: self._encoded(manifest, clients, client))
        outputs, kept, invalid = on_valid_clients(
            self.manifest, encoded, dropped, lambda kept: self._computed([encoded[c] for c in kept], server, private)
        )
        statistics = Statistics(
            computation=self.manifest.name,
            backend=self.manifest.backend,
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

    def _private(self, server: ServerValues) -> dict[str, NDArray[np.uint64]]:
        """What owners share of the server's private inputs, checked as they would check it."""
        found = {owner: self.clear.owned_values(owner, server) for owner in self.clear.owned}
        if self.manifest.third_party is not None:
            third_party_values(self.manifest.third_party, found[Owner.THIRD_PARTY])
        return {path: value.view(np.uint64) for values in found.values() for path, value in values.items()}

    def _computed(
        self,
        encoded: Sequence[Mapping[str, NDArray[np.uint64]]],
        server: ServerValues,
        private: Mapping[str, NDArray[np.uint64]],
    ) -> Arrays:
        """The results for some clients."""
        secure, clients = self.secure, len(encoded)
        inputs = {share.path: np.stack([one[share.path] for one in encoded]) for share in self.manifest.shares}
        prepared = self.clear.prepared(server, clients)
        publics = self.clear.publics(prepared)
        inputs |= {public.path: value for public, value in zip(self.manifest.publics, publics, strict=True)}
        inputs |= private
        by_path = run_mpc(secure, inputs, clients, noise=self.noise)
        opened = [by_path[op.path] for op in secure.of(Output)]
        self.magnitudes = self.clear.magnitudes(opened)
        bits = [
            bits_opened(value, op.operands[0].op.significant, lowest) if isinstance(op.operands[0].op, Open) else 0
            for op, value, lowest in zip(secure.of(Output), opened, self.clear.lowest(prepared), strict=True)
        ]
        self.opened = self.clear.opened(bits, [value.size for value in opened])
        return self.clear.results(opened, server, clients)

    def _encoded(self, manifest: Manifest, clients: ClientValues, client: int) -> dict[str, NDArray[np.uint64]]:
        """One client's values, checked as it would check them."""
        everything = checked(manifest, client_values(manifest, clients, client)).view(np.uint64)
        parts = plan_of(manifest).parts(everything)
        return {share.path: parts[share.path].reshape(share.client_shape) for share in self.manifest.shares}
