"""Values of the mpc level in another shape; no operation where they have it already."""

from __future__ import annotations

from ezprivsecfl.ir.mpc import structure
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.types import Shape


def reshaped(b: ProgramBuilder, value: Value, shape: Shape) -> Value:
    """The value with another shape; of several reshapes in a row only the last one stays."""
    if value.type.shape == shape:
        return value
    if isinstance(value.op, structure.Reshape):
        return reshaped(b, value.op.operands[0], shape)
    return b.add(structure.Reshape, value, shape=shape)


def ranked(b: ProgramBuilder, value: Value, rank: int) -> Value:
    """The value with as many axes, the new ones in front."""
    missing = rank - len(value.type.shape)
    return reshaped(b, value, (1,) * missing + value.type.shape)


def broadcast(b: ProgramBuilder, value: Value, shape: Shape) -> Value:
    """The value repeated along axes of size 1."""
    return value if value.type.shape == shape else b.add(structure.Broadcast, value, shape=shape)
