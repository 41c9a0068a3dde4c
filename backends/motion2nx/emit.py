"""Emits the secure part of a program as C++ for MOTION2NX: one graph of tensor operations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ezprivsecfl.backends.cpp import (
    circuit_files,
    class_name,
    environment,
    identifier,
    linear_expression,
    literal,
    plain,
    shape_literal,
)
from ezprivsecfl.backends.motion2nx.description import total_bytes
from ezprivsecfl.backends.motion2nx.terms import server_terms
from ezprivsecfl.backends.tree import common_tree, manifest
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.mpc import io, linear, protocol
from ezprivsecfl.ir.mpc.results import opening_of, openings
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.structural import MOVES
from ezprivsecfl.ir.types import ArithType, MaskedType, RingType, Shape, Type, YaoType, shape_text
from ezprivsecfl.runtime.statistics import size_text

TEMPLATES = Path(__file__).parent / "templates"
ARITHMETIC = {"gmw": "MPCProtocol::ArithmeticGMW", "beavy": "MPCProtocol::ArithmeticBEAVY"}
"""The framework's arithmetic protocols: Beaver triples (as in ABY), and ABY2.0."""


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
    return [f"about {size_text(total_bytes(program, clients))}, both directions together (MOTION2NX declares nothing)"]


@dataclass
class _Emission:
    """Names the values of one program, and writes the operation that makes each of them."""

    program: Program
    names: dict[Value, str] = field(init=False)
    circuits: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        opened = openings(self.program)  # after all else is done, by the base of emitted programs
        self.computed = [op for op in self.program.ops if op.results and op not in opened]
        values = [r for op in self.computed for r in op.results]
        self.names = {value: f"t{i}" for i, value in enumerate(values)}
        self.circuits = {name: f"circuit_{Path(f).stem}" for name, f in circuit_files(self.program).items()}

    def context(self) -> dict[str, Any]:
        """What the template needs."""
        files = circuit_files(self.program)
        lines = [line for op in self.computed for line in (_comment(op), *self._statement(op))]
        return {
            "title": plain(self.program.name),
            "name": literal(self.program.name),
            "class_name": class_name(self.program.name),
            "max_clients": self.program.max_clients,
            "circuits": [(self.circuits[name], file) for name, file in files.items()],
            "lines": lines,
            "uses_party": any(re.search(r"\bparty\b", line) for line in lines),
            "uses_clients": any(re.search(r"\bn\b", line) for line in lines if not line.startswith("//")),
            "results": [self._result(op) for op in self.program.of(io.Output)],
            "counts": [self.names[op.operands[0]] for op in self.program.of(protocol.Check)],
        }

    def _result(self, output: io.Output) -> str:
        opening = opening_of(output)
        if opening is None:
            return f"{{{self.names[output.operands[0]]}, kPublic}}"
        significant = "kExact" if opening.significant is None else f"{opening.significant}U"
        return f"{{{self.names[opening.operands[0]]}, {significant}}}"

    def _statement(self, op: Op) -> list[str]:
        if not isinstance(op, protocol.Circuit):
            return [f"const TensorCP {self.names[op.result]} = {self._expression(op)};"]
        results = f"outputs_of_{self.names[op.results[0]]}"
        made = f"make_circuit_op(backend, {self.circuits[op.circuit]}, {self._list(op.operands)})"
        lines = [f"const TensorCPs {results} = {made};"]
        return lines + [f"const TensorCP& {self.names[r]} = {results}[{r.index}];" for r in op.results]

    def _expression(self, op: Op) -> str:
        shape = shape_literal(op.result.type.shape)
        x = [self.names[o] for o in op.operands]
        match op:
            case io.Share():
                return f"backend.add_share_input({self.program.of(io.Share).index(op)}, {shape})"
            case io.ProvedProduct():
                number = len(self.program.of(io.Share)) + self.program.of(io.ProvedProduct).index(op)
                return f"backend.add_share_input({number}, {shape})"
            case io.Public():
                return f"backend.add_public_input({self.program.of(io.Public).index(op)}, {shape})"
            case io.Constant():
                numbers = ", ".join(f"{int(v)}U" for v in op.value.flat)
                return f"make_constant_op(backend, Tensor<Ring>({shape}, {{{numbers}}}))"
            case linear.AsShares():
                return f"make_sharing_op(backend, {x[0]})"
            case protocol.Mask():
                return f"backend.convert(backend.arithmetic(), {x[0]})"
            case protocol.Product():
                return f"make_gemm_op(backend, {x[0]}, {x[1]})"
            case protocol.SquareSum():
                return f"make_square_sum_op(backend, {x[0]})"
            case protocol.Open():
                return f"make_opening_op(backend, {x[0]})"
            case protocol.ToYao():
                garbled = f"backend.convert(MPCProtocol::Yao, {x[0]})"
                return garbled if op.width == 64 else f"make_low_bits_op(backend, {garbled}, {op.width})"
            case protocol.FromYao():
                extended = f"make_sign_extension_op(backend, {x[0]})"
                return f"backend.convert(MPCProtocol::ArithmeticGMW, {extended})"
        if isinstance(op.result.type, YaoType):
            assert isinstance(op, MOVES)
            return f"make_move_op(backend, {self._list(op.operands)}, {self._function(op)})"
        return f"make_linear_op(backend, {self._list(op.operands)}, {shape}, {self._function(op)})"

    def _list(self, values: tuple[Value, ...]) -> str:
        return "{" + ", ".join(self.names[v] for v in values) + "}"

    def _function(self, op: Op) -> str:
        """A local function of the operands' shares, as a lambda expression."""
        body = linear_expression(op, [_added(op, i) for i in range(len(op.operands))])
        captured = ", ".join(name for name in ("n", "party") if re.search(rf"\b{name}\b", body))
        return f"[{captured}](const Tensors& x) {{ return {body}; }}"


def _added(op: Op, i: int) -> str:
    """An operand inside of a function; of a sum, a public value is added to one of the two shares only."""
    among_shares = isinstance(op.result.type, ArithType) and isinstance(op.operands[i].type, RingType)
    one_server = among_shares and isinstance(op, linear.Add | linear.Sub)
    return f"public_share(x[{i}], party)" if one_server else f"x[{i}]"


def _comment(op: Op) -> str:
    """Says what each result is, and points back to the user's program."""
    where = op.location
    place = f" ({Path(where.file).name}:{where.line} {where.op}".rstrip() + ")" if where.line else ""
    return "// " + plain(f"{op.name}: {'; '.join(_described(r.type) for r in op.results)}{place}")


def _described(t: Type) -> str:
    shape: Shape = t.shape
    match t:
        case ArithType():
            return f"{shape_text(shape)}, {t.frac} fractional bits, ArithmeticGMW"
        case MaskedType():
            return f"{shape_text(shape)}, {t.frac} fractional bits, of the arithmetic protocol"
        case YaoType():
            return f"{shape_text(shape)}, {t.format}, Yao"
        case RingType():
            return f"{shape_text(shape)}, {t.frac} fractional bits, public"
    raise AssertionError(t)
