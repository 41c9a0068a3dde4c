"""Garbled values to additive shares."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.duet.kernels.member import MemberKernel, Scope
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.ir.mpc import protocol


class FromYao(MemberKernel[protocol.FromYao], named="from_yao"):
    """A garbled subtractor takes off the garbler's share, which is random: all is sent in the setup phase."""

    operation = protocol.FromYao
    member = "from_yao"

    def sizes(self, clients: int) -> dict[str, int]:
        """The value's elements."""
        return {"elements": elements(self.op.result, clients)}

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The zero labels."""
        return [scope.setup_value(self.op.operands[0])]
