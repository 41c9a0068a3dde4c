"""Data sets, partitions and root sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezprivsecfl.evaluation.data import root
from ezprivsecfl.evaluation.data.datasets import Dataset, load
from ezprivsecfl.evaluation.data.partition import by_bias, by_dirichlet, by_subject
from ezprivsecfl.evaluation.errors import DataError

CLASSES = 4
RNG = np.random.default_rng


def labels(rows=4000):
    return RNG(1).integers(0, CLASSES, rows)


def every_row_once(clients, rows):
    np.testing.assert_array_equal(np.sort(np.concatenate(clients)), np.arange(rows))


def archive(folder: Path, **changed):
    x = RNG(0).integers(0, 256, (6, 5, 5)).astype(np.uint8)
    y = np.array([0, 1, 2, 0, 1, 2], np.uint8)
    arrays = {"x_train": x, "y_train": y, "x_test": x[:2], "y_test": y[:2], **changed}
    np.savez(folder / "mnist.npz", **{key: value for key, value in arrays.items() if value is not None})


def test_images_are_floats_with_channels(tmp_path):
    archive(tmp_path)
    got = load("mnist", tmp_path)
    assert (got.features.shape, got.features.dtype, got.classes) == ((6, 5, 5, 1), np.float32, 3)
    assert 0.5 < got.features.max() <= 1


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(DataError, match="no data set 'minst'; choose one of har"):
        load("minst", tmp_path)
    with pytest.raises(DataError, match=r"mnist.npz: no such file; .* --data DIR"):
        load("mnist", tmp_path)
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(DataError, match="not an archive"):
        load("mnist", tmp_path)
    archive(tmp_path, y_test=None)
    with pytest.raises(DataError, match="has no y_test"):
        load("mnist", tmp_path)
    archive(tmp_path, y_train=np.zeros(5, np.uint8))
    with pytest.raises(DataError, match="x_train and y_train have different numbers"):
        load("mnist", tmp_path)


HOLES = np.full((6, 7), np.nan, np.float32)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_train": np.array([0, 1, 2, 0, 1, -1])}, "whole numbers from 0 on as y_train"),
        ({"y_test": np.array([0.0, 1.5])}, "whole numbers from 0 on as y_test"),
        ({"y_test": np.array([[0], [1]])}, "whole numbers from 0 on as y_test, one for each row"),
        ({"x_train": HOLES, "x_test": HOLES[:2]}, "expected finite numbers in x_train"),
        ({"x_train": 0 * HOLES[:, :0] + 1, "x_test": HOLES[:2]}, "expected finite numbers in x_test"),
        ({"x_train": np.full((6, 7), "a"), "x_test": HOLES[:2]}, "expected finite numbers in x_train"),
        ({"x_test": np.zeros((2, 5, 4), np.uint8)}, r"x_train have the shape \[5, 5\], and of x_test \[5, 4\]"),
        ({"x_test": np.zeros((0, 5, 5), np.uint8), "y_test": np.zeros(0, int)}, "x_test has no rows"),
    ],
)
def test_arrays_that_nothing_can_be_trained_on_are_refused(tmp_path, changed, message):
    archive(tmp_path, **changed)
    with pytest.raises(DataError, match=message):
        load("mnist", tmp_path)


def test_subjects_are_of_rows(tmp_path):
    x, y = np.zeros((4, 3), np.float32), np.arange(4)
    arrays = {"x_train": x, "y_train": y, "x_test": x, "y_test": y, "subject_train": y[:3], "subject_test": y}
    np.savez(tmp_path / "har.npz", **arrays)
    with pytest.raises(DataError, match="x_train and subject_train have different numbers of rows"):
        load("har", tmp_path)


def subjects_set():
    """Each row's feature tells its subject and number."""
    subjects = np.repeat([3, 1, 2], [7, 4, 8])
    features = np.stack([subjects, np.arange(19)], 1).astype(np.float32)
    y = np.arange(19) % CLASSES
    return Dataset(features[:12], y[:12], features[12:], y[12:], CLASSES, subjects[:12], subjects[12:])


def test_a_subject_is_a_client():
    """Published training and test rows together; three quarters of each subject's, rounded up, train."""
    divided, clients = by_subject(subjects_set(), RNG(0))
    assert [len(rows) for rows in clients] == [3, 6, 6]
    every_row_once(clients, 15)
    for subject, rows in enumerate(clients, start=1):
        assert set(divided.features[rows, 0]) == {subject}
        assert np.all(np.diff(divided.features[rows, 1]) > 0)
    np.testing.assert_array_equal(np.bincount(divided.test_features[:, 0].astype(int)), [0, 1, 2, 1])
    together = np.concatenate([divided.features, divided.test_features])[:, 1]
    np.testing.assert_array_equal(np.sort(together), np.arange(19))
    np.testing.assert_array_equal(divided.labels, divided.features[:, 1].astype(int) % CLASSES)


def test_without_subjects_it_is_refused():
    without = Dataset(
        *(getattr(subjects_set(), key) for key in ("features", "labels", "test_features", "test_labels")), 4
    )
    with pytest.raises(DataError, match="only har does"):
        by_subject(without, RNG(0))


@pytest.mark.parametrize("bias", [0.25, 0.7, 1.0])
def test_bias_is_the_share_of_a_groups_own_label(bias):
    y = labels()
    clients = by_bias(y, CLASSES, 10, bias, RNG(2))
    every_row_once(clients, len(y))
    for label in range(CLASSES):
        of_label = [np.sum(y[rows] == label) for rows in clients]
        groups = np.array([sum(of_label[g::CLASSES]) for g in range(CLASSES)]) / sum(of_label)
        assert groups[label] == pytest.approx(bias, abs=0.05)
        np.testing.assert_allclose(np.delete(groups, label), (1 - bias) / (CLASSES - 1), atol=0.05)
        members = of_label[label::CLASSES]
        assert max(members) < 1.3 * min(members)


def test_dirichlet_is_more_skewed_for_a_small_alpha():
    y = labels()

    def spread(alpha):
        clients = by_dirichlet(y, CLASSES, 10, alpha, RNG(3))
        every_row_once(clients, len(y))
        shares = np.array([np.bincount(y[rows], minlength=CLASSES) for rows in clients]) / np.bincount(y)
        return shares.std()

    assert spread(100.0) < 0.02 < 0.1 < spread(0.1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: by_bias(labels(), 4, 10, 1.1, RNG(0)),
        lambda: by_bias(labels(), 4, 3, 0.5, RNG(0)),
        lambda: by_dirichlet(labels(), 4, 10, 0.0, RNG(0)),
        lambda: root.quotas(100, 4, -0.1),
    ],
)
def test_what_is_no_partition_is_refused(call):
    with pytest.raises(DataError, match="expected"):
        call()


def test_quotas_of_the_public_programs():
    assert root.quotas(100, 6, 0.1).tolist() == [18, 10, 18, 18, 18, 18]
    assert root.quotas(100, 10, 0.1).tolist() == [10] * 10
    assert root.quotas(50, 10, 0.8).sum() == 50


def test_root_sets():
    y = labels()
    clients = by_bias(y, CLASSES, 10, 0.25, RNG(2))
    wanted = root.quotas(90, CLASSES, 0.4)
    first = root.first_rows(clients, y, wanted)
    drawn = root.biased(clients, y, wanted, RNG(4))
    for rows in (first, drawn):
        np.testing.assert_array_equal(np.bincount(y[rows]), [18, 36, 18, 18])
    assert set(first) <= set(clients[0])
    assert len({i for i, rows in enumerate(clients) if set(rows) & set(drawn)}) == 10
    some = root.uniform(clients, 400, RNG(5))
    np.testing.assert_allclose(np.bincount(y[some]), 100, atol=40)
    for rows in (first, drawn, some):
        left = root.without(clients, rows)
        every_row_once([*left, rows], len(y))


def test_root_sets_that_cannot_be():
    y = labels(20)
    with pytest.raises(DataError, match="expected at least 21 rows, the clients have 20"):
        root.uniform([np.arange(20)], 21, RNG(0))
    with pytest.raises(DataError, match="of label 1, the clients have"):
        root.first_rows([np.arange(20)], y, root.quotas(20, CLASSES, 1.0))
