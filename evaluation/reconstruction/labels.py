"""Which labels a batch has, read off the gradient of the last layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.evaluation.packages import needed_for

with needed_for("a reconstruction"):
    from scipy.optimize import linprog

RANK = 1e-6
"""Singular values below this times the largest are rounding."""


def label_of_one(bias_gradient: NDArray[Any]) -> int:
    """The label of a batch of one (iDLG: B. Zhao, K. R. Mopuri, H. Bilen, arXiv 2001.02610).

    The gradient of softmax cross-entropy by the last bias is p - e_label: one entry is negative.

    Args:
        bias_gradient: Of the last layer, ``[classes]``.

    Raises:
        ValueError: Not exactly one entry is negative: the batch had not one label.
    """
    negative = np.flatnonzero(np.asarray(bias_gradient) < 0)
    if len(negative) != 1:
        raise ValueError(f"{len(negative)} classes have a negative gradient: that is not the gradient of one label")
    return int(negative[0])


def labels_of_batch(weight_gradient: NDArray[Any]) -> set[int]:
    """The labels of a batch (T. Dang, O. Thakkar, S. Ramaswamy, R. Mathews, P. Chin, F. Beaufays, "Revealing and
    Protecting Labels in Distributed Training", NeurIPS 2021; unchecked against the paper's text).

    The gradient is a sum over the batch of outer products of p - e_label and the layer's input. If the batch is smaller
    than both sides, the vectors p - e_label span its column space. A label l is reported if some vector of that space
    has a negative entry at l alone, which a linear program decides.

    Args:
        weight_gradient: Of the last layer, ``[classes, neurons]``.

    Returns:
        All labels of the batch, and maybe others, the more the larger the batch is; none if the vectors span all that
        they can, which says nothing.
    """
    gradient = np.asarray(weight_gradient, np.float64)
    left, singular, _ = np.linalg.svd(gradient, full_matrices=False)
    basis = left[:, singular > RANK * singular[0]]
    classes = len(gradient)
    if basis.shape[1] in (0, classes - 1):  # p - e_label sums up to 0: more dimensions there are not
        return set()
    return {label for label in range(classes) if _has_vector(basis, label)}


def _has_vector(basis: NDArray[np.float64], label: int) -> bool:
    """Whether some vector in the span of the columns is at most -1 at the label and not negative elsewhere."""
    signs = np.where(np.arange(len(basis)) == label, 1.0, -1.0)
    found = linprog(
        np.zeros(basis.shape[1]),
        A_ub=signs[:, None] * basis,
        b_ub=np.where(signs > 0, -1.0, 1e-9),
        bounds=(None, None),
        method="highs",
    )
    return bool(found.status == 0)
