"""Evaluates TensorFlow operations whose inputs are known while tracing, with TensorFlow itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.ir.op import Array


def can_fold(op: Any) -> bool:
    """Whether an operation gives the same result whenever it is evaluated, and has inputs at all."""
    return bool(op.inputs) and not op.op_def.is_stateful


def fold(op: Any, arrays: Sequence[Array]) -> list[Array]:
    """The operation's results.

    Raises:
        Unsupported: TensorFlow refuses the operation.
    """
    feeds = {tensor.name: array for tensor, array in zip(op.inputs, arrays, strict=True)}
    try:
        with tf.compat.v1.Session(graph=op.graph) as session:
            results = session.run(list(op.outputs), feeds)
    except (tf.errors.OpError, TypeError, ValueError) as e:
        raise Unsupported(f"cannot be evaluated: {e}") from None
    return [np.asarray(r) for r in results]
