"""Who learns what: a statement for every program."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import FAIL
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.dependences import results_by_input
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.mpc.protocol import client_message
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import Type


@dataclass(frozen=True)
class Opened:
    """A value that both servers learn.

    Args:
        results: The results that are computed from it in the clear, and from public values.
        type: How many numbers it is.
        significant: How many bits of the largest magnitude are opened; None for all bits.
        location: The operation whose result it is.
    """

    results: tuple[str, ...]
    type: Type
    significant: int | None
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
        min_clients: The smallest number of clients of a round.
    """

    secret: tuple[str, ...]
    public: tuple[str, ...]
    opened: tuple[Opened, ...]
    checks: tuple[Check, ...]
    on_bad_client: str
    min_clients: int

    def lines(self) -> list[str]:
        """The statement in plain words."""
        return [
            f"Hidden from both servers and from other clients: {', '.join(self.secret)}",
            f"Known to both servers beforehand: {', '.join((*self.public, 'the number of clients'))}",
            *(
                f"Both servers learn {' and '.join(o.results)}: {_numbers(o.type)} opened{_at(o.location)}, "
                f"{_precisely(o.significant)}"
                for o in self.opened
            ),
            *(self._checked(check) for check in self.checks),
            "Clients learn nothing: results are for the servers",
            f"Rounds have at least {self.min_clients} clients: a server that colludes with all clients but one learns "
            "what that one's value adds to what is opened; with all but k, what those k add together",
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


def _precisely(significant: int | None) -> str:
    if significant is None:
        return "all bits of each"
    return f"the {significant} leading bits, counted from the largest of them"


def _significant(output: io.Output) -> int | None:
    source = output.operands[0].op
    return source.significant if isinstance(source, protocol.Open) else None


def _at(location: Location) -> str:
    return f" ({location.file}:{location.line})" if location.line else ""


def leakage(compiled: Compiled) -> Leakage:
    """The leakage statement of a compiled program."""
    inputs = compiled.tensor.of(Input)
    results = results_by_input(compiled.epilogue)
    opened = tuple(
        Opened(tuple(results[op.path]), op.operands[0].type, _significant(op), op.location)
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
        compiled.options.min_clients,
    )
