"""How a program's results are opened."""

from __future__ import annotations

from ezprivsecfl.ir.mpc.io import Output
from ezprivsecfl.ir.mpc.protocol import Open
from ezprivsecfl.ir.program import Program


def opening_of(output: Output) -> Open | None:
    """The operation that opens what an output hands over; None if that was public before."""
    source = output.operands[0].op
    return source if isinstance(source, Open) else None


def significant_bits(output: Output) -> int | None:
    """Of the largest magnitude of an output, how many bits are shown; None for all."""
    opening = opening_of(output)
    return None if opening is None else opening.significant


def openings(program: Program) -> list[Open]:
    """The operations that open the program's results, in the order of its outputs."""
    found = [opening_of(output) for output in program.of(Output)]
    return list(dict.fromkeys(opening for opening in found if opening is not None))
