"""Statistics and evaluation as users write them: secure aggregations return what TFF itself returns."""

from __future__ import annotations

import collections
from collections.abc import Callable

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

INTEGER = tff.TensorType(np.int32)


@program
def histogram_of_a_data_set() -> None:
    @tff.tensorflow.computation(tff.SequenceType(np.int32))
    def hist(ds):
        return ds.reduce(tf.zeros([8], tf.int32), lambda a, x: a + tf.one_hot(x, 8, dtype=tf.int32))

    @tff.federated_computation(clients(tff.SequenceType(np.int32)))
    def total(d):
        return tff.federated_sum(tff.federated_map(hist, d))

    total([[1, 2, 3], [3, 3], [7, 0]])


@program
def histogram_buckets() -> None:
    @tff.tensorflow.computation(SCALAR)
    def bucket(x):
        edges = tf.constant([-1.0, -0.3, 0.3, 1.0])
        i = tf.reduce_sum(tf.cast(x > edges, tf.int32))
        return tf.cast(tf.equal(tf.range(5), i), tf.int32)

    @tff.federated_computation(clients(SCALAR))
    def total(d):
        return tff.federated_sum(tff.federated_map(bucket, d))

    total(scalars(0.1, 0.5, -2, 4, 0.2, -0.5))


@program
def metrics_min_max_mean_std() -> None:
    @tff.tensorflow.computation(SCALAR, SCALAR)
    def std(m2, m):
        return tf.sqrt(tf.maximum(m2 - m * m, 0.0))

    @tff.tensorflow.computation(SCALAR)
    def sq(x):
        return tf.square(x)

    @tff.federated_computation(clients(SCALAR))
    def metrics(x):
        m = tff.federated_mean(x)
        m2 = tff.federated_mean(tff.federated_map(sq, x))
        return collections.OrderedDict(
            lo=tff.federated_min(x), hi=tff.federated_max(x), mean=m, std=tff.federated_map(std, (m2, m))
        )

    metrics(scalars(1, 2, 3.5, -2))


@program
def readings_over_a_threshold() -> None:
    @tff.tensorflow.computation(SCALAR, SCALAR)
    def over(x, t):
        return tf.cast(x > t, tf.float32)

    @tff.federated_computation(clients(SCALAR), server(SCALAR))
    def frac(x, t):
        return tff.federated_mean(tff.federated_map(over, [x, tff.federated_broadcast(t)]))

    frac(scalars(68, 71, 70.5), F(70))


@program
def conditional_aggregation() -> None:
    @tff.tensorflow.computation(vector(4), SCALAR)
    def keep(x, loss):
        return tf.cond(loss < 1.0, lambda: (x, 1.0), lambda: (tf.zeros_like(x), 0.0))

    @tff.tensorflow.computation(vector(4), SCALAR)
    def div(a, n):
        return tf.math.divide_no_nan(a, n)

    @tff.federated_computation(clients(vector(4)), clients(SCALAR))
    def agg(x, loss):
        r = tff.federated_map(keep, (x, loss))
        return tff.federated_map(div, (tff.federated_sum(r[0]), tff.federated_sum(r[1])))

    agg(vectors(4, 4), scalars(0.1, 2, 0.5, 3))
    agg(vectors(4, 4), scalars(2, 2, 2, 3))


@program
def secure_sum_with_bounds() -> None:
    p = tff.aggregators.SecureSumFactory(10, 0).create(tff.TensorType(np.int32, [3]))
    next_rounds(p, ([np.array([1, 2, 30], np.int32), np.array([5, -6, 7], np.int32)],))
    p = tff.aggregators.SecureSumFactory(1.0).create(vector(3))
    next_rounds(p, (vectors(4, 3, 0.3),))
    p = tff.aggregators.SecureSumFactory(4.0, -4.0).create(tff.types.to_type([vector(3), SCALAR]))
    next_rounds(p, ([[v, F(1)] for v in vectors(4, 3, 0.3)],))


@program
def secure_sum_adaptive() -> None:
    p = tff.aggregators.SecureSumFactory(quantile()).create(vector(3))
    next_rounds(p, (vectors(4, 3, 0.3),), (vectors(4, 3, 0.5),))


@program
def median_of_means() -> None:
    # groups assigned by the client index that each has
    @tff.tensorflow.computation(vector(4), tff.TensorType(np.int32))
    def place(x, g):
        h = tf.cast(tf.equal(tf.range(3), g), tf.float32)
        return h[:, None] * x[None, :], h

    @tff.tensorflow.computation(tff.TensorType(F, [3, 4]), vector(3))
    def med(s, n):
        m = s / n[:, None]
        return tf.reduce_sum(m, 0) - tf.reduce_max(m, 0) - tf.reduce_min(m, 0)

    @tff.federated_computation(clients(vector(4)), clients(np.int32))
    def mom(x, g):
        s, n = tff.federated_map(place, (x, g))
        return tff.federated_map(med, (tff.federated_sum(s), tff.federated_sum(n)))

    mom(vectors(9, 4), [np.int32(i % 3) for i in range(9)])


@program
def geometric_median_over_rounds() -> None:
    @tff.tensorflow.computation(vector(6), vector(6), SCALAR)
    def weight(z, x, a):
        return a / tf.maximum(1e-3, tf.norm(x - z))

    @tff.federated_computation(server(vector(6)), clients(vector(6)), clients(SCALAR))
    def rnd(z, x, a):
        b = tff.federated_map(weight, (tff.federated_broadcast(z), x, a))
        return tff.federated_mean(x, b)

    z = np.zeros(6, F)
    for _ in range(3):
        z = rnd(z, vectors(5, 6), scalars(1, 2, 3, 4, 5))


@program
def booleans_and_integers() -> None:
    @tff.tensorflow.computation(tff.TensorType(np.bool_), tff.TensorType(np.int64))
    def f(b, n):
        return tf.where(b, n, tf.zeros_like(n)), tf.cast(b, tf.int64)

    @tff.federated_computation(clients(np.bool_), clients(np.int64))
    def g(b, n):
        x, y = tff.federated_map(f, (b, n))
        return tff.federated_sum(x), tff.federated_sum(y)

    g([True, False, True], [np.int64(5), np.int64(7), np.int64(-3)])


@program
def rows_selected_by_keys() -> None:
    @tff.tensorflow.computation(tff.TensorType(F, [5, 2]), np.int32)
    def pick(v, k):
        return tf.gather(v, k)

    examples = tff.SequenceType(vector(2))

    @tff.tensorflow.computation(examples)
    def summed_rows(d):
        return d.reduce(tf.zeros([2]), lambda a, x: a + x)

    @tff.federated_computation(clients(tff.TensorType(np.int32, [2])), server(tff.TensorType(F, [5, 2])))
    def f(k, v):
        rows = tff.federated_select(k, tff.federated_value(np.int32(5), tff.SERVER), v, pick)
        return tff.federated_sum(tff.federated_map(summed_rows, rows))

    f([np.array([0, 1], np.int32), np.array([4, 1], np.int32)], np.arange(10, dtype=F).reshape(5, 2))


@program
def evaluation_by_hand() -> None:
    examples = tff.SequenceType(
        tff.types.to_type(collections.OrderedDict(x=tff.TensorType(F, [None, 3]), y=tff.TensorType(np.int32, [None])))
    )

    @tff.tensorflow.computation(tff.TensorType(F, [3, 2]), examples)
    def ev(m, d):
        def body(a, b):
            logits = tf.matmul(b["x"], m)
            c = tf.reduce_sum(tf.cast(tf.equal(tf.argmax(logits, 1, output_type=tf.int32), b["y"]), tf.float32))
            return a[0] + c, a[1] + tf.cast(tf.shape(b["y"])[0], tf.float32)

        c, n = d.reduce((0.0, 0.0), body)
        return collections.OrderedDict(correct=c, n=n)

    @tff.tensorflow.computation(tff.types.to_type(collections.OrderedDict(correct=SCALAR, n=SCALAR)))
    def acc(s):
        return s["correct"] / s["n"]

    @tff.federated_computation(server(tff.TensorType(F, [3, 2])), clients(examples))
    def f(m, d):
        return tff.federated_map(acc, tff.federated_sum(tff.federated_map(ev, (tff.federated_broadcast(m), d))))

    rng = np.random.default_rng(1)
    data = [
        [collections.OrderedDict(x=rng.normal(0, 1, (4, 3)).astype(F), y=rng.integers(0, 2, 4).astype(np.int32))]
        for _ in range(3)
    ]
    f(rng.normal(0, 1, (3, 2)).astype(F), data)


@program
def spread_of_concatenated_values() -> None:
    rows = tff.TensorType(F, [None, 3])

    @tff.tensorflow.computation
    def zero():
        return tf.zeros([0, 3])

    @tff.tensorflow.computation(rows, vector(3))
    def acc(a, v):
        return tf.concat([a, [v]], 0)

    @tff.tensorflow.computation(rows, rows)
    def merge(a, b):
        return tf.concat([a, b], 0)

    @tff.tensorflow.computation(rows)
    def report(a):
        return tf.reduce_max(a, 0) - tf.reduce_min(a, 0), tf.reduce_mean(a, axis=0), tf.math.reduce_std(a, axis=0)

    @tff.federated_computation(clients(vector(3)))
    def f(x):
        return tff.federated_aggregate(x, tff.tensorflow.computation(lambda: tf.zeros([0, 3]))(), acc, merge, report)

    f(vectors(4, 3))


@program
def heavy_hitters() -> None:
    """Names that the server decodes of a summed sketch."""
    words = [["ada", "bob", "ada"], ["ada", "cyd", "bob"], ["ada"]]
    decode = tff.analytics.heavy_hitters.iblt.build_iblt_computation(
        capacity=10, string_max_bytes=6, max_heavy_hitters=2
    )
    found = decode([tf.data.Dataset.from_tensor_slices(one).batch(1) for one in words])
    assert list(found.heavy_hitters) == [b"ada", b"bob"]
    assert list(found.heavy_hitters_counts) == [4, 2]


@program
def names_of_the_most_frequent() -> None:
    counts = tff.TensorType(np.int32, [3])

    @tff.tensorflow.computation(counts, np.int32)
    def top(total, k):
        values, places = tf.math.top_k(total, k)
        return tf.gather(tf.constant(["ada", "bob", "cyd"]), places), values

    @tff.federated_computation(clients(counts), server(np.int32))
    def f(x, k):
        return tff.federated_map(top, (tff.federated_sum(x), k))

    for k in (2, 1, 2):
        names, values = f([np.array(c, np.int32) for c in ([1, 0, 5], [3, 1, 0], [0, 0, 2])], k)
        assert (list(names), list(values)) == ([b"cyd", b"ada"][:k], [7, 4][:k])


@program
def principal_component() -> None:
    """Steps of a power iteration: products of normalised vectors, also of entries far below the largest allowed."""
    points = tff.TensorType(F, [20, 8])

    @tff.tensorflow.computation(points)
    def moments(x):
        return tf.matmul(x, x, transpose_a=True), tf.reduce_sum(x, 0), 20.0

    def component(centred):
        @tff.tensorflow.computation(moments.type_signature.result)
        def of_moments(m):
            products, total, n = m
            mean = total / n
            covariance = products / n - (tf.tensordot(mean, mean, 0) if centred else 0.0)
            v = tf.ones([8])
            for _ in range(3):
                v = tf.linalg.matvec(covariance, v)
                v = v / tf.norm(v)
            return v, tf.tensordot(v, tf.linalg.matvec(covariance, v), 1)

        @tff.federated_computation(clients(points))
        def f(x):
            return tff.federated_map(of_moments, tff.federated_sum(tff.federated_map(moments, x)))

        return f

    rng = np.random.default_rng(0)
    spread = rng.normal(0, 0.5, (8, 8)) * np.linspace(2, 0.2, 8)[:, None]
    values = [(rng.normal(size=(20, 8)) @ spread + 1).astype(F) for _ in range(6)]
    component(True)(values)
    component(False)(values)


@pytest.mark.parametrize("run", PROGRAMS, ids=lambda f: f.__name__)
def test_same_as_tff(run: Callable[[], None]):
    same_as_tff(run)
