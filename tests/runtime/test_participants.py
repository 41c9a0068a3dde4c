"""What a server takes in of what clients upload, and on whom both servers agree."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest
from in_process import both
from manifests import manifest_of

from ezprivsecfl.errors import DivisionError, InputError, RunError
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.participants import Inbox, agree, check_left, on_valid_clients
from ezprivsecfl.runtime.proofs import plan_of

CLIENTS = 5


MANIFEST = manifest_of(clients=CLIENTS, x=(4, 3), w=())
LAYOUT = plan_of(MANIFEST).layout
ROUND, OTHER = "ab" * 16, "cd" * 16


def inbox(party: int) -> Inbox:
    return Inbox(party, MANIFEST)


def parts(party: int) -> list[np.ndarray]:
    if party == 0:
        return [np.arange(16, dtype=np.uint8)]
    sizes = (LAYOUT.entries, np.uint64), (LAYOUT.high_bytes, np.uint8), (LAYOUT.proof_bytes, np.uint8)
    return [np.arange(size).astype(dtype) for size, dtype in sizes]


def upload(box: Inbox, client: int) -> None:
    box.take(client, ROUND, parts(box.party), ROUND)


@pytest.mark.parametrize("party", [0, 1])
def test_complete_uploads_take_part(party):
    box = inbox(party)
    for client in (0, 2):
        upload(box, client)
    assert box.close(3) == (0, 2)
    assert box.refused == {1: "it has not uploaded anything"}
    expected = b"".join(part.tobytes() for part in parts(party))
    assert os.pread(box.store.descriptor, len(expected) + 1, box.place(2))[: len(expected)] == expected
    if party == 0:
        assert box.seed_of(2) == expected
    assert box.held_bytes == 2 * box.client_bytes
    box.keep([2])
    assert box.held_bytes == box.client_bytes
    box.clear()
    assert os.fstat(box.store.descriptor).st_size == 0  # the round's space is free again
    assert (box.close(2), box.held_bytes) == ((), 0)
    assert box.refused == dict.fromkeys((0, 1), "it has not uploaded anything")


def changed(index: int, data: np.ndarray) -> list[np.ndarray]:
    """What server 1 gets, with another array in one place."""
    return [data if i == index else part for i, part in enumerate(parts(1))]


ENTRIES, HIGH, PROOF = LAYOUT.entries, LAYOUT.high_bytes, LAYOUT.proof_bytes

TAMPERED = {
    "seed too short": (0, [np.zeros(15, np.uint8)], "seed"),
    "seed too long": (0, [np.zeros(17, np.uint8)], "seed"),
    "seed of another type": (0, [np.zeros(16, np.int8)], "seed"),
    "seed in two rows": (0, [np.zeros((2, 8), np.uint8)], "seed"),
    "empty seed": (0, [np.zeros(0, np.uint8)], "seed"),
    "no seed": (0, [], "0 arrays instead of 1"),
    "two seeds": (0, parts(0) * 2, "2 arrays instead of 1"),
    "masked values for server 0": (0, parts(1), "3 arrays instead of 1"),
    "seed for server 1": (1, parts(0), "1 arrays instead of 3"),
    "values too short": (1, changed(0, np.zeros(ENTRIES - 1, np.uint64)), "masked values"),
    "values too long": (1, changed(0, np.zeros(ENTRIES + 1, np.uint64)), "masked values"),
    "values in rows": (1, changed(0, np.zeros((1, ENTRIES), np.uint64)), "masked values"),
    "floats": (1, changed(0, np.zeros(ENTRIES)), "masked values"),
    "signed": (1, changed(0, np.zeros(ENTRIES, np.int64)), "masked values"),
    "other byte order": (1, changed(0, np.zeros(ENTRIES, ">u8")), "masked values"),
    "high bytes too short": (1, changed(1, np.zeros(HIGH - 2, np.uint8)), "high bytes"),
    "high bytes too long": (1, changed(1, np.zeros(HIGH + 2, np.uint8)), "high bytes"),
    "high bytes of two": (1, changed(1, np.zeros(HIGH // 2, np.uint16)), "high bytes"),
    "proof too short": (1, changed(2, np.zeros(PROOF - 32, np.uint8)), "proof"),
    "proof too long": (1, changed(2, np.zeros(PROOF + 32, np.uint8)), "proof"),
    "proof by coefficients": (1, changed(2, np.zeros((PROOF // 32, 32), np.uint8)), "proof"),
    "no proof": (1, parts(1)[:2], "2 arrays instead of 3"),
    "arrays turned": (1, parts(1)[::-1], "masked values"),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_a_tampered_upload_is_refused_and_cannot_be_made_good(kind):
    party, arrays, what = TAMPERED[kind]
    box = inbox(party)
    upload(box, 0)
    box.take(1, ROUND, arrays, ROUND)
    upload(box, 1)
    assert box.close(2) == (0,)
    assert list(box.refused) == [1]
    assert what in box.refused[1]
    assert box.held_bytes == box.client_bytes


@pytest.mark.parametrize("party", [0, 1])
@pytest.mark.parametrize("named", [OTHER, ROUND.upper(), ROUND[:-2], "", None, 0, [ROUND], "x" * 10_000])
def test_an_upload_for_another_round_is_refused(party, named):
    box = inbox(party)
    upload(box, 0)
    box.take(1, named, parts(party), ROUND)
    assert box.close(2) == (0,)
    assert list(box.refused) == [1]
    assert re.match("its upload is for the round .*, not for this one", box.refused[1])
    assert len(box.refused[1]) < 200


@pytest.mark.parametrize("party", [0, 1])
def test_a_second_upload_is_refused(party):
    box = inbox(party)
    upload(box, 0)
    upload(box, 1)
    upload(box, 1)
    upload(box, 1)  # nor can it start anew
    assert box.close(2) == (0,)
    assert box.refused == {1: "it has uploaded twice"}


@pytest.mark.parametrize("number", [-1, CLIENTS, 2**70, "1", 1.0, True, None, [0], "x" * 10_000])
def test_an_unknown_client_takes_nobodys_place(number):
    box = inbox(1)
    upload(box, 0)
    upload(box, 1)
    upload(box, number)
    assert box.close(2) == (0, 1)
    assert list(box.refused) == [None]
    assert "which there is not" in box.refused[None]
    assert len(box.refused[None]) < 200


def test_a_client_beyond_the_round_is_refused():
    box = inbox(1)
    for client in (0, 1, 4):
        upload(box, client)
    assert box.close(2) == (0, 1)
    assert box.refused == {4: "the round is one of 2 clients"}


@pytest.mark.parametrize("party", [0, 1])
def test_what_is_held_is_bounded_however_much_is_uploaded(party):
    box = inbox(party)
    size = sum(part.nbytes for part in parts(party))
    assert box.client_bytes == size
    for number in (*range(-50, 50), *range(CLIENTS)):
        for arrays in (parts(party), [np.zeros((100, 100), np.uint64)] * 3, parts(party)):
            box.take(number, ROUND, arrays, ROUND)
        assert box.held_bytes <= CLIENTS * size
    assert len(box.refused) <= CLIENTS + 1
    box.clear()
    for number in range(-50, 50):
        upload(box, number)
    assert box.held_bytes == CLIENTS * size


def on_both(step):
    """What both servers return or raise."""
    sessions = _duet.local_pair()

    def act(party):
        try:
            return step(sessions[party], party)
        except Exception:
            sessions[party].close()
            raise

    return both(act, seconds=20)


@pytest.mark.parametrize("count", [2, 8, 9, 17])
def test_both_servers_keep_those_that_both_have(count):
    views = [set(range(count)) - {1}, set(range(count)) - {0, count - 1}]
    both = on_both(lambda session, party: agree(session, count, views[party], 20))
    assert both[0] == both[1] == tuple(sorted(views[0] & views[1]))


@pytest.mark.parametrize("counts", [(3, 4), (8, 9), (3, 20)])
def test_servers_that_expect_different_numbers_of_clients_stop(counts):
    both = on_both(lambda session, party: agree(session, counts[party], (0, 1), 20))
    for count, error in zip(counts, both, strict=True):
        assert isinstance(error, RunError)
        assert f"{count} here" in str(error)


def test_too_few_clients_is_an_error_that_names_the_others():
    mean = manifest_of(name="mean")
    check_left(mean, 2, {})
    with pytest.raises(InputError, match=r"mean: 1 client left, .* at least 2: .* dropped:\n  client 3: nan$"):
        check_left(mean, 1, {3: "nan"})
    with pytest.raises(InputError, match=r"and 980 more$"):
        check_left(mean, 0, dict.fromkeys(range(1000), "nan"))


def without(bad: dict[int, str]):
    """Computes the numbers of the clients, and refuses one after the other of some, by its position as servers do."""
    asked: list[tuple[int, ...]] = []

    def compute(kept: tuple[int, ...]) -> list[int]:
        asked.append(kept)
        assert len(asked) < 10
        for position, client in enumerate(kept):
            if client in bad:
                raise DivisionError(bad[client], [position])
        return list(kept)

    return compute, asked


def test_clients_are_dropped_by_their_numbers():
    """Positions are among those that are left: 1 and 4 have others before them that took no part, or were dropped."""
    compute, asked = without({2: "first", 7: "second"})
    done = on_valid_clients(manifest_of(), (1, 2, 4, 7, 9), {0: "late"}, compute)
    assert done == ([1, 4, 9], (1, 4, 9), {2: "first", 7: "second"})
    assert asked == [(1, 2, 4, 7, 9), (1, 4, 7, 9), (1, 4, 9)]


def test_who_is_to_blame_is_named_where_a_round_fails():
    compute, _ = without({4: "a norm of zero"})
    with pytest.raises(DivisionError, match="p:\n  client 4: a norm of zero") as failed:
        on_valid_clients(manifest_of(drop_bad_clients=False), (1, 2, 4), {}, compute)
    assert failed.value.clients == ()
    with pytest.raises(InputError, match="2 clients left, but a round needs at least 3"):
        on_valid_clients(manifest_of(min_clients=3), (1, 2, 4), {}, compute)

    def undefined(kept: tuple[int, ...]) -> None:
        raise DivisionError("a sum of zero")

    with pytest.raises(DivisionError, match=r"^a sum of zero$"):
        on_valid_clients(manifest_of(), (1, 2, 4), {}, undefined)
