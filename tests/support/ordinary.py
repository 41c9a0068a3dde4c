"""Programs as users write them, each run in secure computation and in TFF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.cli.comparison import TOLERANCE
from ezprivsecfl.cli.recorder import Recorder

F = np.float32
SCALAR = tff.TensorType(F)
Program = Callable[[], None]


def collector(programs: list[Program]) -> Callable[[Program], Program]:
    """Decorates the programs that are tested."""

    def program(function: Program) -> Program:
        programs.append(function)
        return function

    return program


def same_as_tff(run: Callable[[], None]) -> list[float]:
    """Runs a program, every aggregation of which must return what TFF returns for the same arguments.

    Returns the relative L-infinity error of each.
    """
    runner = ez.set_secure_execution_context(backend="plain")
    runner.observer = recorder = Recorder(check=True)
    run()
    assert [c.dropped for c in recorder.calls] == [[]] * len(recorder.calls)
    errors = [c.max_relative_error for c in recorder.calls]
    assert errors
    assert all(e is not None and e <= TOLERANCE for e in errors), errors
    return errors


def vector(size: int) -> Any:
    return tff.TensorType(F, [size])


def clients(type_: Any) -> Any:
    return tff.FederatedType(type_, tff.CLIENTS)


def server(type_: Any) -> Any:
    return tff.FederatedType(type_, tff.SERVER)


def vectors(count: int, size: int, scale: float = 1.0, seed: int = 7) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).normal(0, scale, (count, size)).astype(F))


def scalars(*values: float) -> list[np.float32]:
    return [F(v) for v in values]


def local(function: Callable[..., Any], *types: Any) -> Any:
    return tff.tensorflow.computation(function, *types)


def next_rounds(process: Any, *rounds: tuple[Any, ...]) -> None:
    """Runs rounds of an aggregation process, each from the state that the one before has left."""
    state = process.initialize()
    for values in rounds:
        state = process.next(state, *values).state


def quantile() -> Any:
    """Estimates the median norm, from round to round."""
    return tff.aggregators.PrivateQuantileEstimationProcess.no_noise(
        initial_estimate=1.0, target_quantile=0.5, learning_rate=0.2
    )
