"""Rounds of programs that run without this package: the files that servers' executables read, and what comes of theirs.

The back end motion2nx emits executables (``cpp/motion2nx/include/ezmotion/server.h``) that compute what is on shares.
What is in the clear is done here: what both servers know of a round, what one client sends, and what follows from
opened values::

    round_ = Round.make("my_program.ez/fltrust", clients=30, server={"root": root})
    round_.write("round.json")                                  # for both servers, and all clients
    Round.read("my_program.ez/fltrust", "round.json").share(0, {"updates": update}, "to-server0", "to-server1")
    round_.results("results", {"root": root})["result"]         # once the servers are done
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError, RunError
from ezprivsecfl.runtime.admission import ServerValues, check_count, check_given, check_server, checked_value, values_of
from ezprivsecfl.runtime.manifest import MANIFEST, Manifest
from ezprivsecfl.runtime.program import Arrays, Clear
from ezprivsecfl.runtime.proofs import ProofPlan, plan_of
from ezprivsecfl.runtime.sharing import Occasion, checked, share

FORMAT = 1
"""Of the file of a round; ``cpp/motion2nx/src/round_file.cpp`` reads it."""

UPLOAD = b"ezshare1"
"""What a client's files begin with; ``cpp/motion2nx/src/uploads.h`` describes them."""

REPORT = "report.json"
ROUND_BYTES = 16


@dataclass(frozen=True)
class Round:
    """One round of a program whose servers run by themselves.

    Args:
        clear: The program's clear parts; its manifest has what the round decides on.
        description: What is in the file.
    """

    clear: Clear
    description: Mapping[str, Any]

    @staticmethod
    def make(folder: str | Path, clients: int, server: ServerValues | None = None) -> Round:
        """A new round.

        Args:
            folder: Where ``ezcompile`` has written the program.
            clients: How many there may be; they have the numbers from 0 on.
            server: By path of the SERVER-placed parameter its value; both servers get to know what follows from it.

        Raises:
            InputError: A value is not what the program was compiled for, or it has private inputs of the server.
            RunError: There is no program in the folder.
        """
        server, program = server or {}, program_hash(Path(folder))
        clear = _clear(Path(folder))
        exact, manifest = clear.manifest.exact_clients, clear.manifest
        check_count(manifest.name, clients, exact or manifest.min_clients, exact or manifest.max_clients)
        check_server(manifest, server)
        manifest = clear.of_round(server)
        publics, by_clients = _publics(clear, server, clients)
        radii = {s.vector: s.radius for s in manifest.shares if s.vector is not None and s.radius is not None}
        return Round(
            Clear(manifest, clear.prologue, clear.epilogue),
            {
                "format": FORMAT,
                "program": program.hex(),
                "round": secrets.token_bytes(ROUND_BYTES).hex(),
                "clients": clients,
                "radii": radii,
                **_uploads(manifest),
                "publics": publics,
                "by_clients": by_clients,
            },
        )

    @staticmethod
    def read(folder: str | Path, file: str | Path) -> Round:
        """The round that ``write`` has written.

        Args:
            folder: Where ``ezcompile`` has written the program.
            file: The round's.

        Raises:
            RunError: There is no program, or the file is not of a round of it.
        """
        clear, program = _clear(Path(folder)), program_hash(Path(folder))
        try:
            found = json.loads(Path(file).read_text("utf-8"))
            of_round = clear.manifest.with_radii(found["radii"])
            same = found["format"] == FORMAT and found["program"] == program.hex()
            same = same and all(found[name] == value for name, value in _uploads(of_round).items())
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as e:
            raise RunError(f"{file} is not the file of a round: {e}") from e
        if not same:
            raise RunError(f"{file} is of a round of another program than the one in {folder}: make it anew")
        return Round(Clear(of_round, clear.prologue, clear.epilogue), found)

    def write(self, file: str | Path) -> None:
        """Writes it for both servers and all clients; nothing in it is secret."""
        Path(file).write_text(json.dumps(self.description) + "\n", "utf-8")

    def share(
        self, client: int, values: Mapping[str, NDArray[Any]], to_server0: str | Path, to_server1: str | Path
    ) -> tuple[Path, Path]:
        """The client's side: shares its values, and writes what it sends to each server. Fresh shares in every call.

        Args:
            client: Its number.
            values: By path of the CLIENTS-placed parameter its value.
            to_server0: The folder for server 0's file; it must not get into the hands of server 1.
            to_server1: And the other way round. Both folders are made if they are not there.

        Returns:
            Both files.

        Raises:
            InputError: There is no such client in the round, or its values are not what the program was compiled for.
            FileExistsError: It has shared something in this folder already.
        """
        manifest = self.clear.manifest
        if not 0 <= client < self.description["clients"]:
            raise InputError(f"client {client} is not in this round: it has {self.description['clients']} clients")
        check_given(manifest, [s.path for s in manifest.parameters], values)
        with values_of(f"client {client}"):
            own = {s.path: checked_value(s, values[s.path]) for s in manifest.parameters}
            uploads = share(manifest, checked(manifest, own), self._occasion(client))
        first, second = (
            _write_upload(Path(folder), client, self._header(client), arrays)
            for folder, arrays in zip((to_server0, to_server1), uploads.arrays, strict=True)
        )
        return first, second

    def results(self, folder: str | Path, server: ServerValues | None = None) -> Arrays:
        """What the program returns, by output path.

        Args:
            folder: Where a server has written what was opened.
            server: What ``make`` was given.

        Raises:
            RunError: There are no results of this round.
        """
        server, manifest = server or {}, self.clear.manifest
        check_server(manifest, server)
        try:
            report = json.loads((Path(folder) / REPORT).read_text("utf-8"))
            opened = {o.path: np.load(Path(folder) / f"{o.path}.npy", allow_pickle=False) for o in manifest.outputs}
            of_this = report["round"] == self.description["round"]
            clients = len(report["clients"])
        except (OSError, ValueError, TypeError, KeyError) as e:
            raise RunError(f"there are no results in {folder}: {e}") from e
        if not of_this:
            raise RunError(f"the results in {folder} are of the round {report['round']}, not of this one")
        return self.clear.finished(opened, server, clients)

    def _occasion(self, client: int) -> Occasion:
        return Occasion(bytes.fromhex(self.description["program"]), bytes.fromhex(self.description["round"]), client)

    def _header(self, client: int) -> bytes:
        return UPLOAD + bytes.fromhex(self.description["round"]) + client.to_bytes(8, "little")


def program_hash(folder: Path) -> bytes:
    """What the executable calls itself: ``sha256sum circuits/*.txt manifest.json program.cpp | sha256sum``.

    Raises:
        RunError: There is no program in the folder.
    """
    names = [f"circuits/{path.name}" for path in (folder / "circuits").glob("*.txt")] + [MANIFEST, "program.cpp"]
    try:
        lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    except OSError as e:
        raise RunError(f"there is no program in {folder}: {e.strerror} ({e.filename})") from e
    return hashlib.sha256("".join(lines).encode()).digest()


def _clear(folder: Path) -> Clear:
    """The clear parts of a program in a folder, built or not."""
    try:
        manifest = Manifest.parse((folder / MANIFEST).read_text("utf-8"))
        clear = Clear.of_folder(manifest, folder)
    except OSError as e:
        raise RunError(f"there is no program in {folder}: {e.strerror} ({e.filename})") from e
    if manifest.private:
        paths = ", ".join(repr(s.path) for s in manifest.server if s.owner is not None)
        raise InputError(
            f"{manifest.name} has private inputs of the server ({paths}): its servers do not run by themselves; run it "
            "with this package, or make them public (--server-input)"
        )
    return clear


def _uploads(manifest: Manifest) -> dict[str, Any]:
    """How uploads are laid out, what is proved of them, and where in them the program's inputs are."""
    plan = plan_of(manifest)
    vectors, statements, products, sums = plan.layout_parts
    return {
        "layout": {
            "vectors": [list(v) for v in vectors],
            "statements": [{"terms": [list(t) for t in terms], "constant": c.hex()} for terms, c in statements],
            "products": [list(p) for p in products],
            "unit_sums": [list(u) for u in sums],
        },
        "inputs": [_place(plan, s.path, s.client_shape) for s in manifest.shares],
        "products": [list(columns) for columns in plan.columns],
    }


def _place(plan: ProofPlan, path: str, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"vector": plan.first_vector(path), "entry": plan.first_entry(path), "shape": list(shape)}


def _publics(clear: Clear, server: ServerValues, clients: int) -> tuple[list[dict[str, Any]], list[list[int]]]:
    """The public values for every number of clients that may be left, once each, and which are whose."""
    manifest = clear.manifest
    found: list[dict[str, Any]] = []
    by_clients: list[list[int]] = []
    for count in range(manifest.exact_clients or manifest.min_clients, clients + 1):
        one = _publics_for(clear, server, count)
        if "refused" in one and count == clients:
            raise InputError(one["refused"])
        if one not in found:
            found.append(one)
        by_clients.append([count, found.index(one)])
    return found, by_clients


def _publics_for(clear: Clear, server: ServerValues, clients: int) -> dict[str, Any]:
    try:
        prepared = clear.prepared(server, clients)
        values = clear.publics(prepared)
    except InputError as e:
        return {"refused": str(e)}
    listed = [{"shape": list(v.shape), "data": v.astype("<u8").tobytes().hex()} for v in values]
    return {"values": listed, "lowest": clear.lowest(prepared)}


def _write_upload(folder: Path, client: int, header: bytes, arrays: list[NDArray[Any]]) -> Path:
    """Writes one of a client's files, which nobody else can read."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"client-{client}.share"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(header)
        for array in arrays:
            stream.write(np.ascontiguousarray(array).tobytes())
    return path
