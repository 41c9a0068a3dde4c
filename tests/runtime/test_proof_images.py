"""Images of vectors, unit or clipped, and what is proved of their lengths."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from manifests import FRAC, manifest_with, shared_input
from proof_rounds import CONTEXT, PLANS, clipped_inputs, verdicts

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.images import Image, tolerance
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.proofs import ImageLimits, plan_of
from ezprivsecfl.runtime.sharing import Uploads, checked


def unit_input(path, *shape, unit="x", frac=FRAC):
    return replace(
        shared_input(path, *shape, frac=frac, proof=Proof.UNIT, norm=1.0), vector=unit, image=Image.DIRECTION
    )


def test_vectors_are_rounded_as_their_own_formats_are():
    """A coarse vector beside a fine one does not make that one shorter than what is proved of it."""
    manifest = manifest_with(
        unit_input("fine", 30, unit="fine", frac=30), unit_input("coarse", 3, unit="coarse", frac=6)
    )
    values = checked(manifest, {"fine": np.linspace(1, 2, 30), "coarse": np.array([3.0, 4.0, 0.0])})
    assert np.linalg.norm(values[:30] / 2.0**30) > 1 - 2.0**-20
    made = plan_of(manifest)
    seed, *parts = _duet.prove(made.layout, values, CONTEXT)
    assert verdicts(made.layout, [(seed, CONTEXT)], [Uploads(seed, *parts)])[0] == [True]


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
    values = checked(manifest, given)
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
        values = checked(manifest, given).tolist()
        x, bias = np.array(values[:30]) / 2.0**24, np.array(values[30:33]) / 2.0**22
        np.testing.assert_allclose(np.concatenate([x, bias]) @ np.concatenate([x, bias]), 1, atol=1e-5)
        ratio = np.linalg.norm(given["bias"]) / np.linalg.norm(given["x"])
        np.testing.assert_allclose(np.linalg.norm(bias) / np.linalg.norm(x), ratio, rtol=1e-5)
        seed, *parts = _duet.prove(made.layout, np.array(values), CONTEXT)
        assert verdicts(made.layout, [(seed, CONTEXT)], [Uploads(seed, *parts)])[0] == [True]
    with pytest.raises(InputError, match=r"'x' is 0, .* no direction"):
        checked(manifest, {"x": np.zeros(30), "bias": np.zeros(3)})
    with pytest.raises(InputError, match=r"'bias' at \[1\] is nan"):
        checked(manifest, {"x": np.ones(30), "bias": np.array([0, np.nan, 0])})
