"""What noise there is in a compiled program, and what is opened without."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.dependences import results_by_input
from ezprivsecfl.ir.mpc import io, noise, protocol
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import ArithType, Dim


@dataclass(frozen=True)
class Noise:
    """Noise that is added to a value.

    Args:
        location: Where the program adds it.
        shape: Of the value.
        deviation: The standard deviation that the program asks for; None if it follows from the server's values.
        parameters: The SERVER-placed parameters that it follows from.
        full: Whether each server's part has that standard deviation; else both together have it.
        frac: It is a multiple of 2^-frac.
    """

    location: Location
    shape: tuple[Dim, ...]
    deviation: float | None
    parameters: tuple[str, ...]
    full: bool
    frac: int


def noise_of(compiled: Compiled) -> list[Noise]:
    """All noise of a program, in order."""
    uses = results_by_input(compiled.prologue)
    found = []
    for op in compiled.secure.of(noise.AddNoise):
        source, type_ = op.operands[1].op, op.result.type
        assert isinstance(type_, ArithType)
        known = source.value if isinstance(source, io.Constant) else None
        path = source.path if isinstance(source, io.Public) else None
        found.append(
            Noise(
                op.location,
                type_.shape,
                None if known is None else int(known) * 2.0**-type_.frac,
                tuple(parameter for parameter, results in uses.items() if path in results),
                op.full,
                type_.frac,
            )
        )
    return found


def opened_without_noise(secure: Program) -> list[io.Output | protocol.Check]:
    """What is opened of a program and depends on clients' values other than through values with noise."""
    plain: set[Value] = set()
    found: list[io.Output | protocol.Check] = []
    for op in secure.ops:
        if isinstance(op, io.Share) or (_passes_on(op) and not plain.isdisjoint(op.operands)):
            plain.update(op.results)
        if isinstance(op, io.Output | protocol.Check) and not plain.isdisjoint(op.operands):
            found.append(op)
    return found


def _passes_on(op: Op) -> bool:
    """Whether what an operation gives shows its operands, as all do but noise."""
    return not isinstance(op, noise.AddNoise)
