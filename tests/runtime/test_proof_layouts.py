"""The vectors, statements and widths of what clients prove, and what uploads take and tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from manifests import manifest_with, shared_input
from reference_proofs import layout_of

from ezprivsecfl.ir.mpc.hiding import MOST_SHARE_BITS, PRIVACY
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.proofs import Limits, ProofPlan, plan_of
from ezprivsecfl.runtime.sharing import Occasion, checked, share


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
    values = [abs(int(v)) for v in checked(manifest, count)]
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
    values = checked(manifest, {"x": np.full(million, 1e-3)})
    uploads = share(manifest, values, Occasion(bytes(32), bytes(16), 0))
    first, second = ([a.nbytes for a in arrays] for arrays in uploads.arrays)
    assert first == [16]
    rows = 512
    assert second == [8 * (million + 4), 2 * (million + 4), 32 * (2 * rows + 2)]
    assert sum(second) == 8 * layout.entries + layout.high_bytes + layout.proof_bytes <= 10.2 * million
    wide = plan(shared_input("x", million, frac=20)).layout
    assert 11 * million < 8 * wide.entries + wide.high_bytes + wide.proof_bytes < 11.2 * million


# Against the engine.


def test_the_engine_takes_shares_as_wide_as_the_compiler_chooses():
    assert MOST_SHARE_BITS == _duet.MOST_SHARE_BITS
