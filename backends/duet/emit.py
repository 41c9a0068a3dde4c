"""Emits the secure part of a program as C++ for the engine Duet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from ezprivsecfl.backends.duet.names import circuit_files, class_name, identifier, literal, plain
from ezprivsecfl.compiler.circuits import bristol
from ezprivsecfl.compiler.passes.schedule import Exchange, Schedule, Step, schedule
from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.ir.mpc import io, linear, protocol, structure
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.text import print_program
from ezprivsecfl.ir.types import ArithType, Dim, MaskedType, RingType, Shape, YaoType

TEMPLATES = Path(__file__).parent / "templates"
FORMAT = 1
"""Version of the artefact's layout."""


def emit(compiled: Compiled) -> dict[str, str]:
    """The source tree of a compiled program: path to text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    secure = compiled.secure
    tree = {
        "program.cpp": environment.get_template("program.cpp.j2").render(_Emission(secure).context()),
        "CMakeLists.txt": environment.get_template("CMakeLists.txt.j2").render(name=identifier(compiled.name)),
        "manifest.json": json.dumps(manifest(secure), indent=2) + "\n",
        "prologue.ir": print_program(compiled.prologue),
        "secure.ir": print_program(secure, elide=True),
        "epilogue.ir": print_program(compiled.epilogue),
    }
    files = circuit_files(secure)
    tree |= {f"circuits/{files[name]}": bristol.write(c) for name, c in secure.circuits.items()}
    return tree


def manifest(secure: Program) -> dict[str, Any]:
    """What the runtime must know about a program: its inputs, its outputs, its checks, in the program's order."""
    return {
        "format": FORMAT,
        "name": secure.name,
        "max_clients": secure.max_clients,
        "shares": [
            {"path": op.path, "shape": list(op.type.shape), "frac": op.type.frac, "bound": op.bound}
            for op in secure.of(io.Share)
        ],
        "publics": [
            {
                "path": op.path,
                "shape": list(op.type.shape),
                "frac": op.type.frac,
                "bound": op.bound,
                "location": str(op.location),
            }
            for op in secure.of(io.Public)
        ],
        "outputs": [{"path": op.path, "frac": _ring(op.operands[0]).frac} for op in secure.of(io.Output)],
        "checks": [{"what": op.what, "location": str(op.location)} for op in secure.of(protocol.CheckZero)],
    }


def _ring(value: Value) -> RingType:
    assert isinstance(value.type, RingType)
    return value.type


MEMBERS: dict[type[Op], tuple[str, str]] = {
    protocol.Mask: ("Mask", "mask"),
    protocol.Product: ("Product", "product"),
    protocol.SquareSum: ("Square", "squares"),
    protocol.Circuit: ("Evaluate", "circuit"),
    protocol.FromYao: ("FromYao", "from_yao"),
    protocol.Open: ("OpenArith", "open"),
}
"""Engine class and member name of every operation that needs a protocol (ToYao has two classes)."""

MOVES = (structure.Reshape, structure.Transpose, structure.Broadcast, structure.Slice, structure.Concat)


@dataclass
class _Emission:
    """Collects the lines of one program."""

    program: Program
    names: dict[Value, str] = field(default_factory=dict)
    members: dict[Op, str] = field(default_factory=dict)
    declarations: list[str] = field(default_factory=list)
    files: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.files = circuit_files(self.program)
        for op in self.program.ops:
            for result in op.results:
                self.names[result] = f"v{len(self.names)}"
            kind, name = self._member_kind(op)
            if kind:
                self.members[op] = (
                    f"{name}{sum(m.startswith(name) and m[len(name) :].isdigit() for m in self.members.values())}"
                )
                self.declarations.append(f"{kind} {self.members[op]};")

    def context(self) -> dict[str, Any]:
        plan = schedule(self.program)
        return {
            "title": plain(self.program.name),
            "name": literal(self.program.name),
            "class_name": class_name(self.program.name),
            "max_clients": self.program.max_clients,
            "setup": [line for op in self.program.ops for line in self._setup(op)],
            "stages": self._stages(plan),
            "members": self.declarations,
            "results": self._results(),
            "publics": [self.names[op.result] for op in self.program.of(io.Public)],
        }

    def _member_kind(self, op: Op) -> tuple[str, str]:
        if isinstance(op, protocol.ToYao):
            shared = isinstance(op.operands[0].type, ArithType)
            return ("ToYao", "to_yao") if shared else ("PublicToYao", "public_to_yao")
        return MEMBERS.get(type(op), ("", ""))

    def _results(self) -> list[str]:
        outputs = [self.names[op.operands[0]] for op in self.program.of(io.Output)]
        return outputs + [self.names[op.operands[0]] for op in self.program.of(protocol.CheckZero)]

    # The setup phase: masks and zero labels instead of values.

    def _setup(self, op: Op) -> list[str]:
        views = [self._view(o) for o in op.operands]
        member = self.members.get(op, "")
        match op:
            case protocol.Mask():
                lines = [f"{member}.setup(s, {_shape(op.result.type.shape)});"]
            case protocol.Product() | protocol.SquareSum():
                lines = [f"{member}.setup(s, {', '.join(views)});"]
            case protocol.ToYao():
                lines = [f"{member}.setup(s, {_shape(op.result.type.shape)}, {op.width});"]
            case protocol.Circuit():
                file = self.files[op.circuit]
                lines = [f'{member}.setup(s, Circuit::load(CIRCUITS_DIR "/{file}"), {{{", ".join(views)}}});']
            case protocol.FromYao():
                lines = [f"{member}.setup(s, {views[0]});"]
            case _ if isinstance(op, MOVES) and isinstance(op.result.type, MaskedType | YaoType):
                lines = [f"const auto {self.names[op.result]} = {self._move(op, views)};"]
            case _:
                return []
        return [*_comment(op), *lines]

    def _view(self, value: Value) -> str:
        """What stands for a masked or garbled value in the setup phase."""
        op = value.op
        if isinstance(op, MOVES):
            return self.names[value]
        if isinstance(op, protocol.Mask):
            return f"{self.members[op]}.mask()"
        if isinstance(op, protocol.Circuit):
            return f"{self.members[op]}.labels({value.index})"
        if isinstance(op, protocol.ToYao):
            return f"{self.members[op]}.labels()"
        return self.names[value]

    # The online phase.

    def _stages(self, plan: Schedule) -> list[dict[str, Any]]:
        stages = []
        for stage in plan.stages:
            stages.append(
                {
                    "sends": [line for e in stage.exchanges for line in self._send(e)],
                    "receives": [self._receive(e) for e in stage.exchanges],
                    "local": [line for op in stage.local for line in self._local(op)],
                }
            )
        return stages

    def _send(self, exchange: Exchange) -> list[str]:
        op, member = exchange.op, self.members[exchange.op]
        operand = self.names[op.operands[0]]
        call = {
            Step.MASK: f"send(s, {operand})",
            Step.MASKED: f"send_masked(s, {operand})",
            Step.LABELS: "send_labels(s)",
            Step.PUBLIC_LABELS: f"send(s, {operand})",
            Step.OPEN: f"send(s, {operand})",
        }[exchange.step]
        return [*_comment(op), f"{member}.{call};"]

    def _receive(self, exchange: Exchange) -> str:
        op, member = exchange.op, self.members[exchange.op]
        if exchange.step is Step.MASKED:
            return f"{member}.receive_masked(s);"
        call = "receive_labels" if exchange.step is Step.LABELS else "receive"
        return f"const {_cpp_type(op.result)} {self.names[op.result]} = {member}.{call}(s);"

    def _local(self, op: Op) -> list[str]:
        expression = self._expression(op)
        if expression is None:
            return []
        if isinstance(op, protocol.Circuit):
            all_results = f"results_of_{self.members[op]}"
            lines = [f"const std::vector<GarbledTensor> {all_results} = {expression};"]
            lines += [f"const GarbledTensor& {self.names[r]} = {all_results}[{r.index}];" for r in op.results]
            return [*_comment(op), *lines]
        reference = "&" if isinstance(op, io.Share | io.Public) else ""
        (result,) = op.results
        return [*_comment(op), f"const {_cpp_type(result)}{reference} {self.names[result]} = {expression};"]

    def _expression(self, op: Op) -> str | None:
        x = [self.names[o] for o in op.operands]
        member = self.members.get(op, "")
        match op:
            case io.Share():
                return f"shares.at({self.program.of(io.Share).index(op)})"
            case io.Public():
                return f"publics.at({self.program.of(io.Public).index(op)})"
            case io.Constant():
                numbers = ", ".join(f"{int(v)}U" for v in np.asarray(op.value).flat)
                return f"Tensor<Ring>({_shape(op.result.type.shape)}, {{{numbers}}})"
            case linear.Add() | linear.Sub():
                return f"{op.name}({', '.join(self._added(op, o) for o in op.operands)})"
            case linear.Neg():
                return f"neg({x[0]})"
            case linear.Widen():
                return f"shift_left({x[0]}, {op.bits})"
            case linear.MulPublic():
                return f"mul({x[0]}, {x[1]})"
            case linear.MatMulPublic():
                return f"matmul({x[0]}, {x[1]})"
            case linear.AsShares():
                return f"public_share({x[0]}, s.party())"
            case structure.Sum():
                return f"sum({x[0]}, {_list(op.axes)})"
            case protocol.Product():
                return f"{member}.online(s, {x[0]}, {x[1]})"
            case protocol.SquareSum() | protocol.FromYao():
                return f"{member}.online(s, {x[0]})"
            case protocol.Circuit():
                return f"{member}.online(s, {{{', '.join(x)}}})"
        return self._move(op, x) if isinstance(op, MOVES) else None

    def _added(self, op: Op, operand: Value) -> str:
        """A public value is added to one of the two shares only."""
        name = self.names[operand]
        public_among_shares = isinstance(op.results[0].type, ArithType) and isinstance(operand.type, RingType)
        return f"public_share({name}, s.party())" if public_among_shares else name

    def _move(self, op: Op, x: Sequence[str]) -> str:
        match op:
            case structure.Reshape():
                return f"reshape({x[0]}, {_shape(op.shape)})"
            case structure.Transpose():
                return f"transpose({x[0]}, {_list(op.permutation)})"
            case structure.Broadcast():
                return f"broadcast_to({x[0]}, {_shape(op.shape)})"
            case structure.Slice():
                return f"slice({x[0]}, {_list(op.starts)}, {_shape(op.sizes)}, {_list(op.strides)})"
            case structure.Concat():
                return f"concat(std::vector{{{', '.join(x)}}}, {op.axis})"
        raise AssertionError(op.name)


def _comment(op: Op) -> list[str]:
    """Points back to the user's program."""
    where = op.location
    if not where.line:
        return []
    return ["// " + plain(f"{Path(where.file).name}:{where.line} {where.op}".rstrip())]


def _cpp_type(value: Value) -> str:
    if isinstance(value.type, MaskedType):
        return "Masked"
    return "GarbledTensor" if isinstance(value.type, YaoType) else "Tensor<Ring>"


def _dim(d: Dim) -> str:
    return str(d)


def _shape(shape: Shape) -> str:
    return "Shape{" + ", ".join(_dim(d) for d in shape) + "}"


def _list(numbers: Sequence[int]) -> str:
    return "{" + ", ".join(map(str, numbers)) + "}"
