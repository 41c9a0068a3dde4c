"""Federated computations as users write them, against TFF itself."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any, NamedTuple

import attrs
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.aggregators import build_fltrust
from ezprivsecfl.frontends.tff import trace
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.tensor.structure import Broadcast

Agrees = Callable[..., Any]

VECTOR = tff.TensorType(np.float32, [6])
AT_CLIENTS = tff.FederatedType(VECTOR, tff.CLIENTS)
AT_SERVER = tff.FederatedType(VECTOR, tff.SERVER)
NUMBERS = tff.FederatedType(np.float32, tff.CLIENTS)


fltrust = build_fltrust(VECTOR)


@pytest.fixture
def vectors(rng: np.random.Generator) -> list[Any]:
    return [rng.normal(size=6).astype(np.float32) for _ in range(4)]


def test_fltrust(agrees: Agrees, vectors: list[Any]) -> None:
    agrees(fltrust, vectors, vectors[0] + vectors[1])
    traced = trace(fltrust)
    assert traced.program.name == "fltrust"
    inputs = {op.path: op for op in traced.program.of(Input)}
    assert [op.placement for op in inputs.values()] == [Placement.CLIENTS, Placement.SERVER]
    assert list(inputs) == ["updates", "root_update"]
    assert str(inputs["updates"].type) == "secret<f32[n, 6]>"
    assert str(inputs["root_update"].type) == "public<f32[6]>"
    assert all(op.bound is None for op in inputs.values())
    assert [op.path for op in traced.program.of(Output)] == ["result"]


def test_what_is_the_same_at_every_client_has_no_clients_axis() -> None:
    assert not trace(fltrust).program.of(Broadcast)


def test_parts_with_names(agrees: Agrees, vectors: list[Any]) -> None:
    @tff.tensorflow.computation
    def scored(update: Any, root: Any) -> Any:
        score = tf.reduce_sum(update * root)
        return collections.OrderedDict(score=score, update=score * update)

    @tff.federated_computation(AT_CLIENTS, AT_SERVER)
    def average(updates: Any, root_update: Any) -> Any:
        total = tff.federated_sum(tff.federated_map(scored, (updates, tff.federated_broadcast(root_update))))
        divide = tff.tensorflow.computation(lambda t: tf.math.divide_no_nan(t["update"], t["score"]))
        return tff.federated_map(divide, total)

    agrees(average, vectors, vectors[0] + vectors[1])


def test_means(agrees: Agrees, vectors: list[Any]) -> None:
    @tff.federated_computation(AT_CLIENTS, NUMBERS)
    def means(values: Any, weights: Any) -> Any:
        return collections.OrderedDict(
            plain=tff.federated_mean(values),
            weighted=tff.federated_mean(values, weights),
            both=tff.federated_mean(tff.federated_zip((values, weights)), weights),
        )

    agrees(means, vectors, [1.0, 2.0, 0.5, 4.0])
    assert [op.path for op in trace(means).program.of(Output)] == ["plain", "weighted", "both/0", "both/1"]


def test_same_values_everywhere(agrees: Agrees, vectors: list[Any]) -> None:
    """Sums of what is public need the number of clients only."""
    evaluated = tff.tensorflow.computation(lambda: tf.constant(2.5))

    @tff.federated_computation(AT_CLIENTS, AT_SERVER)
    def same(values: Any, public: Any) -> Any:
        everywhere = tff.federated_broadcast(public)
        two = tff.federated_value(np.float32(2.0), tff.CLIENTS)
        return (
            tff.federated_sum(everywhere),
            tff.federated_sum(two),
            tff.federated_sum(tff.federated_eval(evaluated, tff.CLIENTS)),
            tff.federated_eval(evaluated, tff.SERVER),
            tff.federated_mean(everywhere),
            tff.federated_mean(values, two),
            tff.federated_value([1, 2], tff.SERVER),
        )

    agrees(same, vectors, vectors[0])


def test_secure_sums_and_integers(agrees: Agrees) -> None:
    integers = tff.FederatedType(tff.TensorType(np.int32, [2]), tff.CLIENTS)

    @tff.federated_computation(integers, tff.FederatedType(np.int64, tff.CLIENTS))
    def sums(counts: Any, many: Any) -> Any:
        return (
            tff.federated_secure_sum(counts, 100),
            tff.federated_secure_sum_bitwidth(counts, 8),
            tff.federated_sum(tff.federated_zip(collections.OrderedDict(a=counts, b=many))),
        )

    agrees(sums, [np.array([i, 2 * i], np.int32) for i in range(3)], [np.int64(i) for i in range(3)])


def test_server_values_feed_clients_again(agrees: Agrees, vectors: list[Any]) -> None:
    @tff.tensorflow.computation
    def distance(value: Any, center: Any) -> Any:
        return tf.norm(value - center)

    @tff.federated_computation(AT_CLIENTS)
    def spread(values: Any) -> Any:
        center = tff.federated_broadcast(tff.federated_mean(values))
        return tff.federated_mean(tff.federated_map(distance, (values, center)))

    agrees(spread, vectors)
    assert [op.path for op in trace(spread).program.of(Input)] == ["values"]


class Pair(NamedTuple):
    first: Any
    second: Any


@attrs.define
class Model:
    weights: Any
    bias: Any


def test_containers(agrees: Agrees, vectors: list[Any]) -> None:
    model = tff.StructWithPythonType([("weights", VECTOR), ("bias", np.float32)], Model)
    pair = tff.StructWithPythonType([("first", model), ("second", [np.float32])], Pair)

    @tff.federated_computation(tff.FederatedType(pair, tff.CLIENTS), tff.FederatedType(pair, tff.SERVER))
    def add(values: Any, start: Any) -> Any:
        total = tff.tensorflow.computation(lambda x, y: tf.nest.map_structure(tf.add, x, y), (pair, pair))
        return tff.federated_map(total, (tff.federated_sum(values), start)), start

    one = Pair(Model(vectors[0], np.float32(1)), [np.float32(2)])
    result, start = agrees(add, [one, one], one)
    assert isinstance(result, Pair)
    assert isinstance(start.first, Model)
    paths = ["first/weights", "first/bias", "second/0"]
    assert [op.path for op in trace(add).program.of(Input)] == [f"{p}/{q}" for p in ("values", "start") for q in paths]


def test_keras_weights_like_structures(agrees: Agrees, rng: np.random.Generator) -> None:
    layers = [(np.float32, [4, 3]), (np.float32, [3]), (np.float32, [3, 1])]
    model = tff.to_type(collections.OrderedDict(trainable=layers, non_trainable=[]))

    @tff.federated_computation(tff.FederatedType(model, tff.CLIENTS), NUMBERS)
    def average(models: Any, examples: Any) -> Any:
        return tff.federated_mean(models, examples)

    def weights() -> Any:
        trainable = [rng.normal(size=shape).astype(np.float32) for _, shape in layers]
        return collections.OrderedDict(trainable=trainable, non_trainable=[])

    agrees(average, [weights() for _ in range(3)], [3.0, 1.0, 2.0])


def test_conditionals_on_each_client(agrees: Agrees, vectors: list[Any]) -> None:
    @tff.tensorflow.computation
    @tf.function
    def clip(value: Any, bound: Any) -> Any:
        norm = tf.norm(value)
        clipped = norm > bound
        if clipped:
            value = value * bound / norm
        return value, tf.cast(clipped, tf.int32)

    @tff.federated_computation(AT_CLIENTS, tff.FederatedType(np.float32, tff.SERVER))
    def clipped_sum(values: Any, bound: Any) -> Any:
        return tff.federated_sum(tff.federated_map(clip, (values, tff.federated_broadcast(bound))))

    _, count = agrees(clipped_sum, [*vectors, vectors[0] / 100], 2.0)
    assert 0 < count < 5


def test_values_of_one_type_are_widened_and_come_back(agrees: Agrees) -> None:
    narrow = tff.FederatedType(tff.TensorType(np.uint8, [2]), tff.CLIENTS)

    @tff.federated_computation(narrow)
    def total(pixels: Any) -> Any:
        widen = tff.tensorflow.computation(lambda x: (tf.cast(x, tf.float64) / 255.0, x))
        return tff.federated_sum(tff.federated_map(widen, pixels))

    agrees(total, [np.array([1, 100], np.uint8)] * 2)


def test_results_placed_at_all_clients_alike(agrees: Agrees, vectors: list[Any]) -> None:
    @tff.federated_computation(AT_CLIENTS)
    def back(values: Any) -> Any:
        return tff.federated_broadcast(tff.federated_sum(values))

    agrees(back, vectors)


@pytest.mark.parametrize("operator", [tff.federated_max, tff.federated_min])
def test_extremes_over_clients(agrees: Agrees, vectors: list[Any], operator: Callable[..., Any]) -> None:
    scale = tff.tensorflow.computation(lambda s, x: s * x)

    @tff.federated_computation(AT_CLIENTS, NUMBERS, NUMBERS, tff.FederatedType(np.float32, tff.SERVER))
    def extremes(values: Any, losses: Any, shifted: Any, factor: Any) -> Any:
        worst = tff.federated_map(scale, (factor, operator(losses)))
        same = operator(tff.federated_broadcast(factor))
        return operator(values), worst, operator(tff.federated_zip((losses, shifted))), same

    losses = [np.float32(x) for x in (0.5, 2.0, 2.0, 0.5)]  # with ties
    agrees(extremes, vectors, losses, [np.float32(x - 7) for x in losses], np.float32(1.5))


def test_modular_sums(agrees: Agrees) -> None:
    pair = tff.FederatedType([("a", tff.TensorType(np.int32, [3])), ("b", np.int32)], tff.CLIENTS)

    @tff.federated_computation(pair)
    def sums(counts: Any) -> Any:
        modular = tff.backends.mapreduce.federated_secure_modular_sum
        return modular(counts, collections.OrderedDict(a=8, b=7)), modular(counts["b"], 10)

    values = [collections.OrderedDict(a=np.array([i, 5 * i, -3], np.int32), b=9 * i + 1) for i in range(4)]
    agrees(sums, values)
