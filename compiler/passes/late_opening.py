"""Opens outputs as early as possible, so that what is public and invertible is computed in the clear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.passes.simplify import tensor_type
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Output
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Exp, Mul, Neg, NotEqual, Reciprocal, Sub
from ezprivsecfl.ir.tensor.structure import Broadcast, Clients, Reshape, Transpose


def value_to_open(output: Value) -> Value:
    """The secret value that can be opened in place of ``output``: all that follows is public and invertible."""
    value = output
    while (inner := _invertible_operand(value)) is not None:
        value = inner
    return value


@dataclass(frozen=True)
class GatePublicFactors:
    """Output x · p with public p: x is opened and multiplied in the clear.

    That would reveal x where p is zero although the output does not, so x is first multiplied by the indicator of
    p ≠ 0 (an integer: no fractional bits, local). Factors that cannot be zero need no gate.
    """

    def run(self, program: Program) -> Program:
        """Returns the program with the gates."""
        b = ProgramBuilder(program.name, program.level, program.max_clients)
        values: dict[Value, Value] = {}
        last = {value_to_open(op.operands[0]) for op in program.of(Output) if tensor_type(op.operands[0]).is_secret}
        for op in program.ops:
            with b.at(op.location):
                if isinstance(op, Mul) and op.result in last and _single_secret(op) is not None:
                    values[op.result] = _gated(b, op, values)
                else:
                    values.update(zip(op.results, b.copy(op, values).results, strict=True))
        return b.build()


def _single_secret(op: Op) -> Value | None:
    secret = [o for o in op.operands if tensor_type(o).is_secret]
    return secret[0] if len(secret) == 1 else None


def _gated(b: ProgramBuilder, op: Mul, values: dict[Value, Value]) -> Value:
    secret = _single_secret(op)
    assert secret is not None
    (factor,) = (values[o] for o in op.operands if o is not secret)
    dtype = tensor_type(factor).dtype
    zero = b.add(Constant, value=np.zeros(()), dtype=dtype)
    gate = b.add(Cast, b.add(NotEqual, factor, zero), dtype=dtype)
    return b.add(Mul, b.add(Mul, values[secret], gate), factor)


def _invertible_operand(value: Value) -> Value | None:
    """The secret operand, if the operation is a bijection of it once the public operands are known."""
    op = value.op
    secret = _single_secret(op)
    if secret is None:
        return None
    if isinstance(op, Reshape | Transpose | Broadcast | Neg | Add | Sub | Exp):
        return secret
    if isinstance(op, Cast):
        exact = op.dtype.is_float or tensor_type(secret).dtype.is_integer
        return secret if exact else None
    if isinstance(op, Mul):
        (factor,) = (o for o in op.operands if o is not secret)
        return secret if never_zero(factor) or _is_gate(secret, factor) else None
    return None


def _is_gate(value: Value, factor: Value) -> bool:
    """Whether ``value`` is x · [factor ≠ 0]."""
    if not isinstance(value.op, Mul):
        return False
    return any(
        isinstance(o.op, Cast)
        and isinstance(o.op.operands[0].op, NotEqual)
        and o.op.operands[0].op.operands[0] is factor
        for o in value.op.operands
    )


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
    return isinstance(op, Reciprocal | Clients)
