"""Who divides by a part of its values that is small for their format is told, and nobody else."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl import precision
from ezprivsecfl.compiler.analyses import rounded_inverses
from ezprivsecfl.errors import DroppedClientWarning, PrecisionWarning

Rows = np.ndarray
MATRIX = tff.TensorType(np.float32, [8, 8])
SHORT = 3
"""The row that is short."""


def total(function: Callable[[Any], Any]) -> tff.Computation:
    """The sum of what every client computes of its matrix."""
    mapped = tff.tensorflow.computation(function, MATRIX)

    @tff.federated_computation(tff.FederatedType(MATRIX, tff.CLIENTS))
    def sums(values):
        return tff.federated_sum(tff.federated_map(mapped, values))

    return sums


def by_other_rows(x: Any) -> Any:
    return x / tf.norm(x, axis=1)


def unless_short(x: Any) -> Any:
    squared = tf.reduce_sum(x * x, axis=1)
    return x * tf.where(squared > 1e-4, 1 / tf.maximum(squared, 1e-4), 0.0)


def matrices(*short: float) -> list[Rows]:
    """A matrix for each client whose one row is that much shorter than the others."""
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(8, 8)).astype(np.float32) for _ in short]
    for value, factor in zip(values, short, strict=True):
        value[SHORT] *= factor
    return values


def told(function: Callable[[Any], Any], values: list[Rows]) -> tuple[list[dict[str, Any]], Any]:
    """What a round in exact ring arithmetic tells, and its result."""
    program = ez.compile(total(function), backend="plain")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrecisionWarning)
        result = program.run(values)
    return program.last_statistics.imprecise, result


def relative_error(result: Any, function: Callable[[Any], Any], values: list[Rows]) -> float:
    exact = sum(np.asarray(function(tf.constant(v, tf.float64))) for v in values)
    return float(np.max(np.abs(result - exact)) / np.max(np.abs(exact)))


def test_the_client_with_the_shortest_row_is_named_with_the_error_that_it_causes():
    values = matrices(1.0, 1e-1, 1e-4, 1.0)
    found, result = told(by_other_rows, values)
    (one,) = found
    assert "inverses of parts of the values of client 2 at " in one["what"]
    assert one["relative_error"] > 1e-3
    assert one["relative_error"] / 4 < relative_error(result, by_other_rows, values) < 4 * one["relative_error"]


def test_it_is_the_same_client_when_only_some_are_looked_at_together(monkeypatch):
    monkeypatch.setattr(rounded_inverses, "ENTRIES", 2 * 64)
    (one,), _ = told(by_other_rows, matrices(1.0, 1e-1, 1.0, 1e-4, 1.0))
    assert "client 3 " in one["what"]


@pytest.mark.parametrize("function", [by_other_rows, unless_short])
def test_rows_of_like_lengths_are_not_told(function):
    values = matrices(1.0, 0.5)
    found, result = told(function, values)
    assert found == []
    assert relative_error(result, function, values) < 1e-3


def test_a_short_row_that_the_program_leaves_out_is_not_told():
    values = matrices(1.0, 1e-4)
    found, result = told(unless_short, values)
    assert found == []
    assert relative_error(result, unless_short, values) < 1e-3


def test_rules_over_all_updates_are_told_too():
    @ez.robust_aggregation
    def sum_by_columns(updates):
        rows = tf.reshape(updates, [-1, 8, 8])
        columns = rows / tf.norm(rows, axis=2)[:, tf.newaxis, :]
        return tf.reshape(tf.reduce_sum(columns, axis=0), [64])

    program = ez.compile(sum_by_columns.computation(MATRIX), backend="plain")
    with pytest.warns(PrecisionWarning, match="of client 1 "):
        program.run(matrices(1.0, 1e-4, 1.0))


def test_numbers_are_those_of_the_round_when_a_client_is_left_out():
    """Client 1 has a row of zeros, whose norm divides."""
    values = matrices(1.0, 0.0, 1.0, 1e-4)
    with pytest.warns(DroppedClientWarning, match="client 1"):
        (one,), _ = told(by_other_rows, values)
    assert "client 3 " in one["what"]


def test_a_client_does_not_look_at_what_one_server_alone_knows(monkeypatch):
    """The inverses here depend on a private input: no client can compute them. Every rounding is told of the others."""
    monkeypatch.setattr(precision, "COARSE", 2.0**40)
    scaled = tff.tensorflow.computation(lambda x, y: by_other_rows(x * y), MATRIX, MATRIX)

    @tff.federated_computation(tff.FederatedType(MATRIX, tff.CLIENTS), tff.FederatedType(MATRIX, tff.SERVER))
    def sums(values, factors):
        return tff.federated_sum(tff.federated_map(scaled, (values, tff.federated_broadcast(factors))))

    values, factors = matrices(1.0, 1.0), np.ones((8, 8), np.float32)
    found = []
    for known in ({}, {"factors": "server0"}):
        program = ez.compile(sums, backend="plain", server_inputs=known)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PrecisionWarning)
            program.run(values, factors)
        found.append([one for one in program.last_statistics.imprecise if "inverses" in one["what"]])
    assert [len(some) for some in found] == [1, 0]
