"""The side of who owns private inputs of the server: what it computes of these in the clear, checks, and shares.

A server that owns some has them as its shares, and the other server has zeros: nothing is sent, and so nothing is told.
A third party uploads shares and proofs as a client does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.types import DType
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.admission import values_of
from ezprivsecfl.runtime.manifest import Manifest, PrivateValue
from ezprivsecfl.runtime.proofs import plan_of

Encoded = dict[str, NDArray[np.int64]]


def owned_values(manifest: Manifest, part: Program, owner: Owner, given: Mapping[str, NDArray[Any]]) -> Encoded:
    """What an owner shares, in fixed point by path.

    Messages name parameters and bounds, but no values: others than the owner may read them.

    Args:
        manifest: Of the program.
        part: The owner's part of it.
        owner: Who that is.
        given: By path the owner's inputs of the server, and the public ones.

    Raises:
        InputError: One is not finite or beyond its bound; or what is computed of them is.
    """
    mine, inputs = manifest.given_by(owner), part.of(Input)
    for op in inputs:
        if op.path in mine and op.type.dtype is not DType.BOOL:
            assert op.bound is not None
            said = f"|x| < {op.bound:g}" if op.lowest is None else f"{op.lowest:g} <= x < {op.bound:g}"
            _check(
                np.asarray(given[op.path], dtype=np.float64),
                (op.lowest, op.bound),
                f"{op.path!r}, which {owner.in_words} alone knows, is not finite or not within {said}, which the "
                f"program was compiled for. If such values are legitimate, raise the bound: --bound {op.path}=... (in "
                f"Python: bounds={{{op.path!r}: ...}})",
            )
    found = run_tensor(part, {op.path: np.asarray(given[op.path]) for op in inputs}, clients=1)
    return {p.path: _encoded(p, found[p.path], mine) for p in manifest.private if p.owner is owner}


def third_party_values(manifest: Manifest, values: Encoded) -> NDArray[np.int64]:
    """Everything that a third party shares, with what makes its proof.

    Args:
        manifest: Of what it uploads (``Manifest.third_party``).
        values: See ``owned_values``.

    Raises:
        InputError: What it is to prove does not hold.
    """
    with values_of("the third party"):
        return plan_of(manifest).values(values)


def _encoded(value: PrivateValue, found: NDArray[Any], mine: list[str]) -> NDArray[np.int64]:
    numbers = np.asarray(found, dtype=np.float64)
    refused = (
        f"what {value.owner.in_words} computes at {value.location} of {', '.join(map(repr, mine))} is not finite, or "
        f"beyond what the program was compiled for ({value.bound:g}): it cannot be shared"
    )
    _check(numbers, (value.lowest, value.bound), refused)
    if value.norm is not None and not np.linalg.norm(numbers) <= value.norm:
        raise InputError(refused)
    exact = value.frac == 0 and np.asarray(found).dtype.kind in "biu"
    return np.asarray(found).astype(np.int64) if exact else _duet.encode(numbers, value.frac)


def _check(numbers: NDArray[np.float64], bounds: tuple[float | None, float], refused: str) -> None:
    lowest, highest = bounds
    if not np.all(np.abs(numbers) < highest) or (lowest is not None and np.any(numbers < lowest)):
        raise InputError(refused)
