"""Tests for infinities and NaN of what is computed on shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.errors import InputError
from ezprivsecfl.frontends.tff import trace
from ezprivsecfl.ir.tensor.elementwise import Equal

Agrees = Callable[..., Any]

POINT = tff.TensorType(np.float32, [3])
ONES = np.ones(3, np.float32)


def guarded(combine: Callable[[Any, Any], Any]) -> Any:
    """The clients' sum combined with the server's value, or zeros if that is not finite."""

    @tff.tensorflow.computation(POINT, POINT)
    def or_zeros(total: Any, state: Any) -> Any:
        result = combine(total, state)
        return tf.cond(tf.reduce_all(tf.math.is_finite(result)), lambda: result, lambda: tf.zeros_like(result))

    @tff.federated_computation(tff.FederatedType(POINT, tff.SERVER), tff.FederatedType(POINT, tff.CLIENTS))
    def guarded_sum(state: Any, points: Any) -> Any:
        return tff.federated_map(or_zeros, (tff.federated_sum(points), state))

    return guarded_sum


def test_nothing_is_tested_on_shares(agrees: Agrees) -> None:
    computation = guarded(lambda total, state: 2.0 * total / 3.0 - state)
    traced = trace(computation)
    assert not traced.program.of(Equal)
    assert traced.finite == {"state"}
    agrees(computation, ONES, [ONES, 2 * ONES])


def test_what_the_test_relies_on_is_checked() -> None:
    computation = guarded(lambda total, state: total - state)
    with pytest.raises(InputError, match="'state' is not finite"):
        trace(computation).arguments(tff.structure.Struct([(None, ONES / 0.0), (None, [ONES, ONES])]))


@pytest.mark.parametrize("state", [1.0, 0.0])
def test_what_may_be_infinite_is_tested(state: float, agrees: Agrees) -> None:
    computation = guarded(lambda total, state: total / state)
    assert trace(computation).program.of(Equal)
    agrees(computation, state * ONES, [ONES, 2 * ONES])
