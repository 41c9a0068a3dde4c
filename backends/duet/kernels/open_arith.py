"""Opens additive shares, all of them."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.member import MemberKernel
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.op import Op


class OpenArith(MemberKernel[protocol.Open], named="open_arith"):
    """Both servers send their shares."""

    operation = protocol.Open
    member = "open"
    steps = (Step(),)

    @classmethod
    def takes(cls, op: Op) -> bool:
        """What is opened exactly; see ``OpenTop`` for other results."""
        return isinstance(op, protocol.Open) and op.significant is None

    def sizes(self, clients: int) -> dict[str, int]:
        """The value's elements."""
        return {"elements": elements(self.op.result, clients)}
