"""Operations that compute nothing."""

from __future__ import annotations

import tensorflow as tf

from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.values import Known, Leaf


@lowering("Const")
def constant(call: Call) -> Leaf:
    """A constant of the graph."""
    return Known(tf.make_ndarray(call.attr("value")))


@lowering(
    "CheckNumerics",
    "CheckNumericsV2",
    "EnsureShape",
    "Identity",
    "IdentityN",
    "PlaceholderWithDefault",
    "PreventGradient",
    "Snapshot",
    "StopGradient",
)
def identity(call: Call) -> list[Leaf]:
    """The operands as they are; what only checks them is left out."""
    return list(call.leaves)
