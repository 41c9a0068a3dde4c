"""Programs with data sets, as users run them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.cli.main import main
from ezprivsecfl.errors import DroppedClientWarning

POINT = tff.TensorType(np.float32, [3])
DATA = tff.SequenceType(POINT)


@tff.tensorflow.computation(POINT, DATA)
def train(weights: Any, data: Any) -> Any:
    return data.batch(10, drop_remainder=False).reduce(weights, lambda w, x: w - 0.5 * (w - tf.reduce_mean(x, 0)))


@tff.federated_computation(tff.FederatedType(POINT, tff.SERVER), tff.FederatedType(DATA, tff.CLIENTS))
def training(weights: Any, data: Any) -> Any:
    return tff.federated_mean(tff.federated_map(train, (tff.federated_broadcast(weights), data)))


ZEROS = np.zeros(3, np.float32)
DATA_OF_CLIENTS = [[np.full(3, value, np.float32)] * 2 for value in (1.0, 2.0, np.nan, 6.0)]


def test_a_client_whose_training_diverges_is_dropped() -> None:
    ez.set_secure_execution_context(backend="plain")
    with pytest.warns(DroppedClientWarning, match="client 2"):
        result = training(ZEROS, DATA_OF_CLIENTS)
    np.testing.assert_allclose(result, 1.5, rtol=1e-5)


def test_a_client_whose_work_fails_is_dropped() -> None:
    ez.set_secure_execution_context(backend="plain")
    data = [*DATA_OF_CLIENTS[:2], [np.zeros(5, np.float32)]]
    with pytest.warns(DroppedClientWarning, match="^training: dropped client 2: its own work failed: "):
        result = training(ZEROS, data)
    np.testing.assert_allclose(result, 0.75, rtol=1e-5)


def test_the_report_shows_the_boundary() -> None:
    report = str(ez.compile(training, clients=4, backend="plain").report)
    assert "The boundary" in report
    assert "Each client uploads, in shares, data/ReduceDataset float32[3]" in report


PROGRAM = """\
DATA = tff.SequenceType(VECTOR)

@tff.tensorflow.computation(VECTOR, DATA)
def local_update(weights, data):
    trained = data.reduce(weights, lambda w, x: 0.5 * (w + x))
    update = trained - weights
    return update * tf.minimum(1.0, 0.5 / tf.norm(update))

@tff.federated_computation(tff.FederatedType(VECTOR, tff.SERVER), tff.FederatedType(DATA, tff.CLIENTS))
def training(weights, data):
    updates = tff.federated_map(local_update, (tff.federated_broadcast(weights), data))
    return tff.federated_mean(updates)

@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def mean(values):
    return tff.federated_mean(values)
"""


def test_boundary_alone(
    program: Callable[[str], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(PROGRAM)
    monkeypatch.chdir(path.parent)
    assert main([path.name, "--boundary"]) == 0
    assert capsys.readouterr().out.replace(str(path), path.name).splitlines() == [
        "training",
        "  Each client is given weights float32[4]",
        "  In the clear, at each client: program.py:11",
        "  Each client uploads, in shares, data/ReduceDataset float32[4], of program.py:11 (ReduceDataset)",
        "  After that, on shares and on what is opened: program.py:12, 13, 18",
        "mean",
        "  In the clear: nothing",
        "  Each client uploads, in shares, its argument values",
        "  After that, on shares and on what is opened: program.py:22",
    ]
    assert not list(path.parent.glob("*.ez"))
