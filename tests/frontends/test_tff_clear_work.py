"""What the server, and clients without data sets, compute in the clear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.errors import ClientWorkWarning, UnsupportedError
from ezprivsecfl.frontends.tff import trace
from ezprivsecfl.ir.tensor import Input, Placement

Agrees = Callable[..., Any]

VECTOR = tff.TensorType(np.float32, [3])
AT_CLIENTS = tff.FederatedType(VECTOR, tff.CLIENTS)
SEED = tff.FederatedType(tff.TensorType(np.int64, [2]), tff.SERVER)
SEEDED = tff.tensorflow.computation(lambda v, s: v * tf.random.stateless_uniform([3], s))
UNSEEDED = tff.tensorflow.computation(lambda v, s: v / tf.random.stateless_uniform([3], s))


@pytest.fixture
def vectors(rng: np.random.Generator) -> list[Any]:
    return [rng.normal(size=3).astype(np.float32) for _ in range(4)]


def server(type_: Any) -> Any:
    return tff.FederatedType(type_, tff.SERVER)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (np.str_, "state of an accountant"),
        (tff.TensorType(np.float32, [None]), np.ones([5], np.float32)),
        (tff.TensorType(np.uint64, [2]), np.array([1, 2**64 - 1], np.uint64)),
        ([("name", np.str_), ("round", np.int32)], {"name": "a", "round": 3}),
    ],
)
def test_state_passes(tff_reference: Any, evaluate: Any, vectors: list[Any], type_: Any, value: Any) -> None:
    @tff.federated_computation(AT_CLIENTS, server(type_))
    def stateful(values: Any, state: Any) -> Any:
        return tff.federated_sum(values), state, tff.federated_value("a constant", tff.SERVER)

    got = evaluate(stateful, vectors, value)
    want = tff_reference.invoke(stateful, tff.structure.Struct([("values", vectors), ("state", value)]))
    np.testing.assert_allclose(got[0], want[0], rtol=1e-6)
    tf.nest.map_structure(np.testing.assert_array_equal, got[1:], want[1:])


def test_public_seeds(agrees: Agrees, vectors: list[Any]) -> None:
    @tff.federated_computation(AT_CLIENTS, SEED)
    def rotated(values: Any, seed: Any) -> Any:
        total = tff.federated_sum(tff.federated_map(SEEDED, (values, tff.federated_broadcast(seed))))
        return total, tff.federated_map(UNSEEDED, (total, seed)), seed

    agrees(rotated, vectors, np.array([3, 4]))
    drawn = [op for op in trace(rotated).program.of(Input) if op.path.startswith("at_server/")]
    assert [op.placement for op in drawn] == [Placement.SERVER] * 2


def test_what_the_server_draws_is_the_same_everywhere(evaluate: Any, vectors: list[Any]) -> None:
    @tff.tensorflow.computation
    def draw() -> Any:
        return tf.cast(1e6 * tf.timestamp(), tf.int64) + tf.random.uniform([2], 0, 1000, tf.int64)

    @tff.federated_computation(AT_CLIENTS)
    def rotated(values: Any) -> Any:
        seed = tff.federated_eval(draw, tff.SERVER)
        total = tff.federated_sum(tff.federated_map(SEEDED, (values, tff.federated_broadcast(seed))))
        return tff.federated_map(UNSEEDED, (total, seed)), seed

    result, first = evaluate(rotated, vectors)
    np.testing.assert_allclose(result, np.sum(vectors, 0), rtol=1e-5)
    _, second = evaluate(rotated, vectors)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("whole", [False, True], ids=["in a map", "alone"])
def test_what_clients_draw_is_their_own(evaluate: Any, vectors: list[Any], whole: bool) -> None:
    """Each client's numbers are secret, and differ."""
    draw = tff.tensorflow.computation(lambda: tf.random.uniform([3]))
    add = tff.tensorflow.computation(lambda v: v + tf.random.uniform([3]))

    @tff.federated_computation(AT_CLIENTS)
    def noised(values: Any) -> Any:
        if whole:
            drawn = tff.federated_eval(draw, tff.CLIENTS)
            return tff.federated_max(drawn), tff.federated_min(drawn), tff.federated_sum(values)
        made = tff.federated_map(add, values)
        return tff.federated_max(made), tff.federated_min(made), tff.federated_sum(values)

    (upload,) = [op for op in trace(noised).program.of(Input) if op.path != "values"]
    assert upload.placement is Placement.CLIENTS
    highest, lowest, total = evaluate(noised, [np.ones(3, np.float32)] * 4)
    assert np.all(highest > lowest)
    assert np.all(highest - lowest < 1)
    np.testing.assert_array_equal(total, [4, 4, 4])


def test_seeds_that_clients_draw(evaluate: Any, vectors: list[Any]) -> None:
    @tff.tensorflow.computation
    def rounded(v: Any) -> Any:
        seed = tf.cast(1e6 * tf.timestamp(), tf.int64) * tf.constant([1, 7], tf.int64)
        return tf.floor(v + tf.random.stateless_uniform([3], seed))

    @tff.federated_computation(AT_CLIENTS)
    def total(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(rounded, values))

    result = evaluate(total, vectors)
    assert np.all(np.abs(result - np.sum(vectors, 0)) < len(vectors))
    assert np.array_equal(result, np.rint(result))


def test_what_has_no_counterpart_is_computed_by_the_server(agrees: Agrees, vectors: list[Any]) -> None:
    @tff.tensorflow.computation(VECTOR, np.float32, np.int32)
    def scaled(v: Any, x: Any, steps: Any) -> Any:
        _, power = tf.while_loop(lambda i, y: i < steps, lambda i, y: (i + 1, y * x), (0, 1.0))
        return v * tf.math.log1p(x), v * power, tf.math.lgamma(x)

    @tff.federated_computation(AT_CLIENTS, server(np.float32), server(np.int32))
    def both(values: Any, x: Any, steps: Any) -> Any:
        return tff.federated_map(scaled, (tff.federated_sum(values), x, steps))

    agrees(both, vectors, np.float32(1.5), 3)


def add_noise(i: Any, y: Any) -> Any:
    return i + 1, y + tf.random.normal([3])


@pytest.mark.parametrize(
    ("noise", "why"),
    [
        (lambda v, s: v + tf.random.uniform([3]), "random numbers in a computation on secret values"),
        (lambda v, s: v + tf.random.truncated_normal([3]), "random numbers in a computation on secret values"),
        (lambda v, s: v + tf.random.stateless_normal([3], s), "noise from a seed"),
        (lambda v, s: v + tf.random.normal([3], seed=7), "noise from a seed"),
        (lambda v, s: v + tf.cast(tf.random.stateless_poisson([3], s, 1.0), tf.float32), "random numbers"),
        (lambda v, s: tf.cond(s[0] > 0, lambda: v + tf.random.uniform([3]), lambda: v), "random numbers"),
        (
            lambda v, s: tf.while_loop(lambda i, y: i < 2, add_noise, (tf.constant(0), v))[1],
            "random numbers",
        ),
        (lambda v, s: v + tf.random.normal(tf.shape(tf.range(s[0]))), "noise whose shape is not known"),
    ],
)
def test_noise_that_the_servers_would_know_is_refused(noise: Any, why: str) -> None:
    noisy = tff.tensorflow.computation(noise, (VECTOR, SEED.member))

    @tff.federated_computation(AT_CLIENTS, SEED)
    def private(values: Any, seed: Any) -> Any:
        return tff.federated_map(noisy, (tff.federated_sum(values), seed))

    with pytest.raises(UnsupportedError, match=why):
        trace(private)


@pytest.mark.parametrize("draw", [tf.random.uniform, tf.random.normal])
def test_a_fold_draws_nothing(draw: Callable[..., Any]) -> None:
    step = tff.tensorflow.computation(lambda a, v: a + v * draw([3]), (VECTOR, VECTOR))
    same = tff.tensorflow.computation(lambda a: a, VECTOR)
    merge = tff.tensorflow.computation(lambda a, b: a + b, (VECTOR, VECTOR))
    zero = tff.tensorflow.computation(lambda: tf.zeros([3]))

    @tff.federated_computation(AT_CLIENTS)
    def folded(values: Any) -> Any:
        return tff.federated_aggregate(values, zero(), step, merge, same)

    with pytest.raises(UnsupportedError, match="random numbers"):
        trace(folded)


def test_a_clients_noise_does_not_wait_for_assertions(evaluate: Any, vectors: list[Any]) -> None:
    """As in TFF's distributed noise: an assertion on the client's value comes before it."""

    @tff.tensorflow.computation(VECTOR)
    def noised(v: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_less(tf.norm(3.0 * v), 1e6)]):
            seed = tf.cast(1e6 * tf.timestamp(), tf.int64) * tf.constant([1, 7], tf.int64)
            return v + tf.cast(tf.random.stateless_poisson([3], seed, 2.0), tf.float32)

    @tff.federated_computation(AT_CLIENTS)
    def total(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(noised, values))

    noise = evaluate(total, vectors) - np.sum(vectors, 0)
    np.testing.assert_allclose(noise, np.rint(noise), atol=1e-4)
    assert np.all(noise > -1e-4)


def sampled(counts: Any) -> Any:
    """Two of a client's records, without replacement: how many random numbers that takes is the client's secret."""
    records = tf.repeat(tf.range(3), counts)
    _, chosen = tf.math.top_k(tf.random.uniform(tf.shape(records)), k=2)
    return tf.reshape(tf.math.bincount(tf.gather(records, chosen), minlength=3, maxlength=3), [3])


def sampled_if_many(counts: Any) -> Any:
    many = tf.reduce_sum(counts) > 2
    return tf.minimum(tf.cond(many, lambda: sampled(counts), lambda: counts), 2)


@pytest.mark.parametrize("clip", [sampled, sampled_if_many])
def test_a_client_draws_of_distributions_that_are_its_secret(clip: Any, evaluate: Any) -> None:
    """It must do that itself; what comes after is computed on shares again."""
    counts = tff.TensorType(np.int32, [3])
    local = tff.tensorflow.computation(clip, counts)

    @tff.federated_computation(tff.FederatedType(counts, tff.CLIENTS))
    def total(value: Any) -> Any:
        return tff.federated_sum(tff.federated_map(local, value))

    with pytest.warns(ClientWorkWarning, match=r"left to them"):
        traced = trace(total)
    assert any("drawn by the client, to whom what leads there is left" in line for line in traced.boundary())
    (upload,) = traced.clear_work.at_client.results
    assert upload.shape == (3,)
    operations = {type(op).__name__ for op in traced.program.ops}
    assert ("Minimum" in operations) == (clip is sampled_if_many)
    for _ in range(5):
        drawn = evaluate(total, [np.array([0, 4, 0], np.int32), np.array([3, 0, 2], np.int32)])
        assert (sum(drawn), drawn[1]) == (4, 2)


def test_loops_that_round_at_random_until_a_norm_is_small(evaluate: Any, vectors: list[Any]) -> None:
    """As TFF's stochastic quantisation: the number of rounds depends on what is drawn for the client's secret."""

    @tff.tensorflow.computation(VECTOR)
    @tf.function
    def rounded(v: Any) -> Any:
        drawn = tf.fill([3], 100.0)
        while tf.norm(drawn) > tf.norm(v) + 1.0:
            drawn = tf.floor(v + tf.random.uniform([3]))
        return tf.minimum(drawn, 3.0)

    @tff.federated_computation(AT_CLIENTS)
    def total(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(rounded, values))

    result = evaluate(total, vectors)
    assert np.array_equal(result, np.rint(result))
    assert np.all(np.abs(result - np.sum(np.minimum(vectors, 3.0), 0)) < len(vectors))
    assert "Minimum" in {type(op).__name__ for op in trace(total).program.ops}


@pytest.mark.parametrize(
    "local",
    [
        lambda v: tf.floor(v / tf.norm(v) + tf.random.uniform([3])),
        lambda v: v / tf.norm(v) + tf.norm(v) * tf.random.normal([3]),
        lambda v: v / tf.norm(v) + tf.random.stateless_uniform([3], tf.cast([tf.timestamp(), 1.0], tf.int64)),
    ],
)
def test_public_distributions_leave_nothing_to_clients(local: Any, recwarn: Any) -> None:
    """What is drawn is uploaded by itself."""
    mapped = tff.tensorflow.computation(local, VECTOR)

    @tff.federated_computation(AT_CLIENTS)
    def total(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(mapped, values))

    traced = trace(total)
    assert not traced.drawn_by_clients
    assert not [one for one in recwarn if one.category is ClientWorkWarning]


def test_what_draws_nothing_is_not_left_to_the_client() -> None:
    local = tff.tensorflow.computation(
        lambda v: tf.reduce_sum(tf.boolean_mask(v, v < 1.0)) * tf.random.uniform([]), tff.TensorType(np.float32, [3])
    )

    @tff.federated_computation(tff.FederatedType(tff.TensorType(np.float32, [3]), tff.CLIENTS))
    def total(value: Any) -> Any:
        return tff.federated_sum(tff.federated_map(local, value))

    with pytest.raises(UnsupportedError, match="Where"):
        trace(total)


SECRET_DISTRIBUTIONS = {
    "draw": lambda u: u + tf.cast(tf.random.poisson([], 100.0 * tf.nn.relu(u)), tf.float32),
    "loop": lambda u: tf.while_loop(
        lambda r: tf.norm(r) > tf.norm(u) + 2.0, lambda r: (tf.floor(u + tf.random.uniform([3])),), (100.0 * u,)
    )[0],
    "categorical": lambda u: u + tf.cast(tf.random.categorical(tf.reshape(u, [1, 3]), 3)[0], tf.float32),
}


@pytest.mark.parametrize("draw", SECRET_DISTRIBUTIONS.values(), ids=SECRET_DISTRIBUTIONS)
@pytest.mark.parametrize("apart", [False, True], ids=["in one computation", "clipped before"])
def test_draws_of_what_a_data_set_gives_are_said_to_be_left_to_clients(draw: Any, apart: bool) -> None:
    """Clipping comes before the draw, and so it is the client's word."""
    data = tff.SequenceType(VECTOR)
    clip = lambda u: u * tf.minimum(1.0, 1.0 / tf.norm(u))  # noqa: E731
    trained = lambda d: d.reduce(tf.zeros([3]), lambda a, x: a + x)  # noqa: E731
    clipped = tff.tensorflow.computation(lambda d: clip(trained(d)), data)
    whole = tff.tensorflow.computation(lambda d: draw(clip(trained(d))), data)
    second = tff.tensorflow.computation(lambda u, d: draw(u) + 0.0 * trained(d), [VECTOR, data])

    @tff.federated_computation(tff.FederatedType(data, tff.CLIENTS))
    def total(values: Any) -> Any:
        update = tff.federated_map(clipped, values)
        made = tff.federated_map(second, (update, values)) if apart else tff.federated_map(whole, values)
        return tff.federated_sum(made)

    with pytest.warns(ClientWorkWarning, match="left to them"):
        assert trace(total).drawn_by_clients


def test_draws_of_public_distributions_beside_a_data_set_leave_nothing(recwarn: Any) -> None:
    data = tff.SequenceType(VECTOR)

    @tff.tensorflow.computation(data)
    def noised(d: Any) -> Any:
        update = d.shuffle(4).reduce(tf.zeros([3]), lambda a, x: a + tf.nn.dropout(x, 0.5))
        return update * tf.minimum(1.0, 1.0 / tf.norm(update)) + tf.random.normal([3])

    @tff.federated_computation(tff.FederatedType(data, tff.CLIENTS))
    def total(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(noised, values))

    assert not trace(total).drawn_by_clients
    assert not [one for one in recwarn if one.category is ClientWorkWarning]


@pytest.mark.parametrize("seeded", [False, True])
@pytest.mark.parametrize("subtracted", [False, True])
def test_noise_that_the_server_draws_apart_is_refused(seeded: bool, subtracted: bool) -> None:
    """Both servers would know it."""

    @tff.tensorflow.computation(SEED.member)
    def draw(seed: Any) -> Any:
        noise = tf.random.stateless_normal([3], seed) if seeded else tf.random.normal([3])
        return tf.stack([0.5 * noise, noise])

    added = tff.tensorflow.computation(
        lambda v, n: v - n[0] if subtracted else n[1] * 2.0 + v, [VECTOR, tff.TensorType(np.float32, [2, 3])]
    )

    @tff.federated_computation(AT_CLIENTS, SEED)
    def private(values: Any, seed: Any) -> Any:
        noise = tff.federated_map(draw, seed)
        return tff.federated_map(added, (tff.federated_sum(values), noise))

    with pytest.raises(UnsupportedError, match="noise that the server draws in a computation of its own"):
        trace(private)


def test_random_factors_of_the_server_are_no_noise(evaluate: Any, vectors: list[Any]) -> None:
    draw = tff.tensorflow.computation(lambda: tf.random.normal([2, 3]))
    projected = tff.tensorflow.computation(
        lambda v, m: tf.linalg.matvec(m, v), [VECTOR, tff.TensorType(np.float32, [2, 3])]
    )

    @tff.federated_computation(AT_CLIENTS)
    def projection(values: Any) -> Any:
        matrix = tff.federated_eval(draw, tff.SERVER)
        return tff.federated_map(projected, (tff.federated_sum(values), matrix)), matrix

    result, matrix = evaluate(projection, vectors)
    np.testing.assert_allclose(result, matrix @ np.sum(vectors, 0), rtol=1e-4)


def test_a_string_that_no_constant_can_be_is_refused() -> None:
    """Rather than cut: numpy's strings lose zero bytes at their end."""

    @tff.federated_computation(AT_CLIENTS)
    def named(values: Any) -> Any:
        name = tff.federated_eval(tff.tensorflow.computation(lambda: tf.constant(b"a\x00")), tff.SERVER)
        return tff.federated_sum(values), name

    with pytest.raises(UnsupportedError, match="zero byte"):
        trace(named)
