"""Lets a user say how products are computed, for experiments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ezprivsecfl.backends.duet.by_line import ByLine
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite

PRODUCTS = (protocol.Product, protocol.SquareSum)


@dataclass(frozen=True)
class SelectProducts:
    """Sets how products and squares of secret values are computed, where the user has chosen that.

    Example of ``SelectProducts({3: "transfer", 0: "lattice"})``::

        program @products (clients <= 4) mpc {
          %0 = share {path = "x", bound = 8.0, type = arith<8>[n, 3]}
          %1 = share {path = "y", bound = 8.0, type = arith<8>[1, n]}
          %2 = mask %0 : masked<8>[n, 3]
          %3 = mask %1 : masked<8>[1, n]
          %4 = square_sum %2 : arith<16>[n] loc("user.py":3)
          %5 = sum %4 {axes = [0]} : arith<16>[]
          %6 = product %3, %2 : arith<16>[1, 3] loc("user.py":5)
          %7 = open %5 : ring<16>[]
          %8 = open %6 : ring<16>[1, 3]
          output %7 {path = "squares"}
          output %8 {path = "product"}
        }

    becomes::

        program @products (clients <= 4) mpc {
          %0 = share {path = "x", bound = 8.0, type = arith<8>[n, 3]}
          %1 = share {path = "y", bound = 8.0, type = arith<8>[1, n]}
          %2 = mask %0 : masked<8>[n, 3]
          %3 = mask %1 : masked<8>[1, n]
          %4 = square_sum %2 {method = "transfer"} : arith<16>[n] loc("user.py":3)
          %5 = sum %4 {axes = [0]} : arith<16>[]
          %6 = product %3, %2 {method = "lattice"} : arith<16>[1, 3] loc("user.py":5)
          %7 = open %5 : ring<16>[]
          %8 = open %6 : ring<16>[1, 3]
          output %7 {path = "squares"}
          output %8 {path = "product"}
        }

    Args:
        methods: By line of the user's program one of ``protocol.METHODS``; line 0 stands for all others.

    Raises:
        CompileError: There is no such method, or no product at a line.
    """

    level = Level.MPC

    methods: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._choices()

    def run(self, program: Program) -> Program:
        """Returns the program with its products' methods set."""
        choices = self._choices()
        choices.check(program, [op for op in program.ops if isinstance(op, PRODUCTS)])

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            if not isinstance(op, PRODUCTS):
                return None
            return b.append(replace(op, operands=operands, method=choices.at(op.location.line))).result

        return rewrite(program, rule)

    def _choices(self) -> ByLine:
        return ByLine("product", protocol.METHODS, self.methods)
