"""Keeps closed what no output shows: an output times a public number that turns out to be zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.analyses.chains import Chain, chains, secret_operand
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor import Constant, Output
from ezprivsecfl.ir.tensor.elementwise import Cast, Mul, Neg, Reciprocal
from ezprivsecfl.ir.tensor.gate import LARGEST_FACTOR, Gate, factor_message
from ezprivsecfl.ir.tensor.structure import Broadcast, Clients, Reshape
from ezprivsecfl.ir.tensor.values import tensor_type


@dataclass(frozen=True)
class GatePublicFactors:
    """Output p · x with a public number p: x is opened, the rest is done in the clear.

    That would reveal x where p is zero although the output does not, so x is first multiplied by ``Gate``: whether p,
    as computed in this round, is not zero (an integer: no fractional bits, local). No gate is needed where p is known
    to be within the limits (constants, the number of clients), or where another output shows x anyway.

    Example::

        program @gated (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "rate", placement = server, bound = 8.0, type = public<f32[]>}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = mul %2, %1 : secret<f32[3]>
          output %3 {path = "result"}
        }

    becomes::

        program @gated (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "rate", placement = server, bound = 8.0, type = public<f32[]>}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = mul %2, %1 : secret<f32[3]>
          %4 = reshape %1 {shape = []} : public<f32[]>
          %5 = gate %4 : public<bool[]>
          %6 = cast %5 {dtype = f32} : public<f32[]>
          %7 = mul %2, %6 : secret<f32[3]>
          %8 = mul %7, %1 : secret<f32[3]>
          output %8 {path = "result"}
        }

    Raises:
        UnsupportedError: A constant factor is beyond the limits.
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the program with the gates."""
        links = dict(chains(program))
        factors = {output: _uncertain(c, program.max_clients or 1) for output, c in links.items()}
        shown = {c.opened for output, c in links.items() if not factors[output]}

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> tuple[()] | None:
            if not isinstance(op, Output) or op not in links or links[op].opened in shown:
                return None
            b.append(op.rebuild([_gated(b, links[op], factors[op])]))
            return ()

        return rewrite(program, rule)


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


def _gated(b: Rewriter, links: Chain, factors: Iterable[tuple[Op, Value]]) -> Value:
    """The output, with a gate at the opened value."""
    value, numbers = b.values[links.opened], []
    for step, factor in factors:
        with b.at(step.location):
            numbers.append(b.add(Reshape, b.values[factor], shape=()))
            gate = b.add(Gate, *numbers)  # at the last factor, for the message
    value = b.add(Mul, value, b.add(Cast, gate, dtype=tensor_type(value).dtype))
    for step in links.steps:
        secret = secret_operand(step)
        with b.at(step.location):
            value = b.append(step.rebuild([value if o is secret else b.values[o] for o in step.operands])).result
    return value
