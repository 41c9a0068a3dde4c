"""Decisions about quotients by public numbers, taken on what is divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ezprivsecfl.compiler.passes.denominators import ONE, Ratio, Ratios
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite, rewriter
from ezprivsecfl.ir.tensor import Input, Output
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Compare, Div, DivNoNan, Sign, Sub
from ezprivsecfl.ir.tensor.ordering import TopIndices
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import DType


@dataclass(frozen=True)
class CompareNumerators:
    """Compares multiples of what is divided by constants or by the number of clients, in place of rounded quotients.

    ``x >= mean(x)`` becomes ``3 x >= sum(x)``, which is true of three equal entries. The same goes for signs and for
    places of the largest entries. In a program that divides such a difference by a secret number, all are written over
    one denominator: that of ``(x - mean(x)) / (std(x) + 1e-6)`` is small if x is constant, and then the numerator must
    be 0.

    Example::

        program @above(clients <= 30) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = sum %0 {axes = [1]} : secret<f32[n]>
          %2 = constant {value = array<f32[]> 0.33333334, dtype = f32}
          %3 = mul %1, %2 : secret<f32[n]>
          %4 = reshape %3 {shape = [n, 1]}
          %5 = greater_equal %0, %4
          %6 = cast %5 {dtype = f32}
          %7 = sum %6 {axes = [0]} : secret<f32[3]>
          output %7 {path = "result"}
        }

    becomes::

        program @above(clients <= 30) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = sum %0 {axes = [1]} : secret<f32[n]>
          %2 = reshape %1 {shape = [n, 1]}
          %3 = constant {value = array<f64[]> 3.0, dtype = f32}
          %4 = mul %0, %3
          %5 = greater_equal %4, %2
          %6 = cast %5 {dtype = f32}
          %7 = sum %6 {axes = [0]} : secret<f32[3]>
          output %7 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        divides, new = _divides_difference(program), rewriter(program)
        ratios = Ratios(new)

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            of_operands = ratios.of_all(operands)
            if divides and isinstance(op, Add | Sub):
                return _over_public(ratios, b.append(op.rebuild(operands)).result)
            if isinstance(op, Compare):
                return _compared(ratios, op, of_operands)
            return _decided(ratios, op, of_operands)

        return drop_unused(rewrite(program, rule, new), (Input, Output))


def _divides_difference(program: Program) -> bool:
    """Whether a sum that may be 0 although its terms are not is divided by a secret number."""
    ratios = Ratios(rewriter(program))  # whose operations nobody needs
    found = [(op, ratios.of_all(op.operands)) for op in program.ops]
    return any(
        isinstance(op, Div | DivNoNan) and tensor_type(op.operands[1]).is_secret and of_operands[0].cancels
        for op, of_operands in found
    )


def _over_public(ratios: Ratios, value: Value) -> Value:
    """The same value as a quotient by a public number, whose numerator is 0 where the value should be."""
    ratio = ratios.of(value)
    return value if ratio.denominator == ONE else ratios.quotient(ratio)


def _compared(ratios: Ratios, op: Compare, of_operands: Sequence[Ratio]) -> Value | None:
    """The comparison of numerators over a common denominator."""
    x, y = of_operands
    common = x.denominator.common(y.denominator)
    if common == ONE or not common.fits(ratios.builder.max_clients):
        return None
    return ratios.builder.append(op.rebuild([ratios.over(x, common), ratios.over(y, common)])).result


def _decided(ratios: Ratios, op: Op, of_operands: Sequence[Ratio]) -> Value | None:
    """What depends on a number's sign, or on the order of numbers, and not on how large they are."""
    if not (isinstance(op, Sign | TopIndices) or (isinstance(op, Cast) and op.dtype is DType.BOOL)):
        return None
    (ratio,) = of_operands
    return None if ratio.denominator == ONE else ratios.builder.append(op.rebuild((ratio.numerator,))).result
