"""What truncated products lose: of which results, and of which operations that depend on how small they are.

An estimate that takes what is multiplied for typical (``Scales.typical``) and no bound: a run tells where it is large
(``ezprivsecfl/precision.py``). Products of two are truncated only after circuits have taken them, so this is about
powers of degree 3 and more, and about what is multiplied with an inverse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ezprivsecfl.compiler.analyses.stages import Stages
from ezprivsecfl.compiler.compiled import COARSE, Lost
from ezprivsecfl.compiler.lowering.domains import Domains, Strategy
from ezprivsecfl.compiler.lowering.scales import LOWEST_REACH, Scales
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import DType

SELECTING = (ew.Maximum, ew.Minimum, ew.Select, ew.Relu, ew.Abs)
"""Operations of circuits whose result has entries of the operands."""


def lost_places(stages: Stages, domains: Domains, scales: Scales) -> Lost:
    """What truncation loses in a program with given formats."""
    estimate = _Estimate(domains, scales, list(stages.opened))
    results = {path: lost for value, path in stages.opened.items() if (lost := estimate.of(value))}
    small: dict[Location, float] = {}
    for op in stages.secure:
        for operand in op.operands:
            lost = estimate.entering(operand)
            coarse = operand in _inverted(op) and COARSE * lost > scales.typical(operand, LOWEST_REACH)
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
        strategy = self.domains.strategy[op]
        if strategy in (Strategy.PRODUCT, Strategy.PUBLIC_PRODUCT):
            a, b = op.operands
            return max(self.of(a) * self.scales.typical(b), self.of(b) * self.scales.typical(a))
        if strategy is not Strategy.CIRCUIT:
            return max((self.of(o) for o in op.operands), default=0.0)
        if isinstance(op, ew.Div | ew.DivNoNan):
            numerator, divisor = op.operands
            typical = self.scales.typical(divisor)
            return self.entering(numerator) / typical if typical else 0.0
        if isinstance(op, ew.Sqrt):
            (square,) = op.operands
            lowest = self.scales.typical(square, LOWEST_REACH)
            return self.entering(square) / math.sqrt(lowest) if lowest else 0.0
        return max((self.entering(o) for o in op.operands), default=0.0) if isinstance(op, SELECTING) else 0.0


def _asks_sign(op: Op) -> bool:
    """Whether the result depends on the sign of real numbers, or on whether they are 0."""
    if isinstance(op, ew.Cast):
        return op.dtype is DType.BOOL and tensor_type(op.operands[0]).dtype.is_float
    if isinstance(op, ew.Compare):
        return any(constant_value(o) == 0.0 for o in op.operands)
    return isinstance(op, ew.Sign | ew.Floor | ew.Ceil)


def _inverted(op: Op) -> Sequence[Value]:
    """Operands that become the larger the smaller they are."""
    if isinstance(op, ew.Div | ew.DivNoNan):
        return op.operands[1:]
    return op.operands if isinstance(op, ew.Reciprocal | ew.Rsqrt | ew.Log) else ()
