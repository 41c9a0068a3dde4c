"""Public random numbers."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.member import MemberKernel
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.mpc import sketch


class Coins(MemberKernel[sketch.Coins], named="coins"):
    """Both servers send what they have drawn."""

    operation = sketch.Coins
    member = "coins"
    steps = (Step(),)

    def sizes(self, clients: int) -> dict[str, int]:
        """Always the same."""
        return {}
