"""Operations that compute nothing."""

from __future__ import annotations

import tensorflow as tf

from ezprivsecfl.frontends.tff.ops.registry import Call, control, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import STAYS, Known, Leaf, Local


@lowering("Const")
def constant(call: Call) -> Leaf:
    """A constant of the graph."""
    return Known(tf.make_ndarray(call.attr("value")))


@lowering(
    "CheckNumerics",
    "CheckNumericsV2",
    "EnsureShape",
    "PlaceholderWithDefault",
    "PreventGradient",
    "Snapshot",
    "StopGradient",
)
def identity(call: Call) -> list[Leaf]:
    """The operands as they are; what only checks them is left out."""
    return list(call.leaves)


@control("Identity", "IdentityN")
def same(call: Call) -> list[Leaf]:
    """The operands, lists of tensors among them."""
    if any(isinstance(leaf, Local) for leaf in call.leaves):
        raise Unsupported(STAYS)
    return list(call.leaves)
