"""Operations carry the user's file and line."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ezprivsecfl.errors import UNKNOWN, Location
from ezprivsecfl.frontends.tff import find_computations, trace
from ezprivsecfl.frontends.tff.definitions import find_definition
from ezprivsecfl.frontends.tff.source import Definition, operation_location, user_line

PROGRAM = """\
import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

VECTOR = tff.TensorType(np.float32, [3])

@tf.function
def clip(x):
    norm = tf.norm(x)
    if norm > 1.0:
        x = x / norm
    return x

@tff.tensorflow.computation(VECTOR)
def local(x):
    y = clip(x)
    return y * 2.0

@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def total(updates):
    clipped = tff.federated_map(local, updates)
    return tff.federated_sum(
        clipped
    )

factory = tff.aggregators.MeanFactory()
mean = factory.create(VECTOR, tff.TensorType(np.float32))
server_only = tff.federated_computation(lambda x: x, tff.FederatedType(VECTOR, tff.SERVER))
not_yet = tff.federated_computation(lambda x: tff.federated_sum(x))
number = 3
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    file = tmp_path_factory.mktemp("program") / "program.py"
    file.write_text(PROGRAM)
    return str(file), runpy.run_path(str(file))


def lines(computation: Any, file: str) -> set[tuple[int, str]]:
    ops = trace(computation).program.ops
    assert {op.location.file for op in ops} == {file}
    return {(op.location.line, op.location.op) for op in ops}


def test_lines(program: tuple[str, dict[str, Any]]) -> None:
    file, namespace = program
    found = lines(namespace["total"], file)
    assert {(9, "Sqrt"), (10, "Greater"), (11, "RealDiv"), (10, "StatelessIf"), (17, "Mul")} <= found
    assert (22, "federated_sum") in found
    assert (20, "") in found  # inputs and outputs: the computation


def test_library_code_has_the_line_that_called_it(program: tuple[str, dict[str, Any]]) -> None:
    file, namespace = program
    assert {line for line, _ in lines(namespace["mean"], file)} == {27}


def test_find_computations(program: tuple[str, dict[str, Any]]) -> None:
    _, namespace = program
    found = find_computations(namespace)
    assert list(found) == ["total", "mean"]
    assert found["total"] is namespace["total"]


def test_names(program: tuple[str, dict[str, Any]]) -> None:
    _, namespace = program
    assert trace(namespace["total"]).program.name == "total"
    assert trace(namespace["total"], name="mine").program.name == "mine"
    assert trace(namespace["mean"]).program.name == "aggregation"  # its module is no longer loaded


def test_definitions_in_loaded_modules(program: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    file, namespace = program
    module = ModuleType("user_program")
    vars(module).update(namespace, __name__="user_program", __file__=file)
    monkeypatch.setitem(sys.modules, "user_program", module)
    assert find_definition(namespace["total"]) == Definition("total", Location(file, 20), ("updates",))
    assert find_definition(namespace["mean"]) == Definition("mean", Location(file, 27), ())
    assert find_definition(namespace["mean"].next) == Definition("mean", Location(file, 27), ())
    assert trace(namespace["mean"].next).program.name == "mean"
    assert find_definition(object()) is None
    module.__file__ = str(Path(file).with_name("gone.py"))
    assert find_definition(namespace["total"]) == Definition("total", UNKNOWN, ())


def test_operations_without_a_place() -> None:
    with tf.Graph().as_default():
        op = tf.constant(1.0).op
    assert operation_location(op, Location("a.py", 3, "map")) == Location("a.py", 3, "Const")


def test_user_line() -> None:
    library = np.__file__
    assert user_line([(library, 1), ("<string>", 2), ("/home/me/run.py", 3), ("/home/me/other.py", 4)]) == (
        "/home/me/run.py",
        3,
    )
    assert user_line([(library, 1)]) is None
    assert user_line([("<ipython-input-3-1f>", 5)]) == ("<cell 1f>", 5)


def test_tracking_changes_no_result(tff_reference: Any, program: tuple[str, dict[str, Any]]) -> None:
    _, namespace = program
    result = tff_reference.invoke(namespace["total"], [np.array([3, 0, 4], np.float32)])
    np.testing.assert_allclose(result, [1.2, 0, 1.6], rtol=1e-6)


DECORATED = """\
import functools
import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

VECTOR = tff.TensorType(np.float32, [3])

def twice(function):
    return tff.tensorflow.computation(
        lambda x: function(x) * 2.0, VECTOR
    )

@twice
def local(x):
    return tf.nn.relu(x)

@tff.federated_computation(
    tff.FederatedType(VECTOR, tff.CLIENTS),
    tff.FederatedType(np.float32, tff.SERVER),
)
def total(updates, factor):
    return tff.federated_sum(tff.federated_map(local, updates)), factor

@functools.cache
def rule():
    return tff.federated_computation(lambda x: tff.federated_max(x), tff.FederatedType(np.float32, tff.CLIENTS))

largest = rule()
"""


@pytest.mark.parametrize("name", ["total", "largest"])
def test_no_operation_is_at_a_decorator(tmp_path: Path, name: str):
    """What belongs to a function is where it is defined, not where it is decorated."""
    file = tmp_path / "decorated.py"
    file.write_text(DECORATED)
    lines = DECORATED.splitlines()
    traced = trace(runpy.run_path(str(file))[name])
    found = {op.location.line: lines[op.location.line - 1] for op in traced.program.ops}
    assert {op.location.file for op in traced.program.ops} == {str(file)}
    assert found
    starts = [i for i, line in enumerate(lines, 1) if line.startswith("@")]
    ends = [next(j for j in range(i, len(lines) + 1) if lines[j - 1].startswith("def ")) for i in starts]
    decorators = {line for start, end in zip(starts, ends, strict=True) for line in range(start, end)}
    assert decorators.isdisjoint(found)
    if name == "total":
        assert "def total(updates, factor):" in found.values()
