"""Additive shares to garbled values."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.garbled_inputs import GarbledInputs
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import ArithType


class ToYao(GarbledInputs, named="to_yao"):
    """The evaluator sends its share, masked; the garbler answers with the labels of the sum."""

    member = "to_yao"
    steps = (Step("masked", senders=(1,)), Step("labels", senders=(0,)))

    @classmethod
    def takes(cls, op: Op) -> bool:
        """Shares; see ``PublicToYao`` for public values."""
        return super().takes(op) and isinstance(op.operands[0].type, ArithType)
