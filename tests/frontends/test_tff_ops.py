"""Every TensorFlow operation, on a client's value, on a server's, and on both together, against TensorFlow itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

Function = Callable[[Any, Any], Any]
Evaluate = Callable[..., Any]

MATRIX = (3, 4)


def _of_slices(x: Any, y: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        sliced = tf.reduce_sum(y[1:, ::2] * x[1:, ::2]) + tf.reduce_sum(x[0, ::-1] * y[2])
    return tape.gradient(sliced, x)


def _integers(x: Any) -> tuple[Any, ...]:
    seven, minus = tf.constant(7, x.dtype), tf.constant(-4, x.dtype)
    quotients = (x // seven, x // minus, tf.truncatediv(x, seven), tf.truncatediv(x, minus), (x * 7) // seven)
    return (*quotients, x % seven, x % minus, tf.truncatemod(x, seven), tf.truncatemod(x, minus), (x * 4) % minus)


def _bits(x: Any, y: Any) -> tuple[Any, ...]:
    nine = tf.constant(9, x.dtype)
    joined = (tf.bitwise.bitwise_and(x, y), tf.bitwise.bitwise_or(x, nine), tf.bitwise.bitwise_xor(x, y))
    shifted = (tf.bitwise.left_shift(x, nine), tf.bitwise.right_shift(x, 1 + 0 * nine), tf.bitwise.invert(x))
    return (*joined, *shifted, tf.bitwise.right_shift(x, tf.abs(y) % 4))


def _quotients(x: Any, y: Any) -> tuple[Any, ...]:
    return (x // y, x % y, tf.truncatediv(x, y), tf.truncatemod(x, y), 100 // y, (x * y) // y)


def _powers_of_two(x: Any) -> tuple[Any, ...]:
    """Bits are unpacked like that."""
    eight, places = tf.constant(8, x.dtype), tf.constant([1, 2, 4, 2**20], x.dtype)
    return x // eight, x % eight, x // places, x % places, x[:, :1] // places, x[0, 0] // places, (x // places) % 2


CASES: dict[str, Function] = {
    "arithmetic": lambda x, y: (x + y, x - y, x * 2.0, -x, x / (y * y + 1.0), 3.0 / (x * x + 1.0)),
    "square_root": lambda x, y: (tf.sqrt(x * x), tf.math.rsqrt(y * y + x * x), tf.math.reciprocal(x), tf.square(y)),
    "powers": lambda x, y: (x**2, x**3, abs(x) ** 0.5, abs(x) ** -1.5, x**1, y**0, x**-2, tf.pow(x, [[4.0] * 4] * 3)),
    "no_nan": lambda x, y: (tf.math.divide_no_nan(x, y), tf.math.divide_no_nan(x, tf.zeros_like(x))),
    "extremes": lambda x, y: (tf.maximum(x, y), tf.minimum(x, 0.1), tf.nn.relu(x), tf.nn.relu6(9 * y), tf.sign(x)),
    "clip": lambda x, y: (tf.clip_by_value(x, -0.5, 0.5), tf.clip_by_norm(x, 0.7), tf.clip_by_norm(y, 9.0, axes=[0])),
    "clip_globally": lambda x, y: tf.clip_by_global_norm([x, y[0]], 0.7),
    "difference": lambda x, y: (tf.math.squared_difference(x, y[0]), tf.add_n([x, y, x]), tf.nn.bias_add(x, y[0])),
    "broadcasting": lambda x, y: (x * y[0], x[0] * y, x[:, :1] + y[:1], x[0, 0] * y, x * y[0, 0], x[0, 0] + x),
    "comparisons": lambda x, y: (x < y, x <= 0.0, x > y[0], y >= x, tf.equal(x, x), tf.not_equal(x, y), x[0] > 0),
    "logic": lambda x, y: (tf.logical_and(x > 0, y > 0), tf.logical_or(x > 0, y > 0), tf.logical_not(x > y)),
    "select": lambda x, y: (tf.where(x > y, x, y), tf.where(x[0, 0] > 0, x, y), tf.where(x > 0, 1.0, x)),
    "select_rows": lambda x, y: tf.raw_ops.Select(condition=x[:, 0] > 0, x=x, y=y),
    "finite": lambda x, y: (tf.math.is_finite(x), tf.math.is_finite(y / 2.0)),
    "casts": lambda x, y: (tf.cast(x > 0, tf.int32), tf.cast(3 * x, tf.int64), x > 1.5),
    "sums": lambda x, y: (
        tf.reduce_sum(x), tf.reduce_sum(x, 0), tf.reduce_sum(x, [-1]), tf.reduce_sum(x, [0, 1], keepdims=True),
    ),
    "means": lambda x, y: (tf.reduce_mean(x), tf.reduce_mean(x, 1), tf.reduce_mean(y, -2, keepdims=True)),
    "variance": lambda x, y: (tf.math.reduce_variance(x, axis=1), tf.math.reduce_std(y)),
    "maxima": lambda x, y: (tf.reduce_max(x), tf.reduce_max(x, 1), tf.reduce_min(x, [0], keepdims=True)),
    "any_all": lambda x, y: (tf.reduce_any(x > 1), tf.reduce_all(x > -1, 1), tf.reduce_any(y > x, 0)),
    "products": lambda x, y: (tf.reduce_prod(x, 1), tf.reduce_prod(y), tf.reduce_prod(x, [0], keepdims=True)),
    "norms": lambda x, y: (
        tf.norm(x), tf.norm(x, axis=1), tf.norm(y, ord=1), tf.norm(x, ord=np.inf), tf.linalg.global_norm([x, y]),
        tf.nn.l2_loss(x), tf.math.reduce_euclidean_norm(x, 1), tf.nn.l2_normalize(x, 1),
    ),
    "matmul": lambda x, y: (
        tf.matmul(x, y, transpose_b=True), tf.matmul(x, y, transpose_a=True), tf.matmul(x, tf.transpose(x)),
        tf.linalg.matvec(x, y[0]), tf.linalg.matvec(x, x[0]), x @ tf.ones([4, 2]), tf.ones([2, 3]) @ x,
    ),
    "batched_matmul": lambda x, y: (
        tf.matmul(tf.reshape(x, [2, 2, 3]), tf.reshape(y, [2, 3, 2])),
        tf.matmul(tf.reshape(x, [2, 2, 3]), tf.reshape(y, [4, 3]), transpose_b=True),
        tf.matmul(tf.reshape(x, [2, 6]), tf.reshape(y, [2, 6, 1])),
        tf.matmul(tf.reshape(x, [2, 1, 1, 6]), tf.reshape(x, [2, 6, 1])),
    ),
    "dot": lambda x, y: (
        tf.tensordot(x[0], y[0], 1), tf.tensordot(x, y, 2), tf.tensordot(x, y, [[1], [1]]),
        tf.tensordot(y, x, [[0], [0]]), tf.reduce_sum(x * y, axis=-1),
    ),
    "einsum": lambda x, y: (
        tf.einsum("ij,kj->ik", x, y), tf.einsum("ij,ij->", x, y), tf.einsum("ij->ji", x), tf.einsum("ij,ij->i", x, x),
        tf.einsum("ij,k->kij", x, y[0]), tf.einsum("ij,kl->jl", x, y), tf.einsum("ij->", y),
    ),
    "floors": lambda x, y: (x // 0.3, x % 0.3, x // -0.7, x[0] % [0.2, -0.3, 4.0, 0.6], tf.math.floormod(y, 2.0)),
    "shifts": lambda x, y: _powers_of_two(tf.cast(90.0 * x, tf.int32)) + _powers_of_two(tf.cast(90.0 * y, tf.int64)),
    "integer_quotients": lambda x, y: _integers(tf.cast(9.0 * x, tf.int32)) + _integers(tf.cast(90.0 * y, tf.int64)),
    "secret_divisors": lambda x, y: _quotients(
        tf.cast(99.0 * x, tf.int32), 2 * tf.cast(9.0 * y, tf.int32) + 1
    ),
    "float_divisors": lambda x, y: (x // (y * y + 0.3), x % (y * y + 0.3)),
    "bits": lambda x, y: _bits(tf.cast(99.0 * x, tf.int32), tf.cast(9.0 * y, tf.int32)),
    "long_bits": lambda x, y: _bits(tf.cast(99.0 * x, tf.int64), tf.cast(9.0 * y, tf.int64)),
    "reshape": lambda x, y: (
        tf.reshape(x, [-1]), tf.reshape(x, [2, -1, 3]), tf.reshape(x[0, 0], []),
        tf.reshape(x, tf.reverse(tf.shape(y), [0])),
    ),
    "axes": lambda x, y: (
        tf.transpose(x), tf.transpose(x[None], [2, 0, 1]), tf.squeeze(x[:, None]), tf.squeeze(x[:1], 0), x[..., None],
        tf.expand_dims(x, -1), tf.expand_dims(x, 1),
    ),
    "spread": lambda x, y: (
        tf.broadcast_to(x[0], [5, 4]), tf.tile(x, [2, 1]), tf.fill([2, 2], x[0, 0]), tf.repeat(x, 2, axis=0),
        tf.broadcast_to(x, [2, 3, 4]), tf.ones_like(x), tf.zeros_like(x, dtype=tf.int32),
    ),
    "join": lambda x, y: (
        tf.concat([x, y], 0), tf.concat([x, y, x], -1), tf.stack([x, y]), tf.stack([x[0], y[1]], axis=1),
        tf.stack([x[0, 0], y[0, 0], 1.0]), tf.concat([x, tf.ones([1, 4])], 0),
    ),
    "take_apart": lambda x, y: (
        tf.unstack(x), tf.unstack(x, axis=1)[2], tf.split(x, 2, axis=1), tf.split(x, [1, -1, 1], axis=1)[1],
    ),
    "slices": lambda x, y: (
        x[1], x[1:, :2], x[:, -1], x[::2, ::-1], x[..., 1:3], x[0, 1], x[:, None, 1], tf.slice(x, [1, 0], [-1, 2]),
        tf.reverse(x, [0, -1]), x[2:1],
    ),
    "gather": lambda x, y: (
        tf.gather(x, [2, 0]), tf.gather(x, [0, 1, 3, 2, 1], axis=1), tf.gather(x, 1), tf.gather(x, [[0, 1], [1, 2]]),
    ),
    "pad": lambda x, y: (tf.pad(x, [[1, 0], [0, 2]]), tf.pad(x, [[0, 0], [1, 1]], constant_values=2.0)),
    "static": lambda x, y: (
        x / tf.cast(tf.size(x), tf.float32), x * tf.cast(tf.shape(x)[0] + tf.rank(y), tf.float32),
        x + tf.cast(tf.range(4), tf.float32), tf.reduce_sum(x) / tf.reduce_prod(tf.cast(tf.shape(x), tf.float32)),
    ),
    "plumbing": lambda x, y: (tf.stop_gradient(x), tf.identity(y), tf.debugging.check_numerics(x, "finite")),
    "exponentials": lambda x, y: (tf.exp(x), tf.math.expm1(y), tf.math.log1p(abs(x)), tf.math.log(abs(x) + 0.5)),
    "sigmoids": lambda x, y: (tf.sigmoid(x), tf.tanh(y), tf.math.erf(x), tf.math.erfc(y), tf.math.log_sigmoid(x)),
    "activations": lambda x, y: (
        tf.nn.softplus(x), tf.nn.elu(x), tf.nn.selu(y), tf.nn.softsign(x), tf.nn.silu(x), tf.nn.gelu(y),
        tf.nn.gelu(x, approximate=True), tf.nn.leaky_relu(x, 0.3), tf.cosh(x), tf.sinh(y),
    ),
    "gradients": lambda x, y: (
        tf.raw_ops.SigmoidGrad(y=x, dy=y), tf.raw_ops.TanhGrad(y=x, dy=y), tf.raw_ops.SqrtGrad(y=1 + x * x, dy=y),
        tf.raw_ops.RsqrtGrad(y=x, dy=y), tf.raw_ops.ReciprocalGrad(y=x, dy=y), tf.raw_ops.InvGrad(y=y, dy=x),
        tf.raw_ops.ReluGrad(gradients=y, features=x), tf.raw_ops.Relu6Grad(gradients=y, features=5 * x),
        tf.raw_ops.LeakyReluGrad(gradients=y, features=x, alpha=0.3), tf.raw_ops.EluGrad(gradients=y, outputs=x),
        tf.raw_ops.SeluGrad(gradients=y, outputs=x), tf.raw_ops.SoftplusGrad(gradients=y, features=x),
        tf.raw_ops.SoftsignGrad(gradients=y, features=x), _of_slices(x, y),
    ),
    "softmax": lambda x, y: (
        tf.nn.softmax(x), tf.nn.softmax(y, axis=0), tf.nn.log_softmax(x), tf.reduce_logsumexp(y, axis=1),
        tf.nn.softmax_cross_entropy_with_logits(labels=abs(x), logits=y),
        tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=y),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[3, 0, 1], logits=x),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.argmax(y, axis=1), logits=x),
    ),
    "zero_times": lambda x, y: (
        tf.math.xlogy(x, y * y), tf.math.xlogy(0.0 * x, y - y), tf.math.xlog1py(y, abs(x)), tf.math.xdivy(x, y),
        tf.math.multiply_no_nan(1 / (x - x[0, 0]), x - x[0, 0]),
    ),
    "real_powers": lambda x, y: (abs(x) ** 1.7, abs(y) ** -0.3, 2.0**x, abs(x) ** y),
    "rounding": lambda x, y: (tf.floor(x), tf.math.ceil(y), tf.round(3 * x), tf.math.rint(3 * y)),
    "integers": lambda x, y: (
        tf.cast(x > 0, tf.int32) * 3 - 1, tf.reduce_sum(tf.cast(x > y, tf.int64)), tf.cast(x > 0, tf.int32) > 0,
    ),
    "doubles": lambda x, y: tf.reduce_sum(tf.cast(x, tf.float64) * tf.cast(y, tf.float64)),
}  # fmt: skip


@tf.function
def _in_function(x: Any, y: Any) -> Any:
    return tf.reduce_sum(x * y) + _nested(x)


@tf.function
def _nested(x: Any) -> Any:
    return tf.norm(x) if tf.reduce_sum(x) > 0 else tf.reduce_max(x)


@tf.function
def _loop(x: Any, y: Any) -> Any:
    total = tf.zeros_like(x)
    for i in tf.range(4):
        total += x * y[0, 0] / tf.cast(i + 1, tf.float32)
    return total


CASES |= {
    "functions": _in_function,
    "loop": _loop,
    "secret_condition": lambda x, y: tf.cond(x[0, 0] > y[0, 0], lambda: (x, y), lambda: (y * 2.0, x)),
    "known_condition": lambda x, y: tf.cond(tf.constant(True), lambda: x, lambda: tf.exp(y)),
    "switch": lambda x, y: tf.switch_case(tf.cast(x[0, 0] > 0, tf.int32) + 1, [lambda: x, lambda: y, lambda: x * y]),
    "chosen": lambda x, y: tf.case([(x[0, 0] > 1, lambda: x), (y[0, 0] > 0, lambda: y)], default=lambda: x - y),
}

ON_SERVER: dict[str, Function] = {
    "public": lambda x, y: (
        tf.math.log(abs(x)), tf.math.floormod(x, 2.0), x // 0.3,
    ),
    "not_finite": lambda x, y: (
        tf.math.is_finite(x / tf.zeros_like(y)), tf.math.is_finite(x / y), tf.math.is_nan(x), tf.math.is_inf(x / 0.0),
    ),
}  # fmt: skip


def as_numbers(function: Function) -> Function:
    """Results in a flat list, as numbers that can be summed."""

    def numbers(x: Any, y: Any) -> list[Any]:
        flat = tf.nest.flatten(function(x, y))
        return [tf.cast(t, tf.float32) if t.dtype == tf.bool else tf.convert_to_tensor(t) for t in flat]

    return numbers


@pytest.mark.parametrize("name", CASES)
def test_at_clients(name: str, evaluate: Evaluate, same: Evaluate, rng: np.random.Generator) -> None:
    function = as_numbers(CASES[name])
    matrix = tff.TensorType(np.float32, MATRIX)
    local = tff.tensorflow.computation(function, (matrix, matrix))

    @tff.federated_computation(tff.FederatedType(matrix, tff.CLIENTS), tff.FederatedType(matrix, tff.SERVER))
    def aggregate(values: Any, public: Any) -> Any:
        everywhere = tff.federated_broadcast(public)
        mixed = tff.federated_map(local, (values, everywhere))
        reversed_ = tff.federated_map(local, (everywhere, values))
        secret = tff.federated_map(local, (values, values))
        return [tff.federated_sum(x) for x in (mixed, reversed_, secret)]

    values = [rng.normal(size=MATRIX).astype(np.float32) for _ in range(3)]
    public = rng.normal(size=MATRIX).astype(np.float32)
    mixed, turned = [(v, public) for v in values], [(public, v) for v in values]
    want = [sums(function, pairs) for pairs in (mixed, turned, [(v, v) for v in values])]
    got = evaluate(aggregate, values, public)
    same([list(g) for g in got], want, 2e-5)


@pytest.mark.parametrize("name", [*CASES, *ON_SERVER])
def test_at_server(name: str, evaluate: Evaluate, same: Evaluate, rng: np.random.Generator) -> None:
    function = as_numbers((CASES | ON_SERVER)[name])
    matrix = tff.TensorType(np.float32, MATRIX)
    local = tff.tensorflow.computation(function, (matrix, matrix))

    @tff.federated_computation(tff.FederatedType(matrix, tff.CLIENTS), tff.FederatedType(matrix, tff.SERVER))
    def aggregate(values: Any, public: Any) -> Any:
        return tff.federated_map(local, (tff.federated_sum(values), public))

    values = [rng.normal(size=MATRIX).astype(np.float32) for _ in range(3)]
    public = rng.normal(size=MATRIX).astype(np.float32)
    want = each(function)((np.sum(values, axis=0), public))
    same(list(evaluate(aggregate, values, public)), want, 2e-5)


def each(function: Function) -> Callable[[Any], list[Any]]:
    return lambda pair: [t.numpy() for t in function(*map(tf.constant, pair))]


def sums(function: Function, pairs: list[Any]) -> list[Any]:
    per_client = [each(function)(pair) for pair in pairs]
    return [np.sum(parts, axis=0, dtype=parts[0].dtype) for parts in zip(*per_client, strict=True)]
