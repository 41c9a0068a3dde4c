"""What each of the two servers gets of one client's values: its share, as the product itself makes it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.api import SecureProgram
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import MANIFEST, Manifest
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.sharing import Occasion, checked, share


class ServerViews(NamedTuple):
    """By parameter the shares of two servers, read as numbers as each server could.

    Args:
        first: Of server 0, which has a seed and expands it.
        second: Of server 1, which has masked values.
    """

    first: dict[str, NDArray[np.float64]]
    second: dict[str, NDArray[np.float64]]

    def opened(self) -> dict[str, NDArray[np.float64]]:
        """What both would see together, and neither does: the client's values, rounded to fixed point."""
        return {path: self.first[path] + self.second[path] for path in self.first}


def server_views(program: SecureProgram, values: Mapping[str, Sequence[NDArray[Any]]], client: int = 0) -> ServerViews:
    """What one client uploads in a round, as each server sees it.

    Args:
        program: Compiled for Duet.
        values: By parameter what each client of the round has: magnitudes decide on the format.
        client: The number of the client.

    Returns:
        Shares modulo 2^64, as signed fixed-point numbers of the parameter's format.

    Raises:
        InputError: The client's values cannot be used (``runtime.sharing.checked``).
    """
    manifest = Manifest.parse(program.variant(values).lowered.sources()[MANIFEST])
    own = {s.path: np.asarray(values[s.path][client]) for s in manifest.parameters}
    occasion = Occasion(os.urandom(32), os.urandom(16), client)
    uploads = share(manifest, checked(manifest, own), occasion)
    plan = plan_of(manifest)
    seen = _duet.expand_upload(plan.layout, uploads.seed, occasion.context), uploads.low
    places = {s.path: s.frac for s in manifest.shares}
    shapes = {s.path: tuple(s.client_shape) for s in manifest.shares}
    return ServerViews(
        *(
            {path: x.astype(np.int64).reshape(shapes[path]) * 2.0 ** -places[path] for path, x in plan.parts(y).items()}
            for y in seen
        )
    )
