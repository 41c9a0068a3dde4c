"""Lets a user say how products are computed, for experiments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ezprivsecfl.backends.duet.by_line import ByLine
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite

PRODUCTS = (protocol.Product, protocol.SquareSum)


@dataclass(frozen=True)
class SelectProducts:
    """The pass.

    Args:
        methods: By line of the user's program one of ``protocol.METHODS``; line 0 stands for all others.

    Raises:
        CompileError: There is no such method, or no product at a line.
    """

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
