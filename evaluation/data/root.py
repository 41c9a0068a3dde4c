"""The server's root set: rows that are taken away from the clients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.evaluation.data.federation import Rows
from ezprivsecfl.evaluation.errors import DataError

BIASED_LABEL = 1
"""The label whose share is p; the public programs of FLTrust and SAFEFL use this one."""


def quotas(size: int, classes: int, bias: float) -> NDArray[np.int64]:
    """How many rows of each label a root set has: round(p·size) of ``BIASED_LABEL``, the others evenly.

    Args:
        size: Rows altogether.
        classes: How many labels there are.
        bias: p, the share of the one label; 1/classes is no bias.

    Raises:
        DataError: p is not a share.
    """
    if not 0 <= bias <= 1:
        raise DataError(f"root set: expected a bias from 0 to 1, not {bias}")
    first = round(bias * size)
    others = np.array([len(part) for part in np.array_split(np.arange(size - first), classes - 1)], np.int64)
    return np.insert(others, BIASED_LABEL, first)


def uniform(clients: Sequence[Rows], size: int, rng: np.random.Generator) -> Rows:
    """Rows drawn from all clients' together: case I of the FLTrust paper.

    Raises:
        DataError: The clients have not so many.
    """
    rows = np.concatenate(clients)
    if len(rows) < size:
        raise DataError(f"root set: expected at least {size} rows, the clients have {len(rows)}")
    return rng.choice(rows, size, replace=False)


def biased(
    clients: Sequence[Rows], labels: NDArray[np.int64], wanted: NDArray[np.int64], rng: np.random.Generator
) -> Rows:
    """Rows drawn at random up to each label's quota: case II of the FLTrust paper.

    Raises:
        DataError: A label has too few rows.
    """
    return first_rows([rng.permutation(np.concatenate(clients))], labels, wanted)


def first_rows(clients: Sequence[Rows], labels: NDArray[np.int64], wanted: NDArray[np.int64]) -> Rows:
    """The first rows, client after client, up to each label's quota, as SAFEFL's code takes them.

    For HAR that is nearly only the first subject's, although SAFEFL's paper calls its root set uniform.

    Raises:
        DataError: A label has too few rows.
    """
    rows = np.concatenate(clients)
    taken = []
    for label, quota in enumerate(wanted):
        of_label = rows[labels[rows] == label]
        if len(of_label) < quota:
            raise DataError(f"root set: expected {quota} rows of label {label}, the clients have {len(of_label)}")
        taken.append(of_label[:quota])
    return np.concatenate(taken)


def without(clients: Sequence[Rows], root: Rows) -> list[Rows]:
    """The clients' rows that are not the server's."""
    return [rows[~np.isin(rows, root)] for rows in clients]
