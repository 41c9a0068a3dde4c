"""What stays with the client, and what is uploaded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb
from tensorflow_federated.python.core.impl.compiler import tree_analysis

from ezprivsecfl.errors import InputError, UnsupportedError
from ezprivsecfl.frontends.tff import trace
from ezprivsecfl.ir.tensor import Input

Agrees = Callable[..., Any]

WEIGHTS = tff.TensorType(np.float32, [3])
DATA = tff.SequenceType(tff.TensorType(np.float32, [None, 3]))
POINT = tff.TensorType(np.float32, [3])
AT_SERVER = tff.FederatedType(WEIGHTS, tff.SERVER)
AT_CLIENTS = tff.FederatedType(DATA, tff.CLIENTS)

ONES = np.ones(3, np.float32)


def batches(rng: np.random.Generator, *sizes: int) -> list[Any]:
    return [rng.normal(size=(size, 3)).astype(np.float32) for size in sizes]


def uploads(computation: Any) -> list[str]:
    return [upload.path for upload in trace(computation).clear_work.at_client.results]


def operations(computation: Any) -> set[str]:
    """The types of all TensorFlow operations that a client runs."""
    types: set[str] = set()

    def visit(block: Any) -> None:
        if isinstance(block, bb.CompiledComputation):
            graph = tf.compat.v1.GraphDef()
            block.proto.tensorflow.graph_def.Unpack(graph)
            types.update(node.op for node in graph.node)
            types.update(node.op for function in graph.library.function for node in function.node_def)

    tree_analysis.visit_preorder(trace(computation).clear_work.at_client.computation.to_building_block(), visit)
    return types


def training(local: Any) -> Any:
    """The mean of what clients make of the server's weights and their data."""

    @tff.federated_computation(AT_SERVER, AT_CLIENTS)
    def mean_update(weights: Any, data: Any) -> Any:
        return tff.federated_mean(tff.federated_map(local, (tff.federated_broadcast(weights), data)))

    return mean_update


def trained(weights: Any, data: Any) -> Any:
    return data.reduce(weights, lambda w, batch: w - 0.1 * tf.reduce_mean(w - batch, axis=0))


def clipped(update: Any) -> Any:
    return update * tf.minimum(1.0, 0.05 / tf.norm(update))


CLIPPING = {"Minimum", "Sqrt"}


@tff.tensorflow.computation(WEIGHTS, DATA)
@tf.function
def clips_what_it_trains(weights: Any, data: Any) -> Any:
    return clipped(trained(weights, data) - weights)


@tff.tensorflow.computation(WEIGHTS, DATA)
@tf.function
def loops(weights: Any, data: Any) -> Any:
    for batch in data:
        weights -= 0.1 * tf.reduce_mean(weights - batch, axis=0)
    return clipped(weights)


@tff.tensorflow.computation(WEIGHTS, DATA)
def takes_one_batch(weights: Any, data: Any) -> Any:
    batch = data.unbatch().batch(1000).get_single_element()
    return clipped(tf.reduce_mean(batch - weights, axis=0))


@tff.tensorflow.computation(WEIGHTS, DATA)
def keeps_a_variable(weights: Any, data: Any) -> Any:
    model = tf.Variable(np.zeros(3, np.float32), name="model")

    @tf.function
    def train() -> Any:
        model.assign(weights)
        for batch in data:
            model.assign_sub(0.1 * tf.reduce_mean(model - batch, axis=0))
        return clipped(model.read_value() - weights)

    return train()


@pytest.mark.parametrize(
    ("local", "uploaded"),
    [
        (clips_what_it_trains, ["data/ReduceDataset"]),
        (loops, ["data/ReduceDataset"]),
        (takes_one_batch, ["data/Mean"]),
        (keeps_a_variable, ["data/model"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_clipping_is_not_left_to_the_client(
    local: Any, uploaded: list[str], agrees: Agrees, rng: np.random.Generator
) -> None:
    """Even where it is in the same TensorFlow function as training."""
    computation = training(local)
    assert uploads(computation) == uploaded
    assert not operations(computation) & CLIPPING
    agrees(computation, ONES, [batches(rng, 4, 2), batches(rng, 1), batches(rng, 7)])


def test_what_is_uploaded_is_not_clipped(rng: np.random.Generator) -> None:
    traced = trace(training(clips_what_it_trains))
    given = traced.arguments(tff.structure.Struct([(None, ONES), (None, [[100 * ONES[None]], batches(rng, 1)])]))
    np.testing.assert_allclose(given.values["data/ReduceDataset"][0], 0.9 * ONES + 10, rtol=1e-6)


@tff.tensorflow.computation(DATA)
def mean_of_data(data: Any) -> Any:
    total, count = data.reduce(
        (tf.zeros(3), 0.0), lambda so_far, x: (so_far[0] + tf.reduce_sum(x, 0), so_far[1] + tf.cast(len(x), tf.float32))
    )
    return OrderedDict(mean=total / count, count=count, unused=total * total)


@tff.federated_computation(AT_CLIENTS)
def means(data: Any) -> Any:
    local = tff.federated_map(mean_of_data, data)
    return tff.federated_mean(local["mean"], local["count"]), tff.federated_sum(local["count"])


def test_several_uploads(agrees: Agrees, rng: np.random.Generator) -> None:
    assert uploads(means) == ["data/ReduceDataset", "data/ReduceDataset.1"]
    agrees(means, [batches(rng, 4, 2), batches(rng, 1), batches(rng, 7)])


@tff.federated_computation(AT_CLIENTS)
def counts(data: Any) -> Any:
    return tff.federated_sum(tff.federated_map(mean_of_data, data)["count"])


NAMESAKES = tff.StructWithPythonType([("data", DATA), ("ReduceDataset", np.float32)], OrderedDict)


@tff.tensorflow.computation(NAMESAKES)
def scaled_sum(own: Any) -> Any:
    return own["ReduceDataset"] * own["data"].reduce(0.0, lambda so_far, x: so_far + tf.reduce_sum(x))


@tff.federated_computation(tff.FederatedType(NAMESAKES, tff.CLIENTS))
def with_namesakes(own: Any) -> Any:
    return tff.federated_sum(tff.federated_map(scaled_sum, own))


def test_an_upload_is_not_called_like_an_argument(agrees: Agrees, rng: np.random.Generator) -> None:
    assert uploads(with_namesakes) == ["own/ReduceDataset.1"]
    data = [OrderedDict(data=batches(rng, 2), ReduceDataset=np.float32(factor)) for factor in (2, 5)]
    agrees(with_namesakes, data)


@tff.tensorflow.computation(np.float32)
def drawn(x: Any) -> Any:
    return x * (2.0 + tf.random.uniform([], 0.0, 1e-7))


@tff.federated_computation(tff.FederatedType(np.float32, tff.CLIENTS))
def with_a_partys_name(at_client: Any) -> Any:
    return tff.federated_sum(tff.federated_map(drawn, at_client))


def test_a_parameter_may_be_called_like_a_party(agrees: Agrees) -> None:
    assert uploads(with_a_partys_name) == ["at_client.1/RandomUniform"]
    agrees(with_a_partys_name, [np.float32(1), np.float32(3)])


def test_only_what_results_need_is_uploaded(agrees: Agrees, rng: np.random.Generator) -> None:
    assert uploads(counts) == ["data/ReduceDataset.1"]
    agrees(counts, [batches(rng, 4, 2), batches(rng, 1)])


STEP = tff.StructWithPythonType(
    [("weights", WEIGHTS), ("round", np.int32), ("secret", tff.TensorType(np.float32, [2]))], OrderedDict
)


@tff.tensorflow.computation(STEP)
def rate(state: Any) -> Any:
    return 0.5 / tf.cast(state["round"] + 1, tf.float32)


@tff.tensorflow.computation(
    WEIGHTS, np.float32, tff.StructWithPythonType([("data", DATA), ("weight", np.float32)], dict)
)
def weighted_step(weights: Any, step: Any, own: Any) -> Any:
    gradient = own["data"].reduce(tf.zeros(3), lambda total, x: total + tf.reduce_sum(own["weight"] * x - weights, 0))
    return weights - step * gradient


@tff.federated_computation(
    tff.FederatedType(STEP, tff.SERVER),
    tff.FederatedType(tff.StructWithPythonType([("data", DATA), ("weight", np.float32)], dict), tff.CLIENTS),
)
def scheduled(state: Any, own: Any) -> Any:
    step = tff.federated_broadcast(tff.federated_map(rate, state))
    weights = tff.federated_broadcast(state["weights"])
    return tff.federated_mean(tff.federated_map(weighted_step, (weights, step, own)), own["weight"])


def test_clients_get_what_is_broadcast_and_nothing_else(agrees: Agrees, rng: np.random.Generator) -> None:
    work = trace(scheduled).clear_work
    assert work.received == ("state/weights float32[3]",)
    assert uploads(scheduled) == ["own/ReduceDataset"]
    state = OrderedDict(weights=ONES, round=3, secret=np.zeros(2, np.float32))
    agrees(scheduled, state, [{"data": batches(rng, n), "weight": np.float32(n)} for n in (2, 3, 4)])


@tff.tensorflow.computation(WEIGHTS, np.float32, DATA)
def steps(weights: Any, step: Any, data: Any) -> Any:
    return data.reduce(weights, lambda w, x: w - step * tf.reduce_mean(w - x, 0))


@tff.federated_computation(tff.FederatedType(STEP, tff.SERVER), AT_CLIENTS)
def scheduled_steps(state: Any, data: Any) -> Any:
    step = tff.federated_broadcast(tff.federated_map(rate, state))
    return tff.federated_mean(tff.federated_map(steps, (tff.federated_broadcast(state["weights"]), step, data)))


def test_what_the_server_computes_before_it_broadcasts(agrees: Agrees, rng: np.random.Generator) -> None:
    work = trace(scheduled_steps).clear_work
    assert work.received == ("state/weights float32[3]", "computed by the server: float32")
    state = OrderedDict(weights=ONES, round=3, secret=np.zeros(2, np.float32))
    agrees(scheduled_steps, state, [batches(rng, 2, 1), batches(rng, 3), batches(rng, 4)])


@tff.federated_computation(tff.FederatedType(DATA, tff.SERVER), AT_CLIENTS)
def trusting(root: Any, data: Any) -> Any:
    """The server has data of its own."""
    own = tff.federated_map(mean_of_data, root)["mean"]
    theirs = tff.federated_mean(tff.federated_map(mean_of_data, data)["mean"])
    return tff.federated_map(tff.tensorflow.computation(lambda a, b: tf.reduce_sum(a * b)), (own, theirs))


def test_data_of_the_server(agrees: Agrees, rng: np.random.Generator) -> None:
    work = trace(trusting).clear_work
    assert [upload.path for upload in work.at_server.results] == ["root/ReduceDataset", "root/ReduceDataset.1"]
    agrees(trusting, batches(rng, 5), [batches(rng, 4, 2), batches(rng, 1)])


@tff.federated_computation(AT_CLIENTS)
def two_phases(data: Any) -> Any:
    center = tff.federated_mean(tff.federated_map(mean_of_data, data)["mean"])
    return tff.federated_mean(tff.federated_map(clips_what_it_trains, (tff.federated_broadcast(center), data)))


def test_work_that_depends_on_what_is_on_shares_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"test_tff_boundary.py:\d+: .*computed on shares"):
        trace(two_phases)


@tff.federated_computation(AT_CLIENTS)
def returned_data(data: Any) -> Any:
    return tff.federated_map(tff.tensorflow.computation(lambda data: data.take(1), DATA), data)


def test_a_client_keeps_its_data_sets() -> None:
    traced = trace(returned_data)
    assert traced.clear_work.kept == ("result",)
    assert not traced.aggregates


@tff.tensorflow.computation(DATA)
def shuffled(data: Any) -> Any:
    return data.shuffle(10, seed=1).take(1)


@tff.federated_computation(AT_CLIENTS)
def through_a_data_set(data: Any) -> Any:
    return tff.federated_sum(tff.federated_map(mean_of_data, tff.federated_map(shuffled, data))["count"])


@tff.tensorflow.computation(DATA)
def colocated(data: Any) -> Any:
    """Nodes inside of a call and outside of it that are to run where others do, of which some are on shares."""

    @tf.function
    def counted() -> Any:
        size = tf.constant(1.0)
        with tf.compat.v1.colocate_with(size):
            count = data.reduce(0.0, lambda so_far, x: so_far + tf.cast(tf.shape(x)[0], tf.float32))
        return tf.stack([count, count * count]) * size

    both = counted()
    with tf.compat.v1.colocate_with(both):
        return both + data.reduce(0.0, lambda so_far, x: so_far + tf.reduce_sum(x))


@tff.federated_computation(AT_CLIENTS)
def sum_of_colocated(data: Any) -> Any:
    return tff.federated_sum(tff.federated_map(colocated, data))


def test_colocated_nodes(agrees: Agrees, rng: np.random.Generator) -> None:
    agrees(sum_of_colocated, [batches(rng, 4, 4), batches(rng, 1)])


@tff.tensorflow.computation(DATA)
def epochs(data: Any) -> Any:
    """A loop that passes the data set on from one iteration to the next."""

    @tf.function
    def summed() -> Any:
        total = tf.constant(0.0)
        for _ in tf.range(3):
            for x in data:
                total += tf.reduce_sum(x)
        return total

    return summed()


@tff.federated_computation(AT_CLIENTS)
def sum_of_epochs(data: Any) -> Any:
    return tff.federated_sum(tff.federated_map(epochs, data))


def test_loops_over_data_sets(agrees: Agrees, rng: np.random.Generator) -> None:
    agrees(sum_of_epochs, [batches(rng, 4, 4), batches(rng, 1)])


def test_data_sets_made_of_data_sets(agrees: Agrees, rng: np.random.Generator) -> None:
    agrees(through_a_data_set, [batches(rng, 4, 4), batches(rng, 1)])


def test_a_client_whose_work_fails_has_no_values(rng: np.random.Generator) -> None:
    traced = trace(training(takes_one_batch))
    given = traced.arguments(tff.structure.Struct([(None, ONES), (None, [batches(rng, 4), []])]))
    fine, failed = given.values["data/Mean"]
    assert fine.shape == (3,)
    assert isinstance(failed, InputError)
    assert str(failed).startswith("its own work failed: ")


def test_a_models_weights_have_the_bound_of_updates_and_sums_that_of_counts() -> None:
    def bound(local: Any, path: str) -> float | None:
        return next(op.bound for op in trace(training(local)).program.of(Input) if op.path == path)

    assert bound(keeps_a_variable, "data/model") is None
    assert bound(clips_what_it_trains, "data/ReduceDataset") == 2.0**20


@tff.tensorflow.computation(POINT)
def averaged_by_variables(total: Any) -> Any:
    """A result of the server that is computed with variables, as Keras metrics are."""
    sums, counts = tf.Variable(np.zeros(3, np.float32)), tf.Variable(4.0)

    @tf.function
    def result() -> Any:
        sums.assign(total)
        sums.assign_add(total)
        before = sums.read_value()
        sums.assign(tf.zeros(3))
        return OrderedDict(mean=before / counts, after=sums.read_value())

    return result()


@tff.federated_computation(tff.FederatedType(POINT, tff.CLIENTS))
def with_variables(points: Any) -> Any:
    return tff.federated_map(averaged_by_variables, tff.federated_sum(points))


def test_variables_are_read_and_set_in_order(agrees: Agrees, rng: np.random.Generator) -> None:
    assert trace(with_variables).clear_work is None
    agrees(with_variables, list(rng.normal(size=(3, 3)).astype(np.float32)))


@tff.tensorflow.computation(POINT)
def set_in_a_branch(total: Any) -> Any:
    kept = tf.Variable(1.0)

    @tf.function
    def result() -> Any:
        if total[0] > 0:
            kept.assign(2.0)
        return kept.read_value()

    return result()


@tff.federated_computation(tff.FederatedType(POINT, tff.CLIENTS))
def with_a_branch(points: Any) -> Any:
    return tff.federated_map(set_in_a_branch, tff.federated_sum(points))


def test_variables_in_branches_of_secret_conditions_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="branches that use variables"):
        trace(with_a_branch)
