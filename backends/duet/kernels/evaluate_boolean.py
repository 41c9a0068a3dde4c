"""Circuits on Boolean shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ezprivsecfl.backends.cpp import comment, shape_literal
from ezprivsecfl.backends.duet.kernels.circuits import CircuitKernel
from ezprivsecfl.backends.duet.kernels.member import Scope
from ezprivsecfl.backends.duet.kernels.sizes import elements
from ezprivsecfl.backends.duet.schedule import Exchange, Step
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import BooleanType


class EvaluateBoolean(CircuitKernel, named="evaluate_boolean"):
    """Both servers send the masked operands of the AND gates, layer by layer."""

    @classmethod
    def takes(cls, op: Op) -> bool:
        """Boolean shares; see ``Evaluate`` for garbled values."""
        return super().takes(op) and isinstance(op.operands[0].type, BooleanType)

    @property
    def steps(self) -> Sequence[Step]:
        """One for every layer of AND gates."""
        return [Step()] * self.circuit.depth

    def sizes(self, clients: int) -> dict[str, int]:
        """How many times the circuit is evaluated, and the first operands of its AND gates."""
        return {"elements": elements(self.op.operands[0], clients), "factors": self.circuit.factors}

    @property
    def settings(self) -> Mapping[str, tuple[int, ...]]:
        """What every layer opens."""
        return {"openings": self.circuit.openings}

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """The circuit, and the shape."""
        return [self.loaded(scope), shape_literal(self.op.results[0].type.shape)]

    def send(self, scope: Scope, exchange: Exchange) -> list[str]:
        """Sends a layer; the first takes the operands."""
        begin = self._begin(scope) if exchange.number == 0 else []
        return [*begin, f"{scope.member}.send(s);"]

    def receive(self, scope: Scope, exchange: Exchange) -> list[str]:
        """Receives a layer; after the last, the results are there."""
        end = self._end(scope) if exchange.last else []
        return [f"{scope.member}.receive(s);", *end]

    def online(self, scope: Scope) -> list[str]:
        """A circuit without AND gates."""
        return [*self._begin(scope), *self._end(scope)]

    def _begin(self, scope: Scope) -> list[str]:
        return [*comment(self.op), f"{scope.member}.begin(s, {self.given(scope)});"]

    def _end(self, scope: Scope) -> list[str]:
        return self.results(scope, f"{scope.member}.finish()")
