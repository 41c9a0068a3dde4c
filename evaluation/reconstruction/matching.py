"""Reconstruction by matching gradients: look for inputs whose gradient is the one observed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.evaluation.packages import needed_for

with needed_for("a reconstruction"):
    import tensorflow as tf
    from scipy.optimize import minimize

Model = Callable[[Any], Any]
"""From inputs ``[batch, ...]`` to logits ``[batch, classes]``, in TensorFlow."""


def cross_entropy(labels: Any, logits: Any) -> Any:
    """The mean over a batch. TensorFlow's own function of that has no second derivatives by the labels."""
    return -tf.reduce_mean(tf.reduce_sum(labels * tf.nn.log_softmax(logits), axis=1))


def gradients(model: Model, weights: Sequence[Any], inputs: Any, labels: Any) -> list[Any]:
    """Of the mean cross-entropy by each of the weights; all that TensorFlow tapes around it watch goes through.

    Args:
        model: The model.
        weights: Its variables.
        inputs: ``[batch, ...]``.
        labels: Probabilities, ``[batch, classes]``.
    """
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = cross_entropy(labels, model(inputs))
    return list(tape.gradient(loss, weights))


@dataclass(frozen=True)
class Reconstruction:
    """What was found.

    Args:
        images: ``[batch, ...]``.
        labels: ``[batch, classes]``, probabilities.
        distance: Of the gradients, as the attack measures it.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.float32]
    distance: float


def deep_leakage(
    model: Model,
    weights: Sequence[Any],
    observed: Sequence[NDArray[Any]],
    shape: Sequence[int],
    labels: int | NDArray[Any],
    generator: np.random.Generator,
    *,
    starts: int = 1,
    steps: int = 300,
) -> Reconstruction:
    """Images that minimise the squared distance of gradients: DLG (L. Zhu, Z. Liu, S. Han, NeurIPS 2019), which looks
    for the labels, too, or iDLG (B. Zhao, K. R. Mopuri, H. Bilen, arXiv 2001.02610), which knows them.

    Args:
        model: Twice differentiable (no ReLU: its second derivative is 0).
        weights: The model's variables.
        observed: One gradient for each.
        shape: Of the images, ``[batch, ...]``, in [0, 1].
        labels: How many classes there are (DLG), or the labels, ``[batch, classes]`` (iDLG; ``labels.label_of_one``).
        generator: Draws images (uniform) and label logits (normal) to start from.
        starts: From how many of these; DLG is likely to end at wrong labels, where the distance has a local minimum.
        steps: Of L-BFGS at most, from each start.

    Returns:
        What has the smallest distance.
    """
    dtype = weights[0].dtype
    targets = [tf.constant(x, dtype) for x in observed]
    size, known = int(np.prod(shape)), None if isinstance(labels, int) else tf.constant(labels, dtype)
    logits = shape[0] * labels if isinstance(labels, int) else 0

    @tf.function
    def objective(flat: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as outer:
            outer.watch(flat)
            found = gradients(model, weights, *_parts(flat))
            distance = tf.add_n([tf.reduce_sum((f - t) ** 2) for f, t in zip(found, targets, strict=True)])
        return distance, outer.gradient(distance, flat)

    def _parts(flat: Any) -> tuple[Any, Any]:
        found = known if known is not None else tf.nn.softmax(tf.reshape(flat[size:], [shape[0], -1]))
        return tf.reshape(flat[:size], shape), found

    def in_double(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        distance, slope = objective(tf.constant(flat, dtype))
        return float(distance), slope.numpy().astype(np.float64)

    def search() -> Any:
        start = np.concatenate([generator.uniform(size=size), generator.normal(size=logits)])
        box = [(0, 1)] * size + [(None, None)] * logits
        options = {"maxiter": steps, "ftol": 0, "gtol": 0}
        return minimize(in_double, start, jac=True, method="L-BFGS-B", bounds=box, options=options)

    best = min((search() for _ in range(starts)), key=lambda found: found.fun)
    images, found = _parts(tf.constant(best.x, dtype))
    return Reconstruction(images.numpy(), found.numpy(), float(best.fun))


def invert_gradients(
    model: Model,
    weights: Sequence[Any],
    observed: Sequence[NDArray[Any]],
    shape: Sequence[int],
    labels: NDArray[Any],
    generator: np.random.Generator,
    *,
    steps: int = 4800,
    rate: float = 0.1,
    variation: float = 1e-4,
    signed: bool = True,
) -> Reconstruction:
    """Images whose gradient has the direction observed (J. Geiping, H. Bauermeister, H. Dröge, M. Moeller, "Inverting
    Gradients", NeurIPS 2020): minimises 1 - cos(gradients) + variation · TV(images) with Adam.

    Args:
        model: The model.
        weights: The model's variables.
        observed: One gradient for each, or all times any positive number.
        shape: Of the images, ``[batch, height, width, channels]``, in [0, 1].
        labels: ``[batch, classes]``, as known (``labels.label_of_one``).
        generator: Draws the images to start from.
        steps: Of Adam; its rate falls to a tenth at 3/8, 5/8 and 7/8 of them.
        rate: Adam's.
        variation: Weight of the total variation: mean absolute difference of neighbours, down plus across.
        signed: Whether Adam gets the sign of the slope only.

    Returns:
        The images after the last step, and their distance.
    """
    targets = [tf.constant(x, tf.float32) for x in observed]
    length = tf.linalg.global_norm(targets)
    images = tf.Variable(tf.constant(generator.normal(0.5, 0.25, size=shape), tf.float32))
    known = tf.constant(labels, tf.float32)
    drops = [steps * part // 8 for part in (3, 5, 7)]
    schedule = tf.keras.optimizers.schedules.PiecewiseConstantDecay(drops, [rate * 0.1**i for i in range(4)])
    optimizer = tf.keras.optimizers.Adam(schedule)
    optimizer.build([images])

    @tf.function
    def step() -> Any:
        with tf.GradientTape() as outer:
            found = gradients(model, weights, images, known)
            along = tf.add_n([tf.reduce_sum(f * t) for f, t in zip(found, targets, strict=True)])
            distance = 1 - along / (tf.linalg.global_norm(found) * length)
            down = tf.reduce_mean(tf.abs(images[:, 1:] - images[:, :-1]))
            across = tf.reduce_mean(tf.abs(images[:, :, 1:] - images[:, :, :-1]))
            total = distance + variation * (down + across)
        slope = outer.gradient(total, images)
        optimizer.apply_gradients([(tf.sign(slope) if signed else slope, images)])
        images.assign(tf.clip_by_value(images, 0.0, 1.0))
        return distance

    distance = 1.0
    for _ in range(steps):
        distance = float(step())
    return Reconstruction(images.numpy(), np.asarray(labels, np.float32), distance)
