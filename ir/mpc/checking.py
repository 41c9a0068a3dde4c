"""A checking evaluation of the mpc level: no value is cut by its format where its magnitude counts.

Ring arithmetic wraps around modulo 2^64, silently and by design: only where a value enters a circuit, is truncated or
is opened must the ring element stand for the number that was meant. Beside the ring elements this evaluation keeps
that number: a Python integer, of any length, for every entry of a shared or public value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.mpc.base import MpcOp
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.op import Array, Environment, Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import ArithType, MaskedType, RingType

NUMBERS = (ArithType, MaskedType, RingType)


def check_mpc(
    program: Program, inputs: Mapping[str, Array], clients: int, findings: Findings, coins: Array | None = None
) -> tuple[dict[str, Array], dict[Value, Array]]:
    """Evaluates an mpc-level program as ``run_mpc`` does and checks every operation.

    Args:
        program: A program of the mpc level.
        inputs: Encoded values (uint64) by path.
        clients: Number of clients of the round.
        findings: Takes the violations.
        coins: What ``coins`` operations give.

    Returns:
        The opened ring elements by output path, and for every value what it is: the numbers of shared and public
        values as Python integers in units of their last place, the wires (bool) of others.
    """
    exact = _Exact(program, clients, findings)
    return run_mpc(program, inputs, clients, coins, exact.watch), exact.values


def signed(elements: Array) -> Array:
    """Ring elements as Python integers between -2^63 and 2^63."""
    return np.asarray(np.asarray(elements).view(np.int64).astype(object))


@dataclass
class _Exact:
    program: Program
    clients: int
    findings: Findings
    values: dict[Value, Array] = field(default_factory=dict)

    def watch(self, op: Op, results: Sequence[Array]) -> None:
        assert isinstance(op, MpcOp)
        for value, result in zip(op.results, results, strict=True):
            self.findings.count(result)
            number = self._number(op, result) if isinstance(value.type, NUMBERS) else np.asarray(result)
            self.values[value] = number
            if isinstance(value.type, NUMBERS) and number.size:
                modulo = np.asarray(number % 2**64, dtype=np.uint64)
                assert np.array_equal(modulo, result), f"{op.name}: not exact"
        requirement = op.requirement(self.values[op.operands[0]]) if op.operands else None
        if requirement is not None:
            self.findings.require(op, requirement.values, requirement.holds, requirement.claim)

    def _number(self, op: MpcOp, result: Array) -> Array:
        """The number that a result stands for, from those of the operands."""
        number = op.exact([self.values[o] for o in op.operands], Environment(self.clients))
        return signed(result) if number is None else number
