"""What truncated products and approximations lose: which results, and operations that depend on how small they are.

An estimate for typical magnitudes (``Magnitudes.typical``), and no bound: a run tells where it is large
(``ezprivsecfl/precision.py``). Products of two are truncated only after circuits have taken them, so this is about
powers of degree 3 and more, and about what is multiplied with an inverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ezprivsecfl.compiler.analyses.stages import Stages
from ezprivsecfl.compiler.analyses.terms import source
from ezprivsecfl.compiler.compiled import COARSE, Lost
from ezprivsecfl.compiler.lowering.domains import Domains, Strategy
from ezprivsecfl.compiler.lowering.scales import Scales
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import TensorOp
from ezprivsecfl.ir.tensor.elementwise import Sub
from ezprivsecfl.ir.tensor.facts import Jumps
from ezprivsecfl.ir.tensor.values import constant_value, tensor_op


def lost_places(stages: Stages, domains: Domains, scales: Scales) -> Lost:
    """What truncation loses in a program with given formats."""
    estimate = _Estimate(domains, scales, list(stages.opened))
    results = {path: lost for value, path in stages.opened.items() if (lost := estimate.of(value))}
    small: dict[Location, float] = {}
    for op in stages.secure:
        assert isinstance(op, TensorOp)
        for index, operand in enumerate(op.operands):
            lost = estimate.entering(operand)
            coarse = index in op.poles and COARSE * lost > scales.magnitudes.lowest(operand)
            if lost and (coarse or _asks_sign(op)):
                small[op.location] = max(lost, small.get(op.location, 0.0))
    return Lost(results, small)


@dataclass
class _Estimate:
    domains: Domains
    scales: Scales
    opened: Sequence[Value]
    found: dict[Value, float] = field(default_factory=dict)

    def of(self, value: Value) -> float:
        """The place that a value has lost on shares."""
        if value.op not in self.domains.strategy:
            return 0.0  # it is public
        if value not in self.found:
            lost = self._before(value.op)
            self.found[value] = max(lost, 2.0 ** -self.scales.frac(value)) if self._is_rounded(value) else lost
        return self.found[value]

    def _is_rounded(self, value: Value) -> bool:
        """Whether it is a product that is truncated, or leaves a circuit as fixed point."""
        if value in self.scales.rescaled:
            return True
        if self.domains.strategy[value.op] is not Strategy.CIRCUIT or value in self.domains.inverses:
            return False
        whole = self.scales.frac(value) == 0  # such as a count
        return self.domains.needed_in_shares(value, self.opened) and not whole

    def entering(self, value: Value) -> float:
        """The same of what circuits take: a value as it was before it was rounded itself."""
        return (
            self._before(value.op) if value.op in self.domains.strategy and self._is_rounded(value) else self.of(value)
        )

    def _before(self, op: Op) -> float:
        """What operands have lost, as a place of the result."""
        assert isinstance(op, TensorOp)
        if isinstance(op, Sub) and op.operands[0] is op.operands[1]:
            return 0.0  # exactly 0, however rounded: so numbers are asked whether they are finite
        in_circuit = self.domains.strategy[op] is Strategy.CIRCUIT
        approximated = any(tensor_op(source(o)).circuit_error for o in op.operands)
        if in_circuit and op.is_product and not approximated:
            return 0.0  # of normalised numbers, as precise as these
        lost = [self.entering(o) if in_circuit else self.of(o) for o in op.operands]
        typical = [self.scales.magnitudes.typical(o) for o in op.operands]
        lowest = [self.scales.magnitudes.lowest(o) for o in op.operands]
        return max(op.carried(lost, typical, lowest), op.circuit_error if in_circuit else 0.0)


def _asks_sign(op: TensorOp) -> bool:
    """Whether the result depends on the sign of numbers, or on whether they are 0."""
    if op.jumps is Jumps.WHERE_EQUAL:
        return any(constant_value(o) == 0.0 for o in op.operands)
    return op.jumps in (Jumps.AT_ZERO, Jumps.AT_INTEGERS)
