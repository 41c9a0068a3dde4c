"""Quotients instead of products with inverses: in a circuit a quotient costs no more than a product."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program, ProgramBuilder
from ezprivsecfl.ir.tensor.elementwise import Div, Mul, Reciprocal, Rsqrt, Sqrt
from ezprivsecfl.ir.tensor.structure import Broadcast, Reshape, Transpose
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import count

MOVES = (Reshape, Broadcast, Transpose)


@dataclass(frozen=True)
class DivideByRoots:
    """Rewrites x · rsqrt(y) to x / sqrt(y), and x · (1 / y) to x / y, where nothing else needs the inverse.

    A square root is a third of an inverse root. Products of more than ``limit`` elements are computed on shares, unless
    there is an inverse for each element anyway. An inverse that is multiplied with more elements than it has itself
    stays as well, since each quotient would normalise y again.

    Args:
        limit: The largest product (for a nominal number of clients) that is computed in circuits.
    """

    limit: int

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        return _Rewrite(program, self.limit).run()


@dataclass
class _Rewrite:
    program: Program
    limit: int
    users: dict[Value, list[Op]] = field(default_factory=lambda: defaultdict(list))
    divisors: dict[Op, int] = field(default_factory=dict)
    """Per product that becomes a quotient which operand is the inverse."""
    inverses: set[Op] = field(default_factory=set)

    def run(self) -> Program:
        for op in self.program.ops:
            for operand in dict.fromkeys(op.operands):
                self.users[operand].append(op)
        for op in self.program.ops:
            if isinstance(op, Rsqrt | Reciprocal) and tensor_type(op.result).is_secret:
                self._choose(op)
        b = ProgramBuilder(self.program.name, self.program.level, self.program.max_clients)
        values: dict[Value, Value] = {}
        for op in self.program.ops:
            location = op.location
            if op in self.divisors:
                inverse = op.operands[self.divisors[op]]
                location = _source(inverse).location
            with b.at(location):
                if op in self.inverses:
                    operand = values[op.operands[0]]
                    values[op.result] = b.add(Sqrt, operand) if isinstance(op, Rsqrt) else operand
                elif op in self.divisors:
                    i = self.divisors[op]
                    values[op.result] = b.add(Div, values[op.operands[1 - i]], values[op.operands[i]])
                else:
                    values.update(zip(op.results, b.copy(op, values).results, strict=True))
        return b.build()

    def _choose(self, inverse: Op) -> None:
        """Marks the inverse and its products, if it is used in products alone that no other inverse has taken."""
        products: dict[Op, int] = {}
        moved = [inverse.result]
        while moved:
            value = moved.pop()
            for user in self.users[value]:
                if isinstance(user, MOVES):
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
    while isinstance(value.op, MOVES):
        value = value.op.operands[0]
    return value.op
