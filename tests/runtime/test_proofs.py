"""Uploads and verdicts of the engine; all of it again in plain Python integers."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from manifests import manifest_with, shared_input
from proof_rounds import CONTEXT, PLANS, values_for, verdicts
from reference_proofs import Opened, forge, layout_of

from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.proofs import plan_of, round_id, upload_context
from ezprivsecfl.runtime.sharing import Uploads


@pytest.mark.parametrize("name", PLANS)
def test_the_engine_proves_what_the_reference_finds(name):
    manifest = PLANS[name]
    made, values = plan_of(manifest), values_for(manifest, 1)
    layout = layout_of(made)
    seed, low, high, proof = _duet.prove(made.layout, values, CONTEXT)
    opened = Opened.of(layout, Uploads(seed, low, high, proof), CONTEXT)
    found = [x for v in range(len(layout.vectors)) for x in opened.values(v)]
    if made.has_statements:
        assert found == values.tolist()
    assert [x % 2**64 for x in found] == [x % 2**64 for x in values.tolist()]
    assert opened.polynomials == opened.right_polynomials  # every coefficient, over the integers
    for (x, y), got in list(zip(layout.polynomials, opened.polynomials, strict=True))[len(layout.vectors) :]:
        a, b = opened.first.shares, opened.second.shares
        inner = sum(p * q for p, q in zip([*a[x], *a[y]], [*b[y], *b[x]], strict=True))
        assert got[layout.vectors[x][2] - 1] == inner
    for v, ((entries, bits, row), got) in enumerate(zip(layout.vectors, opened.polynomials, strict=False)):
        assert len(opened.first.blinds[v]) == (math.ceil(entries / row) if row else 0)  # one for each row
        if row:
            a, b = opened.first.shares[v], opened.second.shares[v]
            inner = sum(x * y for x, y in zip(a, b, strict=True))
            assert got[row - 1] == inner
            squares = sum(x * x for x in (*a, *b)) - 2 ** (bits + 1) * sum((*a, *b)) + entries * 4**bits + 2 * inner
            assert squares == sum(int(x) ** 2 for x in opened.values(v))
    assert len(opened.first.masks) == len(opened.second.polynomial) == made.layout.coefficients
    assert opened.accepted
    own = expand(made.layout, seed)
    assert own.tolist() == [x % 2**64 for shares in opened.first.shares for x in shares]


def expand(layout, seed):
    return _duet.expand_upload(layout, seed, CONTEXT)


@pytest.mark.parametrize("name", PLANS)
def test_the_reference_makes_the_same_upload_of_a_seed(name):
    made, values = plan_of(PLANS[name]), values_for(PLANS[name], 2)
    honest = Uploads(*_duet.prove(made.layout, values, CONTEXT))
    forged = forge(layout_of(made), values.tolist(), CONTEXT, honest.seed)
    for part in ("low", "high", "proof"):
        np.testing.assert_array_equal(getattr(forged, part), getattr(honest, part))


@pytest.mark.parametrize("name", [name for name in PLANS if name != "no proofs"])
def test_servers_accept_what_holds_and_get_products(name):
    made = plan_of(PLANS[name])
    clients = [values_for(PLANS[name], seed) for seed in range(5)]
    contexts = [upload_context(bytes(32), bytes(16), c) for c in range(5)]
    uploads = [Uploads(*_duet.prove(made.layout, v, c)) for v, c in zip(clients, contexts, strict=True)]
    seeds = [(u.seed, c) for u, c in zip(uploads, contexts, strict=True)]
    accepted, products = verdicts(made.layout, seeds, uploads)
    assert accepted == [True] * 5
    parts = [made.parts(v.view(np.uint64)) for v in clients]
    expected = [
        [int(np.sum(p[x.first][s:][: x.entries] * p[x.second][t:][: x.entries], dtype=np.uint64))]
        for p in parts
        for x in made.products
        for s, t in [x.starts]
    ]
    assert made.summed(products).reshape(-1, 1).tolist() == expected


def test_verdicts_are_those_of_the_reference():
    """Near misses of every kind, in one round with honest clients: those are not affected."""
    made = plan_of(PLANS["all"])
    layout, values = layout_of(made), values_for(PLANS["all"], 3).tolist()
    begins = layout.begins
    kernel, scale, seen, bias, vote, slack = (begins[v] for v in range(6))

    def altered(place: int, by: int) -> list[int]:
        return [x + by if i == place else x for i, x in enumerate(values)]

    cheats = {
        "kernel by one": altered(kernel, 1),
        "kernel by 2^64": altered(kernel + 3, 2**64),
        "kernel by 2^79": altered(kernel + 3, 2**79),
        "scale negative": altered(scale, -values[scale] - 1),
        "scale by one": altered(scale, 1),
        "scale by 2^64": altered(scale, 2**64),
        "two is no truth value": altered(seen + 1, 2 - values[seen + 1]),
        "nor is -1": altered(seen + 1, -1 - values[seen + 1]),
        "bias by one": altered(bias, -1),
        "no choice": [*values[:vote], *[0] * 6, *values[vote + 6 :]],
        "two choices": [*values[:vote], *[1, 1, 0, 0, 0, 0], *values[vote + 6 :]],
        "two choices and none": [*values[:vote], *[1, 0, 0, 1, 0, 0], *[0] * 6, *values[vote + 12 :]],
        "twice, less another": [*values[:vote], *[2, -1, 0, 0, 0, 0], *values[vote + 6 :]],
        "choices modulo 2^64": [*values[:vote], *[2**63, 2**63, 1, 0, 0, 0], *values[vote + 6 :]],
        "slack by one": altered(slack, 1),
        "last slack by one": altered(begins[-1] - 1, 1),
    }
    signs = [-x if kernel <= i < scale or i == slack else x for i, x in enumerate(values)]
    allowed = {
        "honest": values,
        "other signs": signs,
        "turned": [*values[kernel:scale][::-1], *values[scale:]],
        "other choices": [*values[:vote], *values[vote + 6 : vote + 18], *values[vote : vote + 6], *values[slack:]],
        "other truth values": [1 - x if seen <= i < bias else x for i, x in enumerate(values)],
    }
    uploads, expected = [], []
    for given in (*allowed.values(), *cheats.values()):
        context = os.urandom(8)
        forged = forge(layout, given, context)
        uploads.append((forged, context))
        expected.append(Opened.of(layout, forged, context).accepted)
    assert expected == [True] * len(allowed) + [False] * len(cheats)
    seeds = [(u.seed, c) for u, c in uploads]
    assert verdicts(made.layout, seeds, [u for u, _ in uploads])[0] == expected


def test_statements_hold_over_the_integers_not_modulo_2_64():
    """Slack whose squares are right modulo 2^64, and huge entries whose squares vanish there."""
    manifest = manifest_with(shared_input("x", 10, frac=0, bound=4.0))
    layout = layout_of(plan_of(manifest))
    wrap = [2**32, -(2**32)] * 5 + [12, 4, 0, 0]
    assert sum(x * x for x in wrap) % 2**64 == 10 * 16
    opened = Opened.of(layout, forge(layout, wrap, CONTEXT), CONTEXT)
    assert opened.polynomials == opened.right_polynomials
    assert not opened.accepted
    forged = forge(layout, wrap, CONTEXT)
    assert verdicts(layout.made, [(forged.seed, CONTEXT)], [forged])[0] == [False]


def test_every_byte_of_an_upload_counts():
    manifest = manifest_with(shared_input("x", 20), shared_input("w"))
    made, values = plan_of(manifest), values_for(manifest, 5)
    honest = Uploads(*_duet.prove(made.layout, values, CONTEXT))
    altered, rng = [honest], np.random.default_rng(7)
    for part in ("low", "high", "proof"):
        whole = getattr(honest, part).view(np.uint8)
        for place in range(len(whole)):
            changed = whole.copy()
            changed[place] ^= 1 << rng.integers(8)
            parts = {p: getattr(honest, p) for p in ("low", "high", "proof")}
            parts[part] = changed.view(getattr(honest, part).dtype)
            altered.append(Uploads(honest.seed, **parts))
    accepted, _ = verdicts(made.layout, [(honest.seed, CONTEXT)] * len(altered), altered)
    assert accepted == [True] + [False] * (len(altered) - 1)


def test_a_seed_of_another_context_is_refused():
    manifest = manifest_with(shared_input("x", 20))
    made = plan_of(manifest)
    honest = Uploads(*_duet.prove(made.layout, values_for(manifest, 6), CONTEXT))
    other = bytes([honest.seed[0] ^ 1]) + honest.seed[1:]
    seeds = [(honest.seed, CONTEXT), (honest.seed, CONTEXT + b"\0"), (honest.seed, b""), (other, CONTEXT)]
    assert verdicts(made.layout, seeds, [honest] * 4)[0] == [True, False, False, False]


def test_where_nothing_is_proved_any_seed_will_do():
    """Shares modulo 2^64 hide everything, whatever it is; integers of 64 bits would not."""
    layout = _duet.ProofLayout([(10_000, 64, 0)], [], [])
    values = np.full(10_000, -(2**63))
    seed, low, _, _ = _duet.prove(layout, values, CONTEXT)
    np.testing.assert_array_equal((low + expand(layout, seed)).view(np.int64), values)
    proving = _duet.ProofLayout([(10_000, 64, 0)], [([(0, 0, 1)], bytes(32))], [])
    with pytest.raises(_duet.RangeError, match="too large for shares of so few bits"):
        _duet.prove(proving, values, CONTEXT)


def test_shares_near_an_end_are_drawn_again():
    """Values of 2^62 in shares of 64 bits: half of all seeds do not fit."""
    layout = _duet.ProofLayout([(2, 64, 0)], [([(0, 0, 1)], bytes(32))], [])
    for sign in (1, -1):
        shares = []
        for _ in range(300):
            seed, low, _, _ = _duet.prove(layout, np.full(2, sign * 2**62), CONTEXT)
            first = expand(layout, seed)
            sums = [int(a) + int(b) - 2**64 for a, b in zip(first, low, strict=True)]
            assert sums == [sign * 2**62] * 2
            shares.append(first)
        kept = np.array(shares) > 2**62 if sign > 0 else np.array(shares) <= 2**64 - 2**62
        assert kept.all()


def test_honest_uploads_are_never_refused():
    """``benchmarks/honest_uploads.py`` tries a million."""
    for manifest in (PLANS["norm"], PLANS["entries"], PLANS["truth values"], PLANS["all"]):
        made, count = plan_of(manifest), 600
        contexts = [upload_context(bytes(32), bytes(16), c) for c in range(count)]
        values = [values_for(manifest, seed) for seed in range(20)]
        uploads = [Uploads(*_duet.prove(made.layout, values[i % 20], c)) for i, c in enumerate(contexts)]
        seeds = [(u.seed, c) for u, c in zip(uploads, contexts, strict=True)]
        assert verdicts(made.layout, seeds, uploads)[0] == [True] * count


def test_what_an_upload_is_bound_to():
    contexts = {
        upload_context(program, round_, client)
        for program in (bytes(32), b"\1" * 32)
        for round_ in (bytes(16), b"\1" * 16)
        for client in (0, 1, 256)
    }
    assert len(contexts) == 12
    assert {len(c) for c in contexts} == {32 + 16 + 8}
    ids = {round_id(nonce, number) for nonce in (bytes(16), b"\1" + bytes(15)) for number in range(300)}
    assert len(ids) == 600
    assert {len(i) for i in ids} == {16}
