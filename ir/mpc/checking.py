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
from ezprivsecfl.ir.mpc import boolean, io, linear, protocol, shares, sketch
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.mpc.opening import STEP, WORD
from ezprivsecfl.ir.op import Array, Environment, Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.structural import ConcatOp, StructuralOp
from ezprivsecfl.ir.types import ArithType, MaskedType, RingType

NUMBERS = (ArithType, MaskedType, RingType)
TRUNCATED_BITS = 62
RING_BITS = 63
WINDOW_BITS = WORD - STEP + 1
"""The first exchange of an opening shows a window of so many bits, which must not wrap around (``duet/opening.h``).

Formats leave 2^62 for the magnitudes that the ranges allow, and what is rounded may be a little above.
"""

OPENED = 2**RING_BITS - 2**WINDOW_BITS


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
        for value, result in zip(op.results, results, strict=True):
            self.findings.count(result)
            number = self._number(op, result) if isinstance(value.type, NUMBERS) else np.asarray(result)
            self.values[value] = number
            if isinstance(value.type, NUMBERS) and number.size:
                modulo = np.asarray(number % 2**64, dtype=np.uint64)
                assert np.array_equal(modulo, result), f"{op.name}: not exact"
        self._check(op)

    def _number(self, op: Op, result: Array) -> Array:
        """The number that a result stands for, from those of the operands."""
        args = [self.values[o] for o in op.operands]
        match op:
            case linear.MulPublic():
                return np.asarray(args[0] * args[1], dtype=object)
            case linear.Widen():
                return np.asarray(args[0] * 2**op.bits, dtype=object)
            case protocol.SquareSum() | shares.SquareSumOfShares():
                return np.asarray(np.sum(args[0] * args[0], axis=-1), dtype=object)
            case linear.MatMulPublic() | protocol.Product() | shares.Gemm():
                return np.asarray(np.matmul(args[0], args[1]), dtype=object)
            case linear.Aligned() | linear.Neg() | linear.AsShares() | protocol.Mask() | protocol.Open():
                (number,) = op.evaluate(args, Environment(self.clients))
                return np.asarray(number, dtype=object)
            case StructuralOp() | ConcatOp():
                (number,) = op.evaluate(args, Environment(self.clients))
                return np.asarray(number, dtype=object)
        return signed(result)  # what comes from outside or from circuits, or is right if what ``_check`` requires holds

    def _check(self, op: Op) -> None:
        match op:
            case protocol.ToYao() | boolean.ToBoolean() if isinstance(op.operands[0].type, NUMBERS):
                # Counts are without sign; what has one and is cut nevertheless is wrong when it leaves the circuit.
                self._fits(op, -(2 ** (op.width - 1)), 2**op.width, f"enters a circuit with {op.width} bits")
            case protocol.Truncate():
                self._fits(op, -(2**TRUNCATED_BITS), 2**TRUNCATED_BITS, f"is truncated, so below 2^{TRUNCATED_BITS}")
            case protocol.Open():
                self._fits(op, -OPENED, OPENED, f"is opened, so below 2^{RING_BITS} - 2^{WINDOW_BITS}")
            case io.Output():
                self._fits(op, -(2**RING_BITS), 2**RING_BITS, f"is decoded, so below 2^{RING_BITS}")
            case sketch.Sketch():
                total = np.sum(abs(self.values[op.operands[0]]), axis=-1) * sketch.BLOCKS
                self.findings.require(op, total, total < 2**RING_BITS, f"is sketched, so rows add up to 2^{RING_BITS}")

    def _fits(self, op: Op, lowest: int, limit: int, claim: str) -> None:
        number = self.values[op.operands[0]]
        self.findings.require(op, number, (number >= lowest) & (number < limit), claim)
