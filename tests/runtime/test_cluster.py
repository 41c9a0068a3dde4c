"""Programs need no more of the servers than ``Cluster`` says: any implementation runs a round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from on_duet import as_compiled, on_duet
from opened import assert_as_opened
from rounds import random_round
from small_programs import weighted_mean

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.runtime.cluster import Cluster
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.session import Link, TwoServerProgram, measure_link
from ezprivsecfl.runtime.wire import Message

COMPILED = compile_program(weighted_mean(7), Options(clients=9))


class Recording:
    """Passes everything on to another cluster, and keeps what each server was sent. It is no ``LocalCluster``."""

    def __init__(self, inner: Cluster) -> None:
        self.inner = inner
        self.sent: tuple[list[Message], list[Message]] = ([], [])

    @property
    def timeout(self) -> float:
        return self.inner.timeout

    @property
    def generation(self) -> int:
        return self.inner.generation

    @property
    def host(self) -> str:
        return self.inner.host

    @property
    def lock(self) -> AbstractContextManager[Any]:
        return self.inner.lock

    def start(self) -> None:
        self.inner.start()

    def tell(self, party: int, message: Message) -> None:
        self.sent[party].append(message)
        self.inner.tell(party, message)

    def ask(self, messages: Sequence[Message]) -> list[Message]:
        self._keep(messages)
        return self.inner.ask(messages)

    def post(self, messages: Sequence[Message], undone: Callable[[], None]) -> None:
        self._keep(messages)
        self.inner.post(messages, undone)

    def settle(self) -> None:
        self.inner.settle()

    def _keep(self, messages: Sequence[Message]) -> None:
        for kept, message in zip(self.sent, messages, strict=False):
            kept.append(message)


def test_a_round_on_another_cluster(cluster):
    recording = Recording(cluster)
    program = on_duet(recording, COMPILED)
    given, server, _ = random_round(COMPILED.tensor, 3)
    expected = PlainProgram(COMPILED).run(given, server).outputs
    for _ in range(2):
        assert_as_opened(program.run(given, server).outputs, expected)
    cluster.settle()
    orders = [[message.header["do"] for message in sent] for sent in recording.sent]
    rounds = ["round", *["upload"] * 3, "run"] * 2 + ["setup"]
    assert orders == [["load", "listen", "meet", *rounds], ["load", "meet", *rounds]]


def test_each_server_is_sent_its_own_shares_and_never_a_value(cluster):
    recording = Recording(cluster)
    given, server, _ = random_round(COMPILED.tensor, 3)
    on_duet(recording, COMPILED).run(given, server)
    seeds, masked = ([m for m in sent if m.header["do"] == "upload"] for sent in recording.sent)
    layout = plan_of(manifest(COMPILED, COMPILED.secure, "duet")).layout
    assert layout.entries == 7 + 1 + 4 * 2 * 8  # each entry has four squares below and above
    assert [[a.nbytes for a in m.arrays] for m in seeds] == [[16]] * 3
    sizes = [8 * layout.entries, layout.high_bytes, layout.proof_bytes]
    assert [[a.nbytes for a in m.arrays] for m in masked] == [sizes] * 3


def test_an_emulated_link_is_asked_for_and_named(cluster):
    recording, link = Recording(cluster), Link("slow", 40e6, 0.001)
    program = TwoServerProgram(recording, as_compiled(COMPILED).build(), link)
    given, server, _ = random_round(COMPILED.tensor, 3)
    assert program.run(given, server).statistics.backend == "duet-slow"
    assert measure_link(recording, link)[0] < 41e6
    asked = [m.header["link"] for m in recording.sent[1] if m.header["do"] in ("meet", "measure")]
    assert asked == [(40e6, 0.001)] * 2
