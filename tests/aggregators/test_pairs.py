"""Every pair of clients once: what is left out is found again."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ezprivsecfl.aggregators.pairs import all_pairs, pairs_once


@pytest.mark.parametrize("clients", [1, 2, 5, 6])
def test_pairs_and_back(clients: int) -> None:
    numbers = np.random.default_rng(0).normal(size=(clients, clients, 2))
    numbers += numbers.transpose(1, 0, 2)
    once = pairs_once(tf.constant(numbers))
    for i in range(clients):
        for s in range(clients // 2 + 1):
            np.testing.assert_array_equal(once[i, s], numbers[i, (i + s) % clients])
    np.testing.assert_allclose(all_pairs(once[:, :, 0]), numbers[:, :, 0], rtol=1e-15)


def test_in_a_graph_as_tff_builds_them() -> None:
    """There, == of tensors compares objects."""
    numbers = np.arange(16.0).reshape(4, 4) + np.arange(16.0).reshape(4, 4).T
    with tf.Graph().as_default():
        found = all_pairs(pairs_once(tf.constant(numbers)))
        with tf.compat.v1.Session() as session:
            np.testing.assert_allclose(session.run(found), numbers)
