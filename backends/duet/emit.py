"""Emits the secure part of a program as C++ for the engine Duet."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ezprivsecfl.backends.cpp import (
    MOVES,
    circuit_files,
    class_name,
    comment,
    environment,
    identifier,
    literal,
    local_expression,
    move,
    plain,
    sealed,
    shape_literal,
    significant,
)
from ezprivsecfl.backends.schedule import Exchange, Schedule, Step, results, schedule
from ezprivsecfl.backends.tree import common_tree
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.mpc import boolean, io, protocol, shares, sketch
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import ArithType, BooleanType, MaskedType, WiresType, YaoType

TEMPLATES = Path(__file__).parent / "templates"


def emit(compiled: Compiled, program: Program, backend: str) -> dict[str, str]:
    """The source tree of a compiled program: path to text.

    Args:
        compiled: The program.
        program: Its secure part in the engine's own operations (``passes.legal``).
        backend: The back end's name, for statistics.
    """
    templates = environment(TEMPLATES)
    return {
        "program.cpp": templates.get_template("program.cpp.j2").render(_Emission(program).context()),
        "CMakeLists.txt": templates.get_template("CMakeLists.txt.j2").render(name=identifier(compiled.name)),
        **common_tree(compiled, program, backend),
    }


MEMBERS: dict[type[Op], tuple[str, str]] = {
    protocol.Mask: ("Mask", "mask"),
    protocol.Product: ("Product", "product"),
    protocol.SquareSum: ("Square", "squares"),
    shares.Gemm: ("ShareProduct", "product"),
    shares.SquareSumOfShares: ("ShareSquare", "squares"),
    protocol.FromYao: ("FromYao", "from_yao"),
    protocol.Open: ("OpenArith", "open"),
    boolean.FromBoolean: ("FromBoolean", "from_boolean"),
    sketch.Coins: ("Coins", "coins"),
    protocol.Truncate: ("Truncate", "truncate"),
}
"""Engine class and member name of operations that need a protocol; ToYao and Circuit have two classes."""


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
        opened = results(self.program)
        for op in self.program.ops:
            if op in opened:
                continue
            for result in op.results:
                self.names[result] = f"v{len(self.names)}"
            kind, name = self._member_kind(op)
            if kind:
                self.members[op] = (
                    f"{name}{sum(m.startswith(name) and m[len(name) :].isdigit() for m in self.members.values())}"
                )
                self.declarations.append(f"{kind} {self.members[op]}{self._choice(op)};")

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
            "outputs": [self._sealed(op) for op in self.program.of(io.Output)],
            "counts": [self.names[op.operands[0]] for op in self.program.of(protocol.Check)],
            "publics": [self.names[op.result] for op in self.program.of(io.Public)],
        }

    def _member_kind(self, op: Op) -> tuple[str, str]:
        if isinstance(op, protocol.ToYao):
            shared = isinstance(op.operands[0].type, ArithType)
            return ("ToYao", "to_yao") if shared else ("PublicToYao", "public_to_yao")
        if isinstance(op, protocol.Circuit):
            return ("EvaluateBoolean" if _is_boolean(op) else "Evaluate", "circuit")
        return MEMBERS.get(type(op), ("", ""))

    def _choice(self, op: Op) -> str:
        if isinstance(op, protocol.Product | protocol.SquareSum) and op.method != "auto":
            return f"{{Products::k{op.method.capitalize()}}}"
        return ""

    def _sealed(self, output: io.Output) -> str:
        source = output.operands[0].op
        if not isinstance(source, protocol.Open):
            return sealed(self.names[output.operands[0]], "kPublic")
        return sealed(self.names[source.operands[0]], significant(source))

    # The setup phase: masks and zero labels instead of values.

    def _setup(self, op: Op) -> list[str]:
        if isinstance(op, io.Output):
            return []
        views = [self._view(o) for o in op.operands]
        member = self.members.get(op, "")
        match op:
            case protocol.Mask():
                lines = [f"{member}.setup(s, {shape_literal(op.result.type.shape)});"]
            case protocol.Product() | protocol.SquareSum():
                lines = [f"{member}.setup(s, {', '.join(views)});"]
            case shares.Gemm() | shares.SquareSumOfShares():
                taken = [shape_literal(o.type.shape) for o in op.operands]
                lines = [f"{member}.setup(s, {', '.join(taken)});"]
            case protocol.ToYao():
                lines = [f"{member}.setup(s, {shape_literal(op.result.type.shape)}, {op.width});"]
            case protocol.Truncate():
                lines = [f"{member}.setup(s, {shape_literal(op.result.type.shape)}, {op.bits});"]
            case protocol.Circuit():
                circuit = f'Circuit::load(CIRCUITS_DIR "/{self.files[op.circuit]}")'
                given = shape_literal(op.results[0].type.shape) if _is_boolean(op) else f"{{{', '.join(views)}}}"
                lines = [f"{member}.setup(s, {circuit}, {given});"]
            case protocol.FromYao():
                lines = [f"{member}.setup(s, {views[0]});"]
            case boolean.FromBoolean():
                t = op.operands[0].type
                assert isinstance(t, WiresType)
                lines = [f"{member}.setup(s, {shape_literal(t.shape)}, {t.format.width});"]
            case _ if isinstance(op, MOVES) and isinstance(op.result.type, MaskedType | YaoType):
                lines = [f"const auto {self.names[op.result]} = {move(op, views)};"]
            case _:
                return []
        return [*comment(op), *lines]

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
                    "receives": [line for e in stage.exchanges for line in self._receive(e)],
                    "local": [line for op in stage.local for line in self._local(op)],
                }
            )
        return stages

    def _send(self, exchange: Exchange) -> list[str]:
        op, member = exchange.op, self.members[exchange.op]
        arguments = ", ".join(["s", *(self.names[o] for o in op.operands)])
        call = {
            Step.MASK: f"send({arguments})",
            Step.MASKED: f"send_masked({arguments})",
            Step.LABELS: "send_labels(s)",
            Step.PUBLIC_LABELS: f"send({arguments})",
            Step.OPEN: f"send({arguments})",
            Step.UPLOADS: f"send_uploads({arguments})",
            Step.ANSWERS: "send_answers(s)",
            Step.COINS: f"send({arguments})",
            Step.LAYER: "send(s)",
            Step.BITS: f"send({arguments})",
            Step.WRAPS: f"send({arguments})",
        }[exchange.step]
        if exchange.step is Step.LAYER:
            before = [*comment(op), self._begin(op)] if exchange.number == 0 else []
            return [*before, f"{member}.{call};"]
        return [*comment(op), f"{member}.{call};"]

    def _begin(self, op: Op) -> str:
        return f"{self.members[op]}.begin(s, {{{', '.join(self.names[o] for o in op.operands)}}});"

    def _receive(self, exchange: Exchange) -> list[str]:
        op, member = exchange.op, self.members[exchange.op]
        if exchange.step is Step.MASKED:
            return [f"{member}.receive_masked(s);"]
        if exchange.step is Step.UPLOADS:
            return [f"{member}.receive_uploads(s);"]
        if exchange.step is Step.LAYER:
            return [f"{member}.receive(s);", *(self._outputs(op, f"{member}.finish()") if exchange.last else [])]
        call = {Step.LABELS: "receive_labels", Step.ANSWERS: "receive_answers"}.get(exchange.step, "receive")
        return [f"const {_cpp_type(op.result)} {self.names[op.result]} = {member}.{call}(s);"]

    def _outputs(self, op: Op, expression: str) -> list[str]:
        """Takes all outputs of a circuit apart."""
        kind, all_results = _cpp_type(op.results[0]), f"results_of_{self.members[op]}"
        return [
            f"const std::vector<{kind}> {all_results} = {expression};",
            *(f"const {kind}& {self.names[r]} = {all_results}[{r.index}];" for r in op.results),
        ]

    def _local(self, op: Op) -> list[str]:
        if isinstance(op, protocol.Circuit) and _is_boolean(op):
            return [*comment(op), self._begin(op), *self._outputs(op, f"{self.members[op]}.finish()")]
        expression = self._expression(op)
        if expression is None:
            return []
        if isinstance(op, protocol.Circuit):
            return [*comment(op), *self._outputs(op, expression)]
        reference = "&" if isinstance(op, io.Share | io.Public) else ""
        (result,) = op.results
        return [*comment(op), f"const {_cpp_type(result)}{reference} {self.names[result]} = {expression};"]

    def _expression(self, op: Op) -> str | None:
        x = [self.names[o] for o in op.operands]
        member = self.members.get(op, "")
        match op:
            case protocol.Product():
                return f"{member}.online(s, {x[0]}, {x[1]})"
            case protocol.SquareSum() | protocol.FromYao():
                return f"{member}.online(s, {x[0]})"
            case protocol.Circuit():
                return f"{member}.online(s, {{{', '.join(x)}}})"
            case boolean.ToBoolean():
                if isinstance(op.operands[0].type, YaoType):
                    return f"colour_shares({x[0]})"
                shared = isinstance(op.operands[0].type, ArithType)
                return f"{'summands' if shared else 'public_bits'}(s, {x[0]}, {op.width})"
            case sketch.Sketch():
                return f"sketch({x[0]}, {x[1]}, {op.sums})"
        return local_expression(self.program, op, self.names)


def _is_boolean(op: protocol.Circuit) -> bool:
    return isinstance(op.operands[0].type, BooleanType)


def _cpp_type(value: Value) -> str:
    match value.type:
        case MaskedType():
            return "Masked"
        case YaoType():
            return "GarbledTensor"
        case BooleanType():
            return "BooleanTensor"
    return "Tensor<Ring>"
