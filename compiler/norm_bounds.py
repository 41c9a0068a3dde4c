"""What clients prove of their values, and the norms that a user declares for it.

A client proves to the servers, of every parameter, one of three things (docs/privacy.md): that each entry is 0 or 1, of
truth values; that each entry is within its bound, of few entries; of many, only how long they are together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ezprivsecfl.compiler.by_parameter import ByParameter, covers
from ezprivsecfl.compiler.choices import PROVED_ENTRIES
from ezprivsecfl.compiler.grammar import positive
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import DType, within_client


def proves_norm(op: Input) -> bool:
    """Whether clients, or a third party, prove the L2 norm of a parameter, and nothing of single entries."""
    many = within_client(op.type.shape) > PROVED_ENTRIES
    proving = op.placement is Placement.CLIENTS or op.owner is Owner.THIRD_PARTY
    return proving and op.type.dtype is not DType.BOOL and many


class NormBounds(ByParameter[float]):
    """Declared norms: the entries of one client of each parameter are a vector that is at most so long."""

    @classmethod
    def of(cls, given: Mapping[str, float]) -> NormBounds:
        """As a user of the API declares them; raises CompileError if one is no positive number."""
        return cls({key: positive(declared, f"norm_bounds[{key!r}]") for key, declared in given.items()})

    def option(self, key: str) -> str:
        """There is only one."""
        return "--norm-bound"

    def norm(self, op: Input, bound: float) -> float | None:
        """How long a client's vector is at most where all entries are within a bound; None if that is not proved."""
        if not proves_norm(op):
            return None
        by_entries = bound * math.sqrt(within_client(op.type.shape))
        declared = self.of_input(op)
        return by_entries if declared is None else min(declared, by_entries)

    def check(self, program: Program) -> None:
        """Raises CompileError for a norm that applies to no parameter whose norm is proved."""
        inputs = program.of(Input)
        for key in self.by_key:
            covered = [op for op in inputs if covers(key, op)]
            if not covered:
                known = ", ".join(sorted(op.path for op in inputs if op.placement is Placement.CLIENTS))
                raise CompileError(
                    f"--norm-bound names no parameter of {program.name}: {key or 'all'}; its clients have {known}"
                )
            if not any(proves_norm(op) for op in covered):
                raise CompileError(f"--norm-bound {key or 'of all parameters'}: {_why_not(covered[0])}")


def _why_not(op: Input) -> str:
    if op.placement is not Placement.CLIENTS and op.owner is not Owner.THIRD_PARTY:
        return f"{op.path} is the server's, and norms are what clients prove"
    if op.type.dtype is DType.BOOL:
        return f"clients prove that every entry of {op.path} is 0 or 1, so its norm needs no bound"
    return (
        f"{op.path} has at most {PROVED_ENTRIES} entries, and clients prove the bound of every single one: "
        "declare that instead (--bound)"
    )
