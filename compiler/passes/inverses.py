"""Quotients instead of products with inverses: in a circuit a quotient costs no more than a product."""

from __future__ import annotations

from dataclasses import dataclass, field

from ezprivsecfl.compiler.analyses.owners import owner_of
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.tensor.elementwise import Div, Mul, Reciprocal, Rsqrt, Sqrt
from ezprivsecfl.ir.tensor.structure import View
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import count


@dataclass(frozen=True)
class DivideByRoots:
    """Rewrites x · rsqrt(y) to x / sqrt(y), and x · (1 / y) to x / y, where nothing else needs the inverse.

    A square root is a third of an inverse root. Products of more than ``limit`` elements are computed on shares, unless
    there is an inverse for each element anyway. An inverse that is multiplied with more elements than it has itself
    stays as well, since each quotient would normalise y again.

    Example::

        program @quotients tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n]>}
          %1 = input {path = "y", placement = clients, bound = 8.0, type = secret<f32[n]>}
          %2 = rsqrt %1 : secret<f32[n]>
          %3 = mul %0, %2 : secret<f32[n]>
          %4 = sum %3 {axes = [0]} : secret<f32[]>
          output %4 {path = "result"}
        }

    becomes::

        program @quotients tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n]>}
          %1 = input {path = "y", placement = clients, bound = 8.0, type = secret<f32[n]>}
          %2 = sqrt %1 : secret<f32[n]>
          %3 = div %0, %2 : secret<f32[n]>
          %4 = sum %3 {axes = [0]} : secret<f32[]>
          output %4 {path = "result"}
        }

    Args:
        limit: The largest product (for a nominal number of clients) that is computed in circuits.
    """

    level = Level.TENSOR

    limit: int

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        choice = _Choice(program, self.limit)
        return rewrite(program, choice.rule)


@dataclass
class _Choice:
    """Which inverses go, and per product that becomes a quotient which operand is the inverse."""

    program: Program
    limit: int
    inverses: set[Op] = field(default_factory=set)
    divisors: dict[Op, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.users = self.program.uses()
        for op in self.program.ops:
            if isinstance(op, Rsqrt | Reciprocal) and tensor_type(op.result).is_secret and owner_of(op.result) is None:
                self._choose(op)

    def rule(self, b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        if op in self.inverses:
            return b.add(Sqrt, operands[0]) if isinstance(op, Rsqrt) else operands[0]
        if op not in self.divisors:
            return None
        i = self.divisors[op]
        with b.at(_source(op.operands[i]).location):
            return b.add(Div, operands[1 - i], operands[i])

    def _choose(self, inverse: Op) -> None:
        """Marks the inverse and its products, if it is used in products alone that no other inverse has taken."""
        products: dict[Op, int] = {}
        moved = [inverse.result]
        while moved:
            value = moved.pop()
            for user in self.users[value]:
                if isinstance(user, View):
                    moved.append(user.result)
                elif isinstance(user, Mul) and user not in self.divisors and user not in products:
                    products[user] = user.operands.index(value)
                else:
                    return
        sizes = [count(product.result.type.shape) for product in products]
        one_each = all(n == count(inverse.result.type.shape) for n in sizes)
        in_circuits = one_each or (isinstance(inverse, Rsqrt) and max(sizes) <= self.limit)
        squared = any(op.operands[0] is op.operands[1] for op in products)
        if products and in_circuits and not squared:
            self.inverses.add(inverse)
            self.divisors.update(products)


def _source(value: Value) -> Op:
    """The operation behind moves."""
    while isinstance(value.op, View):
        value = value.op.operands[0]
    return value.op
