"""Functions of all clients' rows: the traced program against TFF itself, and for how many clients it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.errors import LeakageError, UnsupportedError
from ezprivsecfl.frontends.tff import Traces
from ezprivsecfl.ir.tensor.structure import Stack, Unstack

Agrees = Callable[..., Any]

SIZE, CLIENTS = 4, 5
VECTOR = tff.TensorType(np.float32, [SIZE])


@pytest.fixture
def updates(rng: np.random.Generator) -> list[Any]:
    return list(rng.normal(0.3, 1.0, (CLIENTS, SIZE)).astype(np.float32))


def distances(u: Any) -> Any:
    return tf.reduce_sum(tf.square(u[:, None] - u[None, :]), 2)


def weights(u: Any) -> Any:
    """Secret ones, each of all clients."""
    return tf.nn.relu(tf.reduce_max(distances(u), 1) - 1.0)


def loop(u: Any) -> Any:
    return tf.while_loop(
        lambda i, v: i < 3, lambda i, v: (i + 1, v + tf.reduce_mean(tf.sort(u, 0)[1:] - v, 0)), (0, u[0])
    )


WITH_NUMBER = {
    "distances": lambda u: tf.reduce_sum(distances(u), 1)[:4],
    "gram": lambda u: tf.reduce_sum(tf.matmul(u, u, transpose_b=True), 0)[:4],
    "median": lambda u: tf.sort(u, axis=0)[tf.shape(u)[0] // 2],
    "trimmed": lambda u: tf.reduce_mean(tf.sort(u, axis=0, direction="DESCENDING")[1:-1], 0),
    "smallest": lambda u: tf.gather(u, tf.argmin(tf.reduce_sum(distances(u), 1))),
    "selected": lambda u: tf.reduce_sum(tf.gather(u, tf.math.top_k(-tf.reduce_sum(distances(u), 1), 2)[1]), 0),
    "order": lambda u: tf.reduce_sum(tf.gather(u, tf.argsort(tf.norm(u, axis=1))[: tf.shape(u)[0] - 2]), 0),
    "weights times rows": lambda u: tf.reduce_sum(weights(u)[:, None] * u, 0),
    "weights as a row": lambda u: (weights(u)[None, :] @ u)[0],
    "weights by matvec": lambda u: tf.linalg.matvec(u, weights(u), transpose_a=True),
    "weights by tensordot": lambda u: tf.tensordot(weights(u), u, 1),
    "weights by einsum": lambda u: tf.einsum("i,ij->j", weights(u), u),
    "masks": lambda u: tf.reduce_sum(tf.where(weights(u)[:, None] > 2.0, u, 0.0), 0),
    "columns": lambda u: tf.reduce_max(tf.transpose(u), 1),
    "flat": lambda u: tf.reduce_sum(tf.reshape(tf.sort(u, 0), [-1]) ** 2) * tf.ones([SIZE]),
    "cosines": lambda u: tf.reduce_sum(tf.matmul(v := u / tf.norm(u, axis=1, keepdims=True), v, transpose_b=True), 1)[
        :4
    ],
    "pairs of norms": lambda u: tf.reduce_sum(tf.abs((n := tf.norm(u, axis=1))[:, None] - n[None, :]), 0)[:4],
    "diagonal of products": lambda u: tf.sort(tf.linalg.diag_part(tf.matmul(u, u, transpose_b=True)))[:4],
    "another diagonal": lambda u: tf.linalg.diag_part(tf.matmul(u, u, transpose_b=True), k=1)[:4],
    "diagonal of other products": lambda u: (
        tf.linalg.diag_part(tf.matmul(u, 2.0 * u, transpose_b=True))[1:] * tf.reduce_max(u)
    ),
    "one more row": lambda u: tf.sort(tf.concat([u, tf.zeros([1, SIZE])], 0), 0)[2],
    "each by map_fn": lambda u: tf.reduce_max(tf.map_fn(lambda v: v * v[0], u), 0),
    "branch": lambda u: tf.reduce_mean(tf.cond(tf.reduce_sum(u) > 0, lambda: u, lambda: -u), 0),
    "loop": lambda u: loop(u)[1] - tf.sort(u, 0)[0],
    "constants beside rows": lambda u: tf.reduce_sum(u * tf.constant([[1.0], [2], [3], [4], [5]]), 0),
    "softmax": lambda u: tf.linalg.matvec(u, tf.nn.softmax(-tf.norm(u, axis=1)), transpose_a=True),
    "halves": lambda u: tf.reduce_mean(tf.reshape(u[:4], [2, 2, SIZE]), 0)[0] - tf.reduce_mean(u, 0),
}


@pytest.mark.parametrize("case", WITH_NUMBER)
def test_rows_that_are_compared_are_an_axis(agrees: Agrees, updates: list[Any], case: str) -> None:
    computation = ez.robust_aggregation(WITH_NUMBER[case]).computation(VECTOR)
    agrees(computation, updates)
    traced = Traces(computation).first(CLIENTS)
    assert traced.clients == CLIENTS
    assert {op.clients for op in traced.program.of(Stack)} <= {CLIENTS}


FOR_ANY_NUMBER = {
    "mean": lambda u: tf.reduce_mean(u, 0),
    "weights of rows": lambda u: tf.reduce_sum(u[:, :1] * u, 0),
    "normalised": lambda u: tf.reduce_sum(u / tf.norm(u, axis=1)[:, None], 0),
    "euclidean": lambda u: tf.linalg.matvec(u, 1.0 / tf.linalg.norm(u, axis=1), transpose_a=True),
    "row by row product": lambda u: tf.reduce_sum(u @ tf.constant(np.arange(16.0).reshape(4, 4), tf.float32), 0),
    "second moments": lambda u: tf.matmul(u, u, transpose_a=True)[0],
    "parts": lambda u: tf.reduce_sum(tf.reshape(u, [-1, 2, 2])[..., ::-1], [0, 1])[0] * tf.ones([4]),
    "around a centre": lambda u: tf.reduce_mean(
        (d := u - tf.reduce_mean(u, 0)) * tf.minimum(1.0, 1.0 / tf.norm(d, axis=1))[:, None], 0
    ),
}


@pytest.mark.parametrize("case", FOR_ANY_NUMBER)
def test_what_is_done_row_by_row_is_for_any_number(agrees: Agrees, updates: list[Any], case: str) -> None:
    computation = ez.robust_aggregation(FOR_ANY_NUMBER[case]).computation(VECTOR)
    agrees(computation, updates)
    traced = Traces(computation).first(CLIENTS)
    assert traced.clients is None
    assert not traced.program.of(Stack)


def test_weights_of_clients_are_the_clients_again() -> None:
    """So that they meet rows in one sum over clients, however long these are."""
    traced = Traces(ez.robust_aggregation(WITH_NUMBER["weights times rows"]).computation(VECTOR)).first(CLIENTS)
    (back,) = traced.program.of(Unstack)
    assert back.result.type.shape == ("n", 1)


def test_every_number_of_clients_has_a_program_of_its_own(agrees: Agrees, updates: list[Any]) -> None:
    computation = ez.robust_aggregation(WITH_NUMBER["median"]).computation(VECTOR)
    traces = Traces(computation)
    five, four = traces.of(updates), traces.of(updates[:4])
    assert (five.clients, four.clients) == (5, 4)
    assert traces.of(updates) is five
    agrees(computation, updates[:4])


def test_of_a_fold_by_hand_it_is_the_same(agrees: Agrees, updates: list[Any]) -> None:
    rows = tff.TensorType(np.float32, [None, SIZE])
    first = tff.tensorflow.computation(lambda: tf.zeros([0, SIZE]))
    step = tff.tensorflow.computation(lambda a, v: tf.concat([a, [v]], 0), (rows, VECTOR))
    join = tff.tensorflow.computation(lambda a, b: tf.concat([a, b], 0), (rows, rows))
    last = tff.tensorflow.computation(WITH_NUMBER["smallest"], rows)

    @tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
    def krum(values: Any) -> Any:
        return tff.federated_aggregate(values, first(), step, join, last)

    agrees(krum, updates)


OF_ONE = {
    "a row": lambda u: u[0],
    "a scaled row": lambda u: 2.0 * tf.sort(u, 1)[1] + 1.0,
    "a norm": lambda u: tf.norm(u, axis=1)[3] * tf.ones([SIZE]),
    "all rows": lambda u: tf.reshape(tf.transpose(u)[:, :1], [SIZE]),
    "rows side by side": lambda u: tf.reshape(u, [-1])[:SIZE],
    "rows joined": lambda u: tf.concat([u[0, :2], u[1, :2]], 0),
    "sums of rows in another order": lambda u: tf.reduce_sum(tf.gather(u, [1, 0, 2, 2, 1]), 1)[:SIZE],
    "sums of rows joined": lambda u: tf.reduce_sum(tf.stack([u[1], u[0], u[1], u[2], u[0]]), 1)[:SIZE],
    "a row less the mean": lambda u: u[0] - tf.reduce_mean(u, 0),
}


@pytest.mark.parametrize("case", OF_ONE)
def test_what_would_open_one_clients_values_is_refused(case: str) -> None:
    with pytest.raises(LeakageError, match="would open the values of single clients"):
        ez.compile(ez.robust_aggregation(OF_ONE[case]).computation(VECTOR), clients=CLIENTS, backend="plain")


def test_rows_do_not_leave_the_server() -> None:
    rows = tff.TensorType(np.float32, [None, SIZE])
    first = tff.tensorflow.computation(lambda: tf.zeros([0, SIZE]))
    step = tff.tensorflow.computation(lambda a, v: tf.concat([a, [v]], 0), (rows, VECTOR))
    join = tff.tensorflow.computation(lambda a, b: tf.concat([a, b], 0), (rows, rows))
    same = tff.tensorflow.computation(lambda a: a, rows)
    beside = tff.tensorflow.computation(lambda a, v: tf.reduce_sum(a * v), (rows, VECTOR))

    @tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
    def broadcast(values: Any) -> Any:
        everything = tff.federated_broadcast(tff.federated_aggregate(values, first(), step, join, same))
        return tff.federated_sum(tff.federated_map(beside, (everything, values)))

    with pytest.raises(UnsupportedError, match="federated_broadcast: of the values of all clients; reduce over them"):
        Traces(broadcast).first(CLIENTS)


def test_a_diagonal_of_products_is_each_clients_own() -> None:
    traced = Traces(ez.robust_aggregation(WITH_NUMBER["diagonal of products"]).computation(VECTOR)).first(CLIENTS)
    (squares,) = [op for op in traced.program.ops if op.name == "square"]
    assert squares.result.type.shape == ("n", SIZE)
    assert not [op for op in traced.program.ops if op.name == "slice" and op.result.type.shape[1:2] == (CLIENTS,)]


def test_assertions_about_known_numbers_are_looked_at():
    """Of how many clients there are, say: a rule for more must not run with fewer."""

    @ez.robust_aggregation
    def median_of_many(updates: Any, *, least: int) -> Any:
        tf.debugging.assert_greater_equal(tf.shape(updates)[0], least, "median_of_many: too few clients")
        return tf.sort(updates, axis=0)[tf.shape(updates)[0] // 2]

    assert Traces(median_of_many.computation(VECTOR, least=CLIENTS)).first(CLIENTS).program.ops
    with pytest.raises(UnsupportedError, match="this assertion fails: median_of_many: too few clients"):
        Traces(median_of_many.computation(VECTOR, least=CLIENTS + 1)).first(CLIENTS)


def test_assertions_about_secret_values_are_not():
    """What they would tell the servers is nobody's business, and what holds changes nothing."""

    @ez.robust_aggregation
    def small(updates: Any) -> Any:
        tf.debugging.assert_less(tf.reduce_max(updates), 1.0)
        return tf.sort(updates, axis=0)[0]

    program = Traces(small.computation(VECTOR)).first(CLIENTS).program
    assert not any(op.name == "less" for op in program.ops)
