"""TFF's operators for data sets, and selection by keys, as a client's own work."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.frontends.tff import trace
from ezprivsecfl.ir.tensor import Input

Evaluate = Callable[..., Any]

SCALAR = tff.TensorType(np.float32)
NUMBERS = tff.SequenceType(SCALAR)
AT_CLIENTS = tff.FederatedType(NUMBERS, tff.CLIENTS)
TABLE = tff.TensorType(np.float32, [4, 2])
KEYS = tff.TensorType(np.int32, [2])
DATA = [[np.float32(v) for v in one] for one in ([1, 2, 3], [4], [0.5, -0.5])]


@tff.tensorflow.computation(SCALAR)
def with_square(x: Any) -> Any:
    return collections.OrderedDict(first=x, second=x * x)


@tff.tensorflow.computation((SCALAR, SCALAR), with_square.type_signature.result)
def add_up(state: Any, one: Any) -> Any:
    return state[0] + one["first"], state[1] + one["second"]


@tff.federated_computation(NUMBERS)
def moments(data: Any) -> Any:
    return tff.sequence_reduce(tff.sequence_map(with_square, data), (np.float32(0), np.float32(0)), add_up)


@tff.federated_computation(AT_CLIENTS)
def sum_of_moments(data: Any) -> Any:
    return tff.federated_sum(tff.federated_map(moments, data))


@tff.federated_computation(NUMBERS)
def total_of_data(data: Any) -> Any:
    return tff.sequence_sum(data)


@tff.federated_computation(AT_CLIENTS)
def sum_of_totals(data: Any) -> Any:
    return tff.federated_max(tff.federated_map(total_of_data, data))


def test_map_and_reduce(evaluate: Evaluate) -> None:
    first, second = evaluate(sum_of_moments, DATA)
    np.testing.assert_allclose([first, second], [10, 1 + 4 + 9 + 16 + 0.25 + 0.25])


def test_sum(evaluate: Evaluate) -> None:
    assert evaluate(sum_of_totals, DATA) == 6


@tff.federated_computation(tff.FederatedType(SCALAR, tff.SERVER), AT_CLIENTS)
def from_a_start(start: Any, data: Any) -> Any:
    step = tff.tensorflow.computation(lambda w, x: w - 0.5 * (w - x), (SCALAR, SCALAR))

    @tff.federated_computation(SCALAR, NUMBERS)
    def steps(start: Any, data: Any) -> Any:
        return tff.sequence_reduce(data, start, step)

    return tff.federated_mean(tff.federated_map(steps, (tff.federated_broadcast(start), data)))


def test_reduce_starts_from_what_is_broadcast(evaluate: Evaluate) -> None:
    def steps(w: float, data: list[Any]) -> float:
        for x in data:
            w -= 0.5 * (w - x)
        return w

    np.testing.assert_allclose(evaluate(from_a_start, np.float32(2), DATA), np.mean([steps(2, d) for d in DATA]))


@tff.federated_computation(AT_CLIENTS)
def from_an_aggregate(data: Any) -> Any:
    start = tff.federated_sum(tff.federated_map(total_of_data, data))

    @tff.federated_computation(SCALAR, NUMBERS)
    def steps(start: Any, data: Any) -> Any:
        return tff.sequence_reduce(data, start, tff.tensorflow.computation(lambda w, x: w + x, (SCALAR, SCALAR)))

    return tff.federated_sum(tff.federated_map(steps, (tff.federated_broadcast(start), data)))


def test_what_is_on_shares_is_no_start() -> None:
    with pytest.raises(UnsupportedError, match=r"sequence_reduce: .*an aggregate of the same round is not"):
        trace(from_an_aggregate)


@tff.federated_computation(AT_CLIENTS)
def with_a_variable(data: Any) -> Any:
    @tff.tensorflow.computation(SCALAR)
    def through_variable(x: Any) -> Any:
        variable = tf.Variable(0.0)
        with tf.control_dependencies([variable.assign(x)]):
            return variable.read_value()

    @tff.federated_computation(NUMBERS)
    def total(data: Any) -> Any:
        return tff.sequence_sum(tff.sequence_map(through_variable, data))

    return tff.federated_sum(tff.federated_map(total, data))


def test_functions_with_variables_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="sequence_map: a function with variables"):
        trace(with_a_variable)


@tff.tensorflow.computation(TABLE, np.int32)
def row(table: Any, key: Any) -> Any:
    return collections.OrderedDict(row=table[key], key=key)


@tff.tensorflow.computation(tff.SequenceType(row.type_signature.result))
def doubled(rows: Any) -> Any:
    return 2.0 * rows.reduce(tf.zeros([2]), lambda total, one: total + one["row"])


def selected(select: Any) -> Any:
    @tff.federated_computation(tff.FederatedType(KEYS, tff.CLIENTS), tff.FederatedType(TABLE, tff.SERVER))
    def total(keys: Any, table: Any) -> Any:
        rows = select(keys, tff.federated_value(np.int32(4), tff.SERVER), table, row)
        return tff.federated_sum(tff.federated_map(doubled, rows))

    return total


@pytest.mark.parametrize("select", [tff.federated_select, tff.federated_secure_select])
def test_rows_are_selected_by_the_client(evaluate: Evaluate, select: Any) -> None:
    table = np.arange(8, dtype=np.float32).reshape(4, 2)
    keys = [np.array(one, np.int32) for one in ([0, 3], [1, 1])]
    want = 2 * sum(table[one].sum(axis=0) for one in keys)
    np.testing.assert_allclose(evaluate(selected(select), keys, table), want)


def test_keys_stay_with_the_client() -> None:
    traced = trace(selected(tff.federated_select))
    (sums,) = traced.clear_work.at_client.results
    assert sums.shape == (2,)
    used = {operand for op in traced.program.ops for operand in op.operands}
    assert [op.path for op in traced.program.of(Input) if op.result in used] == [sums.path]
