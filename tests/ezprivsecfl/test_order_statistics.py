"""Medians and trimmed means as users write them: none is sorted, and all are TFF's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff
import tensorflow_probability as tfp
from ordinary import clients, local

import ezprivsecfl as ez
from ezprivsecfl.ir.tensor.ordering import Top

ROWS, COLUMNS = 20, 4
TYPE = tff.TensorType(np.float32, [ROWS, COLUMNS])


def lower_median(u: Any) -> Any:
    return tf.sort(u, axis=0)[ROWS // 2 - 1]


def middle_two(u: Any) -> Any:
    ascending = tf.sort(u, axis=0)
    return (ascending[ROWS // 2 - 1] + ascending[ROWS // 2]) / 2


def gathered(u: Any) -> Any:
    return tf.gather(tf.sort(u, axis=0), ROWS // 2)


def last_of_top_k(u: Any) -> Any:
    return tf.math.top_k(tf.transpose(u), ROWS // 2).values[:, -1]


def percentile(u: Any) -> Any:
    return tfp.stats.percentile(u, 50.0, axis=0, interpolation="midpoint")


def trimmed(u: Any) -> Any:
    return tf.reduce_mean(tf.sort(u, axis=0)[3:-3], axis=0)


def trimmed_descending(u: Any) -> Any:
    return tf.reduce_mean(tf.sort(u, axis=0, direction="DESCENDING")[3:-3], axis=0)


def trimmed_along_rows(u: Any) -> Any:
    return tf.reduce_sum(tf.sort(tf.transpose(u))[:, 2:18], axis=-1) / 16


@pytest.mark.parametrize(
    "function",
    [
        lower_median,
        middle_two,
        gathered,
        last_of_top_k,
        percentile,
        trimmed,
        trimmed_descending,
        trimmed_along_rows,
    ],
    ids=lambda function: function.__name__,
)
def test_as_users_write_them(function: Callable[[Any], Any]) -> None:
    at_client = local(function, TYPE)

    @tff.federated_computation(clients(TYPE))
    def aggregate(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(at_client, values))

    values = np.random.default_rng(0).normal(size=(3, ROWS, COLUMNS)).astype(np.float32)
    values[1] = np.round(values[1])  # ties
    program = ez.compile(aggregate, clients=3)
    assert not program.variants[-1].lowered.compiled.optimised.of(Top)
    found, expected = np.asarray(program.simulate(list(values))), np.asarray(aggregate(list(values)))
    assert np.max(np.abs(found - expected)) <= 1e-3 * np.max(np.abs(expected))
