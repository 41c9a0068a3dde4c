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
    logits = tf.math.lgamma(x)
    return tf.sin(x) + logits, tf.math.digamma(tf.math.lgamma(x))


@tff.tensorflow.computation
def noisy(x: Any) -> Any:
    return x + tf.random.uniform([4])


@tff.federated_computation(AT_CLIENTS)
def everything_wrong(updates: Any) -> Any:
    worked = tff.federated_sum(tff.federated_map(local_work, updates))
    return worked, tff.federated_max(updates), tff.federated_map(noisy, tff.federated_sum(updates)), updates


# TFF keeps no reference to the decorated function, so the lines are looked for in this file.
LINES = {line.strip(): i for i, line in reversed(list(enumerate(Path(HERE).read_text().splitlines(), 1)))}


def test_one_error_lists_everything() -> None:
    with pytest.raises(UnsupportedError) as caught:
        trace(everything_wrong)
    noise = LINES["return x + tf.random.uniform([4])"]
    lgamma = LINES["logits = tf.math.lgamma(x)"]
    last = LINES["return tf.sin(x) + logits, tf.math.digamma(tf.math.lgamma(x))"]
    assert (
        str(caught.value)
        == f"""\
everything_wrong uses what is not supported:
  {HERE}:{last}: Sin: not supported
        return tf.sin(x) + logits, tf.math.digamma(tf.math.lgamma(x))
               ^^^^^^^^^
  {HERE}:{lgamma}: Lgamma: not supported
        logits = tf.math.lgamma(x)
                 ^^^^^^^^^^^^^^^^^
  {HERE}:{last}: Lgamma: not supported
        return tf.sin(x) + logits, tf.math.digamma(tf.math.lgamma(x))
                                                   ^^^^^^^^^^^^^^^^^
  {HERE}:{last}: Digamma: not supported
        return tf.sin(x) + logits, tf.math.digamma(tf.math.lgamma(x))
                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  {HERE}:{noise}: RandomUniform: random numbers in a computation on secret values; the servers draw normal noise alone \
(tf.random.normal), outside of loops and branches, where it is added to a value
        return x + tf.random.uniform([4])
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
Supported are all intrinsics of TFF; in TensorFlow arithmetic, comparisons, select, reductions, matrix products, \
smooth functions, indexing, sorting, counting, shape operations and control flow, on floats, integers and bools of \
known shape. docs/tff.md lists every operation, and what stays with the client or the server."""
    )
    assert [location.op for location in caught.value.locations][:2] == ["Sin", "Lgamma"]


def problems(*types: Any) -> Any:
    """Decorates a function whose computation is not supported; gives the entries of the error, without places."""

    def decorate(function: Any) -> list[str]:
        with pytest.raises(UnsupportedError) as caught:
            trace(tff.federated_computation(function, *types))
        first, *entries, last = str(caught.value).splitlines()
        assert first == f"{function.__name__} uses what is not supported:"
        assert last.startswith("Supported are ")
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
        (
            lambda x: tf.tensor_scatter_nd_update(x, tf.cast(x[:, None], tf.int32), x),
            "TensorScatterUpdate: its indices must be constant",
        ),
        (lambda x: tf.cast(x, tf.int32) % 0, "FloorMod: by 0"),
        (lambda x: x**9, "Pow: to whole powers beyond 8 or to several ones; multiply x with itself"),
        (lambda x: tf.pow(x, [1.0, 2.0, 1.5, 0.5]), "Pow: to whole powers beyond 8 or to several ones;"),
        (lambda x: x**99.5, "Pow: to a power beyond 64, where a rounding of x shows too much"),
        (lambda x: tf.cast(x, tf.int32) ** 9, "Pow: of integers to other powers than 0 to 8; cast them to float first"),
        (
            lambda x: tf.bitwise.left_shift(tf.cast(x, tf.int32), tf.cast(x, tf.int32)),
            "LeftShift: by a secret number of places; only public values can be it",
        ),
        (lambda x: tf.bitwise.invert(tf.cast(tf.abs(x), tf.uint8)), "Invert: of integers without a sign"),
        (lambda x: tf.reduce_mean(tf.cast(x, tf.int32)), "Mean: of integers; cast them to float first"),
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
