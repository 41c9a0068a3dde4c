"""Fewer fractional bits of additive shares."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.cpp import shape_literal
from ezprivsecfl.backends.duet.kernels.member import MemberKernel, Scope
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.mpc import protocol


class Truncate(MemberKernel[protocol.Truncate], named="truncate"):
    """Both servers send their shares' top bits, masked: these say whether the sum wraps around."""

    operation = protocol.Truncate
    member = "truncate"
    steps = (Step(),)

    def sizes(self, clients: int) -> dict[str, int]:
        """The value's elements, and the bits that are dropped."""
        return {"elements": elements(self.op.result, clients), "bits": self.op.bits}

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The shape, and the bits that are dropped."""
        return [shape_literal(self.op.result.type.shape), str(self.op.bits)]
