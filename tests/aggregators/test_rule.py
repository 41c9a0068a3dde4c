"""Rules as functions of all updates: what comes of one, in plain TFF and on shares."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.errors import Location
from ezprivsecfl.frontends.tff import install_source_tracking, trace
from ezprivsecfl.frontends.tff.source import definition_of

install_source_tracking()

VECTOR = tff.TensorType(np.float32, [5])
NESTED = tff.to_type(collections.OrderedDict(b=tff.TensorType(np.float32, [2]), a=[tff.TensorType(np.float32, [3, 1])]))
UPDATES = np.random.default_rng(5).normal(0.3, 1.0, (6, 5)).astype(np.float32)


@pytest.fixture(autouse=True)
def _in_the_clear(tff_reference: Any) -> None:
    tff.framework.set_default_context(tff_reference)


@ez.robust_aggregation
def krum(updates: Any, *, byzantine: int) -> Any:
    """The update that is closest to its neighbours."""
    squares = tf.reduce_sum(tf.square(updates[:, None] - updates[None, :]), 2)
    nearest = -tf.math.top_k(-squares, tf.shape(updates)[0] - byzantine - 1)[0]
    return tf.gather(updates, tf.argmin(tf.reduce_sum(nearest, 1)))


@ez.robust_aggregation(state=lambda entries: tf.zeros([entries]))
def centred_clipping(updates: Any, state: Any, *, radius: float = 1.0) -> Any:
    """From the last result on, each client moves it by no more than the radius."""
    moves = updates - state
    clipped = moves * tf.minimum(1.0, radius / tf.norm(moves, axis=1, keepdims=True))
    result = state + tf.reduce_mean(clipped, 0)
    return result, result


@ez.robust_aggregation(server={"rate": tff.TensorType(np.float32)})
def towards(updates: Any, root_update: Any, rate: Any) -> Any:
    """Inputs of the server: one that is as long as an update, and a number."""
    return root_update + rate * tf.reduce_mean(updates - root_update, 0)


def krum_by_hand(updates: Any, byzantine: int) -> Any:
    squares = np.sum((updates[:, None] - updates[None, :]) ** 2, 2, dtype=np.float64)
    scores = np.sort(squares, 1)[:, 1 : len(updates) - byzantine - 1].sum(1)
    return updates[np.argmin(scores)]


def nested(row: Any) -> Any:
    return collections.OrderedDict(b=row[:2], a=[row[2:, None]])


def test_called_it_is_the_plaintext_reference() -> None:
    np.testing.assert_array_equal(krum(UPDATES, byzantine=1), krum_by_hand(UPDATES, 1))
    assert krum.__name__ == "krum"
    assert krum.__doc__ == "The update that is closest to its neighbours."


def test_as_a_computation() -> None:
    computation = krum.computation(VECTOR, byzantine=1)
    assert str(computation.type_signature) == "({float32[5]}@CLIENTS -> float32[5]@SERVER)"
    np.testing.assert_array_equal(computation(list(UPDATES)), krum_by_hand(UPDATES, 1))


def test_messages_point_to_the_function() -> None:
    definition = definition_of(krum.computation(VECTOR, byzantine=1))
    assert definition is not None
    assert (definition.name, definition.parameters) == ("krum", ("updates",))
    program = trace(centred_clipping.computation(VECTOR)).program
    lines = {op.location for op in program.ops if op.location.op == "Minimum"}
    assert {Location(line.file, 0) for line in lines} == {Location(__file__, 0)}


def test_structures_are_vectors_to_the_rule() -> None:
    got = krum.computation(NESTED, byzantine=1)([nested(row) for row in UPDATES])
    expected = nested(krum_by_hand(UPDATES, 1))
    tf.nest.assert_same_structure(got, expected)
    tf.nest.map_structure(np.testing.assert_array_equal, got, expected)


def test_tensors_keep_their_element_types() -> None:
    type_ = tff.to_type([tff.TensorType(np.float64, [2]), tff.TensorType(np.float32, [])])
    mean = ez.robust_aggregation(lambda updates: tf.reduce_mean(updates, 0)).computation(type_)
    first, second = mean([[np.array([1.0, 1e-12]), np.float32(3)], [np.array([1.0, 3e-12]), np.float32(5)]])
    assert (first.dtype, second.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(first, [1.0, 2e-12])
    assert second == 4.0


def test_inputs_of_the_server() -> None:
    computation = towards.computation(VECTOR)
    names = [name for name, _ in tff.structure.to_elements(computation.type_signature.parameter)]
    assert names == ["updates", "root_update", "rate"]
    expected = UPDATES[0] + 0.5 * (UPDATES.mean(0) - UPDATES[0])
    np.testing.assert_allclose(computation(list(UPDATES), UPDATES[0], 0.5), expected, rtol=1e-5)
    got = towards.computation(NESTED)([nested(row) for row in UPDATES], nested(UPDATES[0]), 0.5)
    np.testing.assert_allclose(np.concatenate([got["b"], got["a"][0][:, 0]]), expected, rtol=1e-5)


def test_an_input_of_the_server_whose_type_the_use_gives() -> None:
    @ez.robust_aggregation
    def scaled(updates: Any, table: Any, *, power: int) -> Any:
        return tf.reduce_mean(updates, 0) * tf.reduce_sum(table) ** power

    for shape in ([2], [3, 4]):
        computation = scaled.computation(VECTOR, table=tff.TensorType(np.float32, shape), power=2)
        result = computation(list(UPDATES), np.full(shape, 0.5, np.float32))
        np.testing.assert_allclose(result, UPDATES.mean(0) * (0.5 * np.prod(shape)) ** 2, rtol=1e-5)


def test_a_process_keeps_the_state() -> None:
    process = centred_clipping.factory(radius=0.5).create(VECTOR)
    state, centre = process.initialize(), np.zeros(5, np.float32)
    for _ in range(3):
        output = process.next(state, list(UPDATES))
        moves = UPDATES - centre
        centre = centre + (moves * np.minimum(1, 0.5 / np.linalg.norm(moves, axis=1, keepdims=True))).mean(0)
        state = output.state
        np.testing.assert_allclose(output.result, centre, rtol=1e-4)
        np.testing.assert_allclose(state, centre, rtol=1e-4)


def test_a_process_of_a_rule_without_state() -> None:
    process = krum.factory(byzantine=1).create(NESTED)
    assert process.initialize() == ()
    output = process.next((), [nested(row) for row in UPDATES])
    np.testing.assert_array_equal(output.result["b"], krum_by_hand(UPDATES, 1)[:2])


WRONG = [
    (lambda: ez.robust_aggregation(lambda *updates: updates[0]), r"no \*args"),
    (lambda: ez.robust_aggregation(lambda updates, state: updates), "both an argument of that name"),
    (lambda: ez.robust_aggregation(state=lambda d: tf.zeros([d]))(lambda updates: updates), "both an argument"),
    (lambda: ez.robust_aggregation(server={"x": VECTOR})(lambda updates: updates), "has no argument x"),
    (lambda: krum.computation(VECTOR), "krum: takes the parameters byzantine; missing or unknown: byzantine"),
    (lambda: krum.computation(VECTOR, byzantine=1, f=2), "missing or unknown: f"),
    (lambda: krum.computation(tff.TensorType(np.int32, [5]), byzantine=1), "expected updates of float tensors"),
    (lambda: krum.computation(tff.TensorType(np.float32, [None]), byzantine=1), "shapes are fully defined"),
    (lambda: towards.computation(VECTOR, rate=0.5), "rate is an input of the server: expected its type, not 0.5"),
    (lambda: towards.factory(), "towards: .* nobody who gives it root_update, rate"),
    (
        lambda: ez.robust_aggregation(lambda updates: tf.reduce_sum(updates)).computation(VECTOR),
        r"expected a result of shape \[5\], not \(\)",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_what_is_no_rule_is_refused(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_on_shares() -> None:
    program = ez.compile(krum.computation(NESTED, byzantine=1), clients=6, backend="plain")
    got = program.run([nested(row) for row in UPDATES])
    np.testing.assert_allclose(np.concatenate([got["b"], got["a"][0][:, 0]]), krum_by_hand(UPDATES, 1), atol=1e-3)
    assert "Compiled for exactly 6 clients; anew for others" in str(program.report)


def test_a_process_on_shares() -> None:
    program = ez.compile(centred_clipping.factory().create(VECTOR), clients=6, backend="plain")
    output = program.run(np.zeros(5, np.float32), list(UPDATES))
    expected, _ = centred_clipping(UPDATES, tf.zeros([5]))
    np.testing.assert_allclose(output.result, expected, atol=1e-3)


SPEC = (tf.TensorSpec([None, 3], tf.float32), tf.TensorSpec([None, 1], tf.float32))


def regression() -> Any:
    layers = [tf.keras.layers.InputLayer([3]), tf.keras.layers.Dense(1, kernel_initializer="zeros")]
    loss = tf.keras.losses.MeanSquaredError()
    return tff.learning.models.from_keras_model(tf.keras.Sequential(layers), input_spec=SPEC, loss=loss)


def batches(seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(8, 3)).astype(np.float32)
    y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 0.1 * rng.normal(size=(8, 1)).astype(np.float32)
    return [(x[i : i + 4], y[i : i + 4]) for i in (0, 4)]


def test_it_plugs_into_a_learning_algorithm(tff_reference: Any) -> None:
    """Two rounds of federated averaging with Krum as its aggregator, on shares as in TFF."""
    process = tff.learning.algorithms.build_unweighted_fed_avg(
        regression,
        client_optimizer_fn=tff.learning.optimizers.build_sgdm(0.1),
        model_aggregator=krum.factory(byzantine=1),
    )
    program = ez.compile(process, clients=5, backend="plain")
    state = process.initialize()
    for number in range(2):
        data = [batches(10 * number + client) for client in range(5)]
        got, want = program.run(state, data), process.next(state, data)
        for x, y in zip(
            got.state.global_model_weights.trainable, want.state.global_model_weights.trainable, strict=True
        ):
            np.testing.assert_allclose(x, y, atol=1e-3)
        state = want.state
