"""TFF's own aggregation processes, several rounds with state, against TFF itself."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow_federated as tff

Agrees = Callable[..., Any]

STRUCT = tff.to_type(
    collections.OrderedDict(
        dense=collections.OrderedDict(kernel=(np.float32, [3, 2]), bias=(np.float32, [2])),
        scale=np.float32,
        more=[(np.float32, [2]), np.float32],
    )
)
WEIGHT = tff.TensorType(np.float32)


def sample(type_: Any, rng: np.random.Generator) -> Any:
    """Random values in the containers of a type."""
    if isinstance(type_, tff.TensorType):
        return np.asarray(2 * rng.normal(size=tuple(type_.shape))).astype(type_.dtype)[()]
    elements = [(name, sample(t, rng)) for name, t in tff.structure.iter_elements(type_)]
    return collections.OrderedDict(elements) if elements[0][0] else [value for _, value in elements]


def quantile(**options: Any) -> Any:
    return tff.aggregators.PrivateQuantileEstimationProcess.no_noise(**options)


adaptive = {"initial_estimate": 1.0, "target_quantile": 0.5, "learning_rate": 0.4}

PROCESSES: dict[str, Callable[[], Any]] = {
    "sum": lambda: tff.aggregators.SumFactory().create(STRUCT),
    "mean": lambda: tff.aggregators.MeanFactory().create(STRUCT, WEIGHT),
    "mean_no_nan": lambda: tff.aggregators.MeanFactory(no_nan_division=True).create(STRUCT, WEIGHT),
    "unweighted_mean": lambda: tff.aggregators.UnweightedMeanFactory().create(STRUCT),
    "unweighted_mean_of_vector": lambda: tff.aggregators.UnweightedMeanFactory().create(
        tff.TensorType(np.float32, [5])
    ),
    "clipping": lambda: tff.aggregators.clipping_factory(1.5, tff.aggregators.MeanFactory()).create(STRUCT, WEIGHT),
    "adaptive_clipping": lambda: tff.aggregators.clipping_factory(
        quantile(**adaptive), tff.aggregators.SumFactory()
    ).create(STRUCT),
    "zeroing": lambda: tff.aggregators.zeroing_factory(4.0, tff.aggregators.SumFactory()).create(STRUCT),
    "adaptive_zeroing": lambda: tff.aggregators.zeroing_factory(
        quantile(**adaptive), tff.aggregators.MeanFactory()
    ).create(STRUCT, WEIGHT),
    "concat": lambda: tff.aggregators.concat_factory(tff.aggregators.UnweightedMeanFactory()).create(STRUCT),
    "quantile": lambda: quantile(initial_estimate=2.0, target_quantile=0.7, learning_rate=0.5),
    "robust": lambda: tff.learning.robust_aggregator(zeroing=True, clipping=True).create(STRUCT, WEIGHT),
    "secure_sum": lambda: tff.aggregators.SecureSumFactory(4, -3).create(tff.TensorType(np.int32, [3])),
}


@pytest.mark.parametrize("name", PROCESSES)
def test_rounds(name: str, agrees: Agrees, tff_reference: Any, rng: np.random.Generator) -> None:
    process = PROCESSES[name]()
    parameter = process.next.type_signature.parameter
    types = [t for _, t in tff.structure.iter_elements(parameter)]
    state = tff_reference.invoke(process.initialize, None)
    for _ in range(2):
        clients = [[sample(t.member, rng) for _ in range(4)] for t in types[1:]]
        if len(clients) == 2:
            clients[1] = [np.float32(abs(w)) for w in clients[1]]
        output = agrees(process, state, *clients, tolerance=1e-4)
        state = output.state if hasattr(output, "state") else output


def test_empty_state_and_measurements(evaluate: Agrees, tff_reference: Any) -> None:
    process = tff.aggregators.MeanFactory().create(tff.TensorType(np.float32, [2]), WEIGHT)
    state = tff_reference.invoke(process.initialize, None)
    output = evaluate(process, state, [np.ones(2, np.float32)] * 2, [1.0, 3.0])
    assert isinstance(output, tff.templates.MeasuredProcessOutput)
    assert output.state == collections.OrderedDict(value_sum_process=(), weight_sum_process=())
    assert output.measurements == collections.OrderedDict(mean_value=(), mean_weight=())
