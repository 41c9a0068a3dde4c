"""Takes out of a program what owners of private inputs compute themselves, in the clear, before they share anything.

What follows from the private inputs of one owner, and from public values, the owner computes in float64: norms, roots,
unit vectors. It shares what the rest of the program takes of that. How large those values may be is declared of them as
of any input, and that is all that the rest relies on: a third party, who may be malicious, proves it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ezprivsecfl.compiler.analyses.owners import owner_of
from ezprivsecfl.compiler.analyses.ranges import EXACT, Ranges
from ezprivsecfl.compiler.choices import PROVED_ENTRIES
from ezprivsecfl.compiler.norm_bounds import proves_norm
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.errors import LeakageError
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite, rewriter
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.tensor.elementwise import Cast, Mul
from ezprivsecfl.ir.tensor.structure import Move, Sum
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import DType, Secrecy, TensorType, count

ROUNDED = 1 + 2.0**-6
"""How much longer than in exact arithmetic a vector may be that is computed and rounded to fixed point."""

ABOVE = 1 + 2.0**-20
"""By what part a bound is above the largest entry: entries must stay below it."""


@dataclass(frozen=True)
class Owned:
    """A program divided.

    Args:
        rest: What servers compute; in place of private parameters it takes what owners share.
        parts: By owner, from its private inputs and public ones to what it shares, by path.
    """

    rest: Program
    parts: Mapping[Owner, Program]


def take_out(program: Program, options: Options) -> Owned:
    """Divides a program.

    Args:
        program: After all passes of the tensor level.
        options: Whether a third party proves what it shares.

    Raises:
        LeakageError: A result is one owner's value, or a function of that.
    """
    shared = _shared(program)
    if not shared:
        return Owned(program, {})
    measured = _Measured(program, options, shared)
    given = {value: measured.input_of(value, path) for value, path in shared.items()}
    parts = {owner: _part(program, owner, shared) for owner in Owner if any(x.owner is owner for x in given.values())}

    def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        return b.append(given[op.result]).result if op.results and op.result in given else None

    rest = rewrite(program, rule)
    taken = set(shared.values())
    kept = tuple(op for op in rest.ops if not isinstance(op, Input) or op.owner is None or op.path in taken)
    return Owned(drop_unused(replace(rest, ops=kept), (Input, Output)), parts)


def _shared(program: Program) -> dict[Value, str]:
    """The owners' values that others take, each with its path: a parameter's, or a number after the owner."""
    found: dict[Value, str] = {}
    for op in program.ops:
        if op.results and owner_of(op.result) is not None:
            continue
        for operand in op.operands:
            owner = owner_of(operand) if tensor_type(operand).is_secret else None
            if owner is None:
                continue
            if isinstance(op, Output):
                raise LeakageError(
                    f"output {op.path} would open what {owner.in_words} alone knows: it depends on no client's value. "
                    f"Return it combined with what clients share, or make the input public (--server-input)",
                    [op.location],
                )
            value = _unmoved(operand)
            if value not in found:
                path = value.op.path if isinstance(value.op, Input) else f"{owner.value}/{len(found)}"
                found[value] = path
    return found


def _unmoved(value: Value) -> Value:
    """What is moved, repeated or cut on shares, which costs nothing, rather than shared twice."""
    while isinstance(value.op, Move):
        (value,) = value.op.operands
    return value


def _part(program: Program, owner: Owner, shared: Mapping[Value, str]) -> Program:
    """What one owner computes: everything in it is in the clear there, so nothing is secret."""
    b = rewriter(program)
    mine = {value: path for value, path in shared.items() if owner_of(value) is owner}
    needed = set(mine)
    for op in reversed(program.ops):
        if op.results and not needed.isdisjoint(op.results):
            needed.update(op.operands)
    for op in program.ops:
        if not op.results or op.result not in needed:
            continue
        if isinstance(op, Input) and op.owner is owner:
            clear = TensorType(op.type.shape, op.type.dtype, Secrecy.PUBLIC)
            b.values[op.result] = b.append(replace(op, owner=None, norm=None, type=clear)).result
        else:
            b.copy([op])
    for value, path in mine.items():
        b.append(Output(operands=(b.values[value],), path=path, location=value.op.location))
    return replace(b.build(), name=f"{program.name}_{owner.value}", level=Level.TENSOR)


class _Measured:
    """How large owners' values are, and how long, if parameters are as declared.

    Where the norm of a parameter is declared, too, that says how long values are, but not how large entries are as a
    rule: so ranges are computed with and without norms.
    """

    def __init__(self, program: Program, options: Options, shared: Collection[Value]) -> None:
        self.options = options
        self.without = _Ranges(program, shared, norms=False)
        self.with_norms = _Ranges(program, shared, norms=True)

    def input_of(self, value: Value, path: str) -> Input:
        """What the rest takes in a value's place: a parameter as it is, or what the owner computes, with its bounds."""
        if isinstance(value.op, Input):
            return value.op
        found, truth = self.without.entries(value), tensor_type(value).dtype is DType.BOOL
        given = Input(
            operands=(),
            path=path,
            placement=Placement.SERVER,
            bound=2.0 if truth else found.magnitude * ABOVE or math.ulp(0.0),
            type=tensor_type(value),
            lowest=0.0 if found.lo >= 0 else None,
            owner=owner_of(value),
            location=value.op.location,
        )
        # Of what is as long as a single entry may be large, that says more; a third party proves it of long vectors.
        length = ROUNDED * min(one.length(value) for one in (self.without, self.with_norms))
        proved = self.options.proofs and proves_norm(given)
        short = count(given.type.shape) > PROVED_ENTRIES and length <= (given.bound or 0.0) * ROUNDED
        return replace(given, norm=length) if not truth and (proved or short) else given


class _Ranges:
    """Ranges of some owners' values and of their squared norms."""

    def __init__(self, program: Program, shared: Collection[Value], *, norms: bool) -> None:
        b = rewriter(program)
        for op in program.ops:
            if isinstance(op, Input) and op.owner is not None and not norms:
                b.values[op.result] = b.append(replace(op, norm=None)).result
            else:
                b.copy([op])
        self.squares = {value: _squared_norm(b, b.values[value]) for value in shared}
        self.values = b.values
        self.ranges = Ranges(b.build(), EXACT)

    def entries(self, value: Value) -> Interval:
        """What every entry lies in."""
        return self.ranges[self.values[value]]

    def length(self, value: Value) -> float:
        """The L2 norm of all entries, at most."""
        by_entries = math.sqrt(count(value.type.shape)) * self.entries(value).magnitude
        return min(math.sqrt(self.ranges[self.squares[value]].magnitude), by_entries)


def _squared_norm(b: Rewriter, value: Value) -> Value:
    """The sum of squares of all entries, as a real number."""
    real = b.add(Cast, value, dtype=DType.F64)
    return b.add(Sum, b.add(Mul, real, real), axes=tuple(range(len(value.type.shape))))
