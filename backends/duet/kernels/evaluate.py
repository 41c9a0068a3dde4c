"""Garbled circuits."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.backends.cpp import comment
from ezprivsecfl.backends.duet.kernels.circuits import CircuitKernel
from ezprivsecfl.backends.duet.kernels.member import Scope
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import YaoType


class Evaluate(CircuitKernel, named="evaluate"):
    """The garbler sends the garbled gates in the setup phase; the evaluator evaluates them online."""

    @classmethod
    def takes(cls, op: Op) -> bool:
        """Garbled values; see ``EvaluateBoolean`` for Boolean shares."""
        return super().takes(op) and isinstance(op.operands[0].type, YaoType)

    def sizes(self, clients: int) -> dict[str, int]:
        """The circuit's AND gates, and how many times it is evaluated."""
        return {"and_gates": self.circuit.and_count, "elements": elements(self.op.operands[0], clients)}

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The circuit, and its operands' zero labels."""
        return [self.loaded(scope), f"{{{', '.join(scope.setup_value(o) for o in self.op.operands)}}}"]

    def setup_result(self, member: str, index: int) -> str:
        """The zero labels of a result."""
        return f"{member}.labels({index})"

    def online(self, scope: Scope) -> list[str]:
        """Evaluates it."""
        return [*comment(self.op), *self.results(scope, f"{scope.member}.online(s, {self.given(scope)})")]
