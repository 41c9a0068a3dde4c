"""Uploads as a fuzzer makes them up: ``python tests/support/fuzzed_uploads.py SECONDS [SEED]`` (``scripts/fuzz``).

A server reads streams of messages, right ones that were mutated and random ones. Whatever comes, the stream ends or is
read to its end; nothing but typed errors is raised; memory is bounded; and a round takes only complete uploads.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import numpy as np
from manifests import manifest_of

from ezprivsecfl.runtime.participants import Inbox
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.server import Server
from ezprivsecfl.runtime.sharing import SEED_BYTES
from ezprivsecfl.runtime.wire import LENGTH, MAX_HEADER, ClosedError, receive

CLIENTS = 4
PROGRAM = manifest_of(clients=CLIENTS, x=(2, 3), w=())
ROUND = "00" * 16
LAYOUT = plan_of(PROGRAM).layout
SIZES = (
    (("|u1", SEED_BYTES),),
    (("<u8", LAYOUT.entries), ("|u1", LAYOUT.high_bytes), ("|u1", LAYOUT.proof_bytes)),
)
"""By server the arrays of an upload."""

MESSAGES = 8
"""Of a stream at most."""

MEMORY = MAX_HEADER + (1 << 20)
"""Bytes that reading a stream may take, and ``PER_BYTE`` for each of its own: a header may announce as many."""

PER_BYTE = 32
"""Of the objects that JSON of a byte becomes, at most."""

ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, CLIENTS, 2**31, 2**63, 2**64, 10**30, 0.5, float("nan"), float("inf")),
    *("", "x", "w", "\ud800", "upload", "<u8", ">u8", "|u1", "|O", "|V0", "|V9999999999", "u8,u8", "(2,3)u8", "M8[s]"),
    *([], {}, [0], ["x", "x"], [["x"], {}], {"dtype": "<u8", "shape": [2, 3]}),
    *({"dtype": "<u8", "shape": [2**40]}, {"dtype": "<u8", "shape": [2**62] * 2}, {"dtype": "<u8", "shape": [1] * 99}),
)
"""What takes the place of any part of a header."""


def stream(rng: random.Random, party: int) -> bytes:
    """What one connection brings."""
    data = b"".join(message(rng, party) for _ in range(rng.randint(1, MESSAGES)))
    kind = rng.randrange(8)
    if kind == 0:
        data = data[: rng.randrange(len(data))]
    elif kind == 1:
        changed = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        data = bytes(changed)
    elif kind == 2:
        data += rng.randbytes(rng.randint(1, 200))
    return data


def message(rng: random.Random, party: int) -> bytes:
    """An upload, right or not."""
    header: Any = {"do": "upload", "program": "p", "client": rng.randrange(CLIENTS), "round": ROUND}
    header["arrays"] = [{"dtype": dtype, "shape": [size]} for dtype, size in SIZES[party] if rng.random() < 0.95]
    size = sum(int(np.prod(a["shape"])) * np.dtype(a["dtype"]).itemsize for a in header["arrays"])
    if rng.random() < 0.5:
        for _ in range(rng.randint(1, 3)):
            header = mutated(rng, header)
    text = json.dumps(header).encode()
    if rng.random() < 0.05:
        text = rng.choice([b"", b"\xff", b"[" * 100_000, b"9" * 10_000, rng.randbytes(50)])
    length = len(text)
    if rng.random() < 0.05:
        length = rng.choice([0, length - 1, length + 1, MAX_HEADER, 8 * MAX_HEADER, 2**63, 2**64 - 1]) % 2**64
    return LENGTH.pack(length) + text + rng.randbytes(size)


def mutated(rng: random.Random, part: Any) -> Any:
    """JSON in which one part is another, is missing, or is there twice."""
    if isinstance(part, dict | list) and part and rng.random() < 0.9:
        changed = part.copy()
        key = rng.choice(list(part)) if isinstance(part, dict) else rng.randrange(len(part))
        kind = rng.random()
        if kind < 0.1:
            del changed[key]
        elif kind < 0.2 and isinstance(changed, list):
            changed.append(changed[key])
        else:
            changed[key] = mutated(rng, part[key])
        return changed
    same = [odd for odd in ODD if type(odd) is type(part)]
    return rng.choice(same if same and rng.random() < 0.5 else ODD)


class Uploads:
    """A server that takes uploads alone, and reads streams."""

    def __init__(self, party: int) -> None:
        self.party = party
        self.server = Server(party)
        self.inbox = Inbox(party, PROGRAM)
        program = SimpleNamespace(inbox_of=lambda number: (self.inbox, number), upload=self._upload)
        self.server.programs["p"] = program  # type: ignore[assignment]

    def _upload(self, client: Any, named: object, arrays: Sequence[Any]) -> None:
        self.inbox.take(client, named, arrays, ROUND)

    def read(self, data: bytes) -> int:
        """Takes in what a stream brings until it ends; how many messages that were."""
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=feed, args=(theirs, data))
        thread.start()
        count = 0
        with ours, suppress(ClosedError):
            ours.settimeout(10)
            while True:
                # Other orders than uploads are not for clients to give: nothing is taken with them.
                received = receive(ours, lambda header: self.server.limit(header) or 0)
                if received.header.get("do") == "upload" and received.header.get("program") == "p":
                    self.server.upload(received)
                    count += 1
        thread.join()
        return count

    def close_round(self) -> tuple[int, ...]:
        """Ends the round; asserts what must be true of it."""
        assert self.inbox.held_bytes <= CLIENTS * self.inbox.client_bytes
        kept = self.inbox.close(CLIENTS)
        assert set(kept) | self.inbox.refused.keys() - {None} == set(range(CLIENTS))
        assert not set(kept) & self.inbox.refused.keys()
        for why in self.inbox.refused.values():
            assert len(why) < 300
        for client in kept:
            size = sum(np.dtype(dtype).itemsize * count for dtype, count in SIZES[self.party])
            assert len(os.pread(self.inbox.store.descriptor, size, self.inbox.place(client))) == size
        self.inbox.clear()
        return kept


def feed(connection: socket.socket, data: bytes) -> None:
    """Sends all that the other end reads."""
    with connection, suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)


def fuzz(seed: int) -> Iterator[Counter[str]]:
    """Streams without end, and after each what was counted in it.

    Raises:
        AssertionError: Something is not as it must be: its cause says what, itself the seed and the stream.
    """
    servers = [Uploads(party) for party in (0, 1)]
    number = 0
    while True:
        rng = random.Random(f"{seed}/{number}")
        uploads = servers[number % 2]
        data = stream(rng, uploads.party)
        try:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            count = uploads.read(data)
            used = tracemalloc.get_traced_memory()[1] - before
            assert used <= MEMORY + PER_BYTE * len(data), f"{used} bytes for a stream of {len(data)}"
            kept = uploads.close_round()
        except Exception as e:
            raise AssertionError(f"seed {seed}, stream {number}: {data[:300]!r}") from e
        yield Counter(streams=1, uploads=count, taken=len(kept))
        number += 1


def main() -> None:
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    tracemalloc.start()
    until, counts = time.monotonic() + seconds, Counter[str]()
    for counted in fuzz(seed):
        counts += counted
        if time.monotonic() > until:
            break
    print(", ".join(f"{n} {name}" for name, n in counts.items()))


if __name__ == "__main__":
    main()
