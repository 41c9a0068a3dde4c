"""A man in the middle between the two servers: disturbs one frame of a round, and sees what the round ends in.

``python tests/support/tampering.py ROUNDS [SEED]`` runs rounds of a small FLTrust and counts (``scripts/tamper``).
"""

from __future__ import annotations

import random
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from on_duet import as_compiled
from opened import assert_as_opened
from rounds import random_round
from small_programs import fltrust

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError, EzError, InputError, RunError
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.participants import agreement_bytes
from ezprivsecfl.runtime.program import ServerProgram
from ezprivsecfl.runtime.sharing import Occasion, Uploads, checked, share

HEADER = struct.Struct("<HHIQ")
"""Of a frame: magic, type, length, number."""

Results = dict[str, np.ndarray]

Mutation = Callable[[int, int, bytes, bytes], list[bytes]]
"""From the sender, the frame's number, its header and its payload to what is passed on instead; an empty last element
ends the connection."""

KINDS = (
    *("flip-payload", "flip-last", "flip-header", "zero", "random", "truncate", "cut"),
    *("longer", "shorter", "huge-length", "replay", "drop", "swap", "confirmation"),
)


@dataclass
class Outcome:
    """What one round behind the relay ended in: for each server its results or its error.

    Args:
        altered: Whether what was passed on differs from what was sent.
        frames: How many frames each server sent.
    """

    results: list[Results | None] = field(default_factory=lambda: [None, None])
    errors: list[Exception | None] = field(default_factory=lambda: [None, None])
    altered: bool = False
    frames: list[int] = field(default_factory=lambda: [0, 0])


class Meeting:
    """What clients upload for the round that both servers say is to come, as soon as both have said so.

    Args:
        bench: What the clients have.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._said: dict[int, bytes] = {}
        self._uploads: list[Uploads] = []
        self._all = threading.Barrier(2, action=self._share)

    def uploads(self, party: int, round_id: bytes) -> list[Uploads]:
        """By client, as soon as both servers ask.

        Raises:
            RunError: They name different rounds, or the other server has left.
        """
        self._said[party] = round_id
        try:
            self._all.wait(30)
        except threading.BrokenBarrierError:
            raise RunError("the other server has not come as far as that") from None
        if len(set(self._said.values())) != 1:
            raise RunError("the servers disagree on which round is to come")
        return self._uploads

    def leave(self) -> None:
        """So that the other server does not wait."""
        self._all.abort()

    def _share(self) -> None:
        server = self.bench.servers[0]
        first = Occasion(server.program_hash, self._said[0], 0)
        occasions = [replace(first, client=client) for client in range(self.bench.clients)]
        made = [share(server.manifest, v, o) for v, o in zip(self.bench.values, occasions, strict=True)]
        self._uploads = self.bench.last_uploads = made
        self.bench.last_occasion = first


class Bench:
    """A program on two servers in this process, with one round's inputs.

    Args:
        compiled: The program.
        clients: Of a round.
        idle_seconds: How long the servers wait for each other.

    Attributes:
        last_uploads: What clients have uploaded in the last round.
        last_occasion: What the first of them was for.
    """

    last_uploads: list[Uploads]
    last_occasion: Occasion

    def __init__(self, compiled: Compiled, clients: int, idle_seconds: float = 1.0) -> None:
        folder = as_compiled(compiled).build().folder
        self.servers = [ServerProgram.load(Path(folder), party) for party in (0, 1)]
        given, self.server, _ = random_round(compiled.tensor, clients)
        self.clients, self.idle_seconds = clients, idle_seconds
        manifest = self.servers[0].manifest
        by_client = [{path: values[c] for path, values in given.items()} for c in range(clients)]
        self.values = [checked(manifest, values) for values in by_client]

    def greetings(self, sender: int) -> int:
        """Frames that a server sends before both have met: the next one says who has uploaded."""
        bits, lists = agreement_bytes(self.clients), []

        def watched(by: int, at: int, header: bytes, payload: bytes) -> list[bytes]:
            if by == sender and len(payload) == bits:
                lists.append(at)
            return [header + payload]

        self.round(watched)
        return lists[0]

    def round(self, mutate: Mutation) -> Outcome:
        """One round on a new connection, through the relay."""
        outcome, meeting = Outcome(), Meeting(self)
        listener = _duet.Listener("127.0.0.1", 0)
        with socket.create_server(("127.0.0.1", 0)) as relay:
            threads = [threading.Thread(target=self._relay, args=(relay, listener.port, mutate, outcome), daemon=True)]
            for party in (0, 1):
                port = relay.getsockname()[1]
                serving = (party, listener, port, meeting, outcome)
                threads.append(threading.Thread(target=self._serve, args=serving, daemon=True))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
                assert not thread.is_alive(), "a server hangs"
        return outcome

    def _serve(self, party: int, listener: Any, port: int, meeting: Meeting, outcome: Outcome) -> None:
        program, terms = self.servers[party], (party, self.servers[party].program_hash)
        patience = {"timeout": 10.0, "idle_timeout": self.idle_seconds}
        try:
            if party == 0:
                program.session = listener.accept(*terms, **patience)
            else:
                program.session = _duet.connect("127.0.0.1", port, *terms, **patience)
            for client, uploads in enumerate(meeting.uploads(party, program.round_id)):
                program.upload(client, program.round_id.hex(), uploads.arrays[party])
            outcome.results[party] = program.run(self.server, self.clients)
        except Exception as e:
            outcome.errors[party] = e
        finally:
            meeting.leave()
            if program.session is not None:
                program.session.close()
            program.session = program.ready_for = None

    def _relay(self, relay: socket.socket, port: int, mutate: Mutation, outcome: Outcome) -> None:
        relay.settimeout(10)
        with relay.accept()[0] as one, socket.create_connection(("127.0.0.1", port)) as zero:
            for end in (zero, one):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=_pump, args=(zero, one, 0, mutate, outcome), daemon=True)
            back.start()
            _pump(one, zero, 1, mutate, outcome)
            back.join(30)


def _pump(source: socket.socket, sink: socket.socket, sender: int, mutate: Mutation, outcome: Outcome) -> None:
    with suppress(OSError, EOFError):
        while True:
            header = _exactly(source, HEADER.size)
            payload = _exactly(source, HEADER.unpack(header)[2])
            passed_on = mutate(sender, outcome.frames[sender], header, payload)
            outcome.altered |= b"".join(passed_on) != header + payload
            outcome.frames[sender] += 1
            for piece in passed_on:
                if not piece:
                    raise EOFError
                sink.sendall(piece)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _exactly(source: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = source.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def untouched(_sender: int, _index: int, header: bytes, payload: bytes) -> list[bytes]:
    """Passes everything on."""
    return [header + payload]


def disturbance(kind: str, sender: int, index: int, rng: random.Random) -> Mutation:
    """Does something to frame number ``index`` of one server, once."""
    held: list[bytes] = []

    def mutate(by: int, at: int, header: bytes, payload: bytes) -> list[bytes]:
        if kind == "swap" and held and by == sender:
            return [header + payload, held.pop()]
        if (by, at) != (sender, index):
            return [header + payload]
        magic, type_, length, number = HEADER.unpack(header)
        whole, data = header + payload, bytearray(payload)
        match kind:
            case "flip-payload" | "confirmation" if data:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            case "flip-last" if data:
                data[-1] ^= 1 << rng.randrange(8)
            case "flip-header":
                flipped = bytearray(header)
                flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
                return [bytes(flipped) + payload]
            case "zero":
                data = bytearray(len(data))
            case "random":
                data = bytearray(rng.randbytes(len(data)))
            case "truncate":
                return [whole[: rng.randrange(1, len(whole))], b""]
            case "cut":
                return [b""]
            case "longer":
                return [HEADER.pack(magic, type_, length + 8, number) + payload + bytes(8)]
            case "shorter":
                kept = max(0, length - 8)
                return [HEADER.pack(magic, type_, kept, number) + payload[:kept]]
            case "huge-length":
                return [HEADER.pack(magic, type_, 0xFFFFFFFF, number) + payload]
            case "replay":
                return [whole, whole]
            case "drop":
                return []
            case "swap":
                held.append(whole)
                return []
        return [header + bytes(data)]

    return mutate


def tamper(bench: Bench, rounds: int, seed: int) -> Counter[tuple[str, str]]:
    """Disturbs so many rounds, each in one place, and counts the ends they come to by kind."""
    plain = bench.round(untouched)
    assert plain.errors == [None, None], plain.errors
    rng, counts = random.Random(seed), Counter[tuple[str, str]]()
    for i in range(rounds):
        kind, sender = KINDS[i % len(KINDS)], rng.randrange(2)
        last = plain.frames[sender] - 1
        index = last if kind == "confirmation" else rng.randrange(last + 1)
        outcome = bench.round(disturbance(kind, sender, index, rng))
        counts[kind, ending(outcome, plain)] += 1
    return counts


def ending(outcome: Outcome, plain: Outcome) -> str:
    """One of: the right result (at both servers or at one), a typed error, or what must never be.

    No client is to blame: what all of them have uploaded is in order.
    """
    returned = [r for r in outcome.results if r is not None]
    for results, expected in zip(outcome.results, plain.results, strict=True):
        if results is not None and not (_close(results, expected) and _equal(results, returned[0])):
            return "WRONG RESULT"
    errors = [e for e in outcome.errors if e is not None]
    if any(not isinstance(e, _duet.Error | EzError) for e in errors):
        return f"UNTYPED {errors!r}"
    if any(isinstance(e, InputError | DivisionError) for e in errors):
        return f"BLAMES A CLIENT {errors!r}"
    if not errors:
        # What comes after a server's last frame is for the next round; zeroes may have been zeroes before.
        return "right result" if not outcome.altered or outcome.frames == plain.frames else "ALTERED BUT RIGHT"
    names = "+".join(sorted({type(e).__name__ for e in errors}))
    return f"{names}{'' if len(errors) == 2 else ', right result at the other server'}"


def _equal(results: Results, other: Results) -> bool:
    return results.keys() == other.keys() and all(np.array_equal(v, other[path]) for path, v in results.items())


def _close(results: Results, plain: Results) -> bool:
    """Whether they are those of an undisturbed round, of which the last opened place is rounded by chance."""
    with suppress(AssertionError):
        assert_as_opened(results, plain)
        return True
    return False


def main() -> int:
    """Counts, and fails if a result was wrong, or an error had no type or blamed a client."""
    rounds, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    bench = Bench(compile_program(fltrust(20), Options(clients=3)), 3)
    counts = tamper(bench, rounds, seed)
    for (kind, end), count in sorted(counts.items()):
        print(f"{kind:14s} {count:5d}  {end}")
    bad = sum(count for (_, end), count in counts.items() if end.split()[0].isupper())
    print(f"{rounds} rounds, {bad} of them with a wrong result, an untyped error or one that blames a client")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
