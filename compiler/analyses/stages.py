"""Divides a tensor program: what is computed in the clear before, on shares, and in the clear after opening."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.analyses.chains import EXPONENT, Chain, Hidden, chains
from ezprivsecfl.compiler.analyses.client_axes import client_axes
from ezprivsecfl.compiler.analyses.owners import of_clients
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.errors import LeakageError, UnsupportedError
from ezprivsecfl.ir.images import radius_path
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement
from ezprivsecfl.ir.tensor.elementwise import Abs, Cast, Div, Exp, Maximum, Minimum, Mul
from ezprivsecfl.ir.tensor.noise import Noised
from ezprivsecfl.ir.tensor.structure import Broadcast, ReduceMax, Reshape
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Secrecy, TensorType

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
        epilogue: Operations on opened values, in order; those that the secure part uses, too, are in both.
        chains: How the outputs follow from the opened values, by opened value.
    """

    program: Program
    opened: dict[Value, str]
    public: dict[Value, str]
    secure: tuple[Op, ...]
    epilogue: tuple[Op, ...]
    chains: dict[Value, tuple[Chain, ...]]

    def significant(self, value: Value) -> int | None:
        """How many bits of an opened value's largest magnitude the outputs show; None for all."""
        shown = [c.significant for c in self.chains[value]]
        return None if None in shown else max(s for s in shown if s is not None)

    def hides(self, value: Value) -> bool:
        """Whether there are places of an opened value that no output shows."""
        return self.significant(value) is not None and all(c.hidden for c in self.chains[value])

    def prologue_program(self, publics: Mapping[str, Value]) -> Program:
        """SERVER inputs to public values that the secure part needs, by path, radii, and what hides opened values."""
        b = Rewriter(f"{self.program.name}_prologue", Level.TENSOR, self.program.max_clients)
        hiding = [v for v in self.opened if self.hides(v)]
        places = [h for v in hiding for c in self.chains[v] for h in c.hidden]
        wanted = {o for h in places for o in (h.addend, *h.factors) if o is not None}
        radii = {op.vector: op.operands[0] for op in self.program.of(Input) if op.vector is not None and op.operands}
        b.copy(_public_part(self.program, wanted | set(publics.values()) | set(radii.values())))
        for path, value in publics.items():
            b.append(Output(operands=(b.values[value],), path=path, location=value.op.location))
        for vector, radius in radii.items():
            path = radius_path(vector)
            b.append(Output(operands=(b.values[radius],), path=path, location=radius.op.location))
        for value in hiding:
            path = hiding_path(self.opened[value])
            b.append(Output(operands=(self._hiding(b, value),), path=path, location=value.op.location))
        return b.build()

    def _hiding(self, b: Rewriter, value: Value) -> Value:
        """The magnitude next to which an opened value is shown: for each output the largest, of these the least."""
        significant, least = self.significant(value), None
        for links in self.chains[value]:
            largest = None
            for place in links.hidden:
                magnitude = _magnitude(b, place)
                largest = magnitude if largest is None else b.add(Maximum, largest, magnitude)
            assert largest is not None
            assert significant is not None
            assert links.significant is not None
            # In units of the last place that the output shows.
            if links.significant < significant:
                largest = b.add(Mul, largest, _number(b, 2.0 ** (significant - links.significant)))
            least = largest if least is None else b.add(Minimum, least, largest)
        assert least is not None
        return least

    def epilogue_program(self) -> Program:
        """Opened values and SERVER inputs to the program's results."""
        b = Rewriter(f"{self.program.name}_epilogue", Level.TENSOR, self.program.max_clients)
        outputs = self.program.of(Output)
        mine = set(self.epilogue)
        wanted = {o for op in (*self.epilogue, *outputs) for o in op.operands if not tensor_type(o).is_secret}
        b.copy(_public_part(self.program, wanted))
        for value, path in self.opened.items():
            t = tensor_type(value)
            public = TensorType(t.shape, t.dtype, Secrecy.PUBLIC)
            b.values[value] = b.add(Input, path=path, placement=Placement.SERVER, bound=None, type=public)
        b.copy(op for op in self.program.ops if op in mine or isinstance(op, Output))
        return b.build()


def hiding_path(opened: str) -> str:
    """The prologue's output that says next to which magnitude an opened value is shown."""
    return f"{opened}/hidden"


def _number(b: ProgramBuilder, value: float) -> Value:
    return b.add(Constant, value=np.asarray(value), dtype=DType.F64)


def _magnitude(b: Rewriter, place: Hidden) -> Value:
    """The largest magnitude of an addend over that of the factors."""
    if place.addend is None:
        result = _number(b, 1.0)
    else:
        addend = b.values[place.addend]
        flat = b.add(Reshape, b.add(Cast, addend, dtype=DType.F64), shape=(math.prod(map(int, addend.type.shape)),))
        result = b.add(ReduceMax, b.add(Abs, flat), axes=(0,))
    for factor in place.factors:
        number = b.add(Cast, b.add(Reshape, b.values[factor], shape=()), dtype=DType.F64)
        result = b.add(Div, result, b.add(Abs, number))
    return result


def divide(program: Program) -> Stages:
    """Divides a program.

    Raises:
        LeakageError: An output would be a single client's value, or one of private inputs alone.
        UnsupportedError: The secure part needs a public value of every client that is computed over all clients.
    """
    wanted: dict[Value, list[Chain]] = {}
    owners, of_any = client_axes(program), of_clients(program)
    for output, links in chains(program):
        wanted.setdefault(links.opened, []).append(links)
        if CLIENTS_DIM in links.opened.type.shape or links.opened in owners:
            raise LeakageError(
                f"output {output.path} would open the values of single clients; reduce over them, or choose among them "
                "by what is secret",
                [output.location],
            )
        if links.opened not in of_any:
            raise LeakageError(
                f"output {output.path} would open a value of private inputs alone: it depends on no client's value. "
                "Return it combined with what clients share, or make the inputs public (--server-input)",
                [output.location],
            )
    opened: dict[Value, str] = {}
    known: set[Value] = set()
    secret: list[Op] = []
    epilogue: list[Op] = []
    for op in program.ops:
        if isinstance(op, Output) or not tensor_type(op.result).is_secret:
            continue
        secret.append(op)
        in_clear = all(o in known or not tensor_type(o).is_secret for o in op.operands)
        # Noise of the clear would be known, and differ; what a client shares may have a public radius.
        if op.operands and in_clear and not isinstance(op, Noised | Input):
            epilogue.append(op)
            known.add(op.result)
            continue
        if op.result in wanted:
            opened[op.result] = f"opened{len(opened)}"
            known.add(op.result)
    needed = _needed(secret, opened)
    computing = [op for op in needed if not isinstance(op, Input)]
    used = [unrepeated(o) for op in computing for o in op.operands if not tensor_type(o).is_secret]
    public = dict.fromkeys(value for value in used if not isinstance(value.op, Constant))
    for value in public:
        if CLIENTS_DIM in value.type.shape:
            raise UnsupportedError(
                f"{value.op.user_name} of public values, repeated for every client, that is used with secret values: "
                "compute it of the values as they are before they are repeated",
                [value.op.location],
            )
    names = {value: f"public{i}" for i, value in enumerate(public)}
    shown = {value: tuple(wanted[value]) for value in opened}
    return Stages(program, opened, names, tuple(needed), tuple(epilogue), shown)


def unrepeated(value: Value) -> Value:
    """A public value without its clients axis, along which it is the same."""
    while CLIENTS_DIM in value.type.shape and isinstance(value.op, Broadcast):
        (value,) = value.op.operands
    return value


def check_exponents(stages: Stages, ranges: Ranges) -> None:
    """Raises UnsupportedError where e^x of an opened x may underflow or overflow, and so show less than x.

    For entries as they are declared: a client that goes beyond learns nothing that it does not by staying within.
    """
    for step in (step for shown in stages.chains.values() for c in shown for step in c.steps):
        if isinstance(step, Exp) and (reached := ranges.as_declared(step.operands[0]).magnitude) > EXPONENT:
            raise UnsupportedError(
                f"exp of a secret value that may reach {reached:g}: beyond {EXPONENT:.4g} the result shows less of it "
                "than would be opened. Limit it with tf.clip_by_value(x, -40.0, 40.0), or lower the bounds (--bound)",
                [step.location],
            )


def _needed(secret: list[Op], opened: dict[Value, str]) -> list[Op]:
    live = set(opened)
    kept = []
    for op in reversed(secret):
        if isinstance(op, Input) or op.result in live:
            kept.append(op)
            live.update(op.operands)
    return kept[::-1]


def _public_part(program: Program, wanted: set[Value]) -> list[Op]:
    """The public operations that ``wanted`` depends on, in order."""
    needed = set(wanted)
    for op in reversed(program.ops):
        if any(r in needed for r in op.results):
            needed.update(op.operands)
    return [
        op
        for op in program.ops
        if not isinstance(op, Output) and op.result in needed and not tensor_type(op.result).is_secret
    ]
