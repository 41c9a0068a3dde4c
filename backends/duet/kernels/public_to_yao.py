"""Public values to garbled values."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.garbled_inputs import GarbledInputs
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import RingType


class PublicToYao(GarbledInputs, named="public_to_yao"):
    """The garbler sends the labels."""

    member = "public_to_yao"
    steps = (Step(senders=(0,)),)

    @classmethod
    def takes(cls, op: Op) -> bool:
        """Public values; see ``ToYao`` for shares."""
        return super().takes(op) and isinstance(op.operands[0].type, RingType)
