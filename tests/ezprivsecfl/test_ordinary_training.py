"""Training as users write it after tutorials and papers: secure aggregations return what TFF itself returns."""

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
def server_steps_of_its_own_number() -> None:
    """How many steps the server makes is part of its state."""
    state = collections.OrderedDict(model=vector(3), steps=np.int32)

    @tff.tensorflow.computation(tff.types.to_type(state), vector(3))
    @tf.function
    def improve(s, delta):
        model = s["model"]
        for _ in tf.range(s["steps"]):
            model = 0.5 * model + delta
        return collections.OrderedDict(model=model, steps=s["steps"])

    @tff.federated_computation(server(tff.types.to_type(state)), clients(vector(3)))
    def next_round(s, x):
        return tff.federated_map(improve, (s, tff.federated_mean(x)))

    new = collections.OrderedDict(model=np.ones(3, F), steps=np.int32(3))
    for _ in range(2):
        new = next_round(new, vectors(4, 3))
    next_round({**new, "steps": np.int32(1)}, vectors(4, 3))


@pytest.mark.parametrize("run", PROGRAMS, ids=lambda f: f.__name__)
def test_same_as_tff(run: Callable[[], None]):
    same_as_tff(run)
