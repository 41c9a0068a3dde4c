"""Emits the secure part of a program as C++ for the engine Duet.

What a kernel's part of it is stands with the kernel (``kernels``), and what servers compute by themselves in ``local``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ezprivsecfl.backends.cpp import (
    circuit_files,
    class_name,
    comment,
    environment,
    identifier,
    literal,
    move,
    plain,
    sealed,
)
from ezprivsecfl.backends.duet import local
from ezprivsecfl.backends.duet.kernels import MemberKernel, kernel_of
from ezprivsecfl.backends.duet.kernels.member import Scope, value_type
from ezprivsecfl.backends.duet.rounds import scheduled
from ezprivsecfl.backends.tree import common_tree
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.mpc import io, linear, protocol
from ezprivsecfl.ir.mpc.results import openings
from ezprivsecfl.ir.mpc.shares import Gemm, Gram
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.structural import MOVES
from ezprivsecfl.ir.types import MaskedType, YaoType

TEMPLATES = Path(__file__).parent / "templates"

HEADERS = ("duet/opening.h", "duet/program.h")
"""What every program needs of the engine."""


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


@dataclass
class _Emission:
    """Collects the lines of one program."""

    program: Program
    names: dict[Value, str] = field(default_factory=dict)
    kernels: dict[Op, MemberKernel[Any]] = field(default_factory=dict)
    scopes: dict[Op, Scope] = field(default_factory=dict)

    def __post_init__(self) -> None:
        files, opened = circuit_files(self.program), openings(self.program)
        members: Counter[str] = Counter()
        self.computed = [op for op in self.program.ops if op not in opened]
        for op in self.computed:
            for result in op.results:
                self.names[result] = f"v{len(self.names)}"
            kernel = kernel_of(self.program, op)
            if kernel is None:
                continue
            if not isinstance(kernel, MemberKernel):
                raise UnsupportedError(f"Duet's kernel {kernel.name} is for the program's results only", [op.location])
            member = f"{kernel.member}{members[kernel.member]}"
            members[kernel.member] += 1
            self.kernels[op] = kernel
            self.scopes[op] = Scope(member, self.names, self._setup_value, files)

    def context(self) -> dict[str, Any]:
        """What the template needs."""
        return {
            "title": plain(self.program.name),
            "name": literal(self.program.name),
            "class_name": class_name(self.program.name),
            "max_clients": self.program.max_clients,
            "headers": self._headers(),
            "setup": [line for op in self.computed for line in self._setup(op)],
            "stages": self._stages(),
            "members": [kernel.declaration(self.scopes[op].member) for op, kernel in self.kernels.items()],
            "outputs": [sealed(op, self.names) for op in self.program.of(io.Output)],
            "counts": [self.names[op.operands[0]] for op in self.program.of(protocol.Check)],
            "publics": [self.names[op.result] for op in self.program.of(io.Public)],
        }

    def _headers(self) -> list[str]:
        needed = {*HEADERS, *(["duet/agreement.h"] if self.program.of(io.Public) else [])}
        for op in self.computed:
            needed.update(self.kernels[op].headers if op in self.kernels else local.headers(op))
        return sorted(needed)

    # The setup phase: masks and zero labels instead of values.

    def _setup(self, op: Op) -> list[str]:
        if op in self.kernels:
            return self.kernels[op].setup(self.scopes[op])
        if isinstance(op, MOVES) and isinstance(op.result.type, MaskedType | YaoType):
            moved = move(op, [self._setup_value(o) for o in op.operands])
            return [*comment(op), f"const auto {self.names[op.result]} = {moved};"]
        return []

    def _setup_value(self, value: Value) -> str:
        """What stands for a masked or garbled value in the setup phase."""
        if value.op in self.kernels:
            return self.kernels[value.op].setup_result(self.scopes[value.op].member, value.index)
        return self.names[value]

    # The online phase.

    def _stages(self) -> list[dict[str, Any]]:
        stages = []
        for stage in scheduled(self.program).stages:
            exchanges = [(self.kernels[e.op], self.scopes[e.op], e) for e in stage.exchanges]
            stages.append(
                {
                    "sends": [line for kernel, scope, e in exchanges for line in kernel.send(scope, e)],
                    "receives": [line for kernel, scope, e in exchanges for line in kernel.receive(scope, e)],
                    "local": [line for op in stage.local for line in self._local(op)],
                }
            )
        return stages

    def _local(self, op: Op) -> list[str]:
        if op in self.kernels:
            return self.kernels[op].online(self.scopes[op])
        if not op.results:
            return []  # checks: the runtime looks at what they are given
        if isinstance(op, io.Share) and self._is_read(op.result):
            rows = f"shares.rows({self.program.of(io.Share).index(op)})"
            return [*comment(op), f"const SharedRows& {self.names[op.result]} = {rows};"]
        reference = "&" if isinstance(op, io.Share | io.Public) else ""
        value = local.expression(self.program, op, self.names)
        return [*comment(op), f"const {value_type(op.result)}{reference} {self.names[op.result]} = {value};"]

    def _is_read(self, value: Value) -> bool:
        """Whether clients' shares are only read, row by row: then they need not all be in memory."""
        if len(value.type.shape) != 2:
            return False
        return all(
            isinstance(user, io.ProvedSquares)
            or (isinstance(user, linear.MatMulPublic) and user.operands[0] is value and user.operands[1] is not value)
            or (isinstance(user, Gemm) and user.operands[1] is value and user.operands[0].type.shape[0] == 1)
            or isinstance(user, Gram)
            for user in self.program.uses()[value]
        )
