"""Emits the secure part of a program as C++ for MOTION2NX: one function per phase."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ezprivsecfl.backends.cpp import (
    circuit_files,
    class_name,
    comment,
    environment,
    identifier,
    linear_expression,
    literal,
    local_expression,
    plain,
    sealed,
)
from ezprivsecfl.backends.motion2nx.description import total_bytes
from ezprivsecfl.backends.motion2nx.phases import Kind, Phase, divide
from ezprivsecfl.backends.motion2nx.terms import server_terms
from ezprivsecfl.backends.tree import common_tree, manifest
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.mpc import io, linear, protocol
from ezprivsecfl.ir.mpc.shares import Gemm, SquareSumOfShares
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.structural import MOVES
from ezprivsecfl.ir.types import ArithType, RingType, YaoType
from ezprivsecfl.runtime.statistics import size_text

TEMPLATES = Path(__file__).parent / "templates"
ARITHMETIC = {"gmw": "MOTION::MPCProtocol::ArithmeticGMW", "beavy": "MOTION::MPCProtocol::ArithmeticBEAVY"}
"""The framework's arithmetic protocols: Beaver triples (as in ABY), and ABY2.0."""

PHASES = {
    Kind.PRODUCTS: "products, each as many graphs as memory takes",
    Kind.GRAPH: "graphs with garbled circuits",
    Kind.OPEN: "rounds of opening",
}

PARAMETERS = {"s": "Session& s", "shares": "const ClientShares& shares", "publics": "const Tensors& publics"}
"""What a phase may need of the round, as parameters of its function."""


def emit(compiled: Compiled, program: Program, arithmetic: str, backend: str) -> dict[str, str]:
    """The source tree of a compiled program: path to text.

    Args:
        compiled: The program.
        program: Its secure part in what the framework has (``Legalise``).
        arithmetic: A key of ``ARITHMETIC``.
        backend: The back end's name, for statistics.
    """
    templates = environment(TEMPLATES)
    terms = server_terms(manifest(compiled, program, backend))
    context = {**_Emission(program).context(), **terms, "arithmetic": ARITHMETIC[arithmetic]}
    return {
        "program.cpp": templates.get_template("program.cpp.j2").render(context),
        "CMakeLists.txt": templates.get_template("CMakeLists.txt.j2").render(name=identifier(compiled.name)),
        **common_tree(compiled, program, backend),
    }


def traffic(program: Program, clients: int) -> list[str]:
    """In words, about what a round of so many clients sends."""
    kinds = [phase.kind for phase in divide(program)]
    return [
        f"about {size_text(total_bytes(program, clients))}, both directions together (MOTION2NX declares nothing)",
        *(f"{kinds.count(kind)} x {what}" for kind, what in PHASES.items() if kind in kinds),
    ]


@dataclass
class _Emission:
    """Names the values of one program; ``v`` is a share or public, ``g`` the same value inside a graph."""

    program: Program
    phases: list[Phase] = field(init=False)
    shares: dict[Value, str] = field(init=False)
    wires: dict[Value, str] = field(init=False)
    crossing: set[Value] = field(init=False)
    circuits: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.phases = divide(self.program)
        values = [r for op in self.program.ops for r in op.results]
        self.shares = {value: f"v{i}" for i, value in enumerate(values)}
        self.wires = {value: f"g{i}" for i, value in enumerate(values)}
        self.circuits = {name: f"circuit_{Path(f).stem}" for name, f in circuit_files(self.program).items()}
        self.crossing = set(_crossing(self.program, self.phases))

    def context(self) -> dict[str, Any]:
        """What the template needs."""
        files = circuit_files(self.program)
        return {
            "title": plain(self.program.name),
            "name": literal(self.program.name),
            "class_name": class_name(self.program.name),
            "max_clients": self.program.max_clients,
            "circuits": [(self.circuits[name], file) for name, file in files.items()],
            "members": [self.shares[v] for v in self.shares if v in self.crossing],
            "phases": [self._phase(i, phase) for i, phase in enumerate(self.phases, 1)],
            "outputs": [sealed(op, self.shares) for op in self.program.of(io.Output)],
            "counts": [self.shares[op.operands[0]] for op in self.program.of(protocol.Check)],
        }

    def _phase(self, number: int, phase: Phase) -> dict[str, Any]:
        lines = {
            Kind.LOCAL: self._local,
            Kind.PRODUCTS: self._products,
            Kind.GRAPH: self._graph,
            Kind.OPEN: self._open,
        }[phase.kind](phase.ops)
        text = "\n".join(lines)
        used = [name for name in PARAMETERS if re.search(rf"\b{name}\b", text)]
        return {
            "name": f"{phase.kind.value}{number}",
            "parameters": ", ".join(PARAMETERS[name] for name in used),
            "arguments": ", ".join(used),
            "lines": lines,
        }

    def _assignment(self, value: Value) -> str:
        """The left side of ``=``: a member if another phase needs the value."""
        return self.shares[value] if value in self.crossing else f"const Tensor<Ring> {self.shares[value]}"

    # Between graphs.

    def _local(self, ops: tuple[Op, ...]) -> list[str]:
        lines = []
        for op in ops:
            expression = local_expression(self.program, op, self.shares)
            lines += [*comment(op), f"{self._assignment(op.result)} = {expression};"]
        return lines

    def _open(self, ops: tuple[Op, ...]) -> list[str]:
        return [
            line
            for op in ops
            for line in (*comment(op), f"{self._assignment(op.result)} = open(s, {self.shares[op.operands[0]]});")
        ]

    def _products(self, ops: tuple[Op, ...]) -> list[str]:
        names = [f"p{self.shares[op.result][1:]}" for op in ops]
        lines = ["Products products(connection(), kArithmetic);"]
        for op, name in zip(ops, names, strict=True):
            operands = ", ".join(self.shares[o] for o in op.operands)
            call = "gemm" if isinstance(op, Gemm) else "square_sum"
            lines += [*comment(op), f"const std::size_t {name} = products.{call}({operands});"]
        lines.append("products.run();")
        return lines + [
            f"{self._assignment(op.result)} = products.result({name});" for op, name in zip(ops, names, strict=True)
        ]

    # Inside a graph.

    def _graph(self, ops: tuple[Op, ...]) -> list[str]:
        lines = ["Graph g(connection(), kArithmetic);"]
        inside = {r for op in ops for r in op.results}
        for value in dict.fromkeys(o for op in ops for o in op.operands):
            if value not in inside and isinstance(value.type, ArithType):
                lines.append(f"const Arith {self.wires[value]} = g.input({self.shares[value]});")
        for op in ops:
            lines += [*comment(op), *self._wired(op)]
        lines.append("g.run();")
        kept = [r for op in ops for r in op.results if r in self.crossing]
        return lines + [f"{self.shares[value]} = g.share({self.wires[value]});" for value in kept]

    def _wired(self, op: Op) -> list[str]:
        x = [self.wires[o] for o in op.operands]
        if isinstance(op, protocol.Circuit):
            results = f"r{self.wires[op.results[0]][1:]}"
            lines = [f"const std::vector<Yao> {results} = g.circuit({self.circuits[op.circuit]}, {{{', '.join(x)}}});"]
            return lines + [f"const Yao& {self.wires[r]} = {results}[{r.index}];" for r in op.results]
        kind = "Yao" if isinstance(op.result.type, YaoType) else "Arith"
        return [f"const {kind} {self.wires[op.result]} = {self._wire_expression(op, x)};"]

    def _wire_expression(self, op: Op, x: list[str]) -> str:
        match op:
            case protocol.ToYao():
                return f"g.to_yao({x[0]}, {op.width})"
            case protocol.FromYao():
                return f"g.from_yao({x[0]})"
            case Gemm():
                return f"g.gemm({x[0]}, {x[1]})"
            case SquareSumOfShares():
                axis = len(op.operands[0].type.shape) - 1
                return f"g.linear({{g.square({x[0]})}}, [](const Tensors& x) {{ return sum(x[0], {{{axis}}}); }})"
            case linear.Add() | linear.Sub() if any(isinstance(o.type, RingType) for o in op.operands):
                return self._with_public(op, x)
        call = "move" if isinstance(op.result.type, YaoType) else "linear"
        assert call == "linear" or isinstance(op, MOVES)
        shared = [o for o in op.operands if not isinstance(o.type, RingType)]
        arguments = [f"x[{shared.index(o)}]" if o in shared else self.shares[o] for o in op.operands]
        function = linear_expression(op, arguments)
        inputs = ", ".join(self.wires[o] for o in shared)
        capture = "this" if re.search(r"\bn\b|\bv\d", function) else ""  # the number of clients, public factors
        return f"g.{call}({{{inputs}}}, [{capture}](const Tensors& x) {{ return {function}; }})"

    def _with_public(self, op: Op, x: list[str]) -> str:
        """A sum or difference of a share and a public value."""
        a, b = op.operands
        if isinstance(b.type, RingType):
            public = self.shares[b] if isinstance(op, linear.Add) else f"neg({self.shares[b]})"
            return f"g.add_public({x[0]}, {public})"
        if isinstance(op, linear.Add):
            return f"g.add_public({x[1]}, {self.shares[a]})"
        negated = f"g.linear({{{x[1]}}}, [](const Tensors& x) {{ return neg(x[0]); }})"
        return f"g.add_public({negated}, {self.shares[a]})"


def _crossing(program: Program, phases: list[Phase]) -> Iterator[Value]:
    """Values that another phase than their own needs, or that are results."""
    phase_of = {op: i for i, phase in enumerate(phases) for op in phase.ops}
    for value, users in program.uses().items():
        if value.op not in phase_of:
            continue
        # Operations without results, and those that open the program's, are in no phase.
        if any(phase_of.get(user) != phase_of[value.op] for user in users):
            yield value
