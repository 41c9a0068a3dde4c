"""Boolean shares to additive shares."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.cpp import shape_literal
from ezprivsecfl.backends.duet.kernels.member import MemberKernel, Scope
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.mpc import boolean
from ezprivsecfl.ir.types import WiresType


class FromBoolean(MemberKernel[boolean.FromBoolean], named="from_boolean"):
    """Both servers send their bits, masked."""

    operation = boolean.FromBoolean
    member = "from_boolean"
    steps = (Step(),)

    @property
    def width(self) -> int:
        """Bits of each element."""
        wires = self.op.operands[0].type
        assert isinstance(wires, WiresType)
        return wires.format.width

    def sizes(self, clients: int) -> dict[str, int]:
        """The value's elements, and the bits of each."""
        return {"elements": elements(self.op.result, clients), "width": self.width}

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The shape, and the bits of each element."""
        return [shape_literal(self.op.result.type.shape), str(self.width)]
