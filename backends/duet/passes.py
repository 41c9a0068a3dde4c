"""From an mpc program to what the engine computes."""

from __future__ import annotations

from ezprivsecfl.backends.duet.join import JoinProducts
from ezprivsecfl.backends.duet.legalise import Legalise
from ezprivsecfl.backends.duet.sum_first import SumFirst
from ezprivsecfl.ir.passes import Pass
from ezprivsecfl.ir.program import Program

LEGALISATION: tuple[Pass, ...] = (SumFirst(), JoinProducts(), Legalise())


def legal(program: Program) -> Program:
    """The program that is emitted, and whose cost is declared."""
    for one in LEGALISATION:
        program = one.run(program)
    return program
