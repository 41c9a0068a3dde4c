"""What products of additive shares have in common: factors under lattice encryption, and answers to them."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.cpp import shape_literal
from ezprivsecfl.backends.duet.kernels.member import MemberKernel, Scope
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.program import AnyOp


class ShareExchange(MemberKernel[AnyOp]):
    """Each server sends its encrypted factor, and multiplies the other's with its own."""

    steps = (Step("uploads"), Step("answers"))

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The factors' shapes."""
        return [shape_literal(o.type.shape) for o in self.op.operands]
