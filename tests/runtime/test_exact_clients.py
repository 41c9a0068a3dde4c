"""Programs for exactly so many clients: a round with fewer ends before anything is opened, and is run anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff
from attacks import PROOF
from in_process import InProcess

import ezprivsecfl as ez
from ezprivsecfl.errors import DivisionError, DroppedClientWarning, IncompleteRound, InputError
from ezprivsecfl.frontends.tff import install_source_tracking

install_source_tracking()

SIZE, CLIENTS, BAD = 12, 5, 2
OTHERS = [c for c in range(CLIENTS) if c != BAD]
VECTOR = tff.TensorType(np.float32, [SIZE])


@ez.robust_aggregation
def median_of_inverses(updates: Any) -> Any:
    """Every row is divided by its own squared length; then clients are compared."""
    ordered = tf.sort(updates / tf.reduce_sum(tf.square(updates), axis=1, keepdims=True), axis=0)
    return ordered[tf.shape(updates)[0] // 2]


@ez.robust_aggregation
def inverse_gram(updates: Any) -> Any:
    """A quotient for every pair of clients."""
    return tf.reduce_sum(1.0 / tf.matmul(updates, updates, transpose_b=True)) * tf.ones([SIZE])


@ez.robust_aggregation
def by_largest(updates: Any) -> Any:
    """Sorted, a client's entries are no row any more, but still along an axis of clients."""
    largest = tf.sort(tf.abs(updates), axis=1)[:, -1:]
    return tf.sort(updates / largest, axis=0)[1]


@ez.robust_aggregation
def cosines(updates: Any) -> Any:
    """Each update weighted by its cosines to all, of which the products of all pairs have the lengths."""
    products = tf.matmul(updates, updates, transpose_b=True)
    inverse = 1.0 / tf.sqrt(tf.linalg.diag_part(products))
    weights = tf.reduce_sum(products * inverse[:, None] * inverse[None, :], 1)
    return tf.linalg.matvec(updates, weights, transpose_a=True)


@dataclass
class Spy:
    """A server's engine: notes what happens, in order."""

    engine: Any
    log: list[str] = field(default_factory=list)

    def setup(self, *args: Any) -> None:
        self.engine.setup(*args)

    def online(self, *args: Any) -> Any:
        self.log.append("online")
        return self.engine.online(*args)

    def reveal(self, *args: Any) -> Any:
        self.log.append("reveal")
        return self.engine.reveal(*args)


@pytest.fixture(scope="module")
def updates() -> list[Any]:
    return list(np.random.default_rng(3).normal(0.2, 0.5, (CLIENTS, SIZE)).astype(np.float32))


@pytest.fixture(scope="module")
def program() -> ez.SecureProgram:
    return ez.compile(median_of_inverses.computation(VECTOR), clients=CLIENTS)


def without(updates: list[Any], *left: int) -> Any:
    return np.stack([u for i, u in enumerate(updates) if i not in left])


def spoiled(updates: list[Any], value: Any, *clients: int) -> list[Any]:
    return [np.full(SIZE, value, np.float32) if i in clients else u for i, u in enumerate(updates)]


def close(got: Any, want: Any) -> None:
    np.testing.assert_allclose(got, want, atol=1e-3)


def test_a_round_of_all_clients(program: ez.SecureProgram, updates: list[Any]) -> None:
    close(program.run(updates), median_of_inverses(np.stack(updates)))
    close(program.simulate(updates), median_of_inverses(np.stack(updates)))


@pytest.mark.parametrize("value", [0.0, np.nan, 1e6])
def test_bad_clients_are_named_and_the_round_is_that_of_the_others(
    program: ez.SecureProgram, updates: list[Any], value: float
) -> None:
    """A client of zeros is found on shares; one of NaN and a too large one before that."""
    expected = median_of_inverses(without(updates, BAD))
    for run in (program.run, program.simulate):
        with pytest.warns(DroppedClientWarning, match=f"client {BAD}: "):
            close(run(spoiled(updates, value, BAD)), expected)
    statistics = program.last_statistics
    assert statistics is not None
    assert [one["client"] for one in statistics.dropped] == [BAD]
    assert statistics.clients == CLIENTS - 1


def test_what_ended_rounds_took_is_counted(program: ez.SecureProgram, updates: list[Any]) -> None:
    whole = _bytes(program, without(updates, BAD))
    with pytest.warns(DroppedClientWarning):
        program.run(spoiled(updates, 0.0, BAD))
    assert program.last_statistics is not None
    assert sum(program.last_statistics.bytes_sent) > 1.5 * whole


def _bytes(program: ez.SecureProgram, updates: Any) -> int:
    program.run(list(updates))
    assert program.last_statistics is not None
    return sum(program.last_statistics.bytes_sent)


def test_programs_for_fewer_clients_are_kept(program: ez.SecureProgram, updates: list[Any]) -> None:
    program.run(list(without(updates, BAD)))
    known = dict(program.others)
    with pytest.warns(DroppedClientWarning):
        program.run(spoiled(updates, 0.0, BAD))
    assert program.others == known


def test_too_few_are_refused_with_everybodys_reason(updates: list[Any]) -> None:
    program = ez.compile(median_of_inverses.computation(VECTOR), clients=CLIENTS, min_clients=4, backend="plain")
    with pytest.raises(InputError, match=r"needs at least 4(.|\n)*client 0: (.|\n)*client 3: "):
        program.run(spoiled(updates, np.nan, 0, 3))
    with pytest.raises(InputError, match="needs at least 4 clients, not 3"):
        program.run(updates[:3])
    with pytest.raises(InputError, match="compiled for at most 5"):
        program.run([*updates, updates[0]])


def test_a_client_may_fail_the_round_instead(updates: list[Any]) -> None:
    options: dict[str, Any] = {"clients": CLIENTS, "on_bad_client": "fail", "backend": "plain"}
    program = ez.compile(median_of_inverses.computation(VECTOR), **options)
    with pytest.raises(DivisionError, match=f"client {BAD}"):
        program.run(spoiled(updates, 0.0, BAD))


def test_what_belongs_to_two_clients_is_an_error_that_names_the_place(updates: list[Any]) -> None:
    program = ez.compile(inverse_gram.computation(VECTOR), clients=CLIENTS, backend="plain")
    with pytest.raises(DivisionError, match=r"(RealDiv|Reciprocal).*the result is infinite"):
        program.run(spoiled(updates, 0.0, BAD))


@pytest.mark.parametrize("rule", [by_largest, cosines])
def test_what_is_along_an_axis_of_clients_is_a_clients_own(rule: ez.RobustAggregation, updates: list[Any]) -> None:
    program = ez.compile(rule.computation(VECTOR), clients=CLIENTS, backend="plain")
    with pytest.warns(DroppedClientWarning, match=f"client {BAD}: "):
        got = program.run(spoiled(updates, 0.0, BAD))
    close(got, rule(without(updates, BAD)))


class Round:
    """A built program on two servers in this process."""

    def __init__(self, program: ez.SecureProgram) -> None:
        built = program.variants[0].runnable
        self.both = InProcess(built.artefact.folder)  # type: ignore[attr-defined]
        self.spies = [Spy(server.engine) for server in self.both.servers]
        for server, spy in zip(self.both.servers, self.spies, strict=True):
            server.engine = spy

    def run(self) -> list[Any]:
        for spy in self.spies:
            spy.log.clear()
        return self.both.run({}, CLIENTS)


@pytest.fixture(scope="module")
def servers(program: ez.SecureProgram) -> Round:
    return Round(program)


def test_without_a_client_nothing_is_computed(servers: Round, updates: list[Any]) -> None:
    for client in OTHERS:
        servers.both.upload(client, updates=updates[client])
    assert all(isinstance(result, IncompleteRound) for result in servers.run())
    assert [spy.log for spy in servers.spies] == [[], []]
    for server in servers.both.servers:
        assert server.kept == tuple(OTHERS)
        assert server.refused == {BAD: "it has not uploaded anything"}


def test_a_proof_that_fails_ends_the_round_before_anything_is_computed(servers: Round, updates: list[Any]) -> None:
    for client in range(CLIENTS):
        uploads = servers.both.uploads(client, updates=updates[client])
        if client == BAD:
            uploads.arrays[1][-1][0] ^= 1
        servers.both.send(client, uploads)
    assert all(isinstance(result, IncompleteRound) for result in servers.run())
    assert [spy.log for spy in servers.spies] == [[], []]
    assert all(server.refused == {BAD: PROOF} for server in servers.both.servers)


def test_servers_confirm_what_they_saw_before_they_name_a_client(
    servers: Round, updates: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a bit that was altered between the servers would be a client's fault."""
    confirmed: list[bytes] = []
    kind = type(servers.both.servers[0].session)
    confirm = kind.confirm_round

    def noted(session: Any, digest: bytes) -> None:
        confirmed.append(digest)
        confirm(session, digest)

    monkeypatch.setattr(kind, "confirm_round", noted)
    for client in OTHERS:
        servers.both.upload(client, updates=updates[client])
    assert all(isinstance(result, IncompleteRound) for result in servers.run())
    assert len(confirmed) == 2
    assert confirmed[0] == confirmed[1]


def test_a_client_that_is_flagged_ends_the_round_before_a_result_is_opened(servers: Round, updates: list[Any]) -> None:
    for client, update in enumerate(spoiled(updates, 0.0, BAD)):
        servers.both.upload(client, updates=update)
    assert all(isinstance(result, IncompleteRound) for result in servers.run())
    assert [spy.log for spy in servers.spies] == [["online"], ["online"]]
    assert all(list(server.invalid) == [BAD] for server in servers.both.servers)


def test_a_whole_round_is_computed_and_opened(servers: Round, updates: list[Any]) -> None:
    for client in range(CLIENTS):
        servers.both.upload(client, updates=updates[client])
    first, second = servers.run()
    assert [spy.log for spy in servers.spies] == [["online", "reveal"]] * 2
    close(first["result"], median_of_inverses(np.stack(updates)))
    np.testing.assert_array_equal(first["result"], second["result"])
