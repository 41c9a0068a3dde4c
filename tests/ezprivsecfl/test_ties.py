"""Decisions at ties: fixed-point quotients are rounded, and what is decided by them must not hang on that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff
from ordinary import SCALAR, F, clients, local, same_as_tff, scalars, vector

THREE = vector(3)
INTEGERS = ((3.0, 6.0, 0.0), (-6.0, 1.0, 4.0), (3.0, -1.0, -7.0))
EIGHTHS = ((0.75, 1.5, -0.75), (2.25, -0.375, 0.0), (0.0, 0.0, 1.5))
EQUAL = ((2.0, 2.0, 2.0), (1.0, 3.0, 2.0), (-1.0, 1.0, 6.0))
DIVISORS = ((3.0, 6.0, 2.0), (1.0, 7.0, -1.0), (5.0, -5.0, 5.0))


def number(condition: Any) -> Any:
    return tf.cast(condition, tf.float32)


def deviation(x: Any) -> Any:
    return x - tf.reduce_mean(x)


ROUNDED: dict[str, Callable[[Any], Any]] = {
    "floor": lambda x: tf.floor(x / 3.0),
    "ceil": lambda x: tf.math.ceil(x / 0.75),
    "cast": lambda x: tf.cast(-x / 0.75, tf.int32),
    "round": lambda x: tf.round(x / 1.5) + tf.round(x / 6.0),
    "floor_mod": lambda x: tf.math.floormod(x, -3.0) + tf.math.floormod(x, 0.75),
    "factor": lambda x: tf.floor(-x * (2 / 3)) + tf.floor(x * 10 * 0.1),
    "mean": lambda x: tf.stack([tf.floor(tf.reduce_mean(3 * x)), tf.round(tf.reduce_mean(tf.concat([x, x], 0)))]),
    "roots": lambda x: tf.floor(tf.sqrt(x * x * x * x)) + tf.math.ceil(tf.norm(tf.stack([3 * x[0], 4 * x[0]]))),
}
COMPARED: dict[str, Callable[[Any], Any]] = {
    "at_least": lambda x: number(x >= tf.reduce_mean(x)) + 2 * number(x / 3 >= 1),
    "above": lambda x: number(x > tf.reduce_mean(x)) + 2 * number(deviation(x) > 0),
    "equal": lambda x: number(tf.equal(x, tf.reduce_mean(x))),
    "sign": lambda x: tf.sign(deviation(x)),
    "distance": lambda x: number(abs(deviation(x)) <= tf.reduce_mean(abs(deviation(x)))),
    "farthest": lambda x: tf.argmax(abs(deviation(x))),
    "standardised": lambda x: deviation(x) / (tf.math.reduce_std(x) + 1e-9),
}
DIVIDED: dict[str, Callable[[Any], Any]] = {
    "floor": lambda x: tf.floor(x / x[0]) + x // x[0],
    "ceil_and_cast": lambda x: tf.math.ceil(x / x[0]) + 16 * tf.cast(tf.cast(x / x[0], tf.int32), tf.float32),
    "round": lambda x: tf.round(x / (2 * x[0])),
    "order": lambda x: number(x / x[0] >= 1) + 2 * number(x / x[0] > 1) + 4 * number(tf.greater_equal(2.0, x / x[0])),
    "equal": lambda x: number(tf.equal(x / x[0], 1.0)) + 2 * number(tf.not_equal(-1.0, x / x[0])),
}
CASES = [
    pytest.param(function, values, id=f"{kind}: {name}")
    for kind, functions, inputs in (
        ("rounded", ROUNDED, (INTEGERS, EIGHTHS)),
        ("compared", COMPARED, (EQUAL,)),
        ("divided", DIVIDED, (DIVISORS,)),
    )
    for name, function in functions.items()
    for values in [inputs]
]


@pytest.mark.parametrize(("function", "inputs"), CASES)
def test_ties_are_ties(function: Callable[[Any], Any], inputs: tuple[Any, ...]) -> None:
    at_one = local(function, THREE)

    @tff.federated_computation(clients(THREE))
    def aggregate(x: Any) -> Any:
        return tff.federated_sum(tff.federated_map(at_one, x)), tff.federated_map(at_one, tff.federated_sum(x))

    def rounds() -> None:
        for values in inputs:
            aggregate([np.array(v, F) for v in values])

    same_as_tff(rounds)


def test_the_mean_over_clients() -> None:
    decided = local(lambda m: (tf.cast(m, tf.int32), tf.floor(m), m >= 2.0), SCALAR)
    compared = local(lambda x, m: (number(x >= m), tf.sign(x - m)), SCALAR, SCALAR)

    @tff.federated_computation(clients(SCALAR))
    def aggregate(x: Any) -> Any:
        mean = tff.federated_mean(x)
        each = tff.federated_map(compared, (x, tff.federated_broadcast(mean)))
        return tff.federated_map(decided, mean), tff.federated_sum(each)

    same_as_tff(lambda: [aggregate(scalars(*v)) for v in ((2, 2, 2), (1, 2, 3), (1, 2, 3, 2, 2, 2, 2))] and None)


def test_a_share_of_all() -> None:
    decided = local(lambda c, n: (c / n >= 0.5, tf.cast(100 * c / n, tf.int32), tf.round(100 * c / n)), SCALAR, SCALAR)

    @tff.federated_computation(clients(SCALAR), clients(SCALAR))
    def accuracy(correct: Any, examples: Any) -> Any:
        return tff.federated_map(decided, (tff.federated_sum(correct), tff.federated_sum(examples)))

    def rounds() -> None:
        accuracy(scalars(2, 2, 2), scalars(5, 2, 5))
        accuracy(scalars(10, 20, 33), scalars(50, 50, 100))

    same_as_tff(rounds)
