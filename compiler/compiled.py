"""The compiled program: what back ends, the report and a run take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program

COARSE = 1 << 10
"""Values below so many units of the last place, or of one that is lost, are imprecise: a unit is 1e-3 of them."""


@dataclass(frozen=True)
class Lost:
    """The largest place that is lost, such as 2^-20, where any is.

    Args:
        results: Of opened values, by path.
        small: Of operands whose sign an operation takes, or whose inverse if it is coarse for clients at the low end of
            their class, by the operation's place in the user's program.
    """

    results: Mapping[str, float] = field(default_factory=dict)
    small: Mapping[Location, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Compiled:
    """A program ready for a back end.

    Args:
        name: The computation's name.
        tensor: As traced, with bounds.
        optimised: After all passes of the tensor level, without what owners of private inputs compute themselves.
        prologue: SERVER inputs to the public values that the secure part needs; both servers run it in the clear.
        secure: The mpc program; its ``public`` operations name outputs of the prologue.
        epilogue: Opened values (and SERVER inputs) to results; both servers run it in the clear.
        options: What it was compiled with.
        owned: By owner of private inputs, from these and public ones to what it shares; it runs that in the clear.
        holders: For values of ``optimised`` those of ``secure`` that hold them, as wires, as shares, or both.
        lost: What truncation loses.
    """

    name: str
    tensor: Program
    optimised: Program
    prologue: Program
    secure: Program
    epilogue: Program
    options: Options
    owned: Mapping[Owner, Program] = field(default_factory=dict)
    holders: Mapping[Value, tuple[Value, ...]] = field(default_factory=dict)
    lost: Lost = field(default_factory=Lost)
