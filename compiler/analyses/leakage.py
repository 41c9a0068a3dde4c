"""Who learns what: a statement for every program."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ezprivsecfl.compiler.options import FAIL
from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.mpc.protocol import client_message
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.types import Type


@dataclass(frozen=True)
class Opened:
    """A value that both servers learn.

    Args:
        results: The results that are computed from it in the clear, and from public values.
        type: How many numbers it is.
        location: The operation whose result it is.
    """

    results: tuple[str, ...]
    type: Type
    location: Location


@dataclass(frozen=True)
class Check:
    """A bit that both servers learn, or one for each client: whether operations had no finite result.

    Args:
        what: The operations.
        location: The place of the (first) operation.
        per_client: Whether it is a bit for each client.
    """

    what: str
    location: Location
    per_client: bool


@dataclass(frozen=True)
class Leakage:
    """What a round tells whom.

    Args:
        secret: CLIENTS-placed parameters: no server learns anything about them beyond the entries below.
        public: SERVER-placed parameters, known to both servers.
        opened: What both servers learn, in the order in which the program gives it.
        checks: Bits that both servers learn before any result is opened.
        on_bad_client: What happens about a client whose bit is set.
    """

    secret: tuple[str, ...]
    public: tuple[str, ...]
    opened: tuple[Opened, ...]
    checks: tuple[Check, ...]
    on_bad_client: str

    def lines(self) -> list[str]:
        """The statement in plain words."""
        return [
            f"Hidden from both servers and from other clients: {', '.join(self.secret)}",
            f"Known to both servers beforehand: {', '.join((*self.public, 'the number of clients'))}",
            *(
                f"Both servers learn {' and '.join(o.results)}: {_numbers(o.type)} opened{_at(o.location)}"
                for o in self.opened
            ),
            *(self._checked(check) for check in self.checks),
            "Clients learn nothing: results are for the servers",
            "Assumed: the servers do not collude, and each follows the protocol",
        ]

    def _checked(self, check: Check) -> str:
        if not check.per_client:
            return (
                f"Both servers learn one bit: whether {check.what}{_at(check.location)} was infinite or not a number; "
                "if so, the round fails, and no result is opened"
            )
        then = "it is named, and the round fails" if self.on_bad_client == FAIL else "it is dropped and named"
        return (
            f"Both servers learn one bit for each client, before any result: whether {client_message(check.what)}. "
            f"If so, {then}; where it is not finite, TFF's own result would be infinite or not a number"
        )


def _numbers(type_: Type) -> str:
    count = math.prod(d for d in type_.shape if isinstance(d, int))
    return "1 number" if count == 1 else f"{count} numbers"


def _at(location: Location) -> str:
    return f" ({location.file}:{location.line})" if location.line else ""


def leakage(compiled: Compiled) -> Leakage:
    """The leakage statement of a compiled program."""
    inputs = compiled.tensor.of(Input)
    results = _results_by_opened(compiled.epilogue)
    opened = tuple(
        Opened(tuple(results.get(op.path, ["an intermediate value"])), op.operands[0].type, op.location)
        for op in compiled.secure.of(io.Output)
    )
    checks = tuple(
        Check(op.what, op.location, isinstance(op, protocol.CheckClients)) for op in compiled.secure.of(protocol.Check)
    )
    return Leakage(
        tuple(op.path for op in inputs if op.placement is Placement.CLIENTS),
        tuple(op.path for op in inputs if op.placement is Placement.SERVER),
        opened,
        checks,
        compiled.options.on_bad_client,
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
