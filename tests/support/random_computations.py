"""Random TFF computations: TensorFlow at the clients, an aggregation, TensorFlow at the server."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff
from checked_rounds import SPREAD, Case, float32_spread, relative_error
from random_inputs import random_inputs

from ezprivsecfl.frontends.tff import reference_context, trace
from ezprivsecfl.ir.interpreter import run_tensor

Step = Callable[..., Any]
TOLERANCE = 1e-4
"""Between TFF's float32 and the reference's float64, relative to the largest entry."""

ON_VECTORS: Sequence[Step] = (
    lambda x, s, g: x * 0.5,
    lambda x, s, g: tf.nn.relu(x),
    lambda x, s, g: tf.abs(x),
    lambda x, s, g: tf.sign(x),
    lambda x, s, g: x - g,
    lambda x, s, g: x * s,
    lambda x, s, g: tf.square(x),
    lambda x, s, g: x / tf.norm(x),
    lambda x, s, g: tf.math.divide_no_nan(x, tf.norm(x)),
    lambda x, s, g: x / (tf.norm(x) + 1e-6),
    lambda x, s, g: x * tf.minimum(1.0, 1.0 / tf.norm(x)),
    lambda x, s, g: tf.clip_by_norm(x, 1.0),
    lambda x, s, g: tf.clip_by_value(x, -0.5, 0.5),
    lambda x, s, g: x - tf.reduce_mean(x),
    lambda x, s, g: tf.where(x > 0, x, 0.1 * x),
    lambda x, s, g: tf.where(s > 0, x / s, tf.zeros_like(x)),
    lambda x, s, g: x / tf.maximum(tf.reduce_max(tf.abs(x)), 1e-6),
    lambda x, s, g: tf.sigmoid(x),
    lambda x, s, g: tf.nn.softmax(x),
    lambda x, s, g: tf.nn.log_softmax(x),
    lambda x, s, g: tf.exp(-tf.abs(x)),
    lambda x, s, g: tf.nn.softplus(x - g),
    lambda x, s, g: tf.nn.elu(x) + tf.nn.gelu(x),
    lambda x, s, g: tf.reverse(x, [0]),
    lambda x, s, g: tf.sort(x),
    lambda x, s, g: tf.sort(x, direction="DESCENDING"),
    lambda x, s, g: tf.cast(tf.argsort(x), tf.float32),
    lambda x, s, g: tf.scatter_nd(tf.math.top_k(x, 1).indices[:, None], tf.math.top_k(x, 1).values, x.shape),
    lambda x, s, g: x * tf.one_hot(tf.argmax(x), x.shape[0]),
    lambda x, s, g: tf.gather(x, tf.argsort(g)),
    lambda x, s, g: tf.cumsum(x, reverse=True),
    lambda x, s, g: tf.roll(x, 1, 0),
    lambda x, s, g: tf.map_fn(lambda e: tf.nn.relu(e - s), x),
    lambda x, s, g: tf.math.unsorted_segment_sum(x, tf.cast(x > 0, tf.int32), x.shape[0]),
    lambda x, s, g: tf.concat([x[1:], x[:1]], axis=0),
    lambda x, s, g: tf.reshape(tf.stack([x, g]), [-1])[: x.shape[0]],
    lambda x, s, g: tf.linalg.matvec(tf.constant(np.eye(x.shape[0]) * 0.5 + 0.1, tf.float32), x),
)
TO_NUMBERS: Sequence[Step] = (
    lambda x, s, g: s,
    lambda x, s, g: tf.reduce_sum(x),
    lambda x, s, g: tf.norm(x - g),
    lambda x, s, g: tf.reduce_max(x),
    lambda x, s, g: tf.tensordot(x, g, 1),
    lambda x, s, g: tf.nn.relu(tf.reduce_sum(x * g) / (tf.norm(x) * tf.norm(g))),
    lambda x, s, g: tf.reduce_sum(tf.cast(x > g, tf.float32)),
    lambda x, s, g: tf.reduce_logsumexp(x),
    lambda x, s, g: tf.tanh(s) + 1.0,
    lambda x, s, g: tf.cast(tf.bitwise.bitwise_and(tf.cast(8.0 * s, tf.int32), 7), tf.float32),
    lambda x, s, g: tf.cast(tf.reduce_any(x > 1.0), tf.float32),
    lambda x, s, g: tf.sqrt(tf.reduce_mean(tf.square(x))),
    lambda x, s, g: 1.0 / (1.0 + tf.abs(s)),
    lambda x, s, g: tf.maximum(s, 1.0),
    lambda x, s, g: tf.sort(x)[x.shape[0] // 2],
    lambda x, s, g: tf.cast(tf.argmax(x), tf.float32),
    lambda x, s, g: tf.cast(tf.searchsorted([-0.5, 0.5], x)[0], tf.float32),
)
AT_SERVER: Sequence[Step] = (
    lambda v, s, g: tf.math.divide_no_nan(v, s),
    lambda v, s, g: v + g,
    lambda v, s, g: v * s,
    lambda v, s, g: g * 0.9 + v,
    lambda v, s, g: v / tf.maximum(s, 1.0),
    lambda v, s, g: tf.nn.relu(v),
    lambda v, s, g: tf.sigmoid(v),
    lambda v, s, g: 1.0 / (1.0 + tf.exp(-v)),
)


def random_computation(random: Random) -> Any:
    """A computation of clients' vectors and numbers and of a vector at the server; returns a structure."""
    size = random.choice((2, 3, 5))
    vector = tff.TensorType(np.float32, [size])
    steps = [random.choice(ON_VECTORS) for _ in range(random.randint(0, 3))]
    number, weigh = random.choice(TO_NUMBERS), random.choice((tf.abs, tf.nn.relu, tf.identity))
    way, finish = random.choice(("sum", "mean", "weighted")), random.choice(AT_SERVER)

    @tff.tensorflow.computation(vector, np.float32, vector)
    def at_client(x: Any, s: Any, g: Any) -> Any:
        for step in steps:
            x = step(x, s, g)
        return collections.OrderedDict(update=x, weight=weigh(number(x, s, g)))

    @tff.tensorflow.computation(vector, np.float32, vector)
    def at_server(v: Any, s: Any, g: Any) -> Any:
        return collections.OrderedDict(result=finish(v, s, g), total=s)

    @tff.federated_computation(
        tff.FederatedType(vector, tff.CLIENTS),
        tff.FederatedType(np.float32, tff.CLIENTS),
        tff.FederatedType(vector, tff.SERVER),
    )
    def computation(x: Any, s: Any, g: Any) -> Any:
        local = tff.federated_map(at_client, (x, s, tff.federated_broadcast(g)))
        if way == "sum":
            update = tff.federated_sum(local["update"])
        elif way == "mean":
            update = tff.federated_mean(local["update"])
        else:
            update = tff.federated_mean(local["update"], local["weight"])
        return tff.federated_map(at_server, (update, tff.federated_sum(local["weight"]), g))

    return computation


def random_tff_case(random: Random) -> tuple[Case, str]:
    """A traced random computation with inputs, and how TFF's own result differs from the reference's, or ""."""
    computation = random_computation(random)
    traced = trace(computation)
    clients = random.choice((2, 3, 4))
    inputs = random_inputs(random, traced.program, clients)
    case = Case(replace(traced.program, max_clients=clients), inputs, clients)
    expected = run_tensor(traced.program, inputs, clients)
    arguments = tff.structure.Struct((p, v if p == "g" else list(v)) for p, v in inputs.items())
    theirs = reference_context().invoke(computation, arguments)
    ours = traced.signature.unflatten(expected)
    return case, _difference(theirs, ours, float32_spread(case, expected))


def _difference(theirs: Any, ours: Any, spread: dict[str, float]) -> str:
    tf.nest.assert_same_structure(theirs, ours)
    for a, b in zip(tf.nest.flatten(theirs), tf.nest.flatten(ours), strict=True):
        if (
            np.all(np.isfinite(b))
            and max(spread.values()) <= SPREAD
            and not relative_error(np.asarray(a), np.asarray(b)) <= TOLERANCE
        ):
            return f"TFF: {a}, reference: {b}"
    return ""
