"""Malicious clients: each is named and left out, and the round is that of the others, as if it had not been there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from attacks import (
    BINARY,
    IN_FORM,
    OF_CLAIMS,
    OF_LENGTH,
    OUT_OF_FORM,
    PROOF,
    WITH_BOUND,
    WITH_ROWS,
    WITH_SLACK,
    Attacker,
)
from in_process import InProcess
from on_duet import as_compiled, on_duet
from opened import assert_as_opened
from reference_proofs import Half0, forge, layout_of, message_of, point_of
from small_programs import TensorProgram, fltrust, weighted_mean
from tampering import HEADER, Bench

from ezprivsecfl.compiler.binary_parameters import BinaryParameters
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError, InputError
from ezprivsecfl.ir.tensor.elementwise import Cast, Div, Greater, Minimum, Mul
from ezprivsecfl.ir.tensor.structure import Clients, Reshape, Sum
from ezprivsecfl.ir.types import DType
from ezprivsecfl.runtime import program as program_module
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.session import TwoServerProgram
from ezprivsecfl.runtime.sharing import Uploads, upload_messages

SIZE, CLIENTS, BAD = 12, 5, 2
OTHERS = [c for c in range(CLIENTS) if c != BAD]


def mean(size):
    b = TensorProgram("mean")
    b.returns(b.add(Div, b.add(Sum, b.clients("x", size), axes=(0,)), b.add(Clients, dtype=DType.F32)))
    return b.build()


def agreement(size):
    """How well clients' updates agree with their momenta: inner products that they prove."""
    b = TensorProgram("agreement")
    x, momentum = b.clients("x", size), b.clients("momentum", size)
    b.returns(b.add(Sum, b.add(Mul, x, momentum), axes=(0, 1)))
    return b.build()


def total(size):
    b = TensorProgram("total")
    b.returns(b.add(Sum, b.clients("count", size, dtype=DType.I32), axes=(0,)))
    return b.build()


def histogram(size):
    b = TensorProgram("histogram")
    ones = b.add(Cast, b.clients("seen", size, dtype=DType.BOOL), dtype=DType.I32)
    b.returns(b.add(Sum, ones, axes=(0,)))
    return b.build()


def votes(questions, choices):
    """Of every client a choice for every question, as numbers; who uses it declares what they are."""
    b = TensorProgram("votes")
    b.returns(b.add(Sum, b.clients("vote", questions, choices), axes=(0,)))
    return b.build()


def rounds_of(name, rng):
    """What all clients and the server have."""
    x = rng.normal(0.5, 0.3, (CLIENTS, SIZE))
    match name:
        case "fltrust":
            return {"updates": x}, {"root": x.mean(axis=0)}
        case "clipped":
            return {"x": x}, {"limit": np.float32(np.median(np.linalg.norm(x, axis=1)))}
        case "mean":
            return {"x": x}, {}
        case "agreement":
            return {"x": x, "momentum": rng.normal(0.5, 0.3, (CLIENTS, SIZE))}, {}
        case "weighted_mean":
            return {"value": x, "weight": rng.uniform(1, 9, CLIENTS)}, {}
        case "total":
            return {"count": rng.integers(-900, 900, (CLIENTS, 3))}, {}
        case "binary":
            return {"x": rng.integers(0, 2, (CLIENTS, SIZE)).astype(np.float32)}, {}
        case "votes":
            return {"vote": np.eye(CHOICES, dtype=np.float32)[rng.integers(0, CHOICES, (CLIENTS, QUESTIONS))]}, {}
    return {"seen": rng.integers(0, 2, (CLIENTS, SIZE)).astype(bool)}, {}


def clipped(size):
    """The mean of vectors that are cut to a public length, and how many were longer."""
    b = TensorProgram("clipped")
    x, limit = b.clients("x", size), b.server("limit")
    norm = b.norm(x, 1)
    factor = b.add(Minimum, b.constant(1.0), b.add(Div, limit, norm))
    rows = b.add(Mul, x, b.add(Reshape, factor, shape=("n", 1)))
    b.returns(b.add(Div, b.add(Sum, rows, axes=(0,)), b.add(Clients, dtype=DType.F32)))
    b.returns(b.add(Sum, b.add(Cast, b.add(Greater, norm, limit), dtype=DType.I32), axes=(0,)), "longer")
    return b.build()


QUESTIONS, CHOICES = 3, 6

PROGRAMS = {
    "clipped": (clipped(SIZE), Options()),
    "fltrust": (fltrust(SIZE), Options()),
    "mean": (mean(SIZE), Options()),
    "weighted_mean": (weighted_mean(SIZE), Options(bounds=ParameterBounds.of({"weight": (0.0, 16.0)}))),
    "agreement": (agreement(SIZE), Options()),
    "total": (total(3), Options(bounds=ParameterBounds.of({"count": 1000.0}))),
    "histogram": (histogram(SIZE), Options()),
    "binary": (mean(SIZE), Options(binary=BinaryParameters.of(["x"], []))),
    "votes": (votes(QUESTIONS, CHOICES), Options(binary=BinaryParameters.of([], ["vote"]))),
}


@dataclass
class Spy:
    """A server's engine: notes what happens, in order, and with whose shares."""

    engine: Any
    log: list[str] = field(default_factory=list)
    shares: list[list[Any]] = field(default_factory=list)

    def setup(self, *args):
        self.log.append("setup")
        self.engine.setup(*args)

    def online(self, session, shares, publics):
        self.log.append("online")
        self.shares.append([shares.read(0)])
        return self.engine.online(session, shares, publics)

    def reveal(self, *args):
        self.log.append("reveal")
        return self.engine.reveal(*args)


class Case:
    """A program on two servers in this process, with one round's values."""

    def __init__(self, name):
        program, options = PROGRAMS[name]
        self.compiled = compile_program(program, replace(options, clients=8))
        self.both = InProcess(as_compiled(self.compiled).build().folder)
        self.spies = [Spy(server.engine) for server in self.both.servers]
        for server, spy in zip(self.both.servers, self.spies, strict=True):
            server.engine = spy
        self.values, self.server = rounds_of(name, np.random.default_rng(1))
        self.both.server = self.server
        self.earlier = self.upload(range(CLIENTS))[BAD]
        honest = self.both.run(self.server, CLIENTS)
        self.agreement = [dict(server.stats["agreement"]) for server in self.both.servers]
        assert all(server.kept == tuple(range(CLIENTS)) for server in self.both.servers)
        self.upload(OTHERS)
        self.expected, _ = self.both.run(self.server, CLIENTS)
        assert any(not np.array_equal(self.expected[path], honest[0][path]) for path in self.expected)

    def of(self, client):
        return {path: rows[client] for path, rows in self.values.items()}

    def upload(self, clients):
        made = {client: self.both.uploads(client, **self.of(client)) for client in clients}
        for client, uploads in made.items():
            self.both.send(client, uploads)
        return made

    def attack(self, attack, clients=OTHERS, **options):
        """A round of some honest clients, and the attacker."""
        made = self.upload(clients)
        for spy in self.spies:
            spy.log, spy.shares = [], []
        attack(Attacker(self.both, BAD, self.of(BAD), made[clients[0]], self.earlier))
        return self.both.run(self.server, CLIENTS, **options)


@pytest.fixture(scope="module")
def cases():
    """By name; each is built once."""
    return cache(Case)


@pytest.fixture(params=PROGRAMS)
def case(request, cases):
    return cases(request.param)


def assert_left_out(case, results, reason):
    """The round was that of the others, and both servers say why."""
    for result in results:
        assert not isinstance(result, Exception), result
        assert_as_opened(result, case.expected)
    said = [server.refused.get(BAD, "") for server in case.both.servers]
    assert any(re.match(reason, why) for why in said), said
    for server, spy in zip(case.both.servers, case.spies, strict=True):
        assert server.kept == tuple(OTHERS)
        assert set(server.refused) <= {BAD}
        for shares in spy.shares:
            for rows, given in zip(shares, case.both.servers[0].manifest.shares, strict=False):
                assert rows.shape == (len(OTHERS), *given.client_shape)


def assert_nobody_is_opened(case, errors, name):
    """An error that names the attacker; no engine was even started."""
    for error in errors:
        assert isinstance(error, InputError), error
        assert f"client {BAD}: " in str(error)
        assert name in str(error)
    for spy in case.spies:
        assert spy.log == []


def attacks_on(case):
    proof = plan_of(case.both.manifest).limits[0].proof
    found = dict(IN_FORM)
    if proof not in BINARY:
        found |= WITH_SLACK
    if proof in (Proof.NORM, Proof.ENTRIES):
        found |= WITH_BOUND
    if proof is Proof.UNIT:
        found |= OF_LENGTH
    if proof is Proof.CLIPPED:
        found |= OF_CLAIMS
    if proof is not Proof.ENTRIES:
        found |= WITH_ROWS
    return found


@pytest.mark.parametrize("kind", [*IN_FORM, *WITH_SLACK, *WITH_BOUND, *OF_LENGTH, *OF_CLAIMS, *WITH_ROWS])
def test_an_upload_of_the_right_form_is_refused_for_its_proof(case, kind):
    found = attacks_on(case)
    if kind not in found:
        pytest.skip("not with what this program's clients prove")
    assert_left_out(case, case.attack(found[kind]), re.escape(PROOF))
    # What goes over the wire is as long as for an honest client: the verdict is a bit.
    for server, honest in zip(case.both.servers, case.agreement, strict=True):
        for name in ("bytes_sent", "bytes_received", "messages_sent", "rounds"):
            assert server.stats["agreement"][name] == honest[name]
    errors = case.attack(found[kind], drop_bad_clients=False)
    assert_nobody_is_opened(case, errors, PROOF)
    errors = case.attack(found[kind], clients=OTHERS[:1])
    assert_nobody_is_opened(case, errors, "1 client left, but a round needs at least 2")


@pytest.mark.parametrize("kind", OUT_OF_FORM)
def test_an_upload_of_another_form_is_not_looked_into(case, kind):
    attack, reason = OUT_OF_FORM[kind]
    assert_left_out(case, case.attack(attack), reason)
    assert_nobody_is_opened(case, case.attack(attack, drop_bad_clients=False), f"client {BAD}")
    errors = case.attack(attack, clients=OTHERS[:1])
    assert_nobody_is_opened(case, errors, "1 client left, but a round needs at least 2")


@pytest.mark.parametrize("claim", ["by 1", "negative", "of vectors that are swapped", "of one with itself"])
def test_an_inner_product_that_is_another(cases, claim):
    """What is said of it is the coefficient of a polynomial, and no other one has the values of the rows."""

    def attack(attacker):
        values, layout = attacker.honest, attacker.layout
        (pair,) = layout.pairs
        row = layout.vectors[pair[0]][2]
        place = sum(2 * layout.vectors[v][2] for v, _ in layout.polynomials[:-1]) + row - 1
        uploads = attacker.forged(values)
        x, y = (np.array(values[layout.begins[v] :][:SIZE], dtype=object) for v in pair)
        said = {
            "by 1": 1,
            "negative": -2 * int(x @ y),
            "of one with itself": int(x @ x) - int(x @ y),
            "of vectors that are swapped": int(x @ y[::-1]) - int(x @ y),
        }[claim]
        assert said != 0
        proof = bytearray(uploads.proof.tobytes())
        at = slice(32 * place, 32 * (place + 1))
        proof[at] = (int.from_bytes(proof[at], "little", signed=True) + said).to_bytes(32, "little", signed=True)
        attacker.send(replace(uploads, proof=np.frombuffer(bytes(proof), np.uint8)))

    case = cases("agreement")
    assert [{p.first, p.second} for p in case.both.manifest.products] == [{"x", "momentum"}]
    assert_left_out(case, case.attack(attack), re.escape(PROOF))


@pytest.mark.parametrize("weight", [-1.0, -16.0, 16.5, 2.0**40, -(2.0**-20)])
def test_a_weight_that_is_negative_or_beyond_its_bound(cases, weight):
    """With whatever slack: a negative number is no sum of squares."""
    case = cases("weighted_mean")

    def attack(attacker):
        values, (begin, limits) = attacker.honest, attacker.place("weight")
        values[begin] = min(
            int(weight * 2 ** case.both.servers[0].manifest.shares[1].frac), -1 if weight < 0 else 2**62
        )
        assert not limits.lowest <= values[begin] <= limits.highest
        attacker.send(attacker.forged(values))

    assert_left_out(case, case.attack(attack), re.escape(PROOF))


@pytest.mark.parametrize("name", ["histogram", "binary"])
@pytest.mark.parametrize("seen", [[2], [-1, 1], [2, -1, 1], [1, 2**32], [2**32, -(2**32)], [2**63]])
def test_a_vote_that_counts_twice(cases, name, seen):
    """Also such that what the entries add up to is that of an honest vote."""
    case = cases(name)

    def attack(attacker):
        attacker.send(attacker.forged([*seen, *[0] * (SIZE - len(seen))]))

    assert_left_out(case, case.attack(attack), re.escape(PROOF))


VOTES = {
    "an honest one": ([[0, 1], [1], [0, 0, 0, 0, 0, 1]], True),
    "none at all": ([[], [], []], False),
    "no choice for one question": ([[1], [], [1]], False),
    "two choices for one": ([[1], [1, 1], [1]], False),
    "two for one and none for another": ([[1, 1], [], [1]], False),
    "three for one, -1 for another": ([[1, 1, 1], [-1], [1]], False),
    "twice, less another": ([[2, -1], [1], [1]], False),
    "twice": ([[2], [1], [1]], False),
    "against": ([[-1], [1], [1]], False),
    "three, less two others": ([[1, 1, 1, -1, -1], [1], [1]], False),
    "2^32 and its opposite": ([[2**32, -(2**32), 1], [1], [1]], False),
    "what adds up to 1 modulo 2^64": ([[2**62] * 4 + [1], [1], [1]], False),
    "2^63 twice": ([[1, -(2**63), -(2**63)], [1], [1]], False),
    "2^64 more": ([[1 + 2**64], [1], [1]], False),
    "2^64 from one to another": ([[1 + 2**64], [1 - 2**64], [1]], False),
}
"""The first entries of each vector, and whether they may be."""


@pytest.mark.parametrize("kind", VOTES)
def test_a_vote_is_one_choice_for_every_question(cases, kind):
    """Also where the sum of all entries, or of their squares, is that of an honest vote, or is modulo 2^64."""
    case = cases("votes")
    vectors, allowed = VOTES[kind]

    def attack(attacker):
        attacker.send(attacker.forged([x for vector in vectors for x in [*vector, *[0] * (CHOICES - len(vector))]]))

    if allowed:
        for result in case.attack(attack):
            assert not isinstance(result, Exception)
        assert all(server.refused == {} for server in case.both.servers)
        return
    assert_left_out(case, case.attack(attack), re.escape(PROOF))
    assert_nobody_is_opened(case, case.attack(attack, drop_bad_clients=False), PROOF)
    assert_nobody_is_opened(
        case, case.attack(attack, clients=OTHERS[:1]), "1 client left, but a round needs at least 2"
    )


@pytest.mark.parametrize("name", ["fltrust", "mean", "votes"])
def test_what_is_within_the_bounds_is_taken_however_it_was_made(cases, name):
    """Without that every test above would hold of servers that refuse all forged uploads."""
    case = cases(name)
    results = case.attack(lambda attacker: attacker.send(attacker.forged(attacker.honest)))
    for result, server in zip(results, case.both.servers, strict=True):
        assert not isinstance(result, Exception)
        assert server.kept == tuple(range(CLIENTS))
        assert server.refused == {}


def test_several_attackers_at_once(cases):
    case = cases("mean")
    case.upload([0, 3])
    for client, kind in ((1, "entry + 2^64"), (2, "squares that vanish"), (4, "swapped entries")):
        IN_FORM[kind](Attacker(case.both, client, case.of(client), case.earlier, case.earlier))
    for result in case.both.run({}, CLIENTS):
        np.testing.assert_allclose(result["result"], case.values["x"][[0, 3]].mean(axis=0), atol=1e-6)
    for server in case.both.servers:
        assert server.refused == dict.fromkeys((1, 2, 4), PROOF)


def test_uploads_after_the_lists_are_closed_are_for_no_round(cases, monkeypatch):
    """While the servers compare their lists another client uploads: it takes no part in this round nor in the next."""
    case = cases("mean")
    latecomer, agree = {}, program_module.agree

    def agreeing(session, clients, mine, most):
        server = case.both.servers[session.party]
        server.upload(BAD, latecomer["round"], latecomer["uploads"].arrays[session.party])
        return agree(session, clients, mine, most)

    with monkeypatch.context() as patched:
        patched.setattr(program_module, "agree", agreeing)
        latecomer |= {"uploads": case.both.uploads(BAD, **case.of(BAD)), "round": case.both.round_id}
        assert_left_out(case, case.attack(lambda _: None), "it has not uploaded anything")
    assert all(server.inbox.held_bytes == 0 for server in case.both.servers)
    for late in (latecomer["uploads"], None):
        results = case.attack(lambda attacker, late=late: late and attacker.send(late))
        assert_left_out(case, results, PROOF if late else "it has not uploaded anything")


def test_order_of_a_round(cases, monkeypatch):
    """Lists, then proofs with their coins, then the protocol, without those whose proofs fail; then what is opened."""
    case = cases("mean")
    with monkeypatch.context() as patched:
        for name in ("check_seeds", "check_masked"):
            patched.setattr(program_module._duet, name, noting(case, name, getattr(program_module._duet, name)))
        patched.setattr(program_module, "agree", noting(case, "agree", program_module.agree))
        case.attack(IN_FORM["entry + 2^63"])
    for party, spy in enumerate(case.spies):
        steps = [step for step in spy.log if step != "setup"]
        assert steps == ["agree", ("check_seeds", "check_masked")[party], "online", "reveal"]
        (shares,) = spy.shares
        assert shares[0].shape == (len(OTHERS), SIZE)
    added = sum(spy.shares[0][0] for spy in case.spies).view(np.int64)
    frac = case.both.servers[0].manifest.shares[0].frac
    np.testing.assert_allclose(added / 2.0**frac, case.values["x"][OTHERS], atol=2.0**-frac)


def noting(case, name, original):
    def noted(session, *args):
        case.spies[session.party].log.append(name)
        return original(session, *args)

    return noted


def test_no_upload_is_ever_checked_twice(monkeypatch):
    """Whatever a round ends in: what was uploaded for it is gone, and the next round has another name."""
    case, checked_seeds, ids = Case("weighted_mean"), [], []
    check = program_module._duet.check_seeds

    def checking(session, layout, seeds):
        checked_seeds.extend(seeds)
        return check(session, layout, seeds)

    def rounds():
        ids.append([server.round_id for server in case.both.servers])
        assert len(set(ids[-1])) == 1
        return case.both.run(case.server, CLIENTS)

    monkeypatch.setattr(program_module._duet, "check_seeds", checking)
    case.upload(range(CLIENTS))
    assert not isinstance(rounds()[0], Exception)
    for error in rounds():
        assert isinstance(error, InputError)
        assert "0 clients left" in str(error)
    for client in range(CLIENTS):
        case.both.upload(client, **{**case.of(client), "weight": np.zeros(())})
    assert all(isinstance(error, DivisionError) for error in rounds())  # and another session from here on
    for error in rounds():
        assert "client 0: it has not uploaded anything" in str(error)
    uploads = case.upload(range(CLIENTS))
    assert not isinstance(rounds()[0], Exception)
    for client, old in uploads.items():
        case.both.send(client, old)
    for error in rounds():
        assert str(error).count(PROOF) == CLIENTS
    case.both.connect()
    case.upload(range(CLIENTS))
    assert not isinstance(rounds()[0], Exception)
    assert len(set(checked_seeds)) == len(checked_seeds) == 5 * CLIENTS
    assert len({first for first, _ in ids}) == len(ids)


class Wire:
    """Passes everything on, and keeps each server's frames."""

    def __init__(self):
        self.frames = [[], []]

    def __call__(self, sender, index, header, payload):
        self.frames[sender].append(payload)
        return [header + payload]


@pytest.fixture(scope="module")
def bench():
    return Bench(compile_program(fltrust(20), Options(clients=3)), 3)


def test_what_servers_send_of_proofs_is_what_the_protocol_says(bench):
    """Lists, then coins, then what server 0's shares evaluate to, then the verdicts: all of it from plain integers."""
    layout = layout_of(plan_of(bench.servers[0].manifest))
    begins = [bench.greetings(sender) for sender in (0, 1)]
    seen = set()
    for _ in range(2):
        wire = Wire()
        outcome = bench.round(wire)
        assert outcome.errors == [None, None]
        (list_0, coin_0, message), (list_1, coin_1, verdicts) = (
            frames[begin : begin + 3] for frames, begin in zip(wire.frames, begins, strict=True)
        )
        assert list_0 == list_1 == (3).to_bytes(4, "little") + b"\xe0"  # the most significant bits come first
        assert len(coin_0) == len(coin_1) == 16
        assert verdicts == b"\x07"
        prime, point = point_of(bytes(x ^ y for x, y in zip(coin_0, coin_1, strict=True)))
        expected = b""
        for client, uploads in enumerate(bench.last_uploads):
            context = replace(bench.last_occasion, client=client).context
            expected += message_of(layout, Half0(layout, uploads.seed, context), prime, point)
        assert message == expected
        seen |= {coin_0, coin_1, prime, point}
    assert len(seen) == 2 * 4
    assert HEADER.size == 16


class Malicious(TwoServerProgram):
    """With a client 1 that forges what it uploads; everything else is as it should be."""

    def _upload(self, manifest, occasion, values):
        if occasion.client != 1:
            super()._upload(manifest, occasion, values)
            return
        forged = [int(x) for x in values]
        forged[0] += 2**64
        uploads = forge(layout_of(plan_of(self.manifest)), forged, occasion.context)
        for party, message in enumerate(upload_messages(self._id, occasion, uploads)):
            self.cluster.tell(party, message)


class Replaying(TwoServerProgram):
    """Whose client 1 sends both servers what client 0 has sent."""

    kept: Uploads

    def _upload(self, manifest, occasion, values):
        if occasion.client == 1:
            uploads = self.kept
        else:
            uploads = forge(layout_of(plan_of(self.manifest)), [int(x) for x in values], occasion.context)
            self.kept = uploads if occasion.client == 0 else self.kept
        for party, message in enumerate(upload_messages(self._id, occasion, uploads)):
            self.cluster.tell(party, message)


@pytest.mark.parametrize("kind", [Malicious, Replaying])
def test_on_server_processes(cluster, cases, kind):
    case = cases("weighted_mean")
    duet = on_duet(cluster, case.compiled)
    rows = {path: list(values) for path, values in case.values.items()}
    rest = {path: values[:1] + values[2:] for path, values in rows.items()}
    expected = duet.run(rest, {}).outputs
    duet.__class__ = kind
    for _ in range(2):
        got = duet.run(rows, {})
        assert_as_opened(got.outputs, expected)
        assert got.statistics.dropped == [{"client": 1, "reason": f"server 0: {PROOF}; server 1: {PROOF}"}]
    with pytest.raises(InputError, match=f"1 client left(.|\n)*client 1: {PROOF}"):
        duet.run({path: values[:2] for path, values in rows.items()}, {})
    duet.__class__ = TwoServerProgram
    assert duet.run(rest, {}).statistics.dropped == []


def test_on_request_a_forged_upload_fails_the_round_on_server_processes(cluster, cases):
    case = cases("mean")
    options = Options(clients=8, on_bad_client="fail")
    duet = on_duet(cluster, compile_program(PROGRAMS["mean"][0], options))
    duet.__class__ = Malicious
    with pytest.raises(InputError, match=f"clients cannot take part:\n  client 1: {PROOF}"):
        duet.run({"x": list(case.values["x"])}, {})
    duet.__class__ = TwoServerProgram
    assert duet.run({"x": list(case.values["x"])}, {}).statistics.dropped == []
