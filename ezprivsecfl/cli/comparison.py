"""How far results are from those that TFF itself computes: ``--check``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-3
"""Relative error above which ``--check`` fails."""


def relative_errors(result: Any, expected: Any) -> dict[str, float]:
    """For every output, L-infinity of the difference over L-infinity of the reference.

    Where the reference is zero everywhere, the absolute difference counts. An infinity or NaN must be the same in both;
    otherwise the error is infinite.
    """
    import tree

    got, wanted = tree.flatten_with_path(_plain(result)), tree.flatten(_plain(expected))
    return {
        "/".join(("result", *map(str, path))): _error(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        for (path, x), y in zip(got, wanted, strict=True)
    }


def _error(got: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    finite = np.isfinite(reference)
    if not np.array_equal(got[~finite], reference[~finite], equal_nan=True) or not np.isfinite(got[finite]).all():
        return math.inf
    difference = float(np.max(np.abs(got[finite] - reference[finite]), initial=0.0))
    scale = float(np.max(np.abs(reference[finite]), initial=0.0))
    return difference / scale if scale > 0 else difference


def _plain(value: Any) -> Any:
    """TFF's structures as tuples, which flatten in order."""
    import tensorflow_federated as tff

    if isinstance(value, tff.structure.Struct):
        return tuple(_plain(v) for v in value)
    return value
