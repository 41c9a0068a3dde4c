"""What a pass is: a small class whose fields are its options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.verifier import verify


class Pass(Protocol):
    """A transformation of programs of one level."""

    def run(self, program: Program) -> Program:
        """Returns the transformed program; the argument is left as it is."""


def run_passes(program: Program, passes: Sequence[Pass]) -> Program:
    """Runs passes in order and verifies the program before and after each."""
    verify(program)
    for one in passes:
        program = one.run(program)
        verify(program)
    return program
