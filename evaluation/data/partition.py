"""How training rows are divided between clients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.evaluation.data.datasets import Dataset
from ezprivsecfl.evaluation.data.federation import Rows
from ezprivsecfl.evaluation.errors import DataError


def by_subject(dataset: Dataset, rng: np.random.Generator) -> tuple[Dataset, list[Rows]]:
    """One client for each subject, as SAFEFL's code does for HAR.

    The published training and test rows are put together. Of a subject's m rows, ceil(0.75·m) drawn at random train,
    and the others test; all subjects' test rows are the test set. A subject's rows keep their order, which is that of
    the recording.

    Returns:
        The data set so divided, its training rows in the order of the subjects, and each client's rows.

    Raises:
        DataError: The data set does not tell whose rows it has.
    """
    if dataset.subjects is None or dataset.test_subjects is None:
        raise DataError("partition by subject: the data set does not tell whose rows it has; only har does")
    features = np.concatenate([dataset.features, dataset.test_features])
    labels = np.concatenate([dataset.labels, dataset.test_labels])
    subjects = np.concatenate([dataset.subjects, dataset.test_subjects])
    train, test = [], []
    for subject in np.unique(subjects):
        rows = rng.permutation(np.flatnonzero(subjects == subject))
        first_test = -(-3 * len(rows) // 4)
        train.append(np.sort(rows[:first_test]))
        test.append(np.sort(rows[first_test:]))
    ends = np.cumsum([len(rows) for rows in train])
    kept, tested = np.concatenate(train), np.concatenate(test)
    divided = Dataset(features[kept], labels[kept], features[tested], labels[tested], dataset.classes)
    return divided, np.split(np.arange(len(kept)), ends[:-1])


def by_bias(labels: NDArray[np.int64], classes: int, clients: int, bias: float, rng: np.random.Generator) -> list[Rows]:
    """Groups of clients that have mostly one label each: the bias q of Fang et al., 2020, Section IV.

    The clients are in as many groups as there are classes. A row with label l is for group l with probability q, and
    for each other group with (1 - q)/(C - 1); within the group for any client. q = 1/C is no bias.

    Raises:
        DataError: q is not a probability, or there are fewer clients than classes.
    """
    if not 0 <= bias <= 1:
        raise DataError(f"partition by bias: expected a probability, not {bias}")
    if clients < classes:
        raise DataError(f"partition by bias: expected at least one client for each of {classes} classes, not {clients}")
    other = (labels + rng.integers(1, classes, len(labels))) % classes
    group = np.where(rng.random(len(labels)) < bias, labels, other)
    # The group of a client is its number modulo the classes: groups differ by one client where it does not divide.
    sizes = np.bincount(np.arange(clients) % classes, minlength=classes)
    owner = group + classes * np.floor(rng.random(len(labels)) * sizes[group]).astype(np.int64)
    return [np.flatnonzero(owner == client) for client in range(clients)]


def by_dirichlet(
    labels: NDArray[np.int64], classes: int, clients: int, alpha: float, rng: np.random.Generator
) -> list[Rows]:
    """Shares of every label drawn from a symmetric Dirichlet distribution: Hsu et al., 2019; small alpha is skewed.

    Clients of fewer than two rows may result for a small alpha; training refuses clients without any.

    Raises:
        DataError: alpha is not positive.
    """
    if alpha <= 0:
        raise DataError(f"partition by Dirichlet: expected a positive alpha, not {alpha}")
    parts: list[list[Rows]] = [[] for _ in range(clients)]
    for label in range(classes):
        rows = rng.permutation(np.flatnonzero(labels == label))
        shares = rng.dirichlet(np.full(clients, alpha))
        ends = np.round(np.cumsum(shares) * len(rows)).astype(np.int64)[:-1]
        for client, part in enumerate(np.split(rows, ends)):
            parts[client].append(part)
    return [np.concatenate(part) for part in parts]
