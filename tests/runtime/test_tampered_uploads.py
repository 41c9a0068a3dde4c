"""Whatever clients upload to each of two servers: nobody else's round fails, and results are those of the others."""

from __future__ import annotations

import numpy as np
import pytest
from in_process import InProcess
from on_duet import as_compiled
from rounds import random_round
from small_programs import weighted_mean

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError, RunError
from ezprivsecfl.ir.interpreter import run_tensor

SIZE, CLIENTS, BAD = 5, 4, 2
PROGRAM = weighted_mean(SIZE)


@pytest.fixture(scope="module")
def both():
    return InProcess(as_compiled(compile_program(PROGRAM, Options(clients=6))).build().folder)


@pytest.fixture
def values():
    return random_round(PROGRAM, CLIENTS)[2]


def upload_all(both, values, leave_out=()):
    for client in range(CLIENTS):
        if client not in leave_out:
            both.upload(client, value=values["value"][client], weight=values["weight"][client])


def expect(both, values, kept, **options):
    """A round whose result is that of some clients, at both servers."""
    first, second = both.run({}, CLIENTS, **options)
    rest = {path: v[list(kept)] for path, v in values.items()}
    expected = run_tensor(PROGRAM, rest, len(kept))["result"]
    for server, result in zip(both.servers, (first, second), strict=True):
        np.testing.assert_allclose(result["result"], expected, rtol=1e-3)
        assert server.kept == tuple(kept)
        assert server.inbox.held_bytes == 0
    np.testing.assert_array_equal(first["result"], second["result"])
    return [server.refused for server in both.servers]


def of(values, client):
    return {path: rows[client] for path, rows in values.items()}


def again(both, party, client):
    """A further upload of a client, at one server: it is refused then, whatever that has."""
    both.servers[party].upload(client, both.round_id, [])


@pytest.mark.parametrize("kind", ["short", "long", "type", "rank", "missing", "too many", "round"])
@pytest.mark.parametrize(("party", "index"), [(0, 0), (1, 0), (1, 1), (1, 2)])
def test_one_tampered_upload_at_one_server_drops_its_client_at_both(both, values, kind, party, index):
    upload_all(both, values, leave_out=(BAD,))
    honest = both.uploads(BAD, **of(values, BAD))
    both.send(BAD, honest, 1 - party)
    arrays, named = [*honest.arrays[party]], both.round_id
    match kind:
        case "short":
            arrays[index] = arrays[index][:-1]
        case "long":
            arrays[index] = np.append(arrays[index], arrays[index][:1])
        case "type":
            arrays[index] = arrays[index].astype(np.float64)
        case "rank":
            arrays[index] = arrays[index][None]
        case "missing":
            del arrays[index]
        case "too many":
            arrays.insert(index, arrays[index])
        case "round":
            named = named[::-1]
    both.servers[party].upload(BAD, named, arrays)
    refused = expect(both, values, [0, 1, 3])
    assert list(refused[party]) == [BAD]
    assert refused[1 - party] == {}


@pytest.mark.parametrize("party", [0, 1])
def test_a_client_that_one_server_has_not_heard_of(both, values, party):
    upload_all(both, values, leave_out=(BAD,))
    both.send(BAD, both.uploads(BAD, **of(values, BAD)), party)
    refused = expect(both, values, [0, 1, 3])
    assert refused[1 - party] == {BAD: "it has not uploaded anything"}
    assert refused[party] == {}


def test_two_servers_with_different_views(both, values):
    """Each server refuses another client: both leave out both."""
    upload_all(both, values)
    again(both, 0, 0)
    again(both, 1, 3)
    refused = expect(both, values, [1, 2])
    assert refused == [{0: "it has uploaded twice"}, {3: "it has uploaded twice"}]


@pytest.mark.parametrize("number", [-1, 6, 2**63, True, "2", None])
def test_uploads_of_unknown_clients_take_nobodys_place(both, values, number):
    upload_all(both, values)
    honest = both.uploads(0, **of(values, 0))
    both.send(number, honest)
    refused = expect(both, values, range(CLIENTS))
    assert [list(r) for r in refused] == [[None], [None]]


def test_nothing_of_a_round_is_left_for_the_next(both, values):
    upload_all(both, values)
    again(both, 0, 1)
    again(both, 1, 5)
    refused = expect(both, values, [0, 2, 3])
    assert [list(r) for r in refused] == [[1], [5]]
    upload_all(both, values)
    assert expect(both, values, range(CLIENTS)) == [{}, {}]


def test_too_few_clients_left(both, values):
    upload_all(both, values)
    again(both, 0, 0)
    again(both, 1, 1)
    again(both, 1, 2)
    for party, error in enumerate(both.run({}, CLIENTS)):
        assert isinstance(error, InputError)
        assert "1 client left, but a round needs at least 2" in str(error)
        assert f"client {0 if party == 0 else 1}: it has uploaded twice" in str(error)
        assert f"server {1 - party} has no complete, valid upload of it" in str(error)
    upload_all(both, values)
    assert expect(both, values, range(CLIENTS)) == [{}, {}]


def test_nobody_has_uploaded(both, values):
    for error in both.run({}, CLIENTS):
        assert isinstance(error, InputError)
        assert "0 clients left" in str(error)
        assert "client 3: it has not uploaded anything" in str(error)


def test_on_request_a_refused_upload_fails_the_round(both, values):
    upload_all(both, values)
    again(both, 0, 0)
    for error in both.run({}, CLIENTS, drop_bad_clients=False):
        assert isinstance(error, InputError)
        assert "client 0: " in str(error)
    upload_all(both, values)
    expect(both, values, range(CLIENTS), drop_bad_clients=False)


def test_uploads_while_the_servers_have_not_met_are_refused(both, values):
    for server in both.servers:
        server.session.close()
        server.session = None
        server.upload(BAD, "00" * 16, [])
        assert server.inbox.refused == {BAD: "it has uploaded something while there was no round"}
        server.inbox.clear()
    both.connect()
    upload_all(both, values)
    expect(both, values, range(CLIENTS))


def test_servers_that_expect_different_rounds_stop(both, values):
    upload_all(both, values)
    for error in both.run({}, CLIENTS, CLIENTS - 1):
        assert isinstance(error, RunError)
        assert "disagree on how many clients" in str(error)
