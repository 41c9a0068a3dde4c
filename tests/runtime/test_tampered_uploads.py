"""Whatever clients upload to each of two servers: nobody else's round fails, and results are those of the others."""

from __future__ import annotations

import numpy as np
import pytest
from in_process import InProcess, uploads
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
        assert server.inbox.bytes == 0
    np.testing.assert_array_equal(first["result"], second["result"])
    return [server.refused for server in both.servers]


def seed(size, dtype=np.uint8):
    return np.arange(size).astype(dtype)


TAMPERED = {
    "short seed": (0, "value", seed(15)),
    "long seed": (0, "value", seed(17)),
    "seed of words": (0, "value", seed(16, np.uint64)),
    "shares for a seed": (0, "value", seed(SIZE, np.uint64)),
    "short": (1, "value", seed(SIZE - 1, np.uint64)),
    "long": (1, "value", seed(SIZE + 1, np.uint64)),
    "floats": (1, "value", seed(SIZE, np.float64)),
    "rank": (1, "value", seed(SIZE, np.uint64)[None]),
    "rank of a scalar": (1, "weight", seed(1, np.uint64)),
    "unknown parameter at server 0": (0, "nothing", seed(16)),
    "unknown parameter at server 1": (1, "nothing", seed(SIZE, np.uint64)),
    "twice at server 0": (0, "value", seed(16)),
    "twice at server 1": (1, "value", seed(SIZE, np.uint64)),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_one_tampered_upload_at_one_server_drops_its_client_at_both(both, values, kind):
    party, path, data = TAMPERED[kind]
    in_addition = "twice" in kind or "unknown" in kind
    upload_all(both, values, leave_out=() if in_addition else (BAD,))
    if not in_addition:
        other = "weight" if path == "value" else "value"
        both.upload(BAD, **{other: values[other][BAD]})
        honest = uploads(values[path][BAD], both.fracs[path])
        both.servers[1 - party].upload(path, BAD, honest[1 - party])
    both.servers[party].upload(path, BAD, data)
    refused = expect(both, values, [0, 1, 3])
    assert list(refused[party]) == [BAD]
    assert repr(path) in refused[party][BAD]
    assert refused[1 - party] == {}


@pytest.mark.parametrize("party", [0, 1])
def test_a_client_that_one_server_has_not_heard_of(both, values, party):
    upload_all(both, values, leave_out=(BAD,))
    for path in ("value", "weight"):
        both.servers[party].upload(path, BAD, uploads(values[path][BAD], both.fracs[path])[party])
    refused = expect(both, values, [0, 1, 3])
    assert refused[1 - party] == {BAD: "it has not uploaded 'value', 'weight'"}
    assert refused[party] == {}


def test_two_servers_with_different_views(both, values):
    """Each server refuses another client: both leave out both."""
    upload_all(both, values)
    both.servers[0].upload("value", 0, seed(3))
    both.servers[1].upload("value", 3, seed(3))
    refused = expect(both, values, [1, 2])
    assert [list(r) for r in refused] == [[0], [3]]


@pytest.mark.parametrize("number", [-1, 6, 2**63, True, "2", None])
def test_uploads_of_unknown_clients_take_nobodys_place(both, values, number):
    upload_all(both, values)
    for server, part in zip(both.servers, uploads(values["value"][0], both.fracs["value"]), strict=True):
        server.upload("value", number, part)
    refused = expect(both, values, range(CLIENTS))
    assert [list(r) for r in refused] == [[None], [None]]


def test_nothing_of_a_round_is_left_for_the_next(both, values):
    upload_all(both, values)
    both.servers[0].upload("value", 1, seed(3))
    both.servers[1].upload("value", 5, seed(3))
    refused = expect(both, values, [0, 2, 3])
    assert [list(r) for r in refused] == [[1], [5]]
    upload_all(both, values)
    assert expect(both, values, range(CLIENTS)) == [{}, {}]


def test_too_few_clients_left(both, values):
    upload_all(both, values)
    both.servers[0].upload("value", 0, seed(3))
    both.servers[1].upload("value", 1, seed(3))
    both.servers[1].upload("value", 2, seed(3))
    for party, error in enumerate(both.run({}, CLIENTS)):
        assert isinstance(error, InputError)
        assert "1 client left, but a round needs at least 2" in str(error)
        assert f"client {0 if party == 0 else 1}: it has uploaded 'value' twice" in str(error)
        assert f"server {1 - party} has no complete, valid upload of it" in str(error)
    upload_all(both, values)
    assert expect(both, values, range(CLIENTS)) == [{}, {}]


def test_on_request_a_refused_upload_fails_the_round(both, values):
    upload_all(both, values)
    both.servers[0].upload("value", 0, seed(3))
    for error in both.run({}, CLIENTS, drop_bad_clients=False):
        assert isinstance(error, InputError)
        assert "client 0: " in str(error)
    upload_all(both, values)
    expect(both, values, range(CLIENTS), drop_bad_clients=False)


def test_servers_that_expect_different_rounds_stop(both, values):
    upload_all(both, values)
    for error in both.run({}, CLIENTS, CLIENTS - 1):
        assert isinstance(error, RunError)
        assert "disagree on how many clients" in str(error)
