"""FLTrust as a user imports it: what it computes, by TFF and on shares, and where its operations are said to be."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import tensorflow_federated as tff
from small_programs import fltrust as fltrust_by_hand

import ezprivsecfl as ez
from ezprivsecfl.aggregators import build_fltrust
from ezprivsecfl.aggregators.fltrust import fltrust as fltrust_rule
from ezprivsecfl.errors import Location
from ezprivsecfl.frontends.tff import install_source_tracking, trace
from ezprivsecfl.ir.interpreter import run_tensor

install_source_tracking()

SIZE = 6
RNG = np.random.default_rng(9)
UPDATES = list(RNG.normal(0.2, 1.0, (5, SIZE)).astype(np.float32))
ROOT = RNG.normal(0.2, 1.0, SIZE).astype(np.float32)

fltrust = build_fltrust(tff.TensorType(np.float32, [SIZE]))
DEFINED = Location(__file__, inspect.currentframe().f_lineno - 1)


@pytest.fixture(autouse=True)
def _in_the_clear(tff_reference: Any) -> None:
    tff.framework.set_default_context(tff_reference)


def expected(updates: list[Any], root: Any) -> Any:
    """The paper's formula, client by client."""
    total, total_score = np.zeros_like(root, np.float64), 0.0
    for update in np.asarray(updates, np.float64):
        length, root_length = np.linalg.norm(update), np.linalg.norm(root)
        score = max(0.0, np.sum(update * root) / (length * root_length))
        total, total_score = total + score * root_length / length * update, total_score + score
    return total / total_score if total_score else total


def test_it_is_the_papers_formula():
    assert any(np.dot(update, ROOT) < 0 for update in UPDATES)
    np.testing.assert_allclose(fltrust(UPDATES, ROOT), expected(UPDATES, ROOT), rtol=1e-5)


def test_on_shares():
    program = ez.compile(fltrust, clients=5, backend="plain")
    np.testing.assert_allclose(program.run(UPDATES, ROOT), expected(UPDATES, ROOT), rtol=1e-5, atol=1e-6)


def test_as_a_rule_over_all_updates_it_is_the_same_program_on_shares():
    """The servers send as much, so the rule, too, is recognised as one of unit vectors."""
    rule = fltrust_rule.computation(tff.TensorType(np.float32, [SIZE]))
    np.testing.assert_allclose(rule(UPDATES, ROOT), fltrust(UPDATES, ROOT), rtol=1e-6)
    assert ez.compile(rule, clients=5).cost().total_bytes == ez.compile(fltrust, clients=5).cost().total_bytes


def test_clients_that_point_elsewhere_and_long_updates():
    good, length = ROOT + np.float32(0.1), np.linalg.norm(ROOT)
    alone = fltrust([good, good], ROOT)
    np.testing.assert_allclose(fltrust([good, good, -100 * ROOT], ROOT), alone, rtol=1e-5)
    np.testing.assert_allclose(fltrust([100 * good, good], ROOT), alone, rtol=1e-5)
    assert np.linalg.norm(alone) <= length * (1 + 1e-6)
    np.testing.assert_array_equal(fltrust([-ROOT, -2 * ROOT], ROOT), np.zeros(SIZE, np.float32))


def test_updates_of_any_shape_and_precision():
    rule = build_fltrust(tff.TensorType(np.float64, [2, 3]))
    shaped = [update.astype(np.float64).reshape(2, 3) for update in UPDATES]
    result = rule(shaped, ROOT.astype(np.float64).reshape(2, 3))
    assert result.dtype == np.float64
    np.testing.assert_allclose(result.ravel(), expected(UPDATES, ROOT), rtol=1e-7)


@pytest.mark.parametrize(
    "type_",
    [
        tff.TensorType(np.int32, [3]),
        tff.TensorType(np.bool_),
        tff.to_type([np.float32, np.float32]),
        tff.FederatedType(np.float32, tff.CLIENTS),
        np.float32,
    ],
)
def test_what_is_no_update(type_: Any):
    with pytest.raises(TypeError, match="updates that are tensors of floats, not"):
        build_fltrust(type_)


def test_its_operations_are_where_the_user_asks_for_it():
    traced = trace(fltrust).program
    assert traced.name == "fltrust"
    assert {(op.location.file, op.location.line) for op in traced.ops} == {(DEFINED.file, DEFINED.line)}
    assert {"RealDiv", "Relu", "DivNoNan", "federated_sum"} <= {op.location.op for op in traced.ops}


def test_what_the_tests_of_the_compiler_call_fltrust_is_the_same():
    """They have no TensorFlow: ``small_programs.fltrust`` is written by hand."""
    given = {"updates": np.stack(UPDATES), "root_update": ROOT}
    result = run_tensor(trace(fltrust).program, given, 5)["result"]
    by_hand = run_tensor(fltrust_by_hand(SIZE), {"updates": given["updates"], "root": ROOT}, 5)["result"]
    np.testing.assert_allclose(by_hand, result, rtol=1e-6)
