"""Operations that hang together: what is decided for one is decided for all."""

from __future__ import annotations

from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import Type


def connected(program: Program, kind: type[Type]) -> list[set[Op]]:
    """The operations that are connected by values of a type."""
    groups: list[set[Op]] = []
    for value, users in program.uses().items():
        if isinstance(value.type, kind):
            new = {value.op, *users}
            groups = [g for g in groups if not g & new] + [new.union(*(g for g in groups if g & new))]
    return groups
