"""Clients share unit vectors where a program's result depends on the direction of their vectors alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ezprivsecfl.compiler.analyses.degrees import POWERS, degrees
from ezprivsecfl.compiler.analyses.squares import squared_norms, typical_entry
from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise.comparisons import Compare
from ezprivsecfl.ir.tensor.elementwise.logic import Logical
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM

CHOICES = (ew.Select, Compare, Logical, ew.DivNoNan, ew.Precedes, st.LogicalReduction)
"""What can take something else where a number is none."""


@dataclass(frozen=True)
class ShareUnitVectors:
    """Has clients divide their vectors by their norms, and takes the norms for 1.

    That is for programs whose result is the same if any client's vector is multiplied with a positive number, such as
    FLTrust: then servers need no roots and quotients of norms, and there is no bound that an honest client's vector
    could exceed. Clients prove that their vectors are as long as that. Several parameters of which the program adds up
    the squares, such as the tensors of a model, are one vector. A zero vector has no direction: where the program
    divides by its norm, TensorFlow's result is no number, and such a client takes no part.

    Example::

        program @direction (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 16]>, norm = 32.0}
          %1 = reshape %0 {shape = [n, 1, 16]} : secret<f32[n, 1, 16]>
          %2 = reshape %0 {shape = [n, 16, 1]} : secret<f32[n, 16, 1]>
          %3 = matmul %1, %2 : secret<f32[n, 1, 1]>
          %4 = reshape %3 {shape = [n, 1]} : secret<f32[n, 1]>
          %5 = sqrt %4 : secret<f32[n, 1]>
          %6 = div %0, %5 : secret<f32[n, 16]>
          %7 = sum %6 {axes = [0]} : secret<f32[16]>
          output %7 {path = "result"}
        }

    becomes::

        program @direction (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 1.0, type = secret<f32[n, 16]>, norm = 1.0, vector = "x", image = direction}
          %1 = sum %0 {axes = [0]} : secret<f32[16]>
          output %1 {path = "result"}
        }
    """  # noqa: E501

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        for square, inputs in squared_norms(program).items():
            if _only_directions(program, inputs) and _zero_has_no_result(program, square):
                return self.run(_with_units(program, square, inputs))  # and other vectors, if there are any
        return program


def _only_directions(program: Program, inputs: Sequence[Input]) -> bool:
    """Whether no result changes if every client multiplies these inputs with a positive number of its own."""
    found = degrees(program, {x.result: Fraction(1) for x in inputs})
    return all(found[o] == 0 for op in program.of(Output) for o in op.operands)


def _zero_has_no_result(program: Program, square: Value) -> bool:
    """Whether a client whose squared norm is 0 is only divided by it, and nothing else is chosen for it then."""
    ones, quotients, divided = _ones(program, square), set[Value](), False
    for op in program.ops:
        if any(r in ones for r in op.results):
            continue
        used = {i: ones[o] for i, o in enumerate(op.operands) if o in ones}
        divides = isinstance(op, ew.Div) and used.keys() == {1} and used[1] > 0
        divides |= isinstance(op, ew.Mul) and all(power < 0 for power in used.values())
        divides |= _adds_rows(op) and used.keys() == {0} and used[0] < 0
        if used and not divides:
            return False
        if used or not quotients.isdisjoint(op.operands):
            if isinstance(op, CHOICES):
                return False
            quotients.update(r for r in op.results if CLIENTS_DIM in r.type.shape)
            divided = True
    return divided


def _with_units(program: Program, square: Value, inputs: Sequence[Input]) -> Program:
    """The program on unit vectors; ``square`` and what follows from it is 1."""
    typical = min(1.0, typical_entry(inputs))
    ones = _ones(program, square)

    def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        if op in inputs and isinstance(op, Input):
            vector = inputs[0].path
            shared = replace(op, bound=typical, lowest=None, norm=1.0, vector=vector, image=Image.DIRECTION)
            return b.append(shared).result
        if op.results and op.results[0] in ones:
            return _one(b, op)
        if isinstance(op, ew.Mul | ew.Div):
            for i in (1, 0) if isinstance(op, ew.Mul) else (1,):
                other = operands[1 - i]
                if op.operands[i] in ones and other.type == op.result.type:
                    return other
        return None

    return drop_unused(rewrite(program, rule), (Input, Output))


def _adds_rows(op: Op) -> bool:
    """Whether a product is a sum of the clients' rows, each with a factor of the client's own."""
    if not isinstance(op, st.MatMul):
        return False
    factors, rows = (o.type.shape for o in op.operands)
    return factors == (1, CLIENTS_DIM) and len(rows) == 2


def _ones(program: Program, square: Value) -> dict[Value, Fraction]:
    """Values all of whose entries are 1 if ``square`` is, and which power of it they are."""
    ones = {square: Fraction(1)}
    kept = (st.Reshape, st.Broadcast, st.Transpose, ew.Mul, ew.Sqrt, ew.Rsqrt, ew.Reciprocal)
    for op in program.ops:
        if isinstance(op, kept) and all(o in ones for o in op.operands):
            ones[op.result] = POWERS.get(type(op), Fraction(1)) * sum(ones[o] for o in op.operands)
    return ones


def _one(b: Rewriter, op: Op) -> Value:
    one = b.add(Constant, value=np.asarray(1.0), dtype=tensor_type(op.result).dtype)
    return b.add(st.Broadcast, one, shape=op.result.type.shape)
