"""Noise for differential privacy."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.member import MemberKernel
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.ir.mpc import noise


class AddNoise(MemberKernel[noise.AddNoise], named="add_noise"):
    """Each server adds what it has drawn to its own share, and sends nothing."""

    operation = noise.AddNoise
    member = "noise"

    @property
    def initializer(self) -> str:
        """How large each server's part is."""
        return f"{{AddNoise::Part::{'kFull' if self.op.full else 'kJoint'}}}"

    def sizes(self, clients: int) -> dict[str, int]:
        """The value's elements."""
        return {"elements": elements(self.op.result, clients)}
