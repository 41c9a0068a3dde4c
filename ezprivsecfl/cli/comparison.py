"""How far results are from those that TFF itself computes: ``--check``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

TOLERANCE = 1e-3
"""Relative error above which ``--check`` fails."""

SIMULATIONS = 16
"""Rounds that are simulated to see how far noise takes a result."""

FARTHEST = 10.0
"""Standard deviations of the noise above which ``--check`` fails.

A value of Student's distribution with 16 degrees of freedom is beyond with a probability of 3e-8.
"""


def relative_errors(result: Any, expected: Any) -> dict[str, float]:
    """For every output, L-infinity of the difference over L-infinity of the reference.

    Where the reference is zero everywhere, the absolute difference counts. An infinity or NaN must be the same in both;
    otherwise the error is infinite.
    """
    return {
        path: _error(got, wanted) for (path, got), (_, wanted) in zip(_outputs(result), _outputs(expected), strict=True)
    }


def deviations(result: Any, quiet: Any, noisy: Sequence[Any]) -> dict[str, float]:
    """For every output how far it is from that without noise, in standard deviations of the noise.

    Of each output the farthest entry counts. The standard deviation of an entry is estimated from simulated rounds;
    what is less than the tolerance counts as that, so that an output without noise is as precise as any.

    Args:
        result: The result.
        quiet: The result without noise.
        noisy: Results with noise, of simulated rounds.
    """
    simulated = zip(*(_outputs(one) for one in noisy), strict=True)
    return {
        path: _deviation(got, center, [entries for _, entries in others])
        for (path, got), (_, center), others in zip(_outputs(result), _outputs(quiet), simulated, strict=True)
    }


def _deviation(got: Reals, center: Reals, noisy: Sequence[Reals]) -> float:
    if any(one.shape != center.shape for one in (got, *noisy)):  # noise decides on the shape
        return 0.0 if got.shape in {one.shape for one in noisy} else math.inf
    squares = np.mean([(one - center) ** 2 for one in noisy], axis=0)
    least = TOLERANCE / FARTHEST * max(float(np.max(np.abs(center), initial=0.0)), 1e-30)
    return float(np.max(np.abs(got - center) / np.maximum(np.sqrt(squares), least), initial=0.0))


def _outputs(value: Any) -> list[tuple[str, Reals]]:
    import tree

    leaves = tree.flatten_with_path(_plain(value))
    return [("/".join(("result", *map(str, path))), _entries(x)) for path, x in leaves]


def _entries(value: Any) -> Reals:
    """An output's numbers; of strings, their bytes."""
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        texts = [one if isinstance(one, bytes) else str(one).encode() for one in array.reshape(-1).tolist()]
        longest = np.array([b"", *texts], dtype=np.bytes_)[1:]  # shorter ones are padded
        array = np.frombuffer(longest.tobytes(), np.uint8).reshape(*array.shape, longest.itemsize)
    return array.astype(np.float64)


def _error(got: Reals, reference: Reals) -> float:
    if got.shape != reference.shape:
        return math.inf
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
