"""Private inputs of the server on two servers: who is given what, what a third party must upload, what is refused."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from on_duet import declared_cost, on_duet
from opened import as_opened
from pair import Pair
from rounds import random_round
from small_programs import TensorProgram, fltrust

from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.tensor.elementwise import Add, Mul
from ezprivsecfl.runtime import _duet, session
from ezprivsecfl.runtime.private import third_party_values
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.sharing import THIRD_PARTY, Uploads, share

SIZE, CLIENTS = 20, 3

OWNERS = list(Owner)


class Private(Pair):
    """FLTrust with a private root, each server with what it may know."""

    def __init__(self, owner: Owner, *, proofs: bool = True) -> None:
        self.owner = owner
        super().__init__(compile_program(fltrust(SIZE, owner), Options(clients=CLIENTS, proofs=proofs)))

    def shared(self, server: dict[str, Any]) -> Uploads:
        """What a third party that keeps to the protocol uploads."""
        clear = self.servers[0].clear
        uploaded = clear.manifest.third_party
        assert uploaded is not None
        values = third_party_values(uploaded, clear.owned_values(Owner.THIRD_PARTY, server))
        return share(uploaded, values, self.occasion(THIRD_PARTY))

    def computed(self, clients: dict[str, Any], server: dict[str, Any]) -> list[Any]:
        """One round; servers are given nothing that they may not know."""
        for client in range(CLIENTS):
            self.upload(client, **{path: values[client] for path, values in clients.items()})
        given = [server if self.owner.party == party else {} for party in (0, 1)]
        return self.compute(given, (CLIENTS, CLIENTS))


def values(seed: int = 0) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    given, server, stacked = random_round(fltrust(SIZE), CLIENTS, seed)
    return {path: np.stack(v) for path, v in given.items()}, server, stacked


@pytest.fixture(scope="module")
def shared_root():
    return Private(Owner.THIRD_PARTY)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("proofs", [True, False])
def test_servers_that_do_not_know_the_root_compute_with_it(owner, proofs):
    pair = Private(owner, proofs=proofs)
    for seed in range(2):
        clients, server, stacked = values(seed)
        if owner is Owner.THIRD_PARTY:
            pair.send(THIRD_PARTY, pair.shared(server))
        results = pair.computed(clients, server)
        expected = run_tensor(fltrust(SIZE), stacked, CLIENTS)["result"]
        for result in results:
            assert np.max(np.abs(result["result"] - expected)) <= 1e-4 * np.max(np.abs(expected))


@pytest.mark.parametrize("owner", [Owner.SERVER_0, Owner.SERVER_1])
def test_the_other_server_has_zeros_whatever_the_root_is(owner):
    pair = Private(owner)
    paths = {p.path for p in pair.servers[0].manifest.private}
    for seed in range(2):
        clients, server, _ = values(seed)
        pair.computed(clients, server)
        mine, other = (pair.servers[p].private for p in (owner.party, 1 - owner.party))
        assert mine.keys() == other.keys() == paths
        assert all(np.any(value) for value in mine.values())
        assert not any(np.any(value) for value in other.values())


def test_the_driver_gives_a_private_input_to_its_owner_alone(cluster):
    _, server, _ = random_round(fltrust(SIZE), CLIENTS)
    for owner in OWNERS:
        program = on_duet(cluster, compile_program(fltrust(SIZE, owner), Options(clients=CLIENTS)))
        told = [program._order(CLIENTS, server, party).header["server"] for party in (0, 1)]
        assert told == [["root"] if owner.party == party else [] for party in (0, 1)]


def test_shares_of_a_third_party_are_uniform_each_and_add_up(shared_root):
    clients, server, _ = values()
    roots = []
    for _ in range(2):
        shared_root.send(THIRD_PARTY, shared_root.shared(server))
        assert not any(isinstance(r, Exception) for r in shared_root.computed(clients, server))
        first, second = ({k: v.copy() for k, v in s.private.items()} for s in shared_root.servers)
        roots.append((first, second))
    expected = shared_root.servers[0].clear.owned_values(Owner.THIRD_PARTY, server)
    for first, second in roots:
        assert all(np.array_equal((first[path] + second[path]).view(np.int64), expected[path]) for path in expected)
    for party in (0, 1):  # of the same value, other shares in every round
        assert all(not np.array_equal(roots[0][party][path], roots[1][party][path]) for path in expected)


def altered(uploads: Uploads, **parts: Any) -> Uploads:
    return dataclasses.replace(uploads, **parts)


def attacks(pair: Private, server: dict[str, Any], earlier: Uploads) -> dict[str, Any]:
    """What third parties may do: by name, and each with a word of what is said of it."""
    plan = plan_of(pair.servers[0].manifest.third_party)
    honest = third_party_values(
        pair.servers[0].manifest.third_party, pair.servers[0].clear.owned_values(Owner.THIRD_PARTY, server)
    )

    def forged(factor: int) -> Uploads:
        numbers = honest.copy()
        numbers[:SIZE] *= factor  # slack stays as it was
        return Uploads(*_duet.prove(plan.layout, numbers, pair.occasion(THIRD_PARTY).context))

    fine = pair.shared(server)
    return {
        "nothing": (lambda: None, "not uploaded anything"),
        "one server only": (lambda: pair.send(THIRD_PARTY, fine, 0), "no complete, valid upload|not uploaded"),
        "longer": (lambda: pair.send(THIRD_PARTY, forged(2)), "proof"),
        "of an earlier round": (lambda: pair.send(THIRD_PARTY, earlier), "proof"),
        "twice": (lambda: [pair.send(THIRD_PARTY, fine), pair.send(THIRD_PARTY, fine)], "twice"),
        "of another size": (lambda: pair.send(THIRD_PARTY, altered(fine, low=fine.low[1:])), "upload"),
    }


@pytest.mark.parametrize(
    "name", ["nothing", "one server only", "longer", "of an earlier round", "twice", "of another size"]
)
def test_a_third_party_that_deviates_ends_the_round_and_is_named(shared_root, name):
    clients, server, stacked = values()
    earlier = shared_root.shared(server)
    shared_root.send(THIRD_PARTY, earlier)
    assert not any(isinstance(r, Exception) for r in shared_root.computed(clients, server))
    act, said = attacks(shared_root, server, earlier)[name]
    act()
    for engine in shared_root.engines:
        engine.revealed = []
    results = shared_root.computed(clients, server)
    assert all(isinstance(r, InputError) for r in results), results
    assert all("the third party that shares 'root'" in str(r) for r in results)
    assert re.search(said, " ".join(map(str, results)))
    assert not any(engine.revealed for engine in shared_root.engines)
    shared_root.send(THIRD_PARTY, shared_root.shared(server))  # the next round is not affected
    expected = run_tensor(fltrust(SIZE), stacked, CLIENTS)["result"]
    for result in shared_root.computed(clients, server):
        assert np.max(np.abs(result["result"] - expected)) <= 1e-4 * np.max(np.abs(expected))


def test_servers_confirm_what_they_saw_before_they_name_a_third_party(shared_root, monkeypatch):
    """Otherwise a bit that was altered between the servers would be its fault."""
    confirmed: list[bytes] = []
    kind = type(shared_root.servers[0].session)
    confirm = kind.confirm_round

    def noted(session: Any, digest: bytes) -> None:
        confirmed.append(digest)
        confirm(session, digest)

    monkeypatch.setattr(kind, "confirm_round", noted)
    clients, server, _ = values()
    assert all(isinstance(r, InputError) for r in shared_root.computed(clients, server))
    assert len(confirmed) == 2
    assert confirmed[0] == confirmed[1]


def test_a_client_cannot_upload_in_the_third_partys_place(shared_root):
    clients, server, _ = values()
    shared_root.send(THIRD_PARTY, shared_root.uploads(0, updates=clients["updates"][0]))
    results = shared_root.computed(clients, server)
    assert all(isinstance(r, InputError) and "the third party" in str(r) for r in results)


def test_a_third_party_shares_no_vector_that_is_longer_than_declared(cluster):
    b = TensorProgram("added")
    b.returns(b.add(Add, b.total(b.clients("updates", SIZE)), b.server("root", SIZE, owner=Owner.THIRD_PARTY)))
    options = Options(clients=CLIENTS, norm_bounds=NormBounds.of({"root": 2.0}))
    program = on_duet(cluster, compile_program(b.build(), options))
    clients = {"updates": [np.zeros(SIZE)] * CLIENTS}
    long = np.full(SIZE, 0.5)  # of length 2.24, with entries far below the bound
    with pytest.raises(InputError, match=r"'root' is not finite, or beyond what the program was compiled for"):
        program.run(clients, {"root": long})
    uploaded = program.manifest.third_party
    assert uploaded is not None
    with pytest.raises(InputError, match=r"^the third party: 'root' has an L2 norm"):
        third_party_values(uploaded, {"root": np.full(SIZE, 1 << 60)})
    np.testing.assert_allclose(program.run(clients, {"root": 0.8 * long}).outputs["result"], 0.8 * long, atol=1e-3)


def test_what_is_wrong_with_a_third_partys_shares_says_whose_they_are(cluster, monkeypatch):
    def narrow(manifest: Any, values: Any, occasion: Any) -> Uploads:
        if occasion.client == THIRD_PARTY:
            raise InputError("they are too large")
        return share(manifest, values, occasion)

    monkeypatch.setattr(session, "share", narrow)
    program = on_duet(cluster, compile_program(fltrust(SIZE, Owner.THIRD_PARTY), Options(clients=CLIENTS)))
    given, server, _ = random_round(fltrust(SIZE), CLIENTS)
    with pytest.raises(InputError, match=r"^the third party: they are too large$"):
        program.run(given, server)


@pytest.mark.parametrize("owner", OWNERS)
def test_what_an_owner_refuses_it_does_not_tell(owner, cluster):
    program = on_duet(cluster, compile_program(fltrust(SIZE, owner), Options(clients=CLIENTS)))
    given, server, _ = random_round(fltrust(SIZE), CLIENTS)
    for wrong in (8.25, np.nan, np.inf):
        root = server["root"].copy()
        root[3] = wrong
        refused = r"'root', which .* alone knows, is not finite or not within \|x\| < 8"
        with pytest.raises(InputError, match=refused) as e:
            program.run(given, {"root": root})
        assert str(wrong) not in str(e.value)
    with pytest.raises(InputError, match=r"computes at .* of 'root' is not finite"):
        program.run(given, {"root": np.zeros(SIZE)})  # which has no direction
    with pytest.raises(InputError, match="'root' is missing"):
        program.run(given, {})
    assert program.run(given, server).outputs["result"].shape == (SIZE,)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("proofs", [True, False])
def test_declared_traffic_is_what_goes_over_the_wire(cluster, owner, proofs):
    compiled = compile_program(fltrust(SIZE, owner), Options(clients=CLIENTS, proofs=proofs))
    program = on_duet(cluster, compiled)
    given, server, _ = random_round(fltrust(SIZE), CLIENTS)
    program.run(given, server)
    statistics = program.run(given, server).statistics
    declared = declared_cost(as_opened(compiled.secure, statistics.opened), CLIENTS, compiled)
    assert statistics.bytes_sent == [declared.setup_bytes[p] + declared.online_bytes[p] for p in (0, 1)]
    assert statistics.rounds == declared.rounds


def test_numbers_of_several_owners(cluster):
    b = TensorProgram("several")
    total = b.total(b.clients("x", 4))
    for owner in Owner:
        total = b.add(Add, b.add(Mul, total, b.server(owner.value, owner=owner)), b.server(f"{owner}s", 4, owner=owner))
    b.returns(total)
    bounds = ParameterBounds.of({owner.value: 4.0 for owner in Owner})
    compiled = compile_program(b.build(), Options(clients=CLIENTS, bounds=bounds))
    given, server, stacked = random_round(b.build(), CLIENTS)
    expected = run_tensor(b.build(), stacked, CLIENTS)["result"]
    found = on_duet(cluster, compiled).run(given, server).outputs["result"]
    assert np.max(np.abs(found - expected)) <= 1e-3 * np.max(np.abs(expected))


def test_a_number_that_no_client_has_is_nobodys_upload_without_a_third_party():
    pair = Pair(compile_program(fltrust(SIZE), Options(clients=CLIENTS)))
    pair.servers[0].upload(THIRD_PARTY, pair.round_id, [np.zeros(16, np.uint8)])
    assert "which there is not" in pair.servers[0].inbox.refused[None]
