"""Schedules an mpc program in communication rounds: independent messages travel together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ezprivsecfl.ir.mpc import io
from ezprivsecfl.ir.mpc.results import openings
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program


@dataclass(frozen=True)
class Step:
    """One message of an operation, or one in each direction at the same time.

    Args:
        name: Tells the steps of an operation apart; empty where there is one kind of them.
        senders: Which servers send something: 0, 1.
    """

    name: str = ""
    senders: tuple[int, ...] = (0, 1)


@dataclass(frozen=True)
class Exchange:
    """A step of an operation in some round.

    Args:
        op: The operation.
        step: What is sent.
        number: Which of the operation's steps it is, from 0.
        last: Whether it is the last.
    """

    op: Op
    step: Step
    number: int
    last: bool


@dataclass
class Stage:
    """One round: first all its messages, then the operations that can be computed with them.

    Stage 0 has no messages. That both servers hold the same public values is checked in stage 1, before any result is
    opened; ``agreement`` marks one that is there for nothing else.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    local: list[Op] = field(default_factory=list)
    agreement: bool = False

    @property
    def senders(self) -> set[int]:
        """Which servers send something."""
        return {0, 1} if self.agreement else {p for e in self.exchanges for p in e.step.senders}


@dataclass(frozen=True)
class Schedule:
    """Every operation as early as it can be.

    Args:
        stages: Stage r holds round r's messages and what follows from them.
        reveal: The results' openings, once the checks have been judged; a stage for every exchange.
    """

    stages: tuple[Stage, ...]
    reveal: tuple[Stage, ...] = ()

    @property
    def exchanging(self) -> tuple[Stage, ...]:
        """All stages with messages."""
        return (*self.stages[1:], *self.reveal)

    @property
    def rounds(self) -> int:
        """Rounds of the online phase as the transport counts them.

        The largest number of times that a server waits; see ``waits``.
        """
        return max(waits(stage.senders for stage in self.exchanging))

    @property
    def delays(self) -> int:
        """One-way delays of the network that the online phase takes: half a round trip each.

        A round takes two where one server answers the other, but one where both send at the same time.
        """
        return delays(stage.senders for stage in self.exchanging)


def waits(steps: Iterable[Collection[int]]) -> tuple[int, int]:
    """For each server the times in a phase that it waits for an answer after it has sent something, or at the start.

    A message and its answer are one round.

    Args:
        steps: Which servers send something (0, 1), step by step.
    """
    counts, has_sent = [0, 0], [True, True]
    for senders in steps:
        for party in (0, 1):
            has_sent[party] |= party in senders
            if has_sent[party] and 1 - party in senders:
                counts[party], has_sent[party] = counts[party] + 1, False
    return counts[0], counts[1]


def delays(steps: Iterable[Collection[int]]) -> int:
    """One-way delays until everything has arrived.

    Args:
        steps: Which servers send something (0, 1), step by step; each server goes on to the next step when it has
            received what the other sends in this one.
    """
    times = [0, 0]
    for senders in steps:
        times = [max(times[p], times[1 - p] + 1) if 1 - p in senders else times[p] for p in (0, 1)]
    return max(times)


def schedule(program: Program, steps_of: Callable[[Op], Sequence[Step]]) -> Schedule:
    """Schedules an mpc program, as soon as possible; results are opened last, all at once.

    Args:
        program: The program.
        steps_of: The online messages of an operation, in order, each after the one before; empty if it sends none.
    """
    ready: dict[Value, int] = {}
    stages: list[Stage] = [Stage()]
    opened = openings(program)
    for op in program.ops:
        if op in opened or isinstance(op, io.Output):
            continue
        start = max((ready[o] for o in op.operands), default=0)
        steps = steps_of(op)
        _place(op, steps, stages, start + 1)
        end = start + len(steps)
        if not steps:
            stages[end].local.append(op)
        ready.update((r, end) for r in op.results)
    if len(stages) == 1 and program.of(io.Public):
        stages.append(Stage(agreement=True))
    reveal: list[Stage] = []
    for op in opened:
        _place(op, steps_of(op), reveal, 0)
    return Schedule(tuple(stages), tuple(reveal))


def _place(op: Op, steps: Sequence[Step], stages: list[Stage], first: int) -> None:
    """Puts an operation's steps into stages, one after the other; adds stages where there are none yet."""
    stages.extend(Stage() for _ in range(first + len(steps) - len(stages)))
    for number, step in enumerate(steps):
        stages[first + number].exchanges.append(Exchange(op, step, number, number + 1 == len(steps)))
