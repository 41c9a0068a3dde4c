"""Decides which circuits are garbled and which are evaluated on Boolean shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ezprivsecfl.backends.duet.description import cost
from ezprivsecfl.backends.duet.groups import connected
from ezprivsecfl.backends.duet.kernels import kernel
from ezprivsecfl.backends.duet.passes import legal
from ezprivsecfl.backends.network import NETWORKS, Network
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.circuits.summands import identity, on_summands
from ezprivsecfl.ir.mpc import boolean, protocol, structure
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program, ProgramBuilder
from ezprivsecfl.ir.types import ArithType, FixedFormat, SummandsFormat, WireFormat, WiresType, YaoType

DOMAINS = ("auto", "yao", "boolean")
"""Where circuits are evaluated: garbled, on Boolean shares, or wherever a round takes less time."""


@dataclass(frozen=True)
class SelectCircuits:
    """The pass.

    A garbled gate takes 32 bytes and no wait; a gate on Boolean shares a quarter of that, but circuits wait for a
    message in every layer of AND gates. What hangs together by wires goes one way or the other: as asked, or else
    whichever gives the shorter estimate for a whole round of the largest number of clients, setup included. Adders of
    additive shares, which are part of the circuits there, are tried both shallow and with few gates.

    Garbled results become additive shares through another circuit, or, if that gives the shorter estimate and nothing
    else is asked for, as Boolean shares, with an exchange of bits.

    Args:
        domains: By line of the user's program one of ``DOMAINS``; line 0 stands for all others.
        network: What rounds are estimated for.

    Raises:
        CompileError: There is no such domain, no circuit at a line, or two lines of one group ask for different ones.
    """

    domains: Mapping[int, str] = field(default_factory=dict)
    network: Network = NETWORKS["lan"]

    def __post_init__(self) -> None:
        for domain in self.domains.values():
            if domain not in DOMAINS:
                raise CompileError(f"circuits={domain!r}: choose from {', '.join(DOMAINS)}")

    def run(self, program: Program) -> Program:
        """Returns the program with its circuits where they are to be evaluated."""
        circuits = program.of(protocol.Circuit)
        lines = sorted({op.location.line for op in circuits})
        for line in self.domains:
            if line and line not in lines:
                found = f"its circuits are at {', '.join(map(str, lines))}" if lines else "it has none"
                raise CompileError(f"circuits: {program.name} has no circuit at line {line}; {found}")
        done = 0
        while done < len(groups := _groups(program)):
            assigned = self._assigned(program, groups[done])
            # What went over to Boolean shares is no group any more, and the groups before it stay the first.
            done += assigned is program
            program = assigned
        if set(self.domains.values()) <= {"auto"}:
            program = min(program, _through_boolean_shares(program), key=self._seconds)
        return program

    def _assigned(self, program: Program, group: list[Op]) -> Program:
        domain = self._asked(group)
        if domain == "yao" or (domain == "auto" and not self._may_pay(program, group)):
            return program
        options = [_on_boolean_shares(program, group, shallow=shallow) for shallow in (False, True)]
        return min(options if domain == "boolean" else [program, *options], key=self._seconds)

    def _asked(self, group: list[Op]) -> str:
        lines = dict.fromkeys(op.location.line for op in group if isinstance(op, protocol.Circuit))
        asked = {self.domains.get(line, self.domains.get(0, "auto")): line for line in lines}
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
            used = kernel(program, op, program.max_clients or 2)
            if used is not None:
                seconds += used.total_bytes() / self.network.bytes_per_second + used.cpu_seconds()
        return depth * self.network.round_trip_seconds / 2 < seconds

    def _seconds(self, program: Program) -> float:
        table = cost(legal(program), program.max_clients or 2, self.network)
        return table.setup_seconds + table.online_seconds


def _through_boolean_shares(program: Program) -> Program:
    """Garbled values become Boolean shares and then additive ones."""
    b = ProgramBuilder(program.name, program.level, program.max_clients, circuits=dict(program.circuits))
    values: dict[Value, Value] = {}
    for op in program.ops:
        with b.at(op.location):
            if isinstance(op, protocol.FromYao):
                wires = values[op.operands[0]]
                bits = b.add(boolean.ToBoolean, wires, width=_format(wires).width)
                values[op.result] = b.add(boolean.FromBoolean, bits)
            else:
                values.update(zip(op.results, b.copy(op, values).results, strict=True))
    return b.build()


def _groups(program: Program) -> list[list[Op]]:
    """The operations that are connected by garbled values; all in the program's order."""
    ordered = ([op for op in program.ops if op in group] for group in connected(program, YaoType))
    return sorted(ordered, key=lambda group: program.ops.index(group[0]))


def _on_boolean_shares(program: Program, group: list[Op], *, shallow: bool) -> Program:
    b = ProgramBuilder(program.name, program.level, program.max_clients, circuits=dict(program.circuits))
    rewriting = _Rewriting(program, b, shallow)
    for op in program.ops:
        with b.at(op.location):
            results = rewriting.results(op) if op in group else b.copy(op, rewriting.values).results
        rewriting.values.update(zip(op.results, results, strict=True))
    used = {op.circuit for op in b.ops if isinstance(op, protocol.Circuit)}
    b.circuits = {name: circuit for name, circuit in b.circuits.items() if name in used}
    return b.build()


@dataclass
class _Rewriting:
    program: Program
    b: ProgramBuilder
    shallow: bool
    values: dict[Value, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.uses = self.program.uses()

    def results(self, op: Op) -> tuple[Value, ...]:
        x = [self.values[o] for o in op.operands]
        match op:
            case protocol.ToYao():
                bits = self.b.add(boolean.ToBoolean, x[0], width=op.width)
                shared = isinstance(op.operands[0].type, ArithType)
                return (self._sum(bits) if shared and not self._goes_into_one_circuit(op.result) else bits,)
            case protocol.FromYao():
                return (self.b.add(boolean.FromBoolean, x[0]),)
            case protocol.Circuit():
                return self._circuit(op.circuit, op, x)
        return self.b.append(op.rebuild(x)).results

    def _goes_into_one_circuit(self, value: Value) -> bool:
        """Whether an adder can be part of the circuit that takes the value, because nothing else needs the sum."""
        users = self.uses[value]
        if len(users) != 1 or users[0].operands.count(value) != 1:
            return False
        (user,) = users
        if isinstance(user, structure.Reshape | structure.Transpose):
            return self._goes_into_one_circuit(user.result)
        return isinstance(user, protocol.Circuit)

    def _sum(self, summands: Value) -> Value:
        format_ = _format(summands)
        assert isinstance(format_, SummandsFormat)
        name = f"add{format_.word}"
        self.b.circuits.setdefault(name, identity(format_.word))
        fixed = (FixedFormat(format_.word, format_.frac),)
        op = protocol.Circuit(operands=(summands,), circuit=name, formats=fixed, location=self.b.location)
        return self._circuit(name, op, [summands])[0]

    def _circuit(self, name: str, op: protocol.Circuit, x: list[Value]) -> tuple[Value, ...]:
        """The circuit, with adders where its operands are summands."""
        summed = [i for i, operand in enumerate(x) if isinstance(_format(operand), SummandsFormat)]
        if summed:
            circuit = self.b.circuits[name]
            name = f"{name}_of_shares" + "".join(f"_{i}" for i in summed)
            if name not in self.b.circuits:
                self.b.circuits[name] = on_summands(circuit, summed, shallow=self.shallow)
        operation = protocol.Circuit(operands=tuple(x), circuit=name, formats=op.formats, location=op.location)
        return self.b.append(operation).results


def _format(value: Value) -> WireFormat:
    assert isinstance(value.type, WiresType)
    return value.type.format
