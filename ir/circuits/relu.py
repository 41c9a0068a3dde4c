"""ReLU as a polynomial: the best uniform approximation on an interval."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

STEPS = 30
GRID = 20_001


def minimax_relu(degree: int, bound: float) -> tuple[NDArray[np.float64], float]:
    """The polynomial of even ``degree`` that is closest to ReLU on [-bound, bound], and its largest error.

    ReLU(x) = (x + |x|) / 2, and the best even polynomial for |x| is a polynomial in u = x² for √u on [0, 1]; it is
    found by Remez's exchange algorithm (E. W. Cheney, "Introduction to Approximation Theory", section 3.8).

    Args:
        degree: 2, 4, 6, ...
        bound: Half the interval's length.

    Returns:
        Coefficients from the constant upwards, and the worst error.
    """
    if degree < 2 or degree % 2:
        raise ValueError(f"the degree must be even and positive, not {degree}")
    half = degree // 2
    grid = np.linspace(0.0, 1.0, GRID) ** 2  # denser near 0, where the square root is steep
    points = (1 - np.cos(np.pi * np.arange(half + 2) / (half + 1))) / 2
    signs = (-1.0) ** np.arange(half + 2)
    for _ in range(STEPS):
        system = np.column_stack([points[:, None] ** np.arange(half + 1), signs])
        coefficients = np.linalg.solve(system, np.sqrt(points))[:-1]
        error = (grid[:, None] ** np.arange(half + 1)) @ coefficients - np.sqrt(grid)
        points = grid[_alternating_extrema(error, half + 2)]
    even = np.zeros(degree + 1)
    even[::2] = coefficients / 2
    even[1] = 0.5
    scales = bound * float(bound) ** -np.arange(degree + 1.0)
    return even * scales, float(np.max(np.abs(error))) / 2 * bound


def _alternating_extrema(error: NDArray[np.float64], count: int) -> list[int]:
    """The largest error of every run of equal sign; the ``count`` runs of a nearly optimal polynomial."""
    changes = [0, *(np.flatnonzero(np.diff(np.sign(error))) + 1), len(error)]
    runs = [range(a, b) for a, b in pairwise(changes) if b > a]
    extrema = [max(run, key=lambda i: abs(error[i])) for run in runs]
    return sorted(sorted(extrema, key=lambda i: -abs(error[i]))[:count])
