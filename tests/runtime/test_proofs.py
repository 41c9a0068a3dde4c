"""What clients prove, in which shares, and what that takes; all of it again in plain Python integers."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from in_process import both
from manifests import FRAC, manifest_with, shared_input
from reference_proofs import Opened, forge, layout_of

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.images import Image, tolerance
from ezprivsecfl.ir.mpc.hiding import MOST_SHARE_BITS, PRIVACY
from ezprivsecfl.ir.proved_parts import Product
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.proofs import (
    ImageLimits,
    Limits,
    ProofPlan,
    plan_of,
    round_id,
    row_length,
    squared_norm,
    upload_context,
)
from ezprivsecfl.runtime.sharing import Occasion, Uploads, checked, share
from ezprivsecfl.runtime.upload_store import UploadStore

CONTEXT = b"a program, a round, a client"
UNIT = 2**FRAC


def test_limits_are_in_units_of_the_last_place():
    entries = Limits.of(shared_input("x", 3, bound=8.0))
    assert entries == Limits("x", 3, Proof.ENTRIES, -8 * UNIT, 8 * UNIT, 3 * (8 * UNIT) ** 2, FRAC, None, None, None)
    assert Limits.of(shared_input("x", 3, lowest=0.5)).lowest == UNIT // 2
    assert Limits.of(shared_input("x", 3, lowest=-0.3)).lowest == -77  # what is not below is not rounded below that
    assert Limits.of(shared_input("x", 3, bound=0.3)).highest == 77  # 76.8: what is below is rounded up to that
    assert Limits.of(shared_input("x", 3, frac=0, bound=2.0**53)).highest == 2**53
    assert Limits.of(shared_input("x", 3, frac=-4, bound=256.0)).highest == 16
    norm = Limits.of(shared_input("x", 10, norm=0.7))
    assert norm.squares == math.floor(0.49 * UNIT**2)
    assert Limits.of(shared_input("x", 20, proof=Proof.BITS)) == Limits(
        "x", 20, Proof.BITS, 0, 1, 20, FRAC, None, None, None
    )
    one_hot = Limits.of(shared_input("x", 4, 5, proof=Proof.ONE_HOT))
    assert one_hot == Limits("x", 20, Proof.ONE_HOT, 0, 1, 4, FRAC, None, None, None, 5)


@pytest.mark.parametrize("entries", [9, 10, 12, 1000])
@pytest.mark.parametrize("bound", [8.0, 0.3, 1e-3, 2.0**-20])
def test_values_within_the_bound_are_within_the_norm_that_follows_from_it(entries, bound):
    """Though roots are rounded, and values that are next to the bound are rounded to it."""
    for frac in (8, 20, 36):
        manifest = manifest_with(shared_input("x", entries, frac=frac, bound=bound))
        checked(manifest, {"x": np.full(entries, np.nextafter(bound, 0))}, 0)
        checked(manifest, {"x": np.full(entries, -np.nextafter(bound, 0))}, 0)


@pytest.mark.parametrize("bound", [8.0, 0.3, 0.1, 1e-3, 2.0**-20])
@pytest.mark.parametrize("lowest", [None, 0.0, -0.001])
def test_values_within_the_bound_have_slack(bound, lowest):
    for frac in (0, 8, 20, 36):
        least = -np.nextafter(bound, 0) if lowest is None else max(lowest, -np.nextafter(bound, 0))
        manifest = manifest_with(shared_input("x", 3, frac=frac, bound=bound, lowest=lowest))
        checked(manifest, {"x": np.array([np.nextafter(bound, 0), least, 0.0])}, 0)


def sum_of_squares(entries: list[int]) -> int:
    return sum(y * y for y in entries)


def test_slack_of_a_norm_ends_at_the_bound():
    limits = Limits.of(shared_input("x", 10, norm=2.0))
    at = np.zeros(10, np.int64)
    at[3] = -2 * UNIT
    assert sum_of_squares(limits.slack(at, "")) == 0
    one = at.copy()
    one[3] += 1
    slack = limits.slack(one, "")
    assert (len(slack), sum_of_squares(slack)) == (4, (2 * UNIT) ** 2 - (2 * UNIT - 1) ** 2)
    at[7] = 1
    with pytest.raises(InputError, match=r"^'x' of client 3 has an L2 norm 1 times as large .*--norm-bound x=") as info:
        limits.slack(at, " of client 3")
    assert "norm_bounds={'x': ...}" in str(info.value)
    with pytest.raises(InputError, match="has an L2 norm 3 times as large"):
        limits.slack(np.where(np.arange(10) == 0, 6 * UNIT, 0), "")


def test_slack_of_entries_ends_at_both_bounds():
    limits = Limits.of(shared_input("x", 2, lowest=-1.0))
    slack = limits.slack(np.array([8 * UNIT, -UNIT]), "")
    assert [sum_of_squares(slack[i : i + 4]) for i in range(0, 16, 4)] == [9 * UNIT, 0, 0, 9 * UNIT]
    for beyond in (8 * UNIT + 1, -UNIT - 1, 2**62, -(2**63)):
        with pytest.raises(InputError, match=r"'x' of client 0 has an entry beyond what the program was compiled for"):
            limits.slack(np.array([0, beyond]), " of client 0")


@pytest.mark.parametrize("proof", [Proof.BITS, Proof.NONE])
def test_truth_values_are_0_and_1(proof):
    """Also as floats: none is rounded to either. Without proofs a client checks itself as well."""
    share_ = replace(shared_input("x", 3, frac=0, proof=Proof.BITS), proof=proof)
    for right in (np.array([0, 1, 1]), np.array([0.0, -0.0, 1.0]), np.array([True, False, True])):
        assert checked(manifest_with(share_), {"x": right}, 0).tolist() == right.astype(int).tolist()
    for wrong in (2, -1, 2**32, 0.5, 1e-30, 1 + 2.0**-40, np.nan, np.inf):
        with pytest.raises(InputError, match=r"^'x' of client 7 at \[1\] is .*, but its entries must be 0 or 1$"):
            checked(manifest_with(share_), {"x": np.array([0, wrong, 0])}, 7)


@pytest.mark.parametrize("proof", [Proof.ONE_HOT, Proof.NONE])
def test_one_hot_vectors_have_exactly_one_1_each(proof):
    share_ = replace(shared_input("x", 2, 3, frac=0, proof=Proof.ONE_HOT), proof=proof)
    assert checked(manifest_with(share_), {"x": np.array([[0, 0, 1], [1, 0, 0]])}, 0).tolist() == [0, 0, 1, 1, 0, 0]
    for wrong, ones in (([0, 0, 0], 0), ([1, 0, 1], 2)):
        with pytest.raises(InputError, match=rf"^'x' of client 7 at \[1\] has {ones} entries of 1 .* --binary"):
            checked(manifest_with(share_), {"x": np.array([[0, 1, 0], wrong])}, 7)
    with pytest.raises(InputError, match=r"^'x' of client 7 at \[0, 0\] is 2, but its entries must be 0 or 1$"):
        checked(manifest_with(share_), {"x": np.array([[2, -1, 0], [1, 0, 0]])}, 7)


def test_without_a_proof_there_is_nothing_to_add():
    limits = Limits.of(shared_input("x", 3, proof=Proof.NONE))
    assert limits.slack(np.array([0, 10 * 8 * UNIT, 0]), "") == []


@pytest.mark.parametrize("count", [0, 1, 9, 1000, (1 << 18) + 3])
def test_squared_norms_are_exact(count):
    rng = np.random.default_rng(count)
    extreme = np.array([-(2**63), 2**63 - 1, -1, 0, 1, 2**62, -(2**62), 2**42 - 1, 2**21, -(2**21) - 1])
    for values in (rng.integers(-(2**63), 2**63, count), rng.choice(extreme, count)):
        assert squared_norm(values) == sum(int(x) ** 2 for x in values)
    assert squared_norm(np.full(count, -(2**63))) == count * 2**126


def test_rows_are_half_as_long_as_there_are_many():
    lengths = {n: row_length(n) for n in (1, 9, 1024, 1025, 4096, 4097, 10_000, 10**6, 10**8, 2**31)}
    assert list(lengths.values()) == [16, 16, 16, 32, 32, 64, 64, 512, 4096, 4096]
    for entries, row in lengths.items():
        assert row & (row - 1) == 0
        assert row == 16 or row == 4096 or 1 <= math.ceil(entries / row) / row <= 4.1


# The layouts, with what they say.


def plan(*shares, share_bits=80, products=()) -> ProofPlan:
    return plan_of(manifest_with(*shares, share_bits=share_bits, products=products))


def test_a_norm_is_one_statement_with_four_slack_entries():
    layout = plan(shared_input("x", 1000, bound=1.0)).layout
    rows, row = 63, 16
    assert (layout.entries, layout.high_bytes) == (1004, 2 * 1004)
    assert layout.coefficients == 2 * row + 2 * 1
    assert layout.message_bytes == 8 * (rows + 4 + 1) + 32


def test_entries_are_two_statements_each_and_truth_values_one_for_all():
    layout = plan(shared_input("x", 3)).layout
    assert layout.entries == 3 + 3 * 2 * 4
    assert layout.coefficients == 3 * 2 * 2  # of the slack only: nothing is said of the entries' squares
    assert layout.message_bytes == 8 * (3 * 2 * 4 + 1) + 32 * 6
    layout = plan(shared_input("x", 100, proof=Proof.BITS)).layout
    assert (layout.entries, layout.coefficients, layout.message_bytes) == (100, 32, 8 * (7 + 1) + 32)


def test_one_hot_vectors_are_one_statement_each_more_than_truth_values():
    layout = plan(shared_input("x", 4, 25, proof=Proof.ONE_HOT)).layout
    assert (layout.entries, layout.coefficients, layout.message_bytes) == (100, 32, 8 * (7 + 1) + 32 * (1 + 4))
    made = plan(shared_input("x", 20, 5, 4, frac=0, proof=Proof.ONE_HOT))
    assert made.layout.message_bytes == 8 * (25 + 1) + 32 * (1 + 100)
    assert made.privacy <= plan(shared_input("x", 20, 5, 4, frac=0, proof=Proof.BITS)).privacy


def test_what_products_of_two_tell_is_counted():
    inputs = shared_input("x", 40), shared_input("y", 40)
    squares, product = (plan(*inputs, share_bits=120, products=(pair,)) for pair in (("x", "x"), ("x", "y")))
    masks = 2 * 16 * (41 * 2**11 * 2.0**120 + 3 * 2.0 ** (61 + 120)) / 2.0**248
    assert product.privacy - squares.privacy == pytest.approx(2 * masks, rel=0.01)


def test_without_proofs_there_is_nothing_but_shares_modulo_2_64():
    without = plan(shared_input("x", 3, proof=Proof.NONE), share_bits=64)
    layout = without.layout
    assert not without.has_statements
    assert (layout.entries, layout.high_bytes, layout.proof_bytes) == (3, 0, 0)


def bits_of(layout: _duet.ProofLayout) -> float:
    """Bits of a share, if all have as many."""
    return 64 + 8 * layout.high_bytes / layout.entries


def test_shares_have_80_bits_unless_values_tell_too_much_then():
    assert bits_of(plan(shared_input("x", 1000, frac=20, norm=10.0)).layout) == 80
    for chosen in (64, 72):  # is what is taken, whatever that tells
        assert bits_of(plan(shared_input("x", 1000, frac=40), share_bits=chosen).layout) == chosen
    for frac in range(8, 50, 3):
        for entries in (1000, 100_000):
            limits = Limits.of(shared_input("x", entries, frac=frac))
            found = (ProofPlan((limits,), 80, ()).layout.high_bytes - 2 * 4) / entries
            told = 2 * (limits.largest_sum(entries) + entries) * (entries + 4) / entries
            wanted = max(80, 8 * math.ceil(math.log2(told / PRIVACY) / 8))
            assert 64 + 8 * found == pytest.approx(min(wanted, 104), abs=0.2), (frac, entries)


@pytest.mark.parametrize("frac", [16, 30, 40])
def test_what_an_upload_tells_is_bounded(frac):
    """A value x tells something where its share is within |x| of an end: all of them together at most 2^-40."""
    manifest = manifest_with(shared_input("x", 500, frac=frac), shared_input("w", frac=frac, bound=64.0, lowest=0.0))
    made = plan_of(manifest)
    count = {"x": np.full(500, 7.9), "w": np.array(63.0)}
    values = [abs(int(v)) for v in checked(manifest, count, 0)]
    layout, told, begin = layout_of(made), 0.0, 0
    for entries, bits, _ in layout.vectors:
        told += sum(x + 1 for x in values[begin : begin + entries]) / 2.0**bits
        begin += entries
    assert told <= PRIVACY


@pytest.mark.parametrize("million", [1_000_000])
def test_an_upload_has_little_more_than_10_bytes_per_entry(million):
    """With a norm as clients of a round declare it; and 11 bytes where only a large bound of entries is known."""
    manifest = manifest_with(shared_input("x", million, frac=20, norm=2.0))
    layout = plan_of(manifest).layout
    values = checked(manifest, {"x": np.full(million, 1e-3)}, 0)
    uploads = share(manifest, values, Occasion(bytes(32), bytes(16), 0))
    first, second = ([a.nbytes for a in arrays] for arrays in uploads.arrays)
    assert first == [16]
    rows = 512
    assert second == [8 * (million + 4), 2 * (million + 4), 32 * (2 * rows + 2)]
    assert sum(second) == 8 * layout.entries + layout.high_bytes + layout.proof_bytes <= 10.2 * million
    wide = plan(shared_input("x", million, frac=20)).layout
    assert 11 * million < 8 * wide.entries + wide.high_bytes + wide.proof_bytes < 11.2 * million


# Against the engine.


def of_vector(image, share, radius=None):
    return replace(share, vector="x", image=image, radius=radius)


def clipped_inputs(radius):
    """A vector of two parts that is cut to a length, at most 4, and what is said of it."""
    return [
        of_vector(Image.CLIPPED, shared_input("x", 30, frac=20, proof=Proof.CLIPPED, norm=4.0), radius),
        of_vector(Image.CLIPPED, shared_input("bias", 3, frac=18, proof=Proof.CLIPPED, norm=4.0), radius),
        of_vector(Image.BEYOND, shared_input("x/beyond", frac=0, bound=1.0, proof=Proof.BITS), radius),
        of_vector(Image.REACHES, shared_input("x/reaches", frac=0, bound=1.0, proof=Proof.BITS), radius),
    ]


PLANS = {
    "clipped": manifest_with(*clipped_inputs(0.75), products=(("x", "x"),)),
    "clipped to more than there can be": manifest_with(*clipped_inputs(1e9)),
    "norm": manifest_with(shared_input("x", 100), products=(("x", "x"),)),
    "last row full": manifest_with(shared_input("x", 64), products=(("x", "x"),)),
    "last row of one": manifest_with(shared_input("x", 33)),
    "entries": manifest_with(shared_input("x", 3), shared_input("w", lowest=0.0, bound=2.0**20)),
    "truth values": manifest_with(shared_input("x", 50, frac=0, bound=2.0, proof=Proof.BITS)),
    "one-hot": manifest_with(shared_input("x", 7, 5, frac=0, bound=2.0, proof=Proof.ONE_HOT)),
    "all": manifest_with(
        shared_input("kernel", 40, frac=30),
        shared_input("scale", bound=2.0**20, lowest=0.0, frac=38),
        shared_input("seen", 20, frac=0, bound=2.0, proof=Proof.BITS),
        shared_input("bias", 12, norm=3.0),
        shared_input("vote", 3, 6, frac=0, bound=2.0, proof=Proof.ONE_HOT),
        products=(("bias", "bias"), ("kernel", "kernel")),
    ),
    "products": manifest_with(
        shared_input("x", 40, frac=30),
        shared_input("w", 3),
        shared_input("y", 8, 5, norm=2.0),
        shared_input("z", 40, frac=40, bound=64.0),
        products=(("y", "x"), ("y", "y"), ("z", "x"), ("x", "y")),
    ),
    "parts": manifest_with(
        shared_input("x", 100, frac=30),
        shared_input("w", 3),
        shared_input("y", 60, norm=2.0),
        products=(
            *(("x", "x"), Product("x", "x", (0, 0), 40), Product("x", "x", (70, 70), 30)),
            *(Product("x", "y", (30, 0), 60), Product("y", "y", (0, 0), 17), Product("x", "x", (0, 60), 40)),
        ),
    ),
    "parts of an image": manifest_with(
        *clipped_inputs(0.75), products=(Product("x", "x", (1, 1), 2), Product("x", "x", (0, 0), 1))
    ),
    "64 bits": manifest_with(shared_input("x", 40), shared_input("w"), share_bits=64, products=(("x", "x"),)),
    "72 bits": manifest_with(shared_input("x", 40), shared_input("w"), share_bits=72),
    "no proofs": manifest_with(shared_input("x", 40, proof=Proof.NONE), share_bits=64),
}


def values_for(manifest, seed):
    """Everything that a client shares, of random values."""
    rng = np.random.default_rng(seed)
    given = {}
    for s in manifest.parameters:
        if s.proof is Proof.BITS:
            given[s.path] = rng.integers(0, 2, s.client_shape).astype(np.bool_)
        elif s.proof is Proof.ONE_HOT:
            given[s.path] = np.eye(s.client_shape[-1])[rng.integers(0, s.client_shape[-1], s.client_shape[:-1])]
        else:
            most = min(s.bound, s.norm or s.bound) / math.sqrt(max(math.prod(s.client_shape), 1))
            given[s.path] = rng.uniform(0 if s.lowest == 0.0 else -most, most, s.client_shape)
    return checked(manifest, given, 0)


def verdicts(layout: _duet.ProofLayout, seeds, uploads):
    """What both servers find: (accepted, shares of products) of each."""
    sessions = _duet.local_pair()
    store = UploadStore()
    places = [store.put((u.low, u.high, u.proof)) for u in uploads]
    found = both(
        lambda party: (
            _duet.check_masked(sessions[1], layout, store.descriptor, places)
            if party
            else _duet.check_seeds(sessions[0], layout, seeds)
        )
    )
    for session in sessions:
        session.close()
    for one in found:
        if isinstance(one, Exception):
            raise one
    assert found[0][0] == found[1][0]
    return found[0][0], found[0][1] + found[1][1]


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


def unit_input(path, *shape, unit="x", frac=FRAC):
    return replace(
        shared_input(path, *shape, frac=frac, proof=Proof.UNIT, norm=1.0), vector=unit, image=Image.DIRECTION
    )


def test_vectors_are_rounded_as_their_own_formats_are():
    """A coarse vector beside a fine one does not make that one shorter than what is proved of it."""
    manifest = manifest_with(
        unit_input("fine", 30, unit="fine", frac=30), unit_input("coarse", 3, unit="coarse", frac=6)
    )
    values = checked(manifest, {"fine": np.linspace(1, 2, 30), "coarse": np.array([3.0, 4.0, 0.0])}, 0)
    assert np.linalg.norm(values[:30] / 2.0**30) > 1 - 2.0**-20
    made = plan_of(manifest)
    seed, *parts = _duet.prove(made.layout, values, CONTEXT)
    assert verdicts(made.layout, [(seed, CONTEXT)], [Uploads(seed, *parts)])[0] == [True]


def test_the_engine_takes_shares_as_wide_as_the_compiler_chooses():
    assert MOST_SHARE_BITS == _duet.MOST_SHARE_BITS


def test_statements_about_clipped_vectors():
    """In the form of docs/client-proofs.md; a unit of squared lengths is 4^-20."""
    unit, most = 4**20, 16 * 4**20
    for radius, longest in ((0.75, 0.75**2 * unit), (0.0, 0), (4.0, most), (5.0, most)):
        (vector,) = ImageLimits.of(plan_of(manifest_with(*clipped_inputs(radius))).limits)
        assert (vector.longest, vector.shortest, vector.room) == (longest, None, most)
        shorter = tolerance(33, 18, radius)
        assert vector.claimed == min(math.floor((1 - Fraction(shorter)) * Fraction(radius) * 2**20), 4 * 2**20 + 1)
    # Before a round is known to have a radius, nobody's proof holds.
    (vector,) = ImageLimits.of(plan_of(manifest_with(*clipped_inputs(None))).limits)
    assert vector.longest == -1
    statements = plan_of(PLANS["clipped"])._parts[1]
    squares = [(0, 1, 0), (1, 16, 0)]
    claimed = math.floor((1 - Fraction(tolerance(33, 18, 0.75))) * Fraction(3, 4) * 2**20)
    zero = bytes(32)
    expected = [
        ([(2, 1, -1)], zero),
        ([(3, 1, -1)], zero),
        ([*squares, (4, 1, 0)], int(0.75**2 * unit).to_bytes(32, "little")),
        ([(5, 0, 1), (2, 0, -claimed)], zero),
        ([*squares, (5, -1, 0), (6, -1, 0)], zero),
        ([(7, 0, 1), (3, 0, -claimed)], zero),
        ([*squares, (7, -1, 0), (8, -1, 0)], zero),
    ]
    assert [(list(terms), constant) for terms, constant in statements] == expected


@pytest.mark.parametrize("length", [0.0, 1e-3, 0.7499, 0.75, 0.75 * (1 + 2.0**-22), 1.0, 1e30])
def test_clipped_vectors_are_shared_as_long_as_what_is_proved(length):
    manifest = PLANS["clipped"]
    rng = np.random.default_rng(3)
    x, bias = rng.normal(size=30), rng.normal(size=3)
    scale = length / math.hypot(np.linalg.norm(x), np.linalg.norm(bias))
    given = {"x": x * scale, "bias": bias * scale}
    values = checked(manifest, given, 0)
    shared = np.concatenate([values[:30] / 2.0**20, values[30:33] / 2.0**18])
    expected = np.concatenate([given["x"], given["bias"]]) * min(1.0, 0.75 / length if length else 1.0)
    np.testing.assert_allclose(shared, expected, atol=2.0**-18 + 1e-5)
    assert values[33:35].tolist() == [float(np.float32(length)) > 0.75, float(np.float32(length)) >= 0.75]
    made = plan_of(manifest)
    seed, *parts = _duet.prove(made.layout, values, CONTEXT)
    assert verdicts(made.layout, [(seed, CONTEXT)], [Uploads(seed, *parts)])[0] == [True]


def test_unit_vectors_are_shared_as_long_as_what_is_proved():
    """Of any length before; several parameters of different formats are one vector; a zero vector has no direction."""
    manifest = manifest_with(unit_input("x", 30, frac=24), unit_input("bias", 3, frac=22))
    made, rng = plan_of(manifest), np.random.default_rng(3)
    for size in (1e-30, 1.0, 1e30):
        given = {"x": size * rng.normal(size=30), "bias": size * rng.normal(size=3)}
        values = checked(manifest, given, 0).tolist()
        x, bias = np.array(values[:30]) / 2.0**24, np.array(values[30:33]) / 2.0**22
        np.testing.assert_allclose(np.concatenate([x, bias]) @ np.concatenate([x, bias]), 1, atol=1e-5)
        ratio = np.linalg.norm(given["bias"]) / np.linalg.norm(given["x"])
        np.testing.assert_allclose(np.linalg.norm(bias) / np.linalg.norm(x), ratio, rtol=1e-5)
        seed, *parts = _duet.prove(made.layout, np.array(values), CONTEXT)
        assert verdicts(made.layout, [(seed, CONTEXT)], [Uploads(seed, *parts)])[0] == [True]
    with pytest.raises(InputError, match=r"'x' of client 4 is 0, .* no direction"):
        checked(manifest, {"x": np.zeros(30), "bias": np.zeros(3)}, 4)
    with pytest.raises(InputError, match=r"'bias' of client 4 at \[1\] is nan"):
        checked(manifest, {"x": np.ones(30), "bias": np.array([0, np.nan, 0])}, 4)
