"""Manifests of programs that are only taken in, not run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ezprivsecfl.compiler.choices import PROVED_ENTRIES
from ezprivsecfl.ir.proved_parts import Product
from ezprivsecfl.ir.widths import SHARE_BITS
from ezprivsecfl.runtime.manifest import Manifest, Proof, SharedInput

FRAC, BOUND = 8, 8.0


def shared_input(
    path: str,
    *shape: int,
    frac: int = FRAC,
    bound: float = BOUND,
    lowest: float | None = None,
    proof: Proof | None = None,
    norm: float | None = None,
) -> SharedInput:
    """A CLIENTS-placed parameter; of few entries every one is proved, of many the norm, unless a test says more."""
    entries = math.prod(shape)
    if proof is None:
        proof = Proof.ENTRIES if entries <= PROVED_ENTRIES else Proof.NORM
    if proof is Proof.NORM and norm is None:
        norm = bound * math.sqrt(entries)
    one_hot = proof is Proof.ONE_HOT
    binary = one_hot or proof is Proof.BITS
    return SharedInput(path, ("n", *shape), frac, bound, lowest, proof, norm, None, None, binary, one_hot)


def manifest_with(
    *shares: SharedInput,
    name: str = "p",
    clients: int = 5,
    min_clients: int = 2,
    drop_bad_clients: bool = True,
    share_bits: int = SHARE_BITS,
    products: Sequence[tuple[str, str] | Product] = (),
) -> Manifest:
    """With these parameters; products of two names are those of all their entries."""
    sizes = {s.path: math.prod(s.client_shape) for s in shares}
    wanted = tuple(x if isinstance(x, Product) else Product(*x, (0, 0), sizes[x[0]]) for x in products)
    return Manifest(
        name, "duet", clients, None, min_clients, drop_bad_clients, shares, (), (), (), (), share_bits, wanted
    )


def manifest_of(
    *, name: str = "p", clients: int = 5, min_clients: int = 2, drop_bad_clients: bool = True, **shapes: tuple[int, ...]
) -> Manifest:
    """With one CLIENTS-placed parameter of each name and shape."""
    shares = [shared_input(path, *shape) for path, shape in shapes.items()]
    terms = {"name": name, "clients": clients, "min_clients": min_clients, "drop_bad_clients": drop_bad_clients}
    return manifest_with(*shares, **terms)
