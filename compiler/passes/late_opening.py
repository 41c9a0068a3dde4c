"""Opens outputs as early as possible, so that what is public and shows its operand is computed in the clear.

An operation is left to the clear only if the result shows its secret operand as precisely as it is opened. That takes
care of two things: a result that does not depend on the operand at all (a factor that is zero), for which nothing is
opened, and a result that shows fewer places of it (a sum with a large public number), for which fewer are opened.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.mpc.opening import SIGNIFICANT
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Output
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Exp, Mul, Neg, Reciprocal, Sub
from ezprivsecfl.ir.tensor.gate import LARGEST_FACTOR, Gate, factor_message
from ezprivsecfl.ir.tensor.structure import Broadcast, Clients, Reshape, Transpose
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
    while (secret := _secret_operand(value.op)) is not None and _shows(value.op, secret, steps):
        steps.append(value.op)
        value = secret
    return Chain(value, tuple(reversed(steps)))


def chains(program: Program) -> list[tuple[Output, Chain]]:
    """The secret outputs of a program with their chains."""
    outputs = [op for op in program.of(Output) if tensor_type(op.operands[0]).is_secret]
    return [(op, chain(op.operands[0])) for op in outputs]


@dataclass(frozen=True)
class GatePublicFactors:
    """Output p · x with a public number p: x is opened, the rest is done in the clear.

    That would reveal x where p is zero although the output does not, so x is first multiplied by ``Gate``: whether p,
    as computed in this round, is not zero (an integer: no fractional bits, local). No gate is needed where p is known
    to be within the limits (constants, the number of clients), or where another output shows x anyway.

    Raises:
        UnsupportedError: A constant factor is beyond the limits.
    """

    def run(self, program: Program) -> Program:
        """Returns the program with the gates."""
        b = ProgramBuilder(program.name, program.level, program.max_clients)
        values: dict[Value, Value] = {}
        links = dict(chains(program))
        factors = {output: _uncertain(c, program.max_clients or 1) for output, c in links.items()}
        shown = {c.opened for output, c in links.items() if not factors[output]}
        for op in program.ops:
            with b.at(op.location):
                if isinstance(op, Output) and op in links and links[op].opened not in shown:
                    b.append(op.rebuild([_gated(b, links[op], factors[op], values)]))
                else:
                    values.update(zip(op.results, b.copy(op, values).results, strict=True))
        return b.build()


def _uncertain(links: Chain, clients: int) -> tuple[tuple[Op, Value], ...]:
    """The factors that a gate must look at: all of them, unless all are known to be within the limits."""
    lo, hi = 1.0, 1.0
    for step, factor in links.factors:
        known = _known_magnitude(factor, clients)
        if known is None:
            return links.factors
        lo, hi = lo * known[0], hi * known[1]
        if lo == hi >= np.finfo(np.float32).tiny and not _within(lo):
            raise UnsupportedError(factor_message(lo, str(step.location)), [step.location])
        if not (_within(lo) and _within(hi)):
            return links.factors
    return ()


def _parts(factor: Value) -> list[Value]:
    """The numbers that a public number is the product of."""
    if isinstance(factor.op, Mul):
        return [part for operand in factor.op.operands for part in _parts(operand)]
    return _parts(factor.op.operands[0]) if isinstance(factor.op, Reshape | Broadcast) else [factor]


def _within(factor: float) -> bool:
    return 1 / LARGEST_FACTOR <= factor <= LARGEST_FACTOR


def _known_magnitude(value: Value, clients: int) -> tuple[float, float] | None:
    """Least and largest magnitude of a number that depends on nothing but the number of clients; None for others."""
    op = value.op
    if isinstance(op, Constant):
        magnitude = np.abs(np.asarray(op.value, dtype=np.float64))
        return (float(magnitude.min()), float(magnitude.max())) if magnitude.size else None
    if isinstance(op, Clients):
        return 1.0, float(clients)
    below = [_known_magnitude(o, clients) for o in op.operands]
    known = [b for b in below if b is not None]
    if len(known) < len(below):
        return None
    if isinstance(op, Reshape | Broadcast | Neg) or (isinstance(op, Cast) and op.dtype.is_float):
        return known[0]
    if isinstance(op, Reciprocal) and known[0][0] > 0:
        return 1 / known[0][1], 1 / known[0][0]
    if isinstance(op, Mul):
        return known[0][0] * known[1][0], known[0][1] * known[1][1]
    return None


def _gated(b: ProgramBuilder, links: Chain, factors: Iterable[tuple[Op, Value]], values: dict[Value, Value]) -> Value:
    """The output, with a gate at the opened value."""
    value, numbers = values[links.opened], []
    for step, factor in factors:
        with b.at(step.location):
            numbers.append(b.add(Reshape, values[factor], shape=()))
            gate = b.add(Gate, *numbers)  # at the last factor, for the message
    value = b.add(Mul, value, b.add(Cast, gate, dtype=tensor_type(value).dtype))
    for step in links.steps:
        secret = _secret_operand(step)
        with b.at(step.location):
            value = b.append(step.rebuild([value if o is secret else values[o] for o in step.operands])).result
    return value


def _secret_operand(op: Op) -> Value | None:
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
