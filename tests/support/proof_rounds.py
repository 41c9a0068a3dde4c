"""Manifests of what clients prove, values for these, and what two servers find of uploads."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from in_process import both
from manifests import manifest_with, shared_input

from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.proved_parts import Product
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.sharing import checked
from ezprivsecfl.runtime.upload_store import UploadStore

CONTEXT = b"a program, a round, a client"


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
    return checked(manifest, given)


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
