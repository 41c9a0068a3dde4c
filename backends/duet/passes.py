"""From an mpc program to what the engine computes."""

from __future__ import annotations

from ezprivsecfl.backends.duet.join import JoinProducts
from ezprivsecfl.backends.duet.legalise import Legalise
from ezprivsecfl.ir.program import Program


def legal(program: Program) -> Program:
    """The program that is emitted, and whose cost is declared."""
    return Legalise().run(JoinProducts().run(program))
