"""A checking evaluation of a compiled program: every claim that the compiler relies on holds for given inputs.

Used to test the compiler (``scripts/fuzz-programs``): what the analyses claim is a theorem about all inputs, and one
input that refutes it is a fault, whether or not the result shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ezprivsecfl.compiler.analyses.norms import Norms
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.signs import non_negative
from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.interpreter import evaluate_ops, run_tensor
from ezprivsecfl.ir.mpc.checking import check_mpc
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.io import Public, Share
from ezprivsecfl.ir.op import Array, Op, Round, as_float
from ezprivsecfl.ir.tensor import Input

ROUNDING = 1e-9
"""By how much of its magnitude a value may exceed its range: float64 rounds, the analysis computes with real numbers."""


def check_compiled(compiled: Compiled, inputs: Mapping[str, Array], clients: int) -> Findings:
    """Evaluates a compiled program on both levels and checks every operation.

    Args:
        compiled: The program.
        inputs: Values by path, within their bounds; CLIENTS-placed ones have all clients along the first axis.
        clients: Number of clients of the round.

    Returns:
        The claims that are false for these inputs, and how much was checked.

    Raises:
        DivisionError: A secret divisor was zero: the round ends with this error on servers, too.
    """
    findings = Findings()
    check_tensor(compiled, inputs, clients, findings)
    check_mpc(compiled.secure, encoded_inputs(compiled, inputs, clients), clients, findings)
    return findings


def check_tensor(compiled: Compiled, inputs: Mapping[str, Array], clients: int, findings: Findings) -> None:
    """Evaluates the tensor program in float64; every entry has the range and the sign that the analyses claim.

    Entries that are not a number are beyond any claim: in circuits they are flags, not values.
    """
    program = compiled.optimised
    ranges = Ranges(program, Norms.parse(compiled.options.norms))
    signs = non_negative(program)

    def watch(op: Op, results: Sequence[Array]) -> None:
        for value, result in zip(op.results, results, strict=True):
            findings.count(result)
            entries, range_ = as_float(result), ranges[value]
            slack = ROUNDING * range_.magnitude if np.isfinite(range_.magnitude) else 0.0
            within = (entries >= range_.lo - slack) & (entries <= range_.hi + slack)
            claim = f"is within [{range_.lo:g}, {range_.hi:g}]"
            findings.require(op, entries, within | np.isnan(entries), claim)
            if value in signs:
                findings.require(op, entries, ~(entries < 0), "is not negative")

    run_tensor(program, inputs, clients, watch)


def encoded_inputs(compiled: Compiled, inputs: Mapping[str, Array], clients: int) -> dict[str, Array]:
    """What the secure part takes: shared inputs, and public values from the prologue, in fixed point by path."""
    secure = compiled.secure
    server = {op.path: np.asarray(inputs[op.path]) for op in compiled.prologue.of(Input)}
    public = evaluate_ops(compiled.prologue, server, Round(clients))
    encoded = {op.path: encode(inputs[op.path], op.type.frac) for op in secure.of(Share)}
    return encoded | {op.path: encode(public[op.path], op.type.frac) for op in secure.of(Public)}
