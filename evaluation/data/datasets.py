"""The data sets, from one folder of ``.npz`` archives.

The folder is given, never searched for: ``--data DIR`` on the command line. Its archives have the arrays ``x_train``,
``y_train``, ``x_test`` and ``y_test``; HAR's also ``subject_train`` and ``subject_test``. Images are bytes, and become
floats from 0 to 1 with a channel axis; HAR's features are within -1 and 1 as they are.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.evaluation.errors import DataError

FILES = {
    "har": "har.npz",
    "mnist": "mnist.npz",
    "fashion_mnist": "fashion_mnist.npz",
    "cifar10": "cifar10_subset.npz",
    "ch_mnist": "ch_mnist_8x8.npz",
}
"""By name. ``cifar10`` is a fifth of CIFAR-10; ``ch_mnist`` has 8x8 pixels, not the 64x64 of the FLTrust paper."""


@dataclass(frozen=True)
class Dataset:
    """Rows with labels.

    Args:
        features: Of all training rows, float32 [N, ...].
        labels: Theirs, int64 [N], from 0 on.
        test_features: Of the test rows, float32 [M, ...].
        test_labels: Theirs, [M].
        classes: How many labels there are.
        subjects: Whose training rows they are, [N]; None where the set does not tell.
        test_subjects: The same of the test rows.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    test_features: NDArray[np.float32]
    test_labels: NDArray[np.int64]
    classes: int
    subjects: NDArray[np.int64] | None = None
    test_subjects: NDArray[np.int64] | None = None


def load(name: str, folder: Path) -> Dataset:
    """Reads a data set.

    Args:
        name: One of ``FILES``.
        folder: Where its archive is.

    Raises:
        DataError: There is no such set or archive, the archive lacks an array or is damaged, or an array is not what
            training takes: finite features of one shape, and labels from 0 on.
    """
    if name not in FILES:
        raise DataError(f"there is no data set {name!r}; choose one of {', '.join(FILES)}")
    path = folder / FILES[name]
    try:
        with np.load(path) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give the folder that has {FILES[name]} with --data DIR") from None
    except (OSError, ValueError, zipfile.BadZipFile) as e:
        raise DataError(f"{path}: not an archive of numpy arrays ({e})") from None
    _check(arrays, path, of_subjects=name == "har")
    labels, test_labels = arrays["y_train"].astype(np.int64), arrays["y_test"].astype(np.int64)
    return Dataset(
        features=_as_floats(arrays["x_train"]),
        labels=labels,
        test_features=_as_floats(arrays["x_test"]),
        test_labels=test_labels,
        classes=int(max(labels.max(), test_labels.max())) + 1,
        subjects=arrays["subject_train"].astype(np.int64) if "subject_train" in arrays else None,
        test_subjects=arrays["subject_test"].astype(np.int64) if "subject_test" in arrays else None,
    )


def _check(arrays: Mapping[str, NDArray[Any]], path: Path, *, of_subjects: bool) -> None:
    """Raises DataError unless an archive has all arrays, and they are what training takes."""
    columns = ("y", "subject") if of_subjects else ("y",)
    wanted = [f"{column}_{part}" for part in ("train", "test") for column in ("x", *columns)]
    if missing := [key for key in wanted if key not in arrays]:
        raise DataError(f"{path}: expected the arrays {', '.join(wanted)}; it has no {', '.join(missing)}")
    for part in ("train", "test"):
        rows = arrays[f"x_{part}"]
        for key in (f"{column}_{part}" for column in columns):
            column = arrays[key]
            if not np.issubdtype(column.dtype, np.integer) or column.ndim != 1 or np.any(column < 0):
                raise DataError(f"{path}: expected whole numbers from 0 on as {key}, one for each row")
            if len(rows) != len(column):
                raise DataError(f"{path}: x_{part} and {key} have different numbers of rows")
        if not len(rows):
            raise DataError(f"{path}: x_{part} has no rows")
        if not _are_finite(rows):
            raise DataError(f"{path}: expected finite numbers in x_{part}")
    if (given := arrays["x_train"].shape[1:]) != (tested := arrays["x_test"].shape[1:]):
        raise DataError(f"{path}: rows of x_train have the shape {list(given)}, and of x_test {list(tested)}")


def _are_finite(rows: NDArray[Any]) -> bool:
    numbers = np.issubdtype(rows.dtype, np.integer) or np.issubdtype(rows.dtype, np.floating)
    return bool(numbers and np.isfinite(rows).all())


def _as_floats(rows: NDArray[Any]) -> NDArray[np.float32]:
    if rows.dtype != np.uint8:
        return rows.astype(np.float32)
    images = rows[..., np.newaxis] if rows.ndim == 3 else rows
    return images.astype(np.float32) / np.float32(255)
