"""Divides a tensor program: what is computed in the clear before, on shares, and in the clear after opening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ezprivsecfl.compiler.passes.late_opening import chain
from ezprivsecfl.errors import LeakageError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, Secrecy, TensorType

LITERAL = 64
"""Constants up to this size stand in the secure part as literals; larger ones come from the prologue."""


@dataclass(frozen=True)
class Stages:
    """The division of one program.

    Args:
        program: The whole tensor program.
        opened: Secret values that are opened, each with its path (``opened0`` ...), in order.
        public: Public values that the secure part needs, each with its path (``public0`` ...); small constants not.
        secure: Operations of the secure part, in order (CLIENTS inputs included).
        epilogue: Operations on opened values, in order.
    """

    program: Program
    opened: dict[Value, str]
    public: dict[Value, str]
    secure: tuple[Op, ...]
    epilogue: tuple[Op, ...]

    def prologue_program(self, publics: Mapping[str, Value]) -> Program:
        """SERVER inputs to the public values that the secure part needs, by path."""
        b = ProgramBuilder(f"{self.program.name}_prologue", Level.TENSOR, self.program.max_clients)
        values = _public_part(self.program, b, set(publics.values()))
        for path, value in publics.items():
            b.append(Output(operands=(values[value],), path=path, location=value.op.location))
        return b.build()

    def epilogue_program(self) -> Program:
        """Opened values and SERVER inputs to the program's results."""
        b = ProgramBuilder(f"{self.program.name}_epilogue", Level.TENSOR, self.program.max_clients)
        outputs = self.program.of(Output)
        mine = set(self.epilogue)
        wanted = {o for op in (*self.epilogue, *outputs) for o in op.operands if not tensor_type(o).is_secret}
        values = _public_part(self.program, b, wanted)
        for value, path in self.opened.items():
            t = tensor_type(value)
            public = TensorType(t.shape, t.dtype, Secrecy.PUBLIC)
            values[value] = b.add(Input, path=path, placement=Placement.SERVER, bound=None, type=public)
        for op in self.program.ops:
            if op in mine or isinstance(op, Output):
                values.update(zip(op.results, b.copy(op, values).results, strict=True))
        return b.build()


def divide(program: Program) -> Stages:
    """Divides a program; raises LeakageError where an output would be a single client's value."""
    wanted = {chain(op.operands[0]).opened for op in program.of(Output) if tensor_type(op.operands[0]).is_secret}
    for output in program.of(Output):
        value = output.operands[0]
        if tensor_type(value).is_secret and CLIENTS_DIM in chain(value).opened.type.shape:
            raise LeakageError(f"output {output.path} would open the values of single clients", [output.location])
    opened: dict[Value, str] = {}
    known: set[Value] = set()
    secure: list[Op] = []
    epilogue: list[Op] = []
    for op in program.ops:
        if isinstance(op, Output) or not tensor_type(op.result).is_secret:
            continue
        if op.operands and all(o in known or not tensor_type(o).is_secret for o in op.operands):
            epilogue.append(op)
            known.add(op.result)
            continue
        secure.append(op)
        if op.result in wanted:
            opened[op.result] = f"opened{len(opened)}"
            known.add(op.result)
    needed = _needed(secure, opened)
    public = {
        o: "" for op in needed for o in op.operands if not tensor_type(o).is_secret and not isinstance(o.op, Constant)
    }
    names = {value: f"public{i}" for i, value in enumerate(public)}
    return Stages(program, opened, names, tuple(needed), tuple(epilogue))


def _needed(secure: list[Op], opened: dict[Value, str]) -> list[Op]:
    live = set(opened)
    kept = []
    for op in reversed(secure):
        if isinstance(op, Input) or op.result in live:
            kept.append(op)
            live.update(op.operands)
    return kept[::-1]


def _public_part(program: Program, b: ProgramBuilder, wanted: set[Value]) -> dict[Value, Value]:
    """Copies the public operations that ``wanted`` depends on."""
    needed = set(wanted)
    for op in reversed(program.ops):
        if any(r in needed for r in op.results):
            needed.update(op.operands)
    values: dict[Value, Value] = {}
    for op in program.ops:
        if not isinstance(op, Output) and op.result in needed and not tensor_type(op.result).is_secret:
            values[op.result] = b.copy(op, values).result
    return values
