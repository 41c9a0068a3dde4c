"""The benchmarked aggregations: TFF programs of any size, their inputs, and what they must return, in float64."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow_federated as tff

from ezprivsecfl.aggregators import build_fltrust

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Inputs:
    """What clients and server bring to a round.

    Args:
        updates: (n, d), float32.
        root_update: (d,), float32: the server's own update.
        weights: (n,), float32, whole numbers: the clients' example counts.
    """

    updates: Array
    root_update: Array
    weights: Array


def inputs_for(clients: int, size: int) -> Inputs:
    """Updates around a common direction; every third client's is three times as long as the others'."""
    rng = np.random.default_rng(0)
    direction = rng.normal(0, 0.05, size)
    updates = np.empty((clients, size), np.float32)
    for update in updates:  # one by one: in float64 all together would take thrice the memory
        update[:] = direction + rng.normal(0, 0.05, size)
    updates[::3] *= 3
    root_update = (direction + rng.normal(0, 0.02, size)).astype(np.float32)
    return Inputs(updates, root_update, rng.integers(20, 600, clients).astype(np.float32))


@dataclass(frozen=True)
class Computation:
    """An aggregation that can be measured at any size.

    Args:
        title: For tables and plots.
        program: From d to what ``ez.compile`` takes.
        arguments: From a program and inputs to the arguments of a call.
        outputs: From what a call returns to arrays, in the reference's order.
        reference: From inputs to the arrays that a call should return, in float64.
        secret: Inputs (fields of ``Inputs``) that nobody may see, for other systems than TFF.
        public: Inputs that both parties know.
        constants: From d to numbers in the formula.
    """

    title: str
    program: Callable[[int], Any]
    arguments: Callable[[Any, Inputs], tuple[Any, ...]]
    outputs: Callable[[Any], list[Array]]
    reference: Callable[[Inputs], list[Array]]
    secret: tuple[str, ...] = ("updates",)
    public: tuple[str, ...] = ()
    constants: Callable[[int], dict[str, float]] = field(default=lambda size: {})


def relative_error(results: Sequence[Array], expected: Sequence[Array]) -> float:
    """L-infinity of the difference over L-infinity of the reference, the worst over all outputs."""
    return max(float(np.max(np.abs(r - e)) / np.max(np.abs(e))) for r, e in zip(results, expected, strict=True))


def norms_of(updates: Array) -> Array:
    """Of every client, in float64."""
    return np.array([np.linalg.norm(update.astype(np.float64)) for update in updates])


def weighted_sum(weights: Array, updates: Array) -> Array:
    """In float64."""
    total = np.zeros(updates.shape[1])
    for weight, update in zip(weights, updates, strict=True):
        total += weight * update.astype(np.float64)
    return total


def fltrust_reference(inputs: Inputs) -> list[Array]:
    root_update = inputs.root_update.astype(np.float64)
    norms, root_norm = norms_of(inputs.updates), np.linalg.norm(root_update)
    products = np.array([update.astype(np.float64) @ root_update for update in inputs.updates])
    scores = np.maximum(products / (norms * root_norm), 0)
    return [weighted_sum(scores * root_norm / norms, inputs.updates) / scores.sum()]


def fedavg_for(size: int) -> Any:
    """Federated averaging of a layer: a kernel, and a tenth as many biases (see examples/fedavg.py)."""
    biases = size // 10
    layer = [("kernel", tff.TensorType(np.float32, [size - biases])), ("bias", tff.TensorType(np.float32, [biases]))]
    layer_type = tff.StructWithPythonType(layer, OrderedDict)

    @tff.federated_computation(tff.FederatedType(layer_type, tff.CLIENTS), tff.FederatedType(np.float32, tff.CLIENTS))
    def fedavg(models, examples):
        return tff.federated_mean(models, examples)

    return fedavg


def layers(inputs: Inputs) -> list[OrderedDict[str, Array]]:
    """The updates as ``fedavg_for`` takes them."""
    kernel = inputs.updates.shape[1] - inputs.updates.shape[1] // 10
    return [OrderedDict(kernel=u[:kernel], bias=u[kernel:]) for u in inputs.updates]


def weighted_mean_for(size: int) -> Any:
    """TFF's own aggregator (see examples/mean_factory.py)."""
    value, weight = tff.TensorType(np.float32, [size]), tff.TensorType(np.float32)
    return tff.aggregators.MeanFactory().create(value, weight)


def average(inputs: Inputs) -> list[Array]:
    return [weighted_sum(inputs.weights, inputs.updates) / inputs.weights.sum(dtype=np.float64)]


def longest(size: int) -> float:
    """Between the lengths of short and long updates of ``inputs_for``."""
    return float(np.float32(0.1 * np.sqrt(2 * size)))


def norm_clipping_for(size: int) -> Any:
    """Mean of updates clipped in length, and how many were (see examples/norm_clipping.py)."""
    return tff.aggregators.clipping_factory(
        longest(size),
        tff.aggregators.UnweightedMeanFactory(),
        clipped_count_sum_factory=tff.aggregators.SumFactory(),
    ).create(tff.TensorType(np.float32, [size]))


def norm_clipping_reference(inputs: Inputs) -> list[Array]:
    norms, bound = norms_of(inputs.updates), longest(inputs.updates.shape[1])
    mean = weighted_sum(np.minimum(1, bound / norms), inputs.updates) / len(norms)
    return [mean, np.asarray(np.sum(norms > bound))]


COMPUTATIONS = {
    "fltrust": Computation(
        "FLTrust",
        lambda size: build_fltrust(tff.TensorType(np.float32, [size])),
        lambda program, inputs: (list(inputs.updates), inputs.root_update),
        lambda result: [result],
        fltrust_reference,
        public=("root_update",),
    ),
    "fedavg": Computation(
        "FedAvg",
        fedavg_for,
        lambda program, inputs: (layers(inputs), list(inputs.weights)),
        lambda result: [np.concatenate([result["kernel"], result["bias"]])],
        average,
        secret=("updates", "weights"),
    ),
    "weighted_mean": Computation(
        "weighted mean",
        weighted_mean_for,
        lambda process, inputs: (process.initialize(), list(inputs.updates), list(inputs.weights)),
        lambda output: [output.result],
        average,
        secret=("updates", "weights"),
    ),
    "norm_clipping": Computation(
        "norm clipping",
        norm_clipping_for,
        lambda process, inputs: (process.initialize(), list(inputs.updates)),
        lambda output: [output.result, np.asarray(output.measurements["clipped_count"])],
        norm_clipping_reference,
        constants=lambda size: {"bound": longest(size)},
    ),
}
