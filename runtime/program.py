"""One program on one server: the clear prologue, its half of the protocol, the clear epilogue."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import DivisionError, InputError
from ezprivsecfl.ir.interpreter import evaluate_ops, run_tensor
from ezprivsecfl.ir.mpc.fixed_point import decode, encode
from ezprivsecfl.ir.mpc.protocol import division_message
from ezprivsecfl.ir.op import Round
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.ir.types import DType, resolve
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import loadable, read_tree, tree_hash
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
        for op in self.prologue.of(Input):
            if op.bound is not None and op.type.dtype is not DType.BOOL:
                check_bound(server[op.path], op.bound, op.path)
        needed = {op.path: np.asarray(server[op.path]) for op in self.prologue.of(Input)}
        values = evaluate_ops(self.prologue, needed, Round(clients))
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

    def results(self, opened: list[NDArray[np.uint64]], server: Mapping[str, NDArray[Any]], clients: int) -> Arrays:
        """Checks, decodes and finishes what the secure part opened.

        Raises:
            DivisionError: A secret divisor was zero.
        """
        outputs, checks = self.manifest["outputs"], self.manifest["checks"]
        for check, count in zip(checks, opened[len(outputs) :], strict=True):
            if int(count[()]):
                raise DivisionError(division_message(check["what"], int(count[()]), check["location"]))
        inputs: Arrays = {o["path"]: decode(v, o["frac"]) for o, v in zip(outputs, opened[: len(outputs)], strict=True)}
        prepared: Arrays = {}
        for op in self.epilogue.of(Input):
            value = np.asarray(inputs[op.path] if op.path in inputs else server[op.path])
            if op.type.dtype is DType.BOOL:
                value = value.astype(np.bool_)
            elif op.type.dtype.is_integer:
                value = value.astype(np.int64)
            prepared[op.path] = value.astype(np.float64) if op.type.dtype.is_float else value
        return run_tensor(self.epilogue, prepared, clients)


def arrays_digest(arrays: Iterable[NDArray[Any]]) -> bytes:
    """SHA-256 of arrays: their types, shapes and elements."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


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
    """

    party: int
    clear: Clear
    engine: Any
    program_hash: bytes
    session: Any = None
    ready_for: int | None = None
    shares: dict[tuple[str, int], NDArray[np.uint64]] = field(default_factory=dict, repr=False)

    @staticmethod
    def load(folder: Path, party: int) -> ServerProgram:
        """Loads an artefact.

        Raises:
            RunError: It is not the user's own, or not what was built.
        """
        engine = _duet.load(str(loadable(folder)))
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
        """One round on the uploads of clients 0 to ``clients - 1``.

        Raises:
            InputError: An upload is missing or of a wrong shape, or a public value is beyond its bound.
            DivisionError: A secret divisor was zero.
            _duet.AgreementError: The servers differ in what they sent, received or opened; nothing is returned.
        """
        try:
            shares = [self._stacked(s, clients) for s in self.clear.manifest["shares"]]
        finally:
            self.shares.clear()
        publics = self.clear.publics(server, clients)
        if self.ready_for != clients:
            self.setup(clients)
        self.ready_for = None
        opened = self.engine.online(self.session, shares, publics)
        # What the results are made of, not the results: these may differ in a last bit between two processors.
        given = [np.asarray(server[path]) for path in self.clear.server_inputs()]
        self.session.confirm_round(arrays_digest([*opened, *given]))
        return self.clear.results(opened, server, clients)

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
