"""How good a reconstruction is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT = 1e-3
"""A candidate whose root mean square error is below this, of values in [0, 1], counts as the image itself."""


def nearest(candidates: NDArray[Any], images: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The candidate closest to each image.

    Args:
        candidates: ``[candidates, ...]``, at least one; entries that are no numbers are never close.
        images: ``[images, ...]``, of the same shape behind the first axis, in [0, 1].

    Returns:
        Which it is, and its root mean square error, ``[images]`` each.

    Raises:
        ValueError: There is no candidate, or the shapes differ.
    """
    if not len(candidates) or np.shape(candidates)[1:] != np.shape(images)[1:]:
        raise ValueError(
            f"candidates {list(np.shape(candidates))} cannot be compared with images {list(np.shape(images))}"
        )
    found = np.asarray(candidates, np.float64).reshape(len(candidates), -1)
    best = np.zeros(len(images), np.intp)
    error = np.zeros(len(images))
    for i, image in enumerate(np.asarray(images, np.float64).reshape(len(images), -1)):
        errors = np.sqrt(np.mean((found - image) ** 2, axis=1))
        best[i] = np.argmin(np.where(np.isnan(errors), np.inf, errors))
        error[i] = errors[best[i]]
    return best, error


def extracted(candidates: NDArray[Any], images: NDArray[Any], tolerance: float = EXACT) -> float:
    """The share of images that are among the candidates, up to a root mean square error; see ``nearest``."""
    return float(np.mean(nearest(candidates, images)[1] < tolerance)) if len(candidates) else 0.0


def psnr(reconstruction: NDArray[Any], image: NDArray[Any]) -> float:
    """The peak signal-to-noise ratio in dB, of images in [0, 1]: 10·log10(1/MSE); infinite if they are the same."""
    error = float(np.mean((np.asarray(reconstruction, np.float64) - image) ** 2))
    return float(10 * np.log10(1 / error)) if error else np.inf


def ssim(reconstruction: NDArray[Any], image: NDArray[Any]) -> float:
    """The structural similarity of two images in [0, 1] (Z. Wang et al., IEEE Trans. Image Processing 2004), at most 1.

    Args:
        reconstruction: ``[height, width, channels]``, of at least 11 pixels each way.
        image: The same.
    """
    import tensorflow as tf

    first, second = (tf.convert_to_tensor(x, tf.float32) for x in (reconstruction, image))
    return float(tf.image.ssim(first, second, max_val=1.0))


def as_image(values: NDArray[Any]) -> NDArray[np.float64]:
    """What a viewer shows of values of any size: the smallest is black, and the largest is white."""
    x = np.asarray(values, np.float64)
    low, high = float(np.min(x)), float(np.max(x))
    return (x - low) / (high - low) if high > low else np.zeros_like(x)
