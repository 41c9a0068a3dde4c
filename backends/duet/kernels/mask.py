"""Additive shares to ABY2.0 sharing."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.cpp import shape_literal
from ezprivsecfl.backends.duet.kernels.member import MemberKernel, Scope
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.mpc import protocol


class Mask(MemberKernel[protocol.Mask], named="mask"):
    """Both servers send their shares, masked. Products of shares as they are need no mask."""

    operation = protocol.Mask
    member = "mask"
    steps = (Step(),)

    def sizes(self, clients: int) -> dict[str, int]:
        """The value's elements."""
        return {"elements": elements(self.op.result, clients)}

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The shape."""
        return [shape_literal(self.op.result.type.shape)]

    def setup_result(self, member: str, index: int) -> str:
        """The mask."""
        return f"{member}.mask()"
