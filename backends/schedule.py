"""Schedules an mpc program in communication rounds: independent messages travel together."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum

from ezprivsecfl.ir.mpc import boolean, io, protocol, shares, sketch
from ezprivsecfl.ir.mpc.opening import bits_for, steps_of
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import ArithType, BooleanType


class Step(Enum):
    """One message (or one in each direction) of an operation."""

    MASK = "mask"
    MASKED = "masked share to the garbler"
    LABELS = "labels to the evaluator"
    PUBLIC_LABELS = "labels of a public value"
    OPEN = "open"
    UPLOADS = "encrypted factors"
    ANSWERS = "answers to encrypted factors"
    COINS = "random numbers"
    LAYER = "masked operands of a layer of AND gates"
    BITS = "masked bits"
    WRAPS = "masked wrap bits"

    @property
    def senders(self) -> tuple[int, ...]:
        """Which servers send something: 0 is the garbler, 1 the evaluator."""
        if self in (Step.LABELS, Step.PUBLIC_LABELS):
            return (0,)
        return (1,) if self is Step.MASKED else (0, 1)


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

        Those are the times that a server waits for an answer after it has sent something: a message and its answer
        are one round.
        """
        waits = []
        for party in (0, 1):
            count, has_sent = 0, True
            for stage in self.exchanging:
                has_sent = has_sent or party in stage.senders
                if has_sent and 1 - party in stage.senders:
                    count, has_sent = count + 1, False
            waits.append(count)
        return max(waits)

    @property
    def delays(self) -> int:
        """One-way delays of the network that the online phase takes: half a round trip each.

        A round takes two where one server answers the other, but one where both send at the same time.
        """
        return delays(stage.senders for stage in self.exchanging)


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


def schedule(program: Program) -> Schedule:
    """Schedules an mpc program, as soon as possible; results are opened last, all at once."""
    ready: dict[Value, int] = {}
    stages: list[Stage] = [Stage()]

    def stage(index: int) -> Stage:
        stages.extend(Stage() for _ in range(index + 1 - len(stages)))
        return stages[index]

    opened = results(program)
    for op in program.ops:
        if op in opened or isinstance(op, io.Output):
            continue
        start = max((ready[o] for o in op.operands), default=0)
        steps = _steps(program, op)
        for number, step in enumerate(steps):
            stage(start + number + 1).exchanges.append(Exchange(op, step, number, number + 1 == len(steps)))
        end = start + len(steps)
        if not steps:
            stage(end).local.append(op)
        ready.update((r, end) for r in op.results)
    if len(stages) == 1 and program.of(io.Public):
        stages.append(Stage(agreement=True))
    return Schedule(tuple(stages), _reveal(opened))


def results(program: Program) -> list[protocol.Open]:
    """The operations that open the program's results, in the order of its outputs."""
    sources = [output.operands[0].op for output in program.of(io.Output)]
    return list(dict.fromkeys(op for op in sources if isinstance(op, protocol.Open)))


def _reveal(opened: list[protocol.Open]) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    for op in opened:
        count = len(steps_of(bits_for(op.significant, op.highest), exact=op.significant is None))
        stages.extend(Stage() for _ in range(count - len(stages)))
        for number in range(count):
            stages[number].exchanges.append(Exchange(op, Step.OPEN, number, number + 1 == count))
    return tuple(stages)


def _steps(program: Program, op: Op) -> tuple[Step, ...]:
    match op:
        case protocol.Mask():
            return (Step.MASK,)
        case protocol.ToYao():
            shared = isinstance(op.operands[0].type, ArithType)
            return (Step.MASKED, Step.LABELS) if shared else (Step.PUBLIC_LABELS,)
        case protocol.Open():
            return (Step.OPEN,)
        case shares.Gemm() | shares.SquareSumOfShares():
            return (Step.UPLOADS, Step.ANSWERS)
        case protocol.Circuit() if isinstance(op.operands[0].type, BooleanType):
            return (Step.LAYER,) * program.circuits[op.circuit].depth
        case boolean.FromBoolean():
            return (Step.BITS,)
        case sketch.Coins():
            return (Step.COINS,)
        case protocol.Truncate():
            return (Step.WRAPS,)
    return ()
