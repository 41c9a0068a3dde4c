"""Whole programs that index, order and count secret values: on shares they return what TFF itself returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.cli.comparison import TOLERANCE
from ezprivsecfl.cli.recorder import Recorder
from ezprivsecfl.errors import CompileError, UnsupportedError
from ezprivsecfl.frontends.tff import reference_context

ROW = tff.TensorType(np.float32, [6])
LABELS = tff.TensorType(np.int32, [4])
TYPES = (ROW, LABELS)
CLIENTS = tff.CLIENTS


def values(count: int = 4, seed: int = 3) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Of every client a row of numbers, with ties, and some labels from 0 to 2."""
    rng = np.random.default_rng(seed)
    rows = [np.round(rng.normal(0, 4, 6)).astype(np.float32) / 4 for _ in range(count)]
    return rows, [rng.integers(0, 3, 4).astype(np.int32) for _ in range(count)]


def at_clients(function: Callable[..., Any]) -> Any:
    """The sum over clients of what a function makes of a client's row and labels."""
    local = tff.tensorflow.computation(lambda x, i: function(x, i), TYPES)

    @tff.federated_computation(tff.FederatedType(ROW, CLIENTS), tff.FederatedType(LABELS, CLIENTS))
    def aggregate(x: Any, i: Any) -> Any:
        return tff.federated_sum(tff.federated_map(local, (x, i)))

    return aggregate


def at_server(function: Callable[..., Any]) -> Any:
    """What a function makes of the sums of the clients' rows and labels."""
    local = tff.tensorflow.computation(lambda x, i: function(x, i), TYPES)

    @tff.federated_computation(tff.FederatedType(ROW, CLIENTS), tff.FederatedType(LABELS, CLIENTS))
    def aggregate(x: Any, i: Any) -> Any:
        return tff.federated_map(local, (tff.federated_sum(x), tff.federated_sum(i)))

    return aggregate


def halved(x: Any, i: Any) -> Any:
    """A fixed number of halvings of an interval: a loop, with a condition on secret values inside."""
    low, high = tf.constant(-8.0), tf.constant(8.0)
    for _ in range(3):
        middle = (low + high) / 2
        few = tf.reduce_sum(tf.cast(x < middle, tf.float32)) < 3.0
        low, high = tf.cond(few, lambda m=middle, h=high: (m, h), lambda m=middle, b=low: (b, m))
    return low


def largest_two(x: Any, i: Any) -> Any:
    """The two largest entries where they are, zeros elsewhere."""
    sizes, places = tf.math.top_k(tf.abs(x), 2)
    return tf.scatter_nd(places[:, None], sizes, [6])


AT_CLIENTS: dict[str, Callable[..., Any]] = {
    "one_hot": lambda x, i: tf.one_hot(i, 3),
    "histogram": lambda x, i: tf.ensure_shape(tf.math.bincount(i, minlength=3, maxlength=3), [3]),
    "bins": lambda x, i: tf.histogram_fixed_width(x, [-1.0, 1.0], 4),
    "gather": lambda x, i: tf.gather(x, i),
    "table": lambda x, i: tf.gather(tf.constant([0.5, -1.0, 2.0]), i),
    "pieces": lambda x, i: tf.gather(tf.tile(x, [200]), np.random.default_rng(0).permutation(1200)),
    "segments": lambda x, i: tf.math.unsorted_segment_sum(x[:4], i, 3),
    "scatter": lambda x, i: tf.scatter_nd(i[:, None], tf.ones([4], tf.int32), [3]),
    "argmax": lambda x, i: (tf.argmax(x, output_type=tf.int32), tf.argmin(i)),
    "top_k": lambda x, i: tf.math.top_k(tf.abs(x), 3),
    "sparse": largest_two,
    "sort": lambda x, i: (tf.sort(x), tf.argsort(i), tf.sort(i, direction="DESCENDING")),
    "trimmed": lambda x, i: tf.reduce_mean(tf.sort(x)[1:-1]),
    "rows": lambda x, i: tf.argsort(tf.reshape(x, [2, 3]), axis=1),
    "places": lambda x, i: (
        tf.searchsorted([-0.5, 0.0, 0.5], x),
        tf.cast(tf.math.in_top_k(i[:2], tf.reshape(x, [2, 3]), 2), tf.int32),
    ),
    "cumsum": lambda x, i: (tf.cumsum(x), tf.cumsum(i, reverse=True, exclusive=True)),
    "mapped": lambda x, i: tf.map_fn(lambda e: tf.nn.relu(e) * 2.0, x),
    "moves": lambda x, i: (tf.roll(x, 2, 0), tf.linalg.diag(x[:3]), tf.gather(x, [5, 0, 1])),
    "loop": halved,
}  # fmt: skip

AT_SERVER: dict[str, Callable[..., Any]] = {
    "heavy_hitters": lambda x, i: tf.math.top_k(x, 2),
    "best": lambda x, i: (tf.argmax(x), tf.argmax(i)),
    "sorted_counts": lambda x, i: tf.sort(i),
    "median": lambda x, i: (tf.sort(x)[2] + tf.sort(x)[3]) / 2,
    "cumulated": lambda x, i: tf.cumsum(x),
}


def check(computation: Any, *arguments: Any) -> Any:
    """Runs a computation as on two servers; the result must be TFF's."""
    runner = ez.set_secure_execution_context(backend="plain")
    runner.observer = recorder = Recorder(check=True)
    result = computation(*arguments)
    assert [c.dropped for c in recorder.calls] == [[]]
    (error,) = [c.max_relative_error for c in recorder.calls]
    assert error is not None
    assert error <= TOLERANCE
    return result


@pytest.mark.parametrize("name", AT_CLIENTS)
def test_at_clients(name: str) -> None:
    check(at_clients(AT_CLIENTS[name]), *values())


@pytest.mark.parametrize("name", AT_SERVER)
def test_at_server(name: str) -> None:
    check(at_server(AT_SERVER[name]), *values())


MISSING: dict[str, Callable[..., Any]] = {
    "gather": lambda x, i: tf.gather(x[:3], i),
    "gather_of_integers": lambda x, i: tf.gather(tf.constant([5, 6, 7]), i),
    "gather_nd": lambda x, i: tf.gather_nd(x[:3], i[:, None]),
    "segments": lambda x, i: tf.math.unsorted_segment_sum(x[:4], i, 3),
    "scatter": lambda x, i: tf.scatter_nd(i[:, None], x[:4], [3]),
}


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("index", [3, -1])
def test_a_client_with_an_index_that_does_not_exist_is_left_out(name: str, index: int) -> None:
    """On a CPU TensorFlow refuses such an index; of segments it leaves negative ones out."""
    rows, labels = values()
    kept = reference_context().invoke(at_clients(MISSING[name]), _packed(rows[:3], labels[:3]))
    labels[3][2] = index
    runner = ez.set_secure_execution_context(backend="plain")
    runner.observer = recorder = Recorder(check=False)
    found = at_clients(MISSING[name])(rows, labels)
    (call,) = recorder.calls
    if name == "segments" and index < 0:
        assert not call.dropped
        return
    assert [one["client"] for one in call.dropped] == [3]
    np.testing.assert_allclose(found, kept, atol=1e-4)


def test_a_wrong_index_at_the_server_ends_the_round() -> None:
    rows, labels = values()
    ez.set_secure_execution_context(backend="plain")
    with pytest.raises(ez.errors.RunError, match="GatherV2"):
        at_server(lambda x, i: tf.gather(x, i - 20))(rows, labels)


def test_negative_numbers_are_not_counted() -> None:
    rows, labels = values()
    labels[3][2] = -1
    runner = ez.set_secure_execution_context(backend="plain")
    runner.observer = recorder = Recorder(check=False)
    at_clients(AT_CLIENTS["histogram"])(rows, labels)
    assert [one["client"] for one in recorder.calls[0].dropped] == [3]
    assert "Bincount" in str(recorder.calls[0].dropped)


def test_indices_that_do_not_exist_but_give_something_in_tensorflow() -> None:
    rows, labels = values()
    labels[0][:] = [-1, 7, 3, 2]
    check(at_clients(AT_CLIENTS["one_hot"]), rows, labels)
    labels[0][0] = 0
    check(at_clients(AT_CLIENTS["histogram"]), rows, labels)
    labels[0][0] = -3
    check(at_clients(AT_CLIENTS["places"]), rows, labels)


def _packed(*arguments: Any) -> Any:
    return tff.structure.Struct(zip(("x", "i"), arguments, strict=True))


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "where": (lambda x, i: tf.reduce_sum(tf.where(x > 0)), "depends on values that are not constant"),
    "mask": (lambda x, i: tf.reduce_sum(tf.boolean_mask(x, x > 0)), "in place of tf.boolean_mask"),
    "unique": (lambda x, i: tf.reduce_sum(tf.unique(i).y), "count them with tf.math.bincount"),
    "partition": (lambda x, i: tf.reduce_sum(tf.dynamic_partition(x[:4], i, 3)[0]), "partitions must be constant"),
    "size": (lambda x, i: tf.reduce_sum(tf.math.bincount(i)), "give the same minlength and maxlength"),
    "update": (lambda x, i: tf.tensor_scatter_nd_update(x, i[:, None], x[:4]), "its indices must be constant"),
    "loop": (lambda x, i: tf.while_loop(lambda a: a < x[0], lambda a: [a + 1.0], [0.0])[0], "run a fixed number"),
    "no_index": (lambda x, i: tf.scatter_nd([[6]], x[:1], [6]), "an index outside of shape"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    function, reason = REFUSED[name]
    ez.set_secure_execution_context(backend="plain")
    with pytest.raises(UnsupportedError, match=reason) as refused:
        at_clients(function)(*values())
    assert isinstance(refused.value, CompileError)
    assert "test_indexing_programs.py:" in str(refused.value)
