"""Programs as users write them, with default bounds: secure aggregations return what TFF itself returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff
from ordinary import (
    SCALAR,
    F,
    Program,
    clients,
    collector,
    local,
    next_rounds,
    quantile,
    same_as_tff,
    scalars,
    server,
    vector,
    vectors,
)

PROGRAMS: list[Program] = []
program = collector(PROGRAMS)


def summed(function: Callable[..., Any], *types: Any) -> Any:
    """The sum over the clients of a function of what each has."""
    at_client = local(function, *types)
    one, *others = map(clients, types)

    @tff.federated_computation(tff.StructType([one, *others]) if others else one)
    def aggregate(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(at_client, values))

    return aggregate


# Aggregators of TFF.


@program
def adaptive_clipping_of_vectors() -> None:
    process = tff.aggregators.clipping_factory(quantile(), tff.aggregators.MeanFactory()).create(vector(6), SCALAR)
    weights = scalars(1, 2, 3, 4, 5)
    next_rounds(process, *((vectors(5, 6, scale, seed), weights) for seed, scale in enumerate((0.3, 1.0, 0.3))))


@program
def adaptive_clipping_of_scalars() -> None:
    process = tff.aggregators.clipping_factory(quantile(), tff.aggregators.SumFactory()).create(SCALAR)
    next_rounds(process, (scalars(0.5, 3, -5),), (scalars(0.5, 1.1, -0.2),))


@program
def adaptive_zeroing_of_vectors() -> None:
    process = tff.aggregators.zeroing_factory(quantile(), tff.aggregators.MeanFactory()).create(vector(4), SCALAR)
    next_rounds(process, *((vectors(4, 4, 1.0, seed), scalars(1, 2, 3, 4)) for seed in range(2)))


@program
def clipping_and_zeroing_of_scalars() -> None:
    for factory in (tff.aggregators.clipping_factory, tff.aggregators.zeroing_factory):
        next_rounds(factory(4.0, tff.aggregators.SumFactory()).create(SCALAR), (scalars(1, 3, 5, -7),))


@program
def robust_aggregator() -> None:
    process = tff.learning.robust_aggregator(zeroing=True, clipping=True).create(vector(5), SCALAR)
    next_rounds(process, *((vectors(4, 5, 0.1, seed), scalars(1, 2, 3, 4)) for seed in range(2)))


@program
def debug_measurements() -> None:
    process = tff.learning.add_debug_measurements(tff.aggregators.MeanFactory()).create(vector(3), SCALAR)
    next_rounds(process, (vectors(3, 3), scalars(1, 3, 2)))


@program
def mean_of_zero_weights() -> None:
    process = tff.aggregators.MeanFactory(no_nan_division=True).create(vector(3), SCALAR)
    next_rounds(process, (vectors(2, 3), scalars(0, 0)))


# Means and metrics.


@program
def mean_of_losses_and_the_count() -> None:
    @tff.federated_computation(clients(SCALAR), clients(SCALAR))
    def metrics(loss: Any, examples: Any) -> Any:
        return tff.federated_mean(loss, examples), tff.federated_sum(examples)

    rng = np.random.default_rng(7)
    for scale, most in ((0.05, 500), (0.005, 100_000)):
        metrics(scalars(*np.abs(rng.normal(0, scale, 20))), scalars(*rng.integers(1, most, 20)))


@program
def mean_and_total_weight() -> None:
    @tff.federated_computation(clients(vector(5)), clients(SCALAR))
    def average(updates: Any, weights: Any) -> Any:
        return tff.federated_mean(updates, weights), tff.federated_sum(weights)

    average(vectors(3, 5), scalars(1, 2, 3))
    average(vectors(3, 5), scalars(1e-5, 2e-5, 7e-6))
    average(vectors(2, 5), scalars(1, -0.99))


@program
def mean_over_ten_thousand_clients() -> None:
    @tff.federated_computation(clients(SCALAR), clients(SCALAR))
    def average(values: Any, weights: Any) -> Any:
        return tff.federated_mean(values, weights)

    rng = np.random.default_rng(7)
    average(list(rng.normal(0.1, 0.1, 10_000).astype(F)), list(rng.integers(1, 500, 10_000).astype(F)))


@program
def variance_over_clients() -> None:
    def variance(type_: Any) -> Any:
        squares = local(lambda v: v * v, type_)
        difference = local(lambda second, first: second - first * first, type_, type_)

        @tff.federated_computation(clients(type_))
        def over_clients(v: Any) -> Any:
            moments = tff.federated_mean(tff.federated_map(squares, v)), tff.federated_mean(v)
            return tff.federated_map(difference, moments)

        return over_clients

    variance(SCALAR)(scalars(1, 2, 4))
    for scale in (1.0, 1e-4):
        variance(vector(7))(vectors(6, 7, scale))


@program
def sums_of_tiny_values() -> None:
    @tff.federated_computation(clients(SCALAR))
    def of_scalars(x: Any) -> Any:
        return tff.federated_sum(x)

    @tff.federated_computation(clients(vector(4)))
    def of_vectors(x: Any) -> Any:
        return tff.federated_sum(x)

    for scale in (1e-20, 1e-9, 1e-5, 1.0):
        of_scalars(scalars(scale, 3 * scale))
        of_vectors(vectors(5, 4, scale))


@program
def logarithm_of_a_sum() -> None:
    @tff.federated_computation(clients(vector(3)))
    def logarithm(x: Any) -> Any:
        return tff.federated_map(local(lambda t: tf.math.log(t), vector(3)), tff.federated_sum(x))

    logarithm([np.abs(v) for v in vectors(5, 3)])


@program
def rounding_of_a_sum() -> None:
    @tff.federated_computation(clients(vector(3)))
    def rounded(x: Any) -> Any:
        return tff.federated_map(local(lambda t: tf.round(t), vector(3)), tff.federated_sum(x))

    rounded(vectors(5, 3))


@program
def state_that_grows() -> None:
    @tff.federated_computation(server(vector(3)), clients(vector(3)))
    def step(state: Any, x: Any) -> Any:
        move = local(lambda state, mean: 10.0 * state + mean, vector(3), vector(3))
        return tff.federated_map(move, (state, tff.federated_mean(x)))

    state = np.zeros(3, F)
    for seed in range(4):
        state = step(state, vectors(3, 3, 3.0, seed))


@program
def distances_to_a_state_that_grows() -> None:
    @tff.tensorflow.computation(vector(3), vector(3))
    def distance(x: Any, state: Any) -> Any:
        return tf.norm(x - state)

    @tff.federated_computation(server(vector(3)), clients(vector(3)))
    def mean_distance(state: Any, x: Any) -> Any:
        return tff.federated_mean(tff.federated_map(distance, (x, tff.federated_broadcast(state))))

    for size in (1.0, 100.0, 10_000.0):
        mean_distance(np.array([1, -2, 3], F) * F(size), vectors(3, 3))


# Functions of what each client has.


@program
def clipping_with_a_norm_of_the_server() -> None:
    clip = local(lambda x, norm: tf.clip_by_norm(x, norm), vector(6), SCALAR)

    @tff.federated_computation(clients(vector(6)), server(SCALAR))
    def clipped(x: Any, norm: Any) -> Any:
        return tff.federated_mean(tff.federated_map(clip, (x, tff.federated_broadcast(norm))))

    clipped(vectors(5, 6), F(0.7))
    clipped(vectors(5, 6, 1e-3), F(7e-4))


@program
def guarded_division() -> None:
    def quotient(x: Any, y: Any) -> Any:
        return tf.where(y > 0, x / y, tf.zeros_like(x))

    summed(quotient, vector(20), vector(20))(vectors(4, 20), vectors(4, 20, seed=8))


@program
def guarded_direction() -> None:
    def unit(x: Any) -> Any:
        norm = tf.norm(x)
        return tf.where(norm > 0, x / norm, tf.zeros_like(x))

    summed(unit, vector(3))([*vectors(2, 3, 0.03), np.zeros(3, F)])


@program
def standardised() -> None:
    def with_floor(x: Any) -> Any:
        centred = x - tf.reduce_mean(x)
        return centred / tf.sqrt(tf.maximum(tf.reduce_mean(centred * centred), 1e-6))

    def with_constant(x: Any) -> Any:
        return (x - tf.reduce_mean(x)) / (tf.math.reduce_std(x) + 1e-6)

    for function in (with_floor, with_constant):
        aggregate = summed(function, vector(8))
        for scale in (1.0, 1e-2):
            aggregate(vectors(5, 8, scale))


@program
def shares_of_a_whole() -> None:
    def of_positives(x: Any) -> Any:
        t = tf.nn.relu(x)
        return t / tf.reduce_sum(t)

    def of_magnitudes(x: Any) -> Any:
        t = tf.abs(x)
        return t / (tf.reduce_sum(t) + 1e-9)

    for function in (of_positives, of_magnitudes):
        summed(function, vector(6))(vectors(5, 6))


@program
def mean_weighted_by_cosines() -> None:
    @tff.tensorflow.computation(vector(12), vector(12))
    def weighted(x: Any, root: Any) -> Any:
        cosine = tf.reduce_sum(x * root) / (tf.norm(x) * tf.norm(root))
        return cosine * x, cosine

    @tff.federated_computation(clients(vector(12)), server(vector(12)))
    def mean(x: Any, root: Any) -> Any:
        rows, weights = tff.federated_map(weighted, (x, tff.federated_broadcast(root)))
        divide = local(lambda a, b: a / b, vector(12), SCALAR)
        return tff.federated_map(divide, (tff.federated_sum(rows), tff.federated_sum(weights)))

    root, *noise = vectors(7, 12)
    mean([root + F(0.5) * one for one in noise], root)


@program
def masked_minimum() -> None:
    def smallest(x: Any, mask: Any) -> Any:
        return tf.reduce_min(tf.where(mask > 0, x, 100.0 * tf.ones_like(x)))

    summed(smallest, vector(6), vector(6))(vectors(5, 6), vectors(5, 6, seed=8))


@program
def products_of_inner_products() -> None:
    def triple(a: Any, b: Any, c: Any) -> Any:
        return tf.reduce_sum(a * b) * tf.reduce_sum(b * c) * c

    rng = np.random.default_rng(7)
    values = [list(rng.uniform(-7, 7, (4, 4)).astype(F)) for _ in range(3)]
    summed(triple, *[vector(4)] * 3)(*values)


@program
def products_of_seven_digits() -> None:
    summed(lambda a, b: a * b, SCALAR, SCALAR)(scalars(9e5, 8e5), scalars(7e5, 1e6))
    summed(lambda a, b, c: a * b * c, *[SCALAR] * 3)(scalars(9e5, 8e5), scalars(7e5, 1e6), scalars(1e6, 1e6))


@program
def third_powers() -> None:
    summed(lambda a: a * a * a, SCALAR)(scalars(1234, 77, 1e5))
    cubes = summed(lambda a: a * a * a, vector(3))
    for scale in (1.0, 1e-3, 1e-5):
        cubes(vectors(3, 3, scale))


@program
def terngrad() -> None:
    def ternary(x: Any) -> Any:
        largest = tf.norm(x, ord=np.inf)
        keep = tf.random.stateless_uniform([16], seed=[1, 2]) < tf.abs(x) / tf.maximum(largest, 1e-3)
        return largest * tf.sign(x) * tf.cast(keep, tf.float32)

    summed(ternary, vector(16))(vectors(4, 16))


# Algorithms.


def weiszfeld(steps: int, least: float) -> Any:
    """The geometric median: means with the inverse distances to the last one as weights."""

    @tff.tensorflow.computation(vector(10), vector(10), SCALAR)
    def weight(middle: Any, x: Any, w: Any) -> Any:
        return w / tf.maximum(least, tf.norm(x - middle))

    @tff.federated_computation(clients(vector(10)), clients(SCALAR))
    def median(x: Any, w: Any) -> Any:
        middle = tff.federated_mean(x, w)
        for _ in range(steps):
            weights = tff.federated_map(weight, (tff.federated_broadcast(middle), x, w))
            middle = tff.federated_mean(x, weights)
        return middle

    return median


@program
def geometric_median_in_one_step() -> None:
    weiszfeld(1, least=1e-6)(vectors(7, 10), scalars(*range(1, 8)))


@program
def geometric_median_in_two_steps() -> None:
    weiszfeld(2, least=1e-2)(vectors(7, 10), scalars(*range(1, 8)))


@program
def q_fair_weights() -> None:
    lipschitz = 10.0

    @tff.tensorflow.computation(vector(10), SCALAR)
    def at_client(update: Any, loss: Any) -> Any:
        gradient = lipschitz * update
        return gradient * loss, tf.reduce_sum(gradient * gradient) + lipschitz * loss

    @tff.tensorflow.computation(vector(10), vector(10), SCALAR)
    def at_server(model: Any, total: Any, normaliser: Any) -> Any:
        return model - total / tf.maximum(normaliser, 1e-3)

    @tff.federated_computation(server(vector(10)), clients(vector(10)), clients(SCALAR))
    def step(model: Any, updates: Any, losses: Any) -> Any:
        rows, normalisers = tff.federated_map(at_client, (updates, losses))
        return tff.federated_map(at_server, (model, tff.federated_sum(rows), tff.federated_sum(normalisers)))

    step(np.zeros(10, F), vectors(5, 10), scalars(0.3, 1.2, 2.0, 0.8, 0.5))


@program
def selection_by_mean_loss() -> None:
    @tff.tensorflow.computation(vector(10), SCALAR, SCALAR)
    def select(update: Any, loss: Any, mean: Any) -> Any:
        keep = tf.cast(loss < 1.5 * mean, tf.float32)
        return update * keep, keep

    @tff.federated_computation(clients(vector(10)), clients(SCALAR))
    def mean_and_count(updates: Any, losses: Any) -> Any:
        mean = tff.federated_broadcast(tff.federated_mean(losses))
        rows, kept = tff.federated_map(select, (updates, losses, mean))
        divide = local(lambda total, count: total / tf.maximum(count, 1.0), vector(10), SCALAR)
        count = tff.federated_sum(kept)
        return tff.federated_map(divide, (tff.federated_sum(rows), count)), count

    mean_and_count(vectors(5, 10), scalars(0.3, 1.2, 2.0, 0.8, 0.5))


@program
def constants_beside_clients_values() -> None:
    padded = local(lambda v: (tf.pad(v, [[1, 2]]), tf.concat([v, [1.0, -2.0]], 0)), vector(4))

    @tff.federated_computation(clients(vector(4)))
    def total(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(padded, values))

    total(vectors(5, 4))


@program
def a_fold_of_logic_and_extremes() -> None:
    zero = tff.tensorflow.computation(lambda: (tf.zeros([4], tf.bool), tf.ones([4], tf.bool), tf.zeros([4]), 100))
    state = zero.type_signature.result

    def step(a: Any, v: Any) -> Any:
        above, positive = tf.logical_or(a[0], v > 0.5), tf.logical_and(a[1], v > -2.0)
        return above, positive, tf.maximum(a[2], v), tf.minimum(a[3], tf.cast(4.0 * v[0], tf.int32))

    accumulate = tff.tensorflow.computation(step, (state, vector(4)))
    merge = tff.tensorflow.computation(lambda a, b: a, (state, state))
    report = tff.tensorflow.computation(lambda a: a, state)

    @tff.federated_computation(clients(vector(4)))
    def folded(values: Any) -> Any:
        return tff.federated_aggregate(values, zero(), accumulate, merge, report)

    folded(vectors(5, 4))


@program
def remainders() -> None:
    modular = tff.backends.mapreduce.federated_secure_modular_sum
    divided = local(lambda v: (tf.cast(9.0 * v, tf.int32) // 7, tf.cast(9.0 * v, tf.int32) % -4, v % 0.3), vector(4))

    @tff.federated_computation(clients(vector(4)))
    def sums(values: Any) -> Any:
        integers = tff.federated_map(local(lambda v: tf.cast(50.0 * v, tf.int32), vector(4)), values)
        return tff.federated_sum(tff.federated_map(divided, values)), modular(integers, 16), modular(integers, 7)

    sums(vectors(5, 4))


@program
def logistic_regression() -> None:
    matrix = tff.TensorType(F, [3, 4])

    def gradient(rows: Any, labels: Any, weights: Any) -> Any:
        logits = tf.linalg.matvec(rows, weights)
        loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
        return tf.linalg.matvec(rows, tf.sigmoid(logits) - labels, transpose_a=True), tf.reduce_sum(loss)

    of_client = local(gradient, matrix, vector(3), vector(4))

    @tff.federated_computation(clients(matrix), clients(vector(3)), server(vector(4)))
    def step(rows: Any, labels: Any, weights: Any) -> Any:
        at_client = tff.federated_map(of_client, (rows, labels, tff.federated_broadcast(weights)))
        moved = local(lambda w, total: w - 0.1 * total[0], vector(4), at_client.type_signature.member)
        total = tff.federated_sum(at_client)
        return tff.federated_map(moved, (weights, total)), total[1]

    rows = [v.reshape(3, 4) for v in vectors(5, 12)]
    step(rows, [np.array([0, 1, 1], F)] * 5, np.array([0.5, -1.0, 0.0, 2.0], F))


@program
def weights_that_fall_with_the_loss() -> None:
    @tff.federated_computation(clients(vector(6)), clients(SCALAR))
    def mean(updates: Any, losses: Any) -> Any:
        weights = tff.federated_map(local(lambda loss: tf.exp(-loss), SCALAR), losses)
        return tff.federated_mean(updates, weights), tff.federated_sum(weights)

    mean(vectors(5, 6), scalars(0.1, 1.0, 2.5, 0.0, 9.0))


@program
def classification() -> None:
    def measured(logits: Any, labels: Any) -> Any:
        probabilities = tf.nn.softmax(logits)
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        entropy = -tf.reduce_sum(probabilities * tf.nn.log_softmax(logits), axis=-1)
        return probabilities, loss, entropy, tf.reduce_logsumexp(logits, axis=-1)

    summed(measured, tff.TensorType(F, [2, 4]), tff.TensorType(F, [2, 4]))(
        [v.reshape(2, 4) for v in vectors(5, 8, 3.0)], [np.eye(4, dtype=F)[[1, 3]]] * 5
    )


@program
def activations() -> None:
    def activated(x: Any) -> Any:
        smooth = (tf.tanh(x), tf.math.erf(x), tf.nn.softplus(x), tf.nn.gelu(x), tf.nn.silu(x))
        return *smooth, tf.nn.elu(x), tf.nn.selu(x), tf.nn.softsign(x), abs(x) ** 1.3, tf.math.log1p(abs(x))

    summed(activated, vector(5))(vectors(4, 5, 2.0))


@program
def functions_of_a_sum() -> None:
    @tff.federated_computation(clients(vector(4)))
    def of_sum(x: Any) -> Any:
        functions = local(lambda t: (tf.sigmoid(t), tf.nn.softmax(t), 1.0 / (1.0 + tf.exp(-t)), 2.0**t), vector(4))
        return tff.federated_map(functions, tff.federated_sum(x))

    of_sum(vectors(5, 4))


@program
def hashes() -> None:
    def hashed(x: Any, y: Any) -> Any:
        mixed = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, 3 * tf.ones_like(x)))
        moved = tf.bitwise.left_shift(tf.bitwise.bitwise_or(x, 1), 2)
        return mixed, tf.bitwise.bitwise_and(mixed, 15), moved, x // y, x % y

    integers = tff.TensorType(np.int32, [4])
    values = [np.array([1000, -77, 0, 12345], np.int32) * k for k in (1, 2, -3)]
    summed(hashed, integers, integers)(values, [np.array([7, -3, 2, 100], np.int32)] * 3)


@pytest.mark.parametrize("run", PROGRAMS, ids=lambda f: f.__name__)
def test_same_as_tff(run: Callable[[], None]):
    same_as_tff(run)
