"""The page about rules over all updates: its code as it stands there, and what it says of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ezprivsecfl as ez
from ezprivsecfl.errors import DivisionError
from ezprivsecfl.ir.mpc import protocol

PAGE = (Path(__file__).parents[2] / "docs" / "robust-aggregation.md").read_text("utf-8")


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE):
        exec(compile(block, "robust-aggregation.md", "exec"), found)
    return found


def test_the_rule_on_shares(names: dict[str, Any]) -> None:
    updates = names["UPDATES"]
    squares = np.sum((updates[:, None] - updates[None, :]) ** 2, 2)
    expected = updates[np.argmin(np.sort(squares, 1)[:, 1:7].sum(1))]
    np.testing.assert_array_equal(names["krum"](updates, byzantine=2), expected)
    np.testing.assert_allclose(names["program"].simulate(list(updates)), expected, atol=1e-3)


def test_state_and_inputs_of_the_server(names: dict[str, Any]) -> None:
    process = names["centred_clipping"].factory().create(names["VECTOR"])
    program = ez.compile(process, clients=10, backend="plain")
    got = program.run(np.zeros(50, np.float32), list(names["UPDATES"]))
    expected, _ = names["centred_clipping"](names["UPDATES"], tf.zeros([50]))
    np.testing.assert_allclose(got.result, expected, atol=1e-3)
    towards = ez.compile(names["towards"].computation(names["VECTOR"]), clients=10, backend="plain")
    root = np.ones(50, np.float32)
    expected = root + 0.25 * (names["UPDATES"].mean(0) - root)
    np.testing.assert_allclose(towards.run(list(names["UPDATES"]), root, 0.25), expected, atol=1e-3)


def test_row_by_row_is_for_any_number(names: dict[str, Any]) -> None:
    program = ez.compile(names["centred_clipping"].computation(names["VECTOR"]), clients=10, backend="plain")
    assert program.options.exact_clients is None
    assert names["program"].options.exact_clients == 10


def test_secret_weights_and_rows_are_one_product(names: dict[str, Any]) -> None:
    @ez.robust_aggregation
    def weighted(updates: Any) -> Any:
        order = tf.sort(tf.norm(updates, axis=1))
        weights = tf.nn.relu(order[-1] - tf.norm(updates, axis=1)) * tf.reverse(order, [0])
        return tf.reduce_sum(weights[:, None] * updates, 0)

    program = ez.compile(weighted.computation(names["VECTOR"]), clients=10, backend="plain")
    (product,) = [op for op in program.compiled.secure.of(protocol.Product) if 50 in op.result.type.shape]
    assert [o.type.shape for o in product.operands] == [(1, "n"), ("n", 50)]


def test_a_value_of_two_clients_is_nobodys(names: dict[str, Any]) -> None:
    @ez.robust_aggregation
    def closeness(updates: Any) -> Any:
        distances = tf.reduce_sum(tf.square(updates[:, None] - updates[None, :]), 2) + tf.eye(10)
        return tf.reduce_sum(1.0 / distances) * tf.ones([50])

    program = ez.compile(closeness.computation(names["VECTOR"]), clients=10, backend="plain")
    updates = names["UPDATES"].copy()
    np.testing.assert_allclose(program.run(list(updates)), closeness(updates), rtol=1e-3)
    updates[3] = updates[4]
    with pytest.raises(DivisionError, match=r"RealDiv .*the result is infinite"):
        program.run(list(updates))
