"""What every line of the user's program becomes: ``ezcompile explain``."""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ezprivsecfl.backends.base import Lowered
from ezprivsecfl.compiler.analyses.leakage import Check, Opened, leakage
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.domains import Domain, domain_of
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Input
from ezprivsecfl.ir.types import (
    CLIENTS_DIM,
    ArithType,
    BitFormat,
    FixedFormat,
    FloatFormat,
    MaskedType,
    RingType,
    SummandsFormat,
    Type,
    WiresType,
    count,
    shape_text,
)
from ezprivsecfl.runtime.statistics import size_text

CLEAR = "in the clear, of public or opened values"
GONE = "not computed: other operations, or what clients prove, stand for it"


@dataclass(frozen=True)
class Explained:
    """What one operation, or one parameter, of the user's has become.

    Args:
        location: Its place, with its name; without one, it is the function and what it returns.
        domains: Where the servers have it, in order, each with the last format there, in words; empty if they compute
            it in the clear, or not at all.
        in_clear: Whether they compute it in the clear.
        interval: Within which it lies, as declared; None if that is not known.
        sent_bytes: Both directions together, setup and online; None if the back end declares no costs.
        rounds: Of the online phase, if it were alone.
        revealed: In words what both servers learn there.
    """

    location: Location
    domains: Mapping[Domain, str]
    in_clear: bool
    interval: Interval | None
    sent_bytes: int | None
    rounds: int
    revealed: tuple[str, ...]

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it is left."""
        return not self.domains and not self.in_clear

    @property
    def name(self) -> str:
        """What is explained, for people."""
        return self.location.op or "the function"

    def __str__(self) -> str:
        facts = [f"{domain.text} ({bits})" if bits else domain.text for domain, bits in self.domains.items()]
        facts = facts or [CLEAR if self.in_clear else GONE]
        if self.interval is not None and not self.is_gone:
            facts.append(_range(self.interval))
        if self.domains and self.sent_bytes is not None and Domain.CLIENTS not in self.domains:  # who upload them
            sent = f"{size_text(self.sent_bytes)} in {_counted(self.rounds, 'round')}"
            facts.append(sent if self.sent_bytes else "nothing is sent")
        return "\n".join([f"{self.name}: {'; '.join(facts)}", *(f"both servers learn {one}" for one in self.revealed)])


def explained(lowered: Lowered, costs: Mapping[Location, tuple[int, int]] | None) -> list[Explained]:
    """What all operations of a program have become, by place in the user's program, in order.

    Args:
        lowered: The program as its back end computes it.
        costs: Of its operations, as ``Costs.of_operations`` gives them; None if they are not known.
    """
    compiled = lowered.compiled
    secure = _by_place(lowered.secure.ops)
    clear = {_place(op) for part in _clear_parts(lowered) for op in part.ops}
    ranges = [
        (_by_place(program.ops), Ranges(program, compiled.options.norms))
        for program in (compiled.optimised, compiled.tensor)
    ]
    told = leakage(compiled)
    places = dict.fromkeys(_place(op) for op in (*compiled.tensor.ops, *lowered.secure.ops))
    return [
        Explained(
            location,
            _domains(secure.get(location, ())),
            location in clear,
            next((_interval(ops[location], known) for ops, known in ranges if location in ops), None),
            None if costs is None else costs.get(location, (0, 0))[0],
            0 if costs is None else costs.get(location, (0, 0))[1],
            (
                *(_opened(one) for one in told.opened if one.location == location),
                *(_checked(one) for one in told.checks if one.location == location),
            ),
        )
        for location in sorted(places, key=lambda place: (place.file, place.line))  # else in the program's order
        if location.line
    ]


def text(lines: Iterable[Explained]) -> str:
    """For people: every line of the program that has become anything, and below it what."""
    printed: list[str] = []
    file, line = "", 0
    for one in _together(lines):
        if one.location.file != file:
            file, line = one.location.file, 0
            printed.append(file)
        if one.location.line != line:
            line = one.location.line
            printed.append(f"{line:5d}  {linecache.getline(file, line).rstrip()}".rstrip())
        printed += [f"{'':9}{part}" for part in str(one).splitlines()]
    return "\n".join(printed)


def _together(lines: Iterable[Explained]) -> Iterable[Explained]:
    """Those of a line that nothing is left of as one, by all their names."""
    gone: dict[tuple[str, int], list[str]] = {}
    found = list(lines)
    for one in found:
        if one.is_gone:
            gone.setdefault((one.location.file, one.location.line), []).append(one.name)
    for one in found:
        names = gone.pop((one.location.file, one.location.line), None) if one.is_gone else [one.name]
        if names is not None:
            yield replace(one, location=replace(one.location, op=", ".join(names))) if one.is_gone else one


def _place(op: Op) -> Location:
    """Where an operation stands; parameters are told apart by their names."""
    if isinstance(op, Input | Share):
        return replace(op.location, op=f"parameter {op.path}")
    return op.location


def _by_place(ops: Iterable[Op]) -> dict[Location, list[Op]]:
    found: dict[Location, list[Op]] = {}
    for op in ops:
        found.setdefault(_place(op), []).append(op)
    return found


def _domains(ops: Iterable[Op]) -> dict[Domain, str]:
    found: dict[Domain, str] = {}
    for op in ops:
        given = [_format(result.type) for result in op.results]
        found[domain_of(op)] = given[-1] if given else found.get(domain_of(op), "")
    return found


def _clear_parts(lowered: Lowered) -> list[Program]:
    compiled = lowered.compiled
    return [compiled.prologue, compiled.epilogue, *compiled.owned.values()]


def _interval(ops: Sequence[Op], ranges: Ranges) -> Interval | None:
    """Of what leaves a place: no operation there takes it; a constant only if there is nothing else."""
    taken = {operand for op in ops for operand in op.operands}
    given = [result for op in ops for result in op.results]
    given = [value for value in given if value not in taken] or given
    given = [value for value in given if not isinstance(value.op, Constant)] or given
    return ranges.as_declared(given[-1]) if given else None


def _range(interval: Interval) -> str:
    if not interval.is_bounded:
        return "no bound is known"
    if interval.lo == -interval.hi:
        return f"|x| <= {interval.hi:.4g}"
    return f"{interval.lo:.4g} <= x <= {interval.hi:.4g}"


def _format(type_: Type) -> str:
    """How many bits there are, and what they mean."""
    match type_:
        case RingType() | ArithType() | MaskedType():
            return f"{type_.frac} fractional bits of 64"
        case WiresType(format=FixedFormat(width, frac)):
            return f"{frac} fractional bits of {width}"
        case WiresType(format=SummandsFormat(word, frac)):
            return f"{frac} fractional bits, in two words of {word}"
        case WiresType(format=BitFormat()):
            return "1 bit"
        case WiresType(format=FloatFormat() as float_):
            return f"floating point of {float_.width} bits"
    raise AssertionError(type_)


def _opened(one: Opened) -> str:
    shape = one.type.shape
    numbers = f"numbers {shape_text(shape)}" if CLIENTS_DIM in shape else _counted(count(shape), "number")
    bits = "all bits" if one.significant is None else f"the {one.significant} leading bits of the largest"
    return f"{' and '.join(one.results)}: {numbers}, {bits}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _checked(one: Check) -> str:
    return f"whether {one.what} is defined: 1 bit{' for each client' if one.per_client else ''}"
