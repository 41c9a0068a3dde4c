"""From a data set to the parties' rows, as an experiment asks for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ezprivsecfl.evaluation.config import DataArgs
from ezprivsecfl.evaluation.data import root
from ezprivsecfl.evaluation.data.datasets import Dataset
from ezprivsecfl.evaluation.data.federation import Federation, Rows
from ezprivsecfl.evaluation.data.partition import by_bias, by_dirichlet, by_subject
from ezprivsecfl.evaluation.errors import DataError
from ezprivsecfl.evaluation.randomness import stream


def prepare(dataset: Dataset, data: DataArgs, clients: int, seed: int) -> Federation:
    """Divides the rows, takes the root set away from the clients, and puts the clients in a random order.

    Args:
        dataset: What is divided.
        data: How.
        clients: How many there are.
        seed: Of the run.

    Raises:
        DataError: The set cannot be divided so, or a client has no rows.
    """
    if data.train_rows is not None:
        dataset = _part(dataset, data.train_rows, seed)
    rng = stream(seed, "partition")
    if data.partition_method == "subject":
        dataset, parts = by_subject(dataset, rng)
    elif data.partition_method == "bias":
        parts = by_bias(dataset.labels, dataset.classes, clients, data.bias, rng)
    else:
        parts = by_dirichlet(dataset.labels, dataset.classes, clients, data.partition_alpha, rng)
    server = _root(dataset, data, parts, seed)
    parts = root.without(parts, server)
    if empty := sum(len(rows) == 0 for rows in parts):
        raise DataError(f"{empty} of {clients} clients have no rows: use fewer clients, more rows or less bias")
    order = stream(seed, "order of clients").permutation(clients)
    return Federation(
        features=dataset.features,
        labels=dataset.labels,
        clients=[parts[i] for i in order],
        root=server,
        test_features=dataset.test_features,
        test_labels=dataset.test_labels,
        classes=dataset.classes,
    )


def _part(dataset: Dataset, rows: int, seed: int) -> Dataset:
    if dataset.subjects is not None:
        raise DataError("train_rows: not for a data set that is divided by subject")
    if rows > len(dataset.labels):
        raise DataError(f"train_rows: the data set has {len(dataset.labels)} training rows, not {rows}")
    kept = np.sort(stream(seed, "train rows").choice(len(dataset.labels), rows, replace=False))
    return replace(dataset, features=dataset.features[kept], labels=dataset.labels[kept])


def _root(dataset: Dataset, data: DataArgs, parts: list[Rows], seed: int) -> Rows:
    rng = stream(seed, "root set")
    if data.root_method == "uniform":
        return root.uniform(parts, data.root_size, rng)
    wanted = root.quotas(data.root_size, dataset.classes, data.root_bias)
    if data.root_method == "biased":
        return root.biased(parts, dataset.labels, wanted, rng)
    # SAFEFL walks through the subjects one by one; where clients are drawn at random, through the rows as they are.
    in_order = parts if data.partition_method == "subject" else [np.arange(len(dataset.labels))]
    return root.first_rows(in_order, dataset.labels, wanted)
