"""Reading inputs off the gradient of a dense layer, and weights that make a layer give away more of them.

Both attacks are those of F. Boenisch, A. Dziedzic, R. Schuster, A. S. Shamsabadi, I. Shumailov, N. Papernot, "When the
Curious Abandon Honesty: Federated Learning Is Not Private" (arXiv 2112.02918), told in their post "All You Need Is
Matplotlib", from which what is here was written; numbers of the paper were not checked.

In a layer y = ReLU(W x + b), a neuron k that is active for one input of a batch only has the gradients dL/db_k = g and
dL/dW_k = g·x for one number g: their quotient is that input, exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def extract(weight_gradient: NDArray[Any], bias_gradient: NDArray[Any]) -> NDArray[np.float64]:
    """One candidate for an input from each neuron.

    Args:
        weight_gradient: ``[neurons, features]``, of the loss or any multiple of it, such as an update.
        bias_gradient: ``[neurons]``.

    Returns:
        ``[candidates, features]``: the quotients, for neurons whose bias has a gradient other than 0. One is an input
        if its neuron was active for that alone, and else a mean of inputs with some weights, which may be negative.

    Raises:
        ValueError: The shapes do not fit.
    """
    weights, bias = np.asarray(weight_gradient, np.float64), np.asarray(bias_gradient, np.float64)
    if weights.ndim != 2 or bias.shape != weights.shape[:1]:
        raise ValueError(
            f"gradients of weights {list(weights.shape)} and of biases {list(bias.shape)} are not those of one dense "
            "layer: expected [neurons, features] and [neurons]"
        )
    active = bias != 0
    candidates: NDArray[np.float64] = weights[active] / bias[active, None]
    return candidates


def trap_weights(
    features: int, neurons: int, generator: np.random.Generator, *, factor: float = 0.95, scale: float = 1.0
) -> NDArray[np.float64]:
    """Weights for which few inputs in [0, 1] make a neuron active.

    In each neuron a random half of the weights is negative, and the others have the same magnitudes, scaled down. For
    inputs in [0, 1] the negative half then wins, but for a few inputs.

    Args:
        features: Of an input; an even number.
        neurons: Of the layer.
        generator: Draws magnitudes and places.
        factor: By how much the positive half is scaled down: the smaller, the fewer inputs activate a neuron.
        scale: The standard deviation of the normal distribution that magnitudes are drawn from.

    Returns:
        ``[neurons, features]``; biases are to be 0.

    Raises:
        ValueError: The number of features is odd, or the factor is not between 0 and 1.
    """
    if features % 2:
        raise ValueError(f"half of the weights of a neuron are negative: {features} features are an odd number")
    if not 0 < factor < 1:
        raise ValueError(f"the factor of positive weights is between 0 and 1, not {factor}")
    magnitudes = np.abs(generator.normal(scale=scale, size=(neurons, features // 2)))
    signed = np.concatenate([-magnitudes, factor * magnitudes], axis=1)
    return generator.permuted(signed, axis=1)
