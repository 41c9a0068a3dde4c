"""Decides which circuits are garbled and which are evaluated on Boolean shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ezprivsecfl.backends.duet.by_line import ByLine
from ezprivsecfl.backends.duet.description import cost
from ezprivsecfl.backends.duet.groups import connected
from ezprivsecfl.backends.duet.kernels import kernel_of
from ezprivsecfl.backends.duet.passes import legal
from ezprivsecfl.backends.network import NETWORKS, Network
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.circuits.summands import identity, on_summands
from ezprivsecfl.ir.mpc import boolean, protocol, structure
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.types import ArithType, FixedFormat, SummandsFormat, WireFormat, WiresType, YaoType

DOMAINS = ("auto", "yao", "boolean")
"""Where circuits are evaluated: garbled, on Boolean shares, or wherever a round takes less time."""


@dataclass(frozen=True)
class SelectCircuits:
    """Moves circuits from garbled values to Boolean shares, as asked or where a round then takes less time.

    A garbled gate takes 32 bytes and no wait; a gate on Boolean shares at most 9, but circuits wait for a message in
    every layer of AND gates. What hangs together by wires goes one way or the other: as asked, or else
    whichever gives the shorter estimate for a whole round of the largest number of clients, setup included. Adders of
    additive shares, which are part of the circuits there, are tried both shallow and with few gates.

    Garbled results become additive shares through another circuit, or, if that gives the shorter estimate and nothing
    else is asked for, as Boolean shares, with an exchange of bits.

    Example of ``SelectCircuits({0: "boolean"})``::

        program @inverted (clients <= 4) mpc {
          %0 = share {path = "x", bound = 1.0, type = arith<0>[n]}
          %1 = to_yao %0 {width = 1} : yao<fixed 1 0>[n]
          %2 = circuit %1 {circuit = "inverse", formats = [fixed 1 0]} : yao<fixed 1 0>[n]
          %3 = from_yao %2 : arith<0>[n]
          %4 = sum %3 {axes = [0]} : arith<0>[]
          %5 = open %4 : ring<0>[]
          output %5 {path = "result"}
        }

        circuit @inverse '''
        1 2
        1 1
        1 1

        1 1 0 1 INV
        '''

    becomes::

        program @inverted (clients <= 4) mpc {
          %0 = share {path = "x", bound = 1.0, type = arith<0>[n]}
          %1 = to_boolean %0 {width = 1} : boolean<summands 1 0>[n]
          %2 = circuit %1 {circuit = "inverse_of_shares_0", formats = [fixed 1 0]} : boolean<fixed 1 0>[n]
          %3 = from_boolean %2 : arith<0>[n]
          %4 = sum %3 {axes = [0]} : arith<0>[]
          %5 = open %4 : ring<0>[]
          output %5 {path = "result"}
        }

        circuit @inverse_of_shares_0 '''
        2 4
        1 2
        1 1

        2 1 0 1 2 XOR
        1 1 2 3 INV
        '''

    Args:
        domains: By line of the user's program one of ``DOMAINS``; line 0 stands for all others.
        network: What rounds are estimated for.

    Raises:
        CompileError: There is no such domain, no circuit at a line, or two lines of one group ask for different ones.
    """

    level = Level.MPC

    domains: Mapping[int, str] = field(default_factory=dict)
    network: Network = NETWORKS["lan"]

    def __post_init__(self) -> None:
        self._choices()

    def run(self, program: Program) -> Program:
        """Returns the program with its circuits where they are to be evaluated."""
        self._choices().check(program, program.of(protocol.Circuit))
        done = 0
        while done < len(groups := _groups(program)):
            assigned = self._assigned(program, groups[done])
            # What went over to Boolean shares is no group any more, and the groups before it stay the first.
            done += assigned is program
            program = assigned
        if set(self.domains.values()) <= {"auto"}:
            program = min(program, _through_boolean_shares(program), key=self._seconds)
        return program

    def _choices(self) -> ByLine:
        return ByLine("circuit", DOMAINS, self.domains)

    def _assigned(self, program: Program, group: list[Op]) -> Program:
        domain = self._asked(group)
        if domain == "yao" or (domain == "auto" and not self._may_pay(program, group)):
            return program
        options = [_on_boolean_shares(program, group, shallow=shallow) for shallow in (False, True)]
        return min(options if domain == "boolean" else [program, *options], key=self._seconds)

    def _asked(self, group: list[Op]) -> str:
        lines = dict.fromkeys(op.location.line for op in group if isinstance(op, protocol.Circuit))
        choices = self._choices()
        asked = {choices.at(line): line for line in lines}
        if len(asked) > 1:
            (domain, line), (other, other_line) = list(asked.items())[:2]
            raise CompileError(
                f"circuits: those at line {line} ({domain}) and line {other_line} ({other}) are connected by wires: "
                "choose the same for both"
            )
        return next(iter(asked), "auto")

    def _may_pay(self, program: Program, group: list[Op]) -> bool:
        """Whether the layers' waits alone take less time than everything about garbling."""
        depth = max((program.circuits[op.circuit].depth for op in group if isinstance(op, protocol.Circuit)), default=0)
        seconds = 0.0
        for op in group:
            kernel = kernel_of(program, op)
            if kernel is not None:
                declared = kernel.cost(program.max_clients or 2)
                seconds += declared.total_bytes / self.network.bytes_per_second + declared.cpu_seconds
        return depth * self.network.round_trip_seconds / 2 < seconds

    def _seconds(self, program: Program) -> float:
        table = cost(legal(program), program.max_clients or 2, self.network)
        return table.setup_seconds + table.online_seconds


def _through_boolean_shares(program: Program) -> Program:
    """Garbled values become Boolean shares and then additive ones."""

    def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        if not isinstance(op, protocol.FromYao):
            return None
        bits = b.add(boolean.ToBoolean, *operands, width=_format(operands[0]).width)
        return b.add(boolean.FromBoolean, bits)

    return rewrite(program, rule)


def _groups(program: Program) -> list[list[Op]]:
    """The operations that are connected by garbled values; all in the program's order."""
    ordered = ([op for op in program.ops if op in group] for group in connected(program, YaoType))
    return sorted(ordered, key=lambda group: program.ops.index(group[0]))


def _on_boolean_shares(program: Program, group: list[Op], *, shallow: bool) -> Program:
    move = _Move(program.uses(), shallow)
    return rewrite(program, lambda b, op, operands: move.results(b, op, operands) if op in group else None)


@dataclass
class _Move:
    """The rule that moves garbled values to Boolean shares.

    Args:
        uses: Of the program's values.
        shallow: Whether adders of additive shares have few layers, or few gates.
    """

    uses: dict[Value, list[Op]]
    shallow: bool

    def results(self, b: Rewriter, op: Op, x: tuple[Value, ...]) -> Value | tuple[Value, ...] | None:
        match op:
            case protocol.ToYao():
                bits = b.add(boolean.ToBoolean, x[0], width=op.width)
                shared = isinstance(op.operands[0].type, ArithType)
                return self._sum(b, bits) if shared and not self._goes_into_one_circuit(op.result) else bits
            case protocol.FromYao():
                return b.add(boolean.FromBoolean, x[0])
            case protocol.Circuit():
                return self._circuit(b, op.circuit, op, x)
        return None

    def _goes_into_one_circuit(self, value: Value) -> bool:
        """Whether an adder can be part of the circuit that takes the value, because nothing else needs the sum."""
        users = self.uses[value]
        if len(users) != 1 or users[0].operands.count(value) != 1:
            return False
        (user,) = users
        if isinstance(user, structure.Reshape | structure.Transpose):
            return self._goes_into_one_circuit(user.result)
        return isinstance(user, protocol.Circuit)

    def _sum(self, b: Rewriter, summands: Value) -> Value:
        format_ = _format(summands)
        assert isinstance(format_, SummandsFormat)
        name = f"add{format_.word}"
        b.circuits.setdefault(name, identity(format_.word))
        fixed = (FixedFormat(format_.word, format_.frac),)
        op = protocol.Circuit(operands=(summands,), circuit=name, formats=fixed, location=b.location)
        return self._circuit(b, name, op, (summands,))[0]

    def _circuit(self, b: Rewriter, name: str, op: protocol.Circuit, x: tuple[Value, ...]) -> tuple[Value, ...]:
        """The circuit, with adders where its operands are summands."""
        summed = [i for i, operand in enumerate(x) if isinstance(_format(operand), SummandsFormat)]
        if summed:
            circuit = b.circuits[name]
            name = f"{name}_of_shares" + "".join(f"_{i}" for i in summed)
            if name not in b.circuits:
                b.circuits[name] = on_summands(circuit, summed, shallow=self.shallow)
        operation = protocol.Circuit(operands=x, circuit=name, formats=op.formats, location=op.location)
        return b.append(operation).results


def _format(value: Value) -> WireFormat:
    assert isinstance(value.type, WiresType)
    return value.type.format
