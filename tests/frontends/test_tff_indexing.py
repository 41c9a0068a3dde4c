"""Operations of indexing, ordering and counting, on clients' values and on servers', against TensorFlow itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

Function = Callable[..., Any]
Evaluate = Callable[..., Any]


def _scanned(x: Any) -> Any:
    return tf.scan(lambda total, row: total + row, x), tf.foldl(lambda total, row: 2.0 * total + row, x)


def _array(x: Any) -> Any:
    array = tf.TensorArray(tf.float32, 3).write(0, x[0]).write(2, x[1]).write(1, x[2])
    return array.stack(), array.read(2), tf.TensorArray(tf.float32, 2).unstack(x[:2]).concat()


# Each takes a matrix x of floats, a vector i of small integers, and a vector s of integers from 0 to 2.
MOVES: dict[str, Function] = {
    "gather": lambda x, i, s: (
        tf.gather(x, [2, 0]), tf.gather(x, [[0, 1], [2, 2]], axis=1), tf.gather(x > 0, [2, 1]),
        tf.gather(x, [[1, 0], [0, 2], [3, 3]], batch_dims=1),
        tf.gather_nd(x, [[0, 1], [2, 3]]), tf.gather_nd(x, [[2]]), tf.nn.embedding_lookup(x, [0, 2]), tf.gather(i, [1]),
    ),
    "masks": lambda x, i, s: (
        tf.boolean_mask(x, [True, False, True]), tf.boolean_mask(x, [False, True, True, False], axis=1),
        tf.boolean_mask(x, tf.constant(np.arange(12).reshape(3, 4) % 3 == 0)),
    ),
    "parts": lambda x, i, s: (
        tf.dynamic_partition(x, [0, 1, 1], 2), tf.dynamic_stitch([[0, 2], [1]], [x[:2], x[2:]]),
        tf.raw_ops.ParallelDynamicStitch(indices=[[1, 0, 1]], data=[x]), tf.split(x, [3, 1], axis=1),
        tf.meshgrid(x[0], x[1]),
    ),
    "shifts": lambda x, i, s: (
        tf.roll(x, 1, 0), tf.roll(x, [-1, 2], [0, 1]), tf.roll(i, 4, 0), tf.reverse(x, [1]), tf.reverse(x[:0], [0]),
        tf.reverse_sequence(x, [2, 4, 1], 1),
    ),
    "repeats": lambda x, i, s: (
        tf.tile(x, [2, 3]), tf.repeat(x, 3, axis=1), tf.repeat(x, [1, 0, 2], axis=0),
        tf.broadcast_to(x[:, :1], [2, 3, 4]),
    ),
    "pads": lambda x, i, s: (
        tf.pad(x, [[1, 2], [0, 1]], constant_values=3.0), tf.pad(x, [[1, 1], [2, 0]], "REFLECT"),
        tf.pad(x, [[2, 0], [1, 1]], "SYMMETRIC"), tf.pad(i, [[1, 0]]), tf.pad(x > 0, [[1, 0], [0, 0]]),
    ),
    "slices": lambda x, i, s: (
        x[..., 1], x[::-1, ::-2], x[1:, tf.newaxis, ..., :2], x[-1:0:-1], x[5:], x[..., tf.newaxis, -1], x[:2][..., 3],
        tf.strided_slice(x, [-1, 3], [-4, 0], [-1, -2]), x[2:0:-1, 1:1],
    ),
    "diagonals": lambda x, i, s: (
        tf.linalg.diag(x), tf.linalg.diag_part(x), tf.linalg.diag(x[0], k=1), tf.linalg.tensor_diag(x[0]),
        tf.linalg.tensor_diag_part(x[:3, :3]), tf.linalg.trace(x), tf.linalg.band_part(x, 1, 0),
        tf.linalg.set_diag(x, x[:, 0]), tf.linalg.band_part(x, -1, 1), tf.linalg.diag_part(x, k=(-1, 1)),
        tf.linalg.diag(x[0], padding_value=2.0),
    ),
    "updates": lambda x, i, s: (
        tf.tensor_scatter_nd_update(x, [[2], [0]], x[:2]), tf.tensor_scatter_nd_update(x, [[0, 1]], [5.0]),
        tf.tensor_scatter_nd_update(x, [[1], [0], [2]], 2.0 * x),
    ),
    "spaces": lambda x, i, s: (
        tf.nn.space_to_depth(tf.reshape(tf.concat([x, x[:1]], 0), [1, 4, 4, 1]), 2),
        tf.space_to_batch(tf.reshape(x, [1, 3, 4, 1]), [1, 2], [[0, 0], [0, 0]]),
    ),
}  # fmt: skip

SUMS: dict[str, Function] = {
    "scattered": lambda x, i, s: (
        tf.scatter_nd([[0], [3], [3]], x, [4, 4]), tf.scatter_nd([[0, 1], [1, 0]], x[0, :2], [2, 3]),
        tf.tensor_scatter_nd_add(x, [[1], [1]], x[:2]), tf.tensor_scatter_nd_sub(x, [[0, 0]], x[1, :1]),
        tf.scatter_nd([[1], [2]], i[:2], [3]),
    ),
    "segments": lambda x, i, s: (
        tf.math.segment_sum(x, [0, 0, 2]), tf.math.segment_mean(x, [0, 1, 1]),
        tf.math.unsorted_segment_sum(x, [2, -1, 2], 4), tf.math.unsorted_segment_mean(x, [1, 0, 1], 2),
        tf.math.unsorted_segment_sqrt_n(x, [1, 0, 1], 2),
        tf.math.unsorted_segment_sum(x, np.arange(12).reshape(3, 4) % 5, 5), tf.math.segment_sum(i, [0, 1, 1, 1, 2]),
    ),
    "running": lambda x, i, s: (
        tf.cumsum(x), tf.cumsum(x, axis=1, exclusive=True), tf.cumsum(x, axis=-1, reverse=True), tf.cumsum(i),
        tf.cumsum(x, exclusive=True, reverse=True), tf.math.cumprod(x, axis=1), tf.cumsum(x[:1], exclusive=True),
        tf.math.cumprod(x, exclusive=True), tf.cumsum(x[:0]),
    ),
    "einsum": lambda x, i, s: (
        tf.einsum("...i,ij->...j", x, tf.ones([4, 2])), tf.einsum("ii->i", x[:3, :3]), tf.einsum("ii", x[:3, :3]),
        tf.einsum("ij,jk->ki", x, tf.transpose(x)), tf.einsum("b...,b...->...", x, x), tf.einsum("ij->i", x),
        tf.einsum("aij,ajk->aik", x[None], tf.ones([1, 4, 2])),
        tf.einsum("iij,j->i", tf.reshape(x, [2, 2, 3]), x[0, :3]), tf.einsum("...,...->...", x, x[0]),
    ),
    "loops": lambda x, i, s: (tf.map_fn(lambda row: row * tf.reduce_sum(row), x), *_scanned(x), *_array(x)),
    "vectorized": lambda x, i, s: tf.vectorized_map(lambda row: row * tf.reduce_sum(row), x),
}  # fmt: skip

SECRET_INDICES: dict[str, Function] = {
    "one_hot": lambda x, i, s: (
        tf.one_hot(i, 3), tf.one_hot(s, 3, on_value=5, off_value=-1), tf.one_hot(s, 4, axis=0),
        tf.one_hot(s, 3, on_value=True, off_value=False), tf.one_hot(i[0], 2, dtype=tf.int64),
        tf.one_hot(tf.reshape(i[:4], [2, 2]), 3, axis=1), tf.one_hot(s, 0),
        tf.one_hot(s, 2, on_value=x[0, 0], off_value=x[1, 1]),
    ),
    "gather": lambda x, i, s: (
        tf.gather(x, s), tf.gather(x, s, axis=1), tf.gather(x, s[0]), tf.gather([3, 5, 7], s),
        tf.gather(x, s[:, None], batch_dims=1), tf.gather(x, s, batch_dims=1, axis=1),
        tf.gather(tf.reshape(x, [3, 2, 2]), tf.cast(s[:, None] > 0, tf.int32), axis=2, batch_dims=1),
        tf.gather_nd(x, tf.stack([s, s], 1)), tf.gather_nd(x, s[:, None]), tf.gather(tf.ones([3, 2]), tf.stack([s, s])),
    ),
    "scatter": lambda x, i, s: (
        tf.scatter_nd(s[:, None], x, [3, 4]), tf.math.unsorted_segment_sum(x, s, 3),
        tf.scatter_nd(tf.stack([s, s], 1), x[:, 0], [3, 4]),
        tf.tensor_scatter_nd_add(x, s[:, None], x), tf.math.unsorted_segment_sum(x, s - 1, 2),
        tf.math.unsorted_segment_mean(x, s, 3),
    ),
    "counts": lambda x, i, s: (
        tf.math.bincount(s, minlength=4, maxlength=4), tf.math.bincount(s, minlength=2, maxlength=2),
        tf.math.bincount(tf.stack([s, s]), minlength=3, maxlength=3, axis=-1),
        tf.math.bincount(s, weights=x[:, 0], minlength=3, maxlength=3),
        tf.raw_ops.DenseBincount(input=s, size=3, weights=x[:, 1], binary_output=False),
        tf.raw_ops.DenseBincount(input=tf.stack([s, s]), size=3, weights=tf.zeros([0]), binary_output=True),
        tf.raw_ops.Bincount(arr=s, size=3, weights=x[:, 1]), tf.math.confusion_matrix(s, s, num_classes=3),
    ),
    "histograms": lambda x, i, s: (
        tf.histogram_fixed_width(x, [-1.0, 1.0], 5), tf.histogram_fixed_width(i, [-1, 4], 3),
        tf.histogram_fixed_width_bins(x, [-1.0, 1.0], 5), tf.histogram_fixed_width(x, [-1.0, 1.0], 1),
    ),
}  # fmt: skip

ORDER: dict[str, Function] = {
    "largest": lambda x, i, s: (
        tf.argmax(x), tf.argmax(x, 1), tf.argmin(x, 1), tf.argmax(i), tf.argmin(i, output_type=tf.int32),
        tf.math.top_k(x, 2), tf.math.top_k(i, 3), tf.math.top_k(i, 5), tf.math.top_k(x, 0), tf.math.top_k(x, 1),
        tf.math.top_k(x[:0], 2), tf.argmax(x[:, :1], 1),
    ),
    "sorting": lambda x, i, s: (
        tf.sort(x), tf.sort(x, axis=0, direction="DESCENDING"), tf.sort(i), tf.argsort(i), tf.argsort(x, axis=0),
        tf.argsort(i, direction="DESCENDING", stable=True), tf.sort(x)[:, 1:3], tf.sort(tf.reshape(x, [-1]))[6],
    ),
    "ranks": lambda x, i, s: (
        tf.math.in_top_k(s, x, 2), tf.math.in_top_k([0, 3, 9], x, 1), tf.math.in_top_k(s + 2, x, 3),
        tf.searchsorted([-0.5, 0.0, 0.5], x[0]), tf.searchsorted([-1, 0, 0, 2], i, side="right"),
        tf.searchsorted([-1, 0, 0, 2], i), tf.raw_ops.Bucketize(input=x, boundaries=[-0.5, 0.5]),
        tf.raw_ops.Bucketize(input=i, boundaries=[-0.5, 1.0, 1.5]), tf.searchsorted(tf.sort(x[0]), x[1]),
    ),
}  # fmt: skip

CASES = {
    f"{group}:{name}": function
    for group, cases in {"moves": MOVES, "sums": SUMS, "secret": SECRET_INDICES, "order": ORDER}.items()
    for name, function in cases.items()
}


def _numbers(function: Function) -> Function:
    """Results in a flat list, as numbers that can be summed."""

    def numbers(x: Any, i: Any, s: Any) -> list[Any]:
        flat = tf.nest.flatten(function(*map(tf.convert_to_tensor, (x, i, s))))
        return [tf.cast(t, tf.float32) for t in flat]

    # TensorFlow does not infer all shapes, but TFF sums only what has one.
    shapes = [t.shape for t in numbers(*_values(np.random.default_rng(0)))]
    return lambda x, i, s: [tf.ensure_shape(t, d) for t, d in zip(numbers(x, i, s), shapes, strict=True)]


def _values(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    x = np.round(rng.normal(size=(3, 4)) * 4).astype(np.float32) / 4  # with ties
    return x, rng.integers(-2, 3, size=5).astype(np.int32), rng.integers(0, 3, size=3).astype(np.int32)


TYPES = (tff.TensorType(np.float32, [3, 4]), tff.TensorType(np.int32, [5]), tff.TensorType(np.int32, [3]))


@pytest.mark.parametrize("name", CASES)
def test_at_clients(name: str, evaluate: Evaluate, same: Evaluate, rng: np.random.Generator) -> None:
    function = _numbers(CASES[name])
    local = tff.tensorflow.computation(function, TYPES)

    @tff.federated_computation([tff.FederatedType(t, tff.CLIENTS) for t in TYPES])
    def aggregate(values: Any) -> Any:
        return tff.federated_sum(tff.federated_map(local, tff.federated_zip(tuple(values))))

    for _ in range(3):
        values = [_values(rng) for _ in range(3)]
        want = [
            np.sum(parts, axis=0) for parts in zip(*([t.numpy() for t in function(*v)] for v in values), strict=True)
        ]
        got = evaluate(aggregate, [list(column) for column in zip(*values, strict=True)])
        same(list(got), want, 1e-5)


@pytest.mark.parametrize("name", CASES)
def test_at_server(name: str, evaluate: Evaluate, same: Evaluate, rng: np.random.Generator) -> None:
    function = _numbers(CASES[name])
    local = tff.tensorflow.computation(function, TYPES)

    @tff.federated_computation([tff.FederatedType(t, tff.CLIENTS) for t in TYPES])
    def aggregate(values: Any) -> Any:
        return tff.federated_map(local, tuple(tff.federated_sum(v) for v in values))

    first, second = _values(rng), _values(rng)
    first[2][:] = [0, 1, 0]
    second[2][:] = [1, 1, 0]
    got = evaluate(aggregate, [list(pair) for pair in zip(first, second, strict=True)])
    want = [t.numpy() for t in function(*(a + b for a, b in zip(first, second, strict=True)))]
    same(list(got), want, 1e-5)
