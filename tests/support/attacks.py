"""Clients with code of their own: whatever they upload for a round of two servers in this process.

An attack is a function of an ``Attacker``. None of them is worth more than not taking part: ``REFUSED`` says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from in_process import InProcess
from reference_proofs import Layout, forge, layout_of, lengths

from ezprivsecfl.runtime.four_squares import four_squares
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.proofs import ImageLimits, Limits, ProofPlan, plan_of
from ezprivsecfl.runtime.sharing import Occasion, Uploads, checked, share

BINARY = (Proof.BITS, Proof.ONE_HOT)

Array = np.ndarray[Any, Any]
Integers = list[int]

PROOF = "its proof that its values are within the bounds does not hold"


@dataclass
class Attacker:
    """One of a round's clients.

    Args:
        both: The servers.
        client: Its number.
        given: What an honest client in its place has.
        victim: What another client has uploaded for this round.
        earlier: What it has uploaded itself, all in order, for a round before.
    """

    both: InProcess
    client: int
    given: dict[str, Array]
    victim: Uploads
    earlier: Uploads

    @property
    def occasion(self) -> Occasion:
        """What its upload should be for."""
        return self.both.occasion(self.client)

    @property
    def plan(self) -> ProofPlan:
        """What it should prove."""
        return plan_of(self.both.manifest)

    @property
    def layout(self) -> Layout:
        """In which vectors."""
        return layout_of(self.plan)

    @property
    def honest(self) -> Integers:
        """What an honest client in its place would share."""
        return [int(x) for x in checked(self.both.manifest, self.given)]

    def place(self, path: str) -> tuple[int, Limits]:
        """Where a parameter begins, and what must hold of it."""
        begin = 0
        for limits in self.plan.limits:
            if limits.path == path:
                return begin, limits
            begin += limits.entries
        raise AssertionError(path)

    @property
    def first(self) -> tuple[int, Limits]:
        """The same of the program's first parameter."""
        return self.place(self.plan.limits[0].path)

    def forged(self, values: Integers) -> Uploads:
        """An upload of any integers, whose polynomials are right."""
        return forge(self.layout, values, self.occasion.context)

    def send(self, uploads: Uploads) -> None:
        """To both servers, as if it were for this round."""
        self.both.send(self.client, uploads)


Attack = Callable[[Attacker], None]


def with_entry(value: int) -> Attack:
    """One entry is something else; what is proved of the others stays."""

    def attack(attacker: Attacker) -> None:
        values, (begin, _) = attacker.honest, attacker.first
        values[begin + 1] = value
        attacker.send(attacker.forged(values))

    return attack


def added(by: int) -> Attack:
    """One entry is larger by something that shares modulo 2^64 may or may not show."""

    def attack(attacker: Attacker) -> None:
        values, (begin, _) = attacker.honest, attacker.first
        values[begin + 1] += by
        attacker.send(attacker.forged(values))

    return attack


def wrapped(attacker: Attacker) -> None:
    """Entries of 2^32 units, whose squares are 0 modulo 2^64, with slack as for 0."""
    values, (begin, limits) = attacker.honest, attacker.first
    for i in range(limits.entries):
        values[begin + i] = 2**32 if i % 2 else -(2**32)
    if limits.proof is Proof.NORM:
        values[_slack_of(attacker, 0)] = list(four_squares(limits.squares))
    attacker.send(attacker.forged(values))


def _slack_of(attacker: Attacker, statement: int) -> slice:
    """The places of a statement's slack entries."""
    own = sum(limits.entries for limits in attacker.plan.limits)
    return slice(own + 4 * statement, own + 4 * statement + 4)


def by_the_engine(attacker: Attacker) -> None:
    """The same by the engine's own code for proofs, which checks no statement."""
    values, (begin, limits) = np.array(attacker.honest), attacker.first
    values[begin : begin + limits.entries] = 2**32
    attacker.send(Uploads(*attacker.both.prove(attacker.client, values)))


def least_excess(attacker: Attacker) -> None:
    """Beyond the bound by as little as there is: a norm's square by 1, an entry by one unit."""
    values, (begin, limits) = attacker.honest, attacker.first
    if limits.proof is Proof.UNIT:
        shortest, longest = lengths([limits])
        values[begin : begin + limits.entries] = [*four_squares(longest + 1), *[0] * (limits.entries - 4)]
        values[_slack_of(attacker, 0)] = list(four_squares(longest + 1 - shortest))
        values[_slack_of(attacker, 1)] = [0] * 4
    elif limits.proof is Proof.CLIPPED:
        longest = ImageLimits.of(attacker.plan.limits)[0].longest
        values[begin : begin + limits.entries] = [*four_squares(longest + 1), *[0] * (limits.entries - 4)]
        values[_slack_of(attacker, 0)] = [0] * 4
        values[attacker.place("x/beyond")[0]] = 0
    elif limits.proof is Proof.NORM:
        own = [*four_squares(limits.squares + 1), *[0] * (limits.entries - 4)]
        values[begin : begin + limits.entries] = own
        values[_slack_of(attacker, 0)] = [0] * 4
    else:
        values[begin] = limits.highest + 1
        values[_slack_of(attacker, 0)] = list(four_squares(limits.highest + 1 - limits.lowest))
        values[_slack_of(attacker, 1)] = [0] * 4
    attacker.send(attacker.forged(values))


def least_shortage(attacker: Attacker) -> None:
    """A unit vector that is too short by as little as there is: its norm divides what the servers compute."""
    values, (begin, limits) = attacker.honest, attacker.first
    shortest, longest = lengths([limits])
    values[begin : begin + limits.entries] = [*four_squares(shortest - 1), *[0] * (limits.entries - 4)]
    values[_slack_of(attacker, 0)] = [0] * 4
    values[_slack_of(attacker, 1)] = list(four_squares(longest - shortest + 1))
    attacker.send(attacker.forged(values))


def claims_to_be_long(length: float, claim: int = 1) -> Attack:
    """A vector is so much shorter than the radius, and is said to have been longer before it was cut."""

    def attack(attacker: Attacker) -> None:
        values, (begin, limits) = attacker.honest, attacker.first
        vector = ImageLimits.of(attacker.plan.limits)[0]
        own = [math.floor(length * math.isqrt(vector.longest)), *[0] * (limits.entries - 1)]
        values[begin : begin + limits.entries] = own
        values[attacker.place("x/beyond")[0]] = claim
        values[_slack_of(attacker, 0)] = list(four_squares(vector.longest - own[0] ** 2))
        # The length that the claim needs, or the one that there is: one of two statements is false of either.
        least = min(vector.claimed, own[0]) if claim == 1 and length < 0.5 else vector.claimed * claim
        rest = list(four_squares(max(0, own[0] ** 2 - least**2)))
        values[-5:] = [least, *rest]
        attacker.send(attacker.forged(values))

    return attack


def claimed(attacker: Attacker) -> None:
    """Entries that are too large, and a polynomial that says what statements need: <a,b> is off by half of it."""
    values, (begin, limits) = attacker.honest, attacker.first
    before = values[begin]
    values[begin] = before + 2**40
    excess = values[begin] ** 2 - before**2 - (2**40 if limits.proof in BINARY else 0)
    uploads, row = attacker.forged(values), attacker.layout.vectors[0][2]
    assert excess % 2 == 0
    proof = bytearray(uploads.proof.tobytes())
    at = slice(32 * (row - 1), 32 * row)
    inner = int.from_bytes(proof[at], "little", signed=True) - excess // 2
    proof[at] = inner.to_bytes(32, "little", signed=True)
    attacker.send(replace(uploads, proof=np.frombuffer(bytes(proof), np.uint8)))


def swapped(attacker: Attacker) -> None:
    """Two entries of server 1's shares change places after all has been proved."""
    uploads = attacker.forged(attacker.honest)
    low, high = uploads.low.copy(), uploads.high.copy()
    low[[0, 1]] = low[[1, 0]]
    width = len(high) // len(low)
    high[: 2 * width] = np.roll(high[: 2 * width], width)
    attacker.send(replace(uploads, low=low, high=high))


def other_blinds(attacker: Attacker) -> None:
    """Server 1's share of a coefficient that only blinds reach."""
    uploads = attacker.forged(attacker.honest)
    proof = uploads.proof.copy()
    proof[-1] ^= 1
    attacker.send(replace(uploads, proof=proof))


def replayed(attacker: Attacker) -> None:
    """Another client's upload of this round, both halves, as its own."""
    attacker.send(attacker.victim)


def copied_seed(attacker: Attacker) -> None:
    """Another client's seed, with an upload of its own to server 1."""
    attacker.send(replace(attacker.forged(attacker.honest), seed=attacker.victim.seed))


def copied_mask(attacker: Attacker) -> None:
    """The other way round."""
    attacker.send(replace(attacker.victim, seed=attacker.forged(attacker.honest).seed))


def of_an_earlier_round(attacker: Attacker) -> None:
    """Its own upload of an earlier round, said to be for this one."""
    attacker.send(attacker.earlier)


def of_another_program(attacker: Attacker) -> None:
    """An upload that is right for a program with the same parameters."""
    occasion = replace(attacker.occasion, program_hash=bytes(32))
    attacker.send(forge(attacker.layout, attacker.honest, occasion.context))


def of_another_client(attacker: Attacker) -> None:
    """What it would upload under another number."""
    occasion = replace(attacker.occasion, client=attacker.client + 1)
    attacker.send(forge(attacker.layout, attacker.honest, occasion.context))


def of_a_wider_bound(attacker: Attacker) -> None:
    """Valid for the same program with a bound that is twice as large."""
    manifest = attacker.both.manifest
    shares = (replace(manifest.shares[0], norm=None, bound=2 * manifest.shares[0].bound), *manifest.shares[1:])
    wider = replace(manifest, shares=shares)
    values = checked(wider, {**attacker.given, shares[0].path: 2 * attacker.given[shares[0].path]})
    attacker.send(attacker.forged([int(x) for x in values]))


def resized(part: str, by: int) -> Attack:
    """An array is shorter or longer than it should be."""

    def attack(attacker: Attacker) -> None:
        uploads = attacker.forged(attacker.honest)
        whole = getattr(uploads, part)
        changed = whole[:by] if by < 0 else np.append(whole, whole[:by])
        attacker.send(replace(uploads, **{part: changed}))

    return attack


def of_another_layout(attacker: Attacker) -> None:
    """Right in itself, with rows of another length."""
    (_, _, own), *_ = attacker.layout.vectors
    longer = [(entries, bits, (2 * row or 1) if row == own else row) for entries, bits, row in attacker.layout.vectors]
    layout = replace(attacker.layout, vectors=longer)
    attacker.send(forge(layout, attacker.honest, attacker.occasion.context))


def late(attacker: Attacker) -> None:
    """Said to be for the round before."""
    manifest, occasion = attacker.both.manifest, attacker.occasion
    uploads = share(manifest, np.array(attacker.honest), replace(occasion, round_id=bytes(16)))
    for server, arrays in zip(attacker.both.servers, uploads.arrays, strict=True):
        server.upload(attacker.client, bytes(16).hex(), arrays)


def twice(attacker: Attacker) -> None:
    """Both uploads are in order."""
    for _ in range(2):
        attacker.send(attacker.forged(attacker.honest))


def twice_the_same(attacker: Attacker) -> None:
    """The same upload again."""
    uploads = attacker.forged(attacker.honest)
    attacker.send(uploads)
    attacker.send(uploads)


def split(attacker: Attacker) -> None:
    """Both halves are of right uploads, but not of the same one."""
    one, other = (attacker.forged(attacker.honest) for _ in range(2))
    attacker.send(replace(one, seed=other.seed))


IN_FORM: dict[str, Attack] = {
    "entry of 2^62": with_entry(2**62),
    "entry of -2^63": with_entry(-(2**63)),
    "entry + 2^63": added(2**63),
    "entry + 2^64": added(2**64),
    "entry - 2^64": added(-(2**64)),
    "entry + 2^79": added(2**79),
    "squares that vanish": wrapped,
    "squares that vanish, by the engine": by_the_engine,
    "swapped entries": swapped,
    "last coefficient": other_blinds,
    "another client's": replayed,
    "another client's seed": copied_seed,
    "another client's values": copied_mask,
    "of an earlier round": of_an_earlier_round,
    "of another program": of_another_program,
    "under another number": of_another_client,
    "halves of two": split,
}
"""Whose form is right: the proof refuses them."""

WITH_SLACK: dict[str, Attack] = {"beyond by the least": least_excess}
"""For parameters that do not have truth values."""

WITH_BOUND: dict[str, Attack] = {"for a wider bound": of_a_wider_bound}
"""For parameters that have a bound."""

OF_LENGTH: dict[str, Attack] = {"short by the least": least_shortage}
"""For unit vectors."""

OF_CLAIMS: dict[str, Attack] = {
    "short, said to be long": claims_to_be_long(0.25),
    "short by little, said to be long": claims_to_be_long(1 - 2.0**-18),
    "said twice to be long": claims_to_be_long(1.0, 2),
    "zero, said to be long": claims_to_be_long(0.0),
}
"""For vectors that are cut to a length."""

WITH_ROWS: dict[str, Attack] = {"claimed product": claimed}
"""For parameters whose squares are proved."""

OUT_OF_FORM: dict[str, tuple[Attack, str]] = {
    "short proof": (resized("proof", -32), "it has uploaded its proof as"),
    "long proof": (resized("proof", 32), "it has uploaded its proof as"),
    "short values": (resized("low", -1), "it has uploaded its masked values as"),
    "long values": (resized("low", 1), "it has uploaded its masked values as"),
    "short high bytes": (resized("high", -2), "it has uploaded its masked values' high bytes as"),
    "another layout": (of_another_layout, "it has uploaded its proof as"),
    "late": (late, "its upload is for the round '0000"),
    "twice": (twice, "it has uploaded twice"),
    "twice the same": (twice_the_same, "it has uploaded twice"),
    "nothing": (lambda _: None, "it has not uploaded anything"),
}
"""What is refused before it is looked into, and how."""
