"""Who learns what: a statement for every program."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.errors import UNKNOWN, Location
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output, Placement


@dataclass(frozen=True)
class Leakage:
    """What a round tells whom.

    Args:
        secret: CLIENTS-placed parameters: no server learns anything about them beyond the entries below.
        public: SERVER-placed parameters, known to both servers.
        opened: What both servers learn, each with the results that are computed from it and its place.
        checks: What both servers learn only by the failure of a round.
    """

    secret: tuple[str, ...]
    public: tuple[str, ...]
    opened: tuple[tuple[str, Location], ...]
    checks: tuple[str, ...]

    def lines(self) -> list[str]:
        """The statement in plain words."""
        told = [
            f"the opened value behind {what}" + (f" ({where})" if where != UNKNOWN else "")
            for what, where in self.opened
        ]
        return [
            f"Hidden from both servers and from other clients: {', '.join(self.secret)}",
            f"Known to both servers beforehand: {', '.join((*self.public, 'the number of clients'))}",
            *(f"Both servers learn {line}" for line in told),
            *(f"Only if a round fails, both servers learn {line}" for line in self.checks),
            "Assumed: the servers do not collude, and each follows the protocol",
        ]


def leakage(compiled: Compiled) -> Leakage:
    """The leakage statement of a compiled program."""
    inputs = compiled.tensor.of(Input)
    results = _results_by_opened(compiled.epilogue)
    opened = tuple(
        (" and ".join(results.get(op.path, ["nothing"])), op.location) for op in compiled.secure.of(io.Output)
    )
    checks = tuple(
        f"for how many elements {op.what} ({op.location}) was infinite or not a number"
        for op in compiled.secure.of(protocol.CheckZero)
    )
    return Leakage(
        tuple(op.path for op in inputs if op.placement is Placement.CLIENTS),
        tuple(op.path for op in inputs if op.placement is Placement.SERVER),
        opened,
        checks,
    )


def _results_by_opened(epilogue: Program) -> dict[str, list[str]]:
    """For every opened value the results that depend on it."""
    sources: dict[Value, set[str]] = {}
    results: dict[str, list[str]] = {}
    for op in epilogue.ops:
        below = {op.path} if isinstance(op, Input) else set().union(*(sources[o] for o in op.operands))
        for value in op.results:
            sources[value] = below
        if isinstance(op, Output):
            for path in below:
                results.setdefault(path, []).append(op.path)
    return results
