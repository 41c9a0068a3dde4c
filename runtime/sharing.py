"""The client's side: splits its values into shares, one upload for each server, and proves what must hold of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.images import Image, images
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.encoding import check_binary, check_bound
from ezprivsecfl.runtime.manifest import Manifest
from ezprivsecfl.runtime.proofs import plan_of, upload_context
from ezprivsecfl.runtime.wire import Message

SEED_BYTES = 16

THIRD_PARTY = (1 << 64) - 1
"""The number under which a third party uploads what it shares of the server's private inputs: no client has it."""


@dataclass(frozen=True)
class Occasion:
    """What an upload is for: it is worth nothing in another program, round, or client's place.

    Args:
        program_hash: Of the program, 32 bytes.
        round_id: Of the round, as the servers say.
        client: The client's number, or ``THIRD_PARTY``.
    """

    program_hash: bytes
    round_id: bytes
    client: int

    @property
    def context(self) -> bytes:
        """What shares are derived from beside the seed."""
        return upload_context(self.program_hash, self.round_id, self.client)


@dataclass(frozen=True, repr=False)
class Uploads:
    """What one client sends: to server 0 a seed; to server 1 the masked values and the proof.

    Each alone is uniformly random, up to what ``runtime/proofs.py`` calls privacy.

    Args:
        seed: 16 bytes.
        low: The low 64 bits of server 1's shares.
        high: Their other bytes.
        proof: Its share of the proof.
    """

    seed: bytes
    low: NDArray[np.uint64]
    high: NDArray[np.uint8]
    proof: NDArray[np.uint8]

    def __repr__(self) -> str:
        return f"Uploads(<secret>, {len(self.low)} entries)"

    @property
    def arrays(self) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """For server 0 and for server 1."""
        return [np.frombuffer(self.seed, dtype=np.uint8)], [self.low, self.high, self.proof]


def checked(manifest: Manifest, values: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Everything that a client shares, in fixed point.

    Args:
        manifest: Of the program.
        values: The client's values of all parameters.

    Raises:
        InputError: An entry is not finite, beyond the bounds, or not 0 or 1 where it must be; or a norm is too large.
    """
    given, encoded = {**values, **_images(manifest, values)}, {}
    for s in manifest.shares:
        value = np.asarray(given[s.path])
        if s.binary:
            check_binary(value, s.path, one_hot=s.one_hot)
        elif s.image is None:
            check_bound(value, s.bound, s.path, s.lowest)
        exact = s.frac == 0 and value.dtype.kind in "iu"
        encoded[s.path] = value.astype(np.int64) if exact else _duet.encode(value.astype(np.float64), s.frac)
    return plan_of(manifest).values(encoded)


def _images(manifest: Manifest, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What a client shares of vectors instead of these: see ``ir/images.py``."""
    shared = [s for s in manifest.shares if s.image is not None]
    for s in shared:
        if s.shared.is_part:
            check_bound(values[s.path], math.inf, s.path)
    radii = {s.vector: s.radius for s in shared if s.vector is not None and s.radius is not None}
    found = images(values, [s.shared for s in shared], radii)
    for s in shared:
        if s.image is Image.DIRECTION and not any(np.any(found[p.path]) for p in shared if p.vector == s.vector):
            raise InputError(
                f"{s.vector!r} is 0, and the program divides it by its norm: it has no direction to take part with"
            )
    return found


def share(manifest: Manifest, values: NDArray[np.int64], occasion: Occasion) -> Uploads:
    """Shares what one client has (``checked``), with a fresh seed.

    Raises:
        InputError: Shares of so few bits do not hide it.
    """
    try:
        return Uploads(*_duet.prove(plan_of(manifest).layout, values, occasion.context))
    except _duet.RangeError:
        raise InputError(
            f"the values are too large for shares of {manifest.share_bits} bits: compile the program for wider ones "
            "(--share-bits 80), or for smaller values (--bound)"
        ) from None


def upload_messages(program: str, occasion: Occasion, uploads: Uploads) -> tuple[Message, Message]:
    """What one client sends to server 0 and to server 1.

    Args:
        program: The program's name among the servers.
        occasion: What it is for.
        uploads: What ``share`` has made.
    """
    order = {"do": "upload", "program": program, "client": occasion.client, "round": occasion.round_id.hex()}
    first, second = uploads.arrays
    return Message(order, first), Message(order, second)
