"""Algorithms as users write them after tutorials and papers: secure aggregations return what TFF itself returns."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any, NamedTuple

import attrs
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


@attrs.define
class Update:
    delta: Any
    weight: Any


class Metrics(NamedTuple):
    loss: Any
    counts: Any


@program
def fed_avg_by_hand() -> None:
    model = collections.OrderedDict(weights=vector(3), bias=SCALAR)
    model_type = tff.types.to_type(model)
    examples = tff.SequenceType(
        tff.types.to_type(collections.OrderedDict(x=tff.TensorType(F, [None, 3]), y=tff.TensorType(F, [None])))
    )

    @tff.tensorflow.computation(model_type, examples)
    @tf.function
    def train(model, data):
        w, b = model["weights"], model["bias"]
        n = 0.0
        for batch in data:
            e = tf.linalg.matvec(batch["x"], w) + b - batch["y"]
            w = w - 0.1 * tf.linalg.matvec(batch["x"], e, transpose_a=True)
            b = b - 0.1 * tf.reduce_sum(e)
            n += tf.cast(tf.shape(batch["y"])[0], tf.float32)
        return collections.OrderedDict(model=collections.OrderedDict(weights=w, bias=b), count=n)

    @tff.federated_computation(server(model_type), clients(examples))
    def next_fn(m, data):
        r = tff.federated_map(train, (tff.federated_broadcast(m), data))
        return tff.federated_mean(r.model, weight=r.count)

    m = collections.OrderedDict(weights=np.zeros(3, F), bias=F(0))
    rng = np.random.default_rng(1)
    data = [
        [
            collections.OrderedDict(x=rng.normal(0, 0.3, (4, 3)).astype(F), y=rng.normal(0, 0.3, 4).astype(F))
            for _ in range(2)
        ]
        for _ in range(3)
    ]
    for _ in range(2):
        m = next_fn(m, data)


@program
def fed_prox() -> None:
    examples = tff.SequenceType(vector(3))

    @tff.tensorflow.computation(vector(3), examples)
    def train(m, data):
        w = data.reduce(m, lambda w, x: w - 0.1 * ((w - x) + 0.5 * (w - m)))
        return w - m

    @tff.tensorflow.computation(vector(3), vector(3))
    def apply(m, d):
        return m + d

    @tff.federated_computation(server(vector(3)), clients(examples))
    def next_fn(m, data):
        d = tff.federated_map(train, (tff.federated_broadcast(m), data))
        return tff.federated_map(apply, (m, tff.federated_mean(d)))

    m = np.zeros(3, F)
    for _ in range(2):
        m = next_fn(m, [vectors(2, 3, seed=s) for s in range(4)])


@program
def scaffold() -> None:
    state_type = tff.types.to_type(collections.OrderedDict(model=vector(4), control=vector(4)))

    @tff.tensorflow.computation(state_type, vector(4), vector(4))
    def client(s, c_i, g):
        w = s["model"]
        for _ in range(2):
            w = w - 0.1 * (g + w - c_i + s["control"])
        c_new = c_i - s["control"] + (s["model"] - w) / (2 * 0.1)
        return w - s["model"], c_new - c_i

    @tff.tensorflow.computation(state_type, vector(4), vector(4))
    def srv(s, dw, dc):
        return collections.OrderedDict(model=s["model"] + dw, control=s["control"] + 0.5 * dc)

    @tff.federated_computation(server(state_type), clients(vector(4)), clients(vector(4)))
    def step(s, c, g):
        dw, dc = tff.federated_map(client, (tff.federated_broadcast(s), c, g))
        return tff.federated_map(srv, (s, tff.federated_mean(dw), tff.federated_mean(dc)))

    s = collections.OrderedDict(model=np.zeros(4, F), control=np.zeros(4, F))
    for r in range(2):
        s = step(s, vectors(3, 4, 0.1, seed=r), vectors(3, 4, seed=9 + r))


@program
def scaffold_returning_controls() -> None:
    @tff.tensorflow.computation(vector(4), vector(4), vector(4))
    def client(m, c_i, g):
        w = m - 0.1 * (g - c_i)
        return w - m, c_i + (m - w) * 5.0

    @tff.federated_computation(server(vector(4)), clients(vector(4)), clients(vector(4)))
    def step(m, c, g):
        dw, dc = tff.federated_map(client, (tff.federated_broadcast(m), c, g))
        return tff.federated_mean(dw), dc

    m, c = step(np.zeros(4, F), vectors(3, 4, 0.1), vectors(3, 4, seed=9))
    step(m, c, vectors(3, 4, seed=10))


@program
def fed_nova() -> None:
    @tff.tensorflow.computation(vector(4), tff.TensorType(np.int32))
    def normalise(d, tau):
        t = tf.cast(tau, tf.float32)
        return d / t, t

    @tff.tensorflow.computation(vector(4), vector(4), SCALAR)
    def apply(m, d, tau):
        return m - tau * d

    @tff.federated_computation(server(vector(4)), clients(vector(4)), clients(np.int32), clients(SCALAR))
    def step(m, d, tau, n):
        nd, t = tff.federated_map(normalise, (d, tau))
        return tff.federated_map(apply, (m, tff.federated_mean(nd, n), tff.federated_mean(t, n)))

    m = np.ones(4, F)
    step(m, vectors(3, 4), [np.int32(i) for i in (1, 5, 10)], scalars(10, 20, 30))


@program
def fed_adam_by_hand() -> None:
    state_type = tff.types.to_type(
        collections.OrderedDict(w=vector(4), m=vector(4), v=vector(4), t=tff.TensorType(np.int32))
    )

    @tff.tensorflow.computation(state_type, vector(4))
    def apply(s, d):
        t = s["t"] + 1
        m = 0.9 * s["m"] + 0.1 * d
        v = 0.99 * s["v"] + 0.01 * d * d
        tt = tf.cast(t, tf.float32)
        mh = m / (1 - tf.pow(0.9, tt))
        vh = v / (1 - tf.pow(0.99, tt))
        return collections.OrderedDict(w=s["w"] + 0.1 * mh / (tf.sqrt(vh) + 1e-3), m=m, v=v, t=t)

    @tff.federated_computation(server(state_type), clients(vector(4)))
    def step(s, d):
        return tff.federated_map(apply, (s, tff.federated_mean(d)))

    s = collections.OrderedDict(w=np.zeros(4, F), m=np.zeros(4, F), v=np.zeros(4, F), t=np.int32(0))
    for r in range(3):
        s = step(s, vectors(3, 4, seed=r))


@program
def fed_yogi_by_hand() -> None:
    state_type = tff.types.to_type((vector(4), vector(4), vector(4)))

    @tff.tensorflow.computation(state_type, vector(4))
    def apply(s, d):
        w, m, v = s
        m = 0.9 * m + 0.1 * d
        v = v - 0.01 * tf.sign(v - d * d) * d * d
        return w + 0.1 * m / (tf.sqrt(v) + 1e-3), m, v

    @tff.federated_computation(server(state_type), clients(vector(4)))
    def step(s, d):
        return tff.federated_map(apply, (s, tff.federated_mean(d)))

    s = (np.zeros(4, F), np.zeros(4, F), np.full(4, 1e-2, F))
    for r in range(3):
        s = step(s, vectors(3, 4, seed=r))


@program
def server_optimizer_of_tff() -> None:
    opt = tff.learning.optimizers.build_adam(0.1)
    spec = tf.TensorSpec([4], tf.float32)
    init = tff.tensorflow.computation(lambda: opt.initialize(spec))
    optimiser_type = init.type_signature.result

    @tff.tensorflow.computation(optimiser_type, vector(4), vector(4))
    def apply(s, w, d):
        return opt.next(s, w, -d)

    @tff.federated_computation(server(optimiser_type), server(vector(4)), clients(vector(4)))
    def step(s, w, d):
        return tff.federated_map(apply, (s, w, tff.federated_mean(d)))

    s, w = init(), np.zeros(4, F)
    for r in range(2):
        s, w = step(s, w, vectors(3, 4, seed=r))


@program
def sign_sgd() -> None:
    @tff.tensorflow.computation(vector(5))
    def sgn(x):
        return tf.sign(x)

    @tff.tensorflow.computation(vector(5), vector(5))
    def vote(m, s):
        return m - 0.01 * tf.sign(s)

    @tff.federated_computation(server(vector(5)), clients(vector(5)))
    def step(m, g):
        return tff.federated_map(vote, (m, tff.federated_sum(tff.federated_map(sgn, g))))

    step(np.zeros(5, F), vectors(5, 5))


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
def k_means() -> None:
    centres = tff.TensorType(F, [3, 2])

    @tff.tensorflow.computation(centres, vector(2))
    def assign(c, x):
        d = tf.reduce_sum((c - x) ** 2, axis=1)
        h = tf.cast(d <= tf.reduce_min(d), tf.float32)
        return h[:, None] * x[None, :], h

    @tff.tensorflow.computation(centres, centres, vector(3))
    def update(c, s, n):
        return tf.where(n[:, None] > 0, s / tf.maximum(n, 1.0)[:, None], c)

    @tff.federated_computation(server(centres), clients(vector(2)))
    def step(c, x):
        s, n = tff.federated_map(assign, (tff.federated_broadcast(c), x))
        return tff.federated_map(update, (c, tff.federated_sum(s), tff.federated_sum(n)))

    c = np.array([[0, 0], [1, 1], [-1, 2]], F)
    for _ in range(2):
        c = step(c, vectors(8, 2, 2))


@program
def attrs_structs() -> None:
    member = tff.StructWithPythonType([("delta", vector(3)), ("weight", SCALAR)], Update)

    @tff.tensorflow.computation(member)
    def scale(u):
        return Update(u.delta * u.weight, u.weight)

    @tff.federated_computation(clients(member))
    def total(u):
        return tff.federated_sum(tff.federated_map(scale, u))

    result = total([Update(v, F(2)) for v in vectors(3, 3)])
    assert isinstance(result, Update)


@program
def namedtuple_structs() -> None:
    member = tff.types.to_type(Metrics(vector(3), (SCALAR, tff.TensorType(np.int32))))

    @tff.federated_computation(clients(member))
    def total(u):
        return collections.OrderedDict(s=tff.federated_sum(u), n=tff.federated_value(1, tff.SERVER))

    result = total([Metrics(v, (F(2), np.int32(3))) for v in vectors(3, 3)])
    assert isinstance(result["s"], Metrics)


@program
def empty_structs() -> None:
    member = tff.types.to_type(collections.OrderedDict(a=vector(2), b=()))

    @tff.federated_computation(clients(member), server(()))
    def total(u, s):
        return tff.federated_sum(u), s

    total([collections.OrderedDict(a=v, b=()) for v in vectors(3, 2)], ())


@program
def stateless_process() -> None:
    @tff.federated_computation()
    def init():
        return tff.federated_value((), tff.SERVER)

    @tff.federated_computation(server(()), clients(vector(3)))
    def nxt(s, v):
        return tff.templates.MeasuredProcessOutput(s, tff.federated_sum(v), tff.federated_value((), tff.SERVER))

    p = tff.templates.AggregationProcess(init, nxt)
    next_rounds(p, (vectors(3, 3),))


@program
def value_at_clients() -> None:
    @tff.tensorflow.computation(vector(3), SCALAR)
    def scale(x, c):
        return x * c

    @tff.federated_computation(clients(vector(3)))
    def f(x):
        c = tff.federated_value(F(2.5), tff.CLIENTS)
        n = tff.federated_sum(tff.federated_value(1, tff.CLIENTS))
        return tff.federated_sum(tff.federated_map(scale, (x, c))), n, tff.federated_mean(c)

    f(vectors(3, 3))


@program
def eval_at_clients() -> None:
    @tff.tensorflow.computation
    def ones():
        return tf.ones([3])

    @tff.federated_computation(clients(vector(3)))
    def f(x):
        o = tff.federated_eval(ones, tff.CLIENTS)
        return tff.federated_sum(
            tff.federated_map(tff.tensorflow.computation(lambda a, b: a + b, (vector(3), vector(3))), (x, o))
        ), tff.federated_sum(o)

    f(vectors(3, 3))


@program
def zip_of_many() -> None:
    @tff.tensorflow.computation(tff.types.to_type([SCALAR] * 6))
    def f(t):
        return t[0] * t[1] + t[2] - t[3] * t[4] + t[5]

    @tff.federated_computation(*[clients(SCALAR)] * 6)
    def g(a, b, c, d, e, h):
        return tff.federated_mean(tff.federated_map(f, tff.federated_zip([a, b, c, d, e, h])))

    g(*[scalars(i, i + 1, i - 2) for i in range(6)])


@program
def zip_nested() -> None:
    @tff.federated_computation(clients(SCALAR), clients(vector(2)), server(SCALAR))
    def g(a, b, s):
        z = tff.federated_zip(
            collections.OrderedDict(a=a, n=collections.OrderedDict(b=b, s=tff.federated_broadcast(s)))
        )
        zz = tff.federated_zip([z, a])
        return tff.federated_sum(zz)

    g(scalars(1, 2), vectors(2, 2), F(3))


@program
def computations_calling_others() -> None:
    @tff.federated_computation(clients(vector(3)))
    def total(x):
        return tff.federated_sum(x)

    @tff.federated_computation(clients(vector(3)))
    def count(x):
        return tff.federated_sum(tff.federated_value(F(1), tff.CLIENTS))

    @tff.federated_computation(clients(vector(3)))
    def avg(x):
        return tff.federated_map(
            tff.tensorflow.computation(lambda a, b: a / b, (vector(3), SCALAR)), (total(x), count(x))
        )

    avg(vectors(3, 3))


@program
def lambdas_of_tensors() -> None:
    @tff.federated_computation(clients(SCALAR))
    def f(x):
        y = tff.federated_map(tff.tensorflow.computation(lambda v: 2 * v + 1), x)
        return tff.federated_map(tff.federated_computation(lambda v: (v, v), SCALAR), tff.federated_sum(y))

    f(scalars(1, 2, 3))


@program
def broadcast_result() -> None:
    @tff.federated_computation(clients(SCALAR), server(SCALAR))
    def f(x, s):
        return tff.federated_sum(x), tff.federated_broadcast(s)

    f(scalars(1, 2, 3), F(4))


@program
def broadcast_aggregate_result() -> None:
    @tff.federated_computation(clients(SCALAR))
    def f(x):
        return tff.federated_broadcast(tff.federated_sum(x))

    f(scalars(1, 2, 3))


@program
def fine_tuned_delta() -> None:
    examples = tff.SequenceType(vector(3))

    @tff.tensorflow.computation(vector(3), examples)
    def tune(m, d):
        return (d.reduce(m, lambda w, x: w - 0.1 * (w - x)) - m) * 2.0

    @tff.federated_computation(server(vector(3)), clients(examples))
    def personal(m, d):
        p = tff.federated_map(tune, (tff.federated_broadcast(m), d))
        return p, tff.federated_mean(p)

    personal(np.ones(3, F), [vectors(2, 3, seed=s) for s in range(3)])


@program
def constants_at_clients() -> None:
    @tff.federated_computation(clients(vector(3)))
    def f(x):
        n = tff.federated_zip((x, tff.federated_value(F(3), tff.CLIENTS)))
        return n, tff.federated_sum(x)

    f(vectors(3, 3))


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
def unweighted_by_count_of_examples() -> None:
    examples = tff.SequenceType(vector(2))

    @tff.tensorflow.computation(examples)
    def m(d):
        s, n = d.reduce((tf.zeros([2]), 0), lambda a, x: (a[0] + x, a[1] + 1))
        return s / tf.cast(n, tf.float32), n

    @tff.tensorflow.computation(np.int32)
    def f32(n):
        return tf.cast(n, tf.float32)

    @tff.federated_computation(clients(examples))
    def f(d):
        a, n = tff.federated_map(m, d)
        return tff.federated_mean(a, tff.federated_map(f32, n)), tff.federated_sum(n)

    f([vectors(i, 2, seed=i) for i in (1, 2, 5)])


@program
def int_weights() -> None:
    @tff.federated_computation(clients(vector(2)), clients(np.int32))
    def f(x, n):
        return tff.federated_mean(x, n)

    f(vectors(3, 2), [np.int32(i) for i in (1, 2, 3)])


@program
def clipping_by_global_norm() -> None:
    @tff.tensorflow.computation(tff.types.to_type([tff.TensorType(F, [3, 2]), vector(2)]))
    def clip(u):
        c, n = tf.clip_by_global_norm(list(u), 0.5)
        return c, tf.cast(n > 0.5, tf.float32)

    member = tff.types.to_type([tff.TensorType(F, [3, 2]), vector(2)])

    @tff.federated_computation(clients(member))
    def f(u):
        c, n = tff.federated_map(clip, u)
        return tff.federated_mean(c), tff.federated_mean(n)

    rng = np.random.default_rng(2)
    f([[rng.normal(0, 0.2, (3, 2)).astype(F), rng.normal(0, 0.2, 2).astype(F)] for _ in range(4)])


@program
def zeroing_of_non_finite() -> None:
    @tff.tensorflow.computation(vector(3))
    def z(x):
        ok = tf.reduce_all(tf.math.is_finite(x))
        return tf.where(ok, x, tf.zeros_like(x)), tf.cast(ok, tf.float32)

    @tff.federated_computation(clients(vector(3)))
    def f(x):
        a, n = tff.federated_map(z, x)
        return tff.federated_sum(a), tff.federated_sum(n)

    f(vectors(3, 3))


@program
def iterative_process() -> None:
    state_type = tff.types.to_type(collections.OrderedDict(m=vector(3), round=tff.TensorType(np.int32)))

    @tff.tensorflow.computation
    def i():
        return collections.OrderedDict(m=tf.zeros([3]), round=0)

    @tff.federated_computation
    def init():
        return tff.federated_eval(i, tff.SERVER)

    @tff.tensorflow.computation(state_type, vector(3))
    def up(s, d):
        return collections.OrderedDict(m=s["m"] + d, round=s["round"] + 1)

    @tff.federated_computation(init.type_signature.result, clients(vector(3)))
    def nxt(s, x):
        d = tff.federated_mean(x)
        return tff.federated_map(up, (s, d)), collections.OrderedDict(
            norm=tff.federated_map(tff.tensorflow.computation(lambda v: tf.norm(v), vector(3)), d)
        )

    p = tff.templates.IterativeProcess(init, nxt)
    s = p.initialize()
    for r in range(2):
        s, _ = p.next(s, vectors(3, 3, seed=r))


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


@pytest.mark.parametrize("run", PROGRAMS, ids=lambda f: f.__name__)
def test_same_as_tff(run: Callable[[], None]):
    same_as_tff(run)
