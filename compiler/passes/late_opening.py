"""Opens outputs as early as possible, so that what is public and invertible is computed in the clear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Output
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Exp, Mul, Neg, NotEqual, Reciprocal, Sub
from ezprivsecfl.ir.tensor.structure import Broadcast, Clients, Reshape, Transpose
from ezprivsecfl.ir.tensor.values import tensor_type


@dataclass(frozen=True)
class Chain:
    """How an output follows from the value that is opened in its place.

    Args:
        opened: The secret value that is opened.
        steps: From there to the output: bijections, once the public operands are known.
        gates: Public factors among the steps that may be zero.
    """

    opened: Value
    steps: tuple[Op, ...]
    gates: tuple[Value, ...]


def chain(output: Value) -> Chain:
    """Walks down from an output as long as the operations can be done in the clear."""
    value, steps, gates = output, [], []
    while (secret := _single_secret(value.op)) is not None and _invertible(value.op, secret):
        factor = next((o for o in value.op.operands if o is not secret), None)
        if isinstance(value.op, Mul) and factor is not None and not never_zero(factor):
            if _is_gate(factor) or any(d != 1 for d in factor.type.shape):
                break
            gates.append(factor)
        steps.append(value.op)
        value = secret
    return Chain(value, tuple(reversed(steps)), tuple(gates))


@dataclass(frozen=True)
class GatePublicFactors:
    """Output p · f(x) with public p: x is opened, the rest is done in the clear.

    That would reveal x where p is zero although the output does not, so x is first multiplied by the indicator of
    p ≠ 0 (an integer: no fractional bits, local). Factors that cannot be zero need no gate.
    """

    def run(self, program: Program) -> Program:
        """Returns the program with the gates."""
        b = ProgramBuilder(program.name, program.level, program.max_clients)
        values: dict[Value, Value] = {}
        for op in program.ops:
            with b.at(op.location):
                if isinstance(op, Output) and tensor_type(op.operands[0]).is_secret:
                    b.append(op.rebuild([_gated(b, chain(op.operands[0]), values)]))
                else:
                    values.update(zip(op.results, b.copy(op, values).results, strict=True))
        return b.build()


def _gated(b: ProgramBuilder, links: Chain, values: dict[Value, Value]) -> Value:
    """The output, with the gates at the opened value."""
    value = values[links.opened]
    for factor in links.gates:
        scalar = b.add(Reshape, values[factor], shape=())
        zero = b.add(Constant, value=np.zeros(()), dtype=tensor_type(scalar).dtype)
        gate = b.add(Cast, b.add(NotEqual, scalar, zero), dtype=tensor_type(value).dtype)
        value = b.add(Mul, value, gate)
    if not links.gates:
        return values[links.steps[-1].result] if links.steps else value
    for step in links.steps:
        secret = _single_secret(step)
        with b.at(step.location):
            value = b.append(step.rebuild([value if o is secret else values[o] for o in step.operands])).result
    return value


def _single_secret(op: Op) -> Value | None:
    secret = [o for o in op.operands if tensor_type(o).is_secret]
    return secret[0] if len(secret) == 1 else None


def _invertible(op: Op, secret: Value) -> bool:
    """Whether the operation is a bijection of its secret operand once the public ones are known (and not zero)."""
    if isinstance(op, Cast):
        return op.dtype.is_float or tensor_type(secret).dtype.is_integer
    return isinstance(op, Reshape | Transpose | Broadcast | Neg | Add | Sub | Exp | Mul)


def _is_gate(factor: Value) -> bool:
    return isinstance(factor.op, Cast) and isinstance(factor.op.operands[0].op, NotEqual)


def never_zero(value: Value) -> bool:
    """Whether a public value is non-zero whenever the program's result is finite."""
    op = value.op
    if isinstance(op, Constant):
        return bool(np.all(op.value != 0))
    if isinstance(op, Reshape | Broadcast):
        return never_zero(op.operands[0])
    if isinstance(op, Cast):
        return op.dtype.is_float and never_zero(op.operands[0])
    if isinstance(op, Mul):
        return all(never_zero(o) for o in op.operands)
    return isinstance(op, Reciprocal | Clients | Exp)
