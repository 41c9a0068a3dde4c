"""How outputs follow in the clear from secret values that are opened in their place.

An operation is left to the clear only if the result shows its secret operand as precisely as it is opened. That takes
care of two things: a result that does not depend on the operand at all (a factor that is zero), for which nothing is
opened (``passes/late_opening.py``), and a result that shows fewer places of it (a sum with a large public number), for
which fewer are opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ezprivsecfl.ir.mpc.opening import SIGNIFICANT
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Output
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Exp, Mul, Neg, Sub
from ezprivsecfl.ir.tensor.gate import Gate
from ezprivsecfl.ir.tensor.structure import Broadcast, Reshape, Transpose
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import DType

EXPONENT = 60 * math.log(2)
"""Up to here, e^x and products of it with the factors that are let through are normal numbers of every float."""


@dataclass(frozen=True)
class Hidden:
    """Where a chain hides places of what is opened: next to ``addend / product of factors``.

    Args:
        addend: A public value that is added; None for 1, which is what an exponent is compared with.
        factors: Public factors between the opened value and this place.
    """

    addend: Value | None
    factors: tuple[Value, ...]


@dataclass(frozen=True)
class Chain:
    """How an output follows from the value that is opened in its place.

    Args:
        opened: The secret value that is opened.
        steps: From there to the output, each computed in the clear.
    """

    opened: Value
    steps: tuple[Op, ...]

    @property
    def factors(self) -> tuple[tuple[Op, Value], ...]:
        """Public factors among the steps, in order, each with its step."""
        found = []
        for step in self.steps:
            factor = _public_operand(step)
            if isinstance(step, Mul) and factor is not None:
                found += [(step, part) for part in _parts(factor)]
        return tuple(found)

    @property
    def hidden(self) -> tuple[Hidden, ...]:
        """What hides places of the opened value; integers are exact."""
        found: list[Hidden] = []
        factors: list[Value] = []
        for step in self.steps:
            operand = _public_operand(step)
            if isinstance(step, Mul) and operand is not None:
                factors.append(operand)
            elif isinstance(step, Add | Sub) and tensor_type(step.result).dtype.is_float:
                found.append(Hidden(operand, tuple(factors)))
            elif isinstance(step, Exp):
                found.append(Hidden(None, tuple(factors)))
        return tuple(found)

    @property
    def significant(self) -> int | None:
        """How many bits of the opened value's largest magnitude the output shows; None for all."""
        dtypes = [tensor_type(value).dtype for value in (self.opened, *(s.result for s in self.steps))]
        return min((SIGNIFICANT[d] for d in dtypes if d.is_float), default=None)


def chain(output: Value) -> Chain:
    """Walks down from an output as long as the operations can be done in the clear."""
    value, steps = output, list[Op]()
    while (secret := secret_operand(value.op)) is not None and _shows(value.op, secret, steps):
        steps.append(value.op)
        value = secret
    return Chain(value, tuple(reversed(steps)))


def chains(program: Program) -> list[tuple[Output, Chain]]:
    """The secret outputs of a program with their chains."""
    outputs = [op for op in program.of(Output) if tensor_type(op.operands[0]).is_secret]
    return [(op, chain(op.operands[0])) for op in outputs]


def _parts(factor: Value) -> list[Value]:
    """The numbers that a public number is the product of."""
    if isinstance(factor.op, Mul):
        return [part for operand in factor.op.operands for part in _parts(operand)]
    return _parts(factor.op.operands[0]) if isinstance(factor.op, Reshape | Broadcast) else [factor]


def secret_operand(op: Op) -> Value | None:
    """The only secret operand; None if there are more, or none."""
    secret = [o for o in op.operands if tensor_type(o).is_secret]
    return secret[0] if len(secret) == 1 else None


def _public_operand(op: Op) -> Value | None:
    return next((o for o in op.operands if not tensor_type(o).is_secret), None)


def _shows(op: Op, secret: Value, above: list[Op]) -> bool:
    """Whether the result of an operation shows its secret operand, if public factors are not zero.

    Args:
        op: The operation.
        secret: Its secret operand.
        above: The steps from its result to the output.
    """
    match op:
        case Reshape() | Transpose() | Broadcast() | Neg():
            return True
        case Cast():
            # To fewer places, fewer are opened; the ring holds nothing that a float32 does not reach.
            return op.dtype.is_float or (op.dtype is DType.I64 and tensor_type(secret).dtype.is_integer)
        case Add() | Sub():
            return _public_operand(op) is not None
        case Mul():
            factor = _public_operand(op)
            return (
                factor is not None
                and tensor_type(op.result).dtype.is_float
                and all(d == 1 for d in factor.type.shape)
                and not _is_gate(factor)
            )
        case Exp():
            # Of what is opened, the sum or second exponential would show places that depend on its magnitude.
            return not any(isinstance(step, Add | Sub | Exp) for step in above)
    return False


def _is_gate(factor: Value) -> bool:
    return isinstance(factor.op, Cast) and isinstance(factor.op.operands[0].op, Gate)
