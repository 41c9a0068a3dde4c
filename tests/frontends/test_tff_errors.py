"""What is not supported: one error that lists all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.errors import CompileError, UnsupportedError
from ezprivsecfl.frontends.tff import trace

VECTOR = tff.TensorType(np.float32, [4])
AT_CLIENTS = tff.FederatedType(VECTOR, tff.CLIENTS)
HERE = __file__


@tff.tensorflow.computation
def local_work(x: Any) -> Any:
    logits = tf.nn.softmax(x)
    return tf.exp(x) + logits, tf.math.cumsum(tf.sort(x))


@tff.tensorflow.computation
def noisy(x: Any) -> Any:
    return x + tf.random.normal([4])


@tff.federated_computation(AT_CLIENTS)
def everything_wrong(updates: Any) -> Any:
    worked = tff.federated_sum(tff.federated_map(local_work, updates))
    return worked, tff.federated_max(updates), tff.federated_map(noisy, tff.federated_sum(updates)), updates


# TFF keeps no reference to the decorated function, so the lines are looked for in this file.
LINES = {line.strip(): i for i, line in reversed(list(enumerate(Path(HERE).read_text().splitlines(), 1)))}


def test_one_error_lists_everything() -> None:
    with pytest.raises(UnsupportedError) as caught:
        trace(everything_wrong)
    noise = LINES["return x + tf.random.normal([4])"]
    softmax = LINES["logits = tf.nn.softmax(x)"]
    last = LINES["return tf.exp(x) + logits, tf.math.cumsum(tf.sort(x))"]
    assert (
        str(caught.value)
        == f"""\
everything_wrong uses what is not supported:
  {HERE}:{last}: Exp: of a single client's value; only public values and sums over clients can be its operands
        return tf.exp(x) + logits, tf.math.cumsum(tf.sort(x))
               ^^^^^^^^^
  {HERE}:{softmax}: Softmax: not supported
        logits = tf.nn.softmax(x)
                 ^^^^^^^^^^^^^^^^
  {HERE}:{last}: TopKV2: not supported
        return tf.exp(x) + logits, tf.math.cumsum(tf.sort(x))
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  {HERE}:{last}: Cumsum: not supported
        return tf.exp(x) + logits, tf.math.cumsum(tf.sort(x))
                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^
  {HERE}:{noise}: RandomStandardNormal: random numbers; noise cannot be drawn inside a secure computation
        return x + tf.random.normal([4])
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
Supported are: map, apply, broadcast, zip, value, eval_at_clients, eval_at_server, sum, mean, weighted mean, max, min, \
secure_sum and aggregate; in TensorFlow arithmetic, comparisons, select, reductions, matrix products, shape \
operations and control flow in functions, on floats, integers and bools of known shape."""
    )
    assert [location.op for location in caught.value.locations][:2] == ["Exp", "Softmax"]


def problems(*types: Any) -> Any:
    """Decorates a function whose computation is not supported; gives the entries of the error, without places."""

    def decorate(function: Any) -> list[str]:
        with pytest.raises(UnsupportedError) as caught:
            trace(tff.federated_computation(function, *types))
        first, *entries, last = str(caught.value).splitlines()
        assert first == f"{function.__name__} uses what is not supported:"
        assert last.startswith("Supported are: ")
        split = [entry.strip().split(": ", 1) for entry in entries if entry.startswith(f"  {HERE}:")]
        assert len(entries) == 3 * len(split), "every entry shows its line, with carets"
        return [text for _, text in split]

    return decorate


def summed(function: Any) -> Any:
    local = tff.tensorflow.computation(function)
    return lambda x: tff.federated_sum(tff.federated_map(local, x))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: tf.gather(x, tf.cast(x, tf.int32)), "GatherV2: its indices must be constant"),
        (lambda x: 9.0 // (x + 2.0), "FloorDiv: by a secret divisor; only public values can be it"),
        (lambda x: tf.cast(x, tf.int32) % 0, "FloorMod: by 0"),
        (lambda x: 2.0**x, "Pow: of a single client's value;"),
        (lambda x: tf.reduce_mean(tf.cast(x, tf.int32)), "Mean: of integers; cast them to float first"),
        (
            lambda x: tf.einsum("ii->i", tf.reshape(x, [2, 2])),
            "Einsum: 'ii->i': only one or two operands, without '...' and repeated letters",
        ),
        (lambda x: tf.reduce_prod(tf.tile(x, [100])), "Prod: of more than 64 factors"),
        (
            lambda x: tf.while_loop(lambda y: tf.reduce_sum(y) > 1, lambda y: [y / 2], [x]),
            "StatelessWhile: with a number of iterations that depends on the inputs",
        ),
        (lambda x: tf.strings.length(tf.strings.as_string(x)), "AsString: strings"),
    ],
)
def test_operations(function: Any, text: str) -> None:
    body = summed(function)

    @problems(AT_CLIENTS)
    def found(values: Any) -> Any:
        return body(values)

    assert found[0].startswith(text)


def test_unknown_shapes() -> None:
    @problems(tff.FederatedType(tff.TensorType(np.float32, [None]), tff.CLIENTS))
    def found(x: Any) -> Any:
        size = tff.tensorflow.computation(lambda v: tf.reduce_sum(v))
        return tff.federated_sum(tff.federated_map(size, x))

    assert found == ["parameter x is of type float32[?]; its shape must be known"]


def test_element_types() -> None:
    @problems(tff.FederatedType(np.complex64, tff.CLIENTS))
    def found(x: Any) -> Any:
        return tff.federated_sum(x)

    assert found == ["parameter x: values of type complex64"]


def test_data_sets_that_are_no_arguments() -> None:
    @problems(AT_CLIENTS)
    def found(x: Any) -> Any:
        @tff.tensorflow.computation
        def total(value: Any) -> Any:
            return value * tf.data.Dataset.from_tensors(value).reduce(tf.zeros(4), lambda a, b: a + b)

        return tff.federated_sum(tff.federated_map(total, x))

    assert found == [
        f"{op}: a data set that is no argument of the computation" for op in ("TensorDataset", "ReduceDataset")
    ]


def test_jax() -> None:
    local = tff.jax.computation(lambda v: v + v, VECTOR)

    @problems(AT_CLIENTS)
    def found(x: Any) -> Any:
        return tff.federated_sum(tff.federated_map(local, x))

    assert found == ["a local computation written in XLA, not in TensorFlow"]


def test_nothing_at_clients() -> None:
    @tff.federated_computation(tff.FederatedType(VECTOR, tff.SERVER))
    def on_server(x: Any) -> Any:
        return x

    with pytest.raises(CompileError, match="on_server has no CLIENTS-placed parameter; TFF itself runs"):
        trace(on_server)


def test_no_computation() -> None:
    with pytest.raises(TypeError, match=r"expected a tff\.Computation or an AggregationProcess, not a int"):
        trace(3)
