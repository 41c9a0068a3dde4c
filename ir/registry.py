"""Finds the operations of a level by name."""

from __future__ import annotations

from collections.abc import Mapping

from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Level


def registry(level: Level) -> Mapping[str, type[Op]]:
    """All operations of a level by name; loads a level's modules when it is first asked for."""
    if level is Level.TENSOR:
        from ezprivsecfl.ir.tensor import TensorOp

        return TensorOp.REGISTRY
    from ezprivsecfl.ir.mpc import MpcOp

    return MpcOp.REGISTRY
