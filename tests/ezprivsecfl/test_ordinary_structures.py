"""Structures, placements and processes as users write them: secure aggregations return what TFF itself returns."""

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
def constants_at_clients() -> None:
    @tff.federated_computation(clients(vector(3)))
    def f(x):
        n = tff.federated_zip((x, tff.federated_value(F(3), tff.CLIENTS)))
        return n, tff.federated_sum(x)

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


@pytest.mark.parametrize("run", PROGRAMS, ids=lambda f: f.__name__)
def test_same_as_tff(run: Callable[[], None]):
    same_as_tff(run)
