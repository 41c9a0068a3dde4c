"""Opens results no finer than they show."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.duet.kernels.base import Kernel
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.mpc.opening import bits_for, steps_of
from ezprivsecfl.ir.op import Op


class OpenTop(Kernel[protocol.Open], named="open_top"):
    """Both servers send the leading bits of their shares, some at a time.

    No member of the emitted program: its ``reveal`` opens all results together (``duet/opening.h``).
    """

    operation = protocol.Open

    @classmethod
    def takes(cls, op: Op) -> bool:
        """What has significant bits; see ``OpenArith`` for what is opened exactly."""
        return isinstance(op, protocol.Open) and op.significant is not None

    @property
    def bits(self) -> int:
        """Of each element, if the tensor's largest magnitude is as large as it can be."""
        return bits_for(self.op.significant, self.op.highest)

    @property
    def steps(self) -> Sequence[Step]:
        """As many as these bits take."""
        return [Step()] * len(steps_of(self.bits, exact=False))

    def sizes(self, clients: int) -> dict[str, int]:
        """The value's elements, and the bits of each."""
        return {"elements": elements(self.op.result, clients), "bits": self.bits}
