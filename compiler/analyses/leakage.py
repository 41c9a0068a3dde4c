"""Who learns what: a statement for every program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.dependences import results_by_input
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.mpc.results import significant_bits
from ezprivsecfl.ir.owners import Owner
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
        private: By owner those that it alone knows.
        opened: What both servers learn, in the order in which the program gives it.
        checks: Bits that both servers learn before any result is opened.
        on_bad_client: What happens about a client whose bit is set.
        min_clients: The smallest number of clients of a round.
    """

    secret: tuple[str, ...]
    public: tuple[str, ...]
    private: Mapping[Owner, tuple[str, ...]]
    opened: tuple[Opened, ...]
    checks: tuple[Check, ...]
    on_bad_client: str
    min_clients: int


def leakage(compiled: Compiled) -> Leakage:
    """The leakage statement of a compiled program."""
    inputs = compiled.tensor.of(Input)
    results = results_by_input(compiled.epilogue)
    opened = tuple(
        Opened(tuple(results[op.path]), op.operands[0].type, significant_bits(op), op.location)
        for op in compiled.secure.of(io.Output)
    )
    checks = tuple(
        Check(op.what, op.location, isinstance(op, protocol.CheckClients)) for op in compiled.secure.of(protocol.Check)
    )
    return Leakage(
        tuple(op.path for op in inputs if op.placement is Placement.CLIENTS),
        tuple(op.path for op in inputs if op.placement is Placement.SERVER and op.owner is None),
        {owner: tuple(op.path for op in inputs if op.owner is owner) for owner in compiled.owned},
        opened,
        checks,
        compiled.options.on_bad_client,
        compiled.options.min_clients,
    )
