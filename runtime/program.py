"""One program on one server: the clear prologue, its half of the protocol, the clear epilogue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import DivisionError, InputError
from ezprivsecfl.ir.dependences import results_by_input
from ezprivsecfl.ir.interpreter import evaluate_ops, run_tensor
from ezprivsecfl.ir.mpc.fixed_point import decode, encode
from ezprivsecfl.ir.mpc.opening import lowest_place
from ezprivsecfl.ir.mpc.protocol import division_message
from ezprivsecfl.ir.op import Round
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.ir.types import DType, resolve
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import LIBRARY, read_tree, tree_hash
from ezprivsecfl.runtime.encoding import check_bound

Arrays = dict[str, NDArray[Any]]


@dataclass
class Clear:
    """The parts of a program that servers compute in the clear."""

    manifest: dict[str, Any]
    prologue: Program
    epilogue: Program

    @staticmethod
    def load(folder: Path) -> Clear:
        """Reads an artefact's clear parts."""
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        parts = [parse_program((folder / f"{p}.ir").read_text("utf-8"), f"{p}.ir") for p in ("prologue", "epilogue")]
        return Clear(manifest, *parts)

    def server_inputs(self) -> list[str]:
        """Paths of the SERVER-placed inputs that either part takes."""
        opened = {output["path"] for output in self.manifest["outputs"]}
        paths = [op.path for part in (self.prologue, self.epilogue) for op in part.of(Input)]
        return [p for p in dict.fromkeys(paths) if p not in opened]

    def publics(self, server: Mapping[str, NDArray[Any]], clients: int) -> list[NDArray[np.uint64]]:
        """The encoded public values of the secure part.

        Raises:
            InputError: One is not finite or beyond what the program was compiled for.
        """
        encoding = {public["path"] for public in self.manifest["publics"]}
        uses = results_by_input(self.prologue)
        for op in self.prologue.of(Input):
            if op.bound is not None and op.type.dtype is not DType.BOOL and encoding.intersection(uses[op.path]):
                check_bound(server[op.path], op.bound, op.path)
        values = self._prologue(server, clients)
        encoded = []
        for public in self.manifest["publics"]:
            value = values[public["path"]]
            if not np.all(np.abs(np.asarray(value, dtype=np.float64)) < public["bound"]):
                raise InputError(
                    f"a public value at {public['location']} is not finite or reaches {public['bound']:g}, more than "
                    "the program was compiled for: check the SERVER-placed inputs it is computed from"
                )
            encoded.append(encode(value, public["frac"]))
        return encoded

    def lowest(self, server: Mapping[str, NDArray[Any]], clients: int) -> list[int]:
        """For each output the place below which nothing is opened."""
        values = self._prologue(server, clients)
        return [
            0 if o["hidden"] is None else lowest_place(float(values[o["hidden"]]), o["significant"], o["frac"])
            for o in self.manifest["outputs"]
        ]

    def _prologue(self, server: Mapping[str, NDArray[Any]], clients: int) -> Arrays:
        needed = {op.path: np.asarray(server[op.path]) for op in self.prologue.of(Input)}
        return evaluate_ops(self.prologue, needed, Round(clients))

    def check(self, counts: Sequence[NDArray[np.uint64]]) -> None:
        """Judges the counts that are opened before any output.

        Raises:
            DivisionError: A secret divisor was zero.
        """
        for check, count in zip(self.manifest["checks"], counts, strict=True):
            if int(count[()]):
                raise DivisionError(division_message(check["what"], int(count[()]), check["location"]))

    def opened(self, bits: Sequence[int], sizes: Sequence[int]) -> list[dict[str, Any]]:
        """What was opened of the outputs, for the statistics: the results, numbers, and bits of each number."""
        results = results_by_input(self.epilogue)
        return [
            {"output": " and ".join(results[o["path"]]), "elements": size, "bits": count}
            for o, count, size in zip(self.manifest["outputs"], bits, sizes, strict=True)
        ]

    def results(self, opened: Sequence[NDArray[np.uint64]], server: Mapping[str, NDArray[Any]], clients: int) -> Arrays:
        """Decodes and finishes the opened outputs."""
        outputs = self.manifest["outputs"]
        inputs: Arrays = {o["path"]: decode(v, o["frac"]) for o, v in zip(outputs, opened, strict=True)}
        prepared: Arrays = {}
        for op in self.epilogue.of(Input):
            value = np.asarray(inputs[op.path] if op.path in inputs else server[op.path])
            if op.type.dtype is DType.BOOL:
                value = value.astype(np.bool_)
            elif op.type.dtype.is_integer:
                value = value.astype(np.int64)
            prepared[op.path] = value.astype(np.float64) if op.type.dtype.is_float else value
        return run_tensor(self.epilogue, prepared, clients)


@dataclass
class ServerProgram:
    """A loaded program with its connection to the other server.

    Args:
        party: 0 or 1.
        clear: The clear parts.
        engine: The emitted program.
        program_hash: Of the files that were loaded; the other server's must be the same.
        session: The connection; None until the servers have met.
        ready_for: The number of clients that the setup phase was run for, or None.
        opened: What the last round opened, as ``Clear.opened`` says it.
    """

    party: int
    clear: Clear
    engine: Any
    program_hash: bytes
    session: Any = None
    ready_for: int | None = None
    opened: list[dict[str, Any]] = field(default_factory=list)
    shares: dict[tuple[str, int], NDArray[np.uint64]] = field(default_factory=dict, repr=False)

    @staticmethod
    def load(folder: Path, party: int) -> ServerProgram:
        """Loads an artefact."""
        engine = _duet.load(str(folder / LIBRARY))
        return ServerProgram(party, Clear.load(folder), engine, tree_hash(read_tree(folder)))

    def setup(self, clients: int) -> None:
        """Everything that does not depend on the inputs."""
        self.ready_for = None
        self.engine.setup(self.session, clients)
        self.ready_for = clients

    def upload(self, path: str, client: int, data: NDArray[Any]) -> None:
        """Takes in one client's upload: for server 0 a seed, for server 1 the masked value."""
        self.shares[path, client] = data

    def run(self, server: Mapping[str, NDArray[Any]], clients: int) -> Arrays:
        """One round on the uploads of clients 0 to ``clients - 1``."""
        try:
            shares = [self._stacked(s, clients) for s in self.clear.manifest["shares"]]
        finally:
            self.shares.clear()
        publics = self.clear.publics(server, clients)
        if self.ready_for != clients:
            self.setup(clients)
        self.ready_for = None
        self.clear.check(self.engine.online(self.session, shares, publics))
        lowest = self.clear.lowest(server, clients)
        revealed = self.engine.reveal(self.session, lowest)  # only now: a round that fails opens no output
        self.opened = self.clear.opened([bits for _, bits in revealed], [value.size for value, _ in revealed])
        return self.clear.results([value for value, _ in revealed], server, clients)

    def _stacked(self, share: Mapping[str, Any], clients: int) -> NDArray[np.uint64]:
        shape = resolve(tuple(share["shape"]), clients)
        result = np.empty(shape, dtype=np.uint64)
        for client in range(clients):
            data = self.shares.pop((share["path"], client), None)  # each is freed once it is copied
            if data is None:
                raise InputError(f"client {client} has not uploaded {share['path']!r}")
            if self.party == 0:
                data = _duet.expand(data.tobytes(), int(np.prod(shape[1:], dtype=np.int64))).reshape(shape[1:])
            if data.shape != shape[1:]:
                raise InputError(f"client {client} has uploaded {share['path']!r} with shape {list(data.shape)}")
            result[client] = data
        return result
