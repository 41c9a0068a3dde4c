"""What conversions to garbled values have in common."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.cpp import shape_literal
from ezprivsecfl.backends.duet.kernels.member import MemberKernel, Scope
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.ir.mpc import protocol


class GarbledInputs(MemberKernel[protocol.ToYao]):
    """The evaluator gets the labels of the value's bits."""

    operation = protocol.ToYao

    def sizes(self, clients: int) -> dict[str, int]:
        """The value's elements, and the bits of each."""
        return {"elements": elements(self.op.result, clients), "width": self.op.width}

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The shape, and the bits of each element."""
        return [shape_literal(self.op.result.type.shape), str(self.op.width)]

    def setup_result(self, member: str, index: int) -> str:
        """The zero labels."""
        return f"{member}.labels()"
