"""Rules over all updates as users write them: one Gram matrix in place of all that would touch the updates' entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.frontends.tff import trace
from ezprivsecfl.ir.mpc.protocol import Product, SquareSum

CLIENTS, LENGTH = 6, 40
VECTOR = tff.TensorType(np.float32, [LENGTH])
UPDATES = np.random.default_rng(5).normal(0.1, 0.5, (CLIENTS, LENGTH)).astype(np.float32)
UPDATES[-1] *= 3


@pytest.fixture(autouse=True)
def _in_the_clear(tff_reference: Any) -> None:
    tff.framework.set_default_context(tff_reference)


def nearest(squares: Any) -> Any:
    """The scores of Krum for one Byzantine client."""
    return tf.reduce_sum(-tf.math.top_k(-squares, CLIENTS - 2)[0], 1)


@ez.robust_aggregation
def krum(updates: Any) -> Any:
    """With differences of all pairs."""
    scores = nearest(tf.reduce_sum(tf.square(updates[:, None] - updates[None, :]), -1))
    return tf.gather(updates, tf.argmin(scores))


@ez.robust_aggregation
def krum_by_products(updates: Any) -> Any:
    """With squared norms and inner products."""
    norms = tf.reduce_sum(updates * updates, axis=1, keepdims=True)
    scores = nearest(norms + tf.transpose(norms) - 2 * tf.matmul(updates, updates, transpose_b=True))
    return tf.gather(updates, tf.argmin(scores))


@ez.robust_aggregation
def unlike_others(updates: Any) -> Any:
    """Weighted by how little an update looks like the others, by cosines."""
    unit = updates / tf.norm(updates, axis=1, keepdims=True)
    cosines = tf.einsum("id,jd->ij", unit, unit)
    weights = 1 - tf.reduce_mean(cosines, axis=1)
    return tf.linalg.matvec(updates, weights, transpose_a=True) / tf.reduce_sum(weights)


@pytest.mark.parametrize("rule", [krum, krum_by_products, unlike_others], ids=lambda r: r.__name__)
def test_a_rule_takes_one_product_of_all_updates(rule: Any) -> None:
    computation = rule.computation(VECTOR)
    program = ez.compile(computation, clients=CLIENTS, backend="plain")
    expected = np.asarray(rule(UPDATES))
    np.testing.assert_allclose(program.run(list(UPDATES)), expected, atol=1e-3 * np.abs(expected).max())
    secure = compile_program(trace(computation, clients=CLIENTS).program, Options(clients=CLIENTS, proofs=False)).secure
    long = [op for op in secure.of(Product) if op.operands[0].type.shape[-1] == LENGTH]
    assert [op.result.type.shape for op in long] == [(CLIENTS, CLIENTS)]
    squares = [op.operands[0].type.shape for op in secure.of(SquareSum) if op.operands[0].type.shape[-1] == LENGTH]
    assert squares in ([], [("n", LENGTH)])  # clients prove their norms, if there are proofs
