"""The client's side: splits an update into shares, one upload per server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.encoding import check_bound
from ezprivsecfl.runtime.wire import Message

SEED_BYTES = 16


@dataclass(frozen=True, repr=False)
class Uploads:
    """What one client sends for one parameter: to server 0 a seed, to server 1 the masked update.

    Each alone is uniformly random.
    """

    seed: bytes
    masked: NDArray[np.uint64]

    def __repr__(self) -> str:
        return f"Uploads(<secret>, shape={self.masked.shape})"


def share(value: NDArray[Any], frac: int, bound: float, path: str, client: int, lowest: float | None = None) -> Uploads:
    """Shares one client's value.

    Args:
        value: The client's value of one parameter.
        frac: Fractional bits.
        bound: Entries must satisfy |x| < bound.
        path: The parameter's name, for messages.
        client: The client's number, for messages.
        lowest: No entry may be less, if it is given.

    Raises:
        InputError: An entry is not finite or beyond the bounds.
    """
    check_bound(value, bound, path, f" of client {client}", lowest)
    seed = os.urandom(SEED_BYTES)
    return Uploads(seed, _duet.share(np.asarray(value, dtype=np.float64), frac, seed))


def upload_messages(
    program: str, client: int, paths: Sequence[str], parts: Sequence[Uploads]
) -> tuple[Message, Message]:
    """What one client sends to server 0, a seed per parameter, and to server 1, 8 bytes per element.

    Args:
        program: The program's name among the servers.
        client: The client's number.
        paths: The parameters' names.
        parts: What ``share`` has made of each parameter.
    """
    order = {"do": "upload", "program": program, "client": client, "paths": list(paths)}
    seeds = [np.frombuffer(p.seed, dtype=np.uint8) for p in parts]
    return Message(order, seeds), Message(order, [p.masked for p in parts])
