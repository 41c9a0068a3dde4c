"""A checking evaluation of a compiled program: every claim that the compiler relies on holds for given inputs.

Used to test the compiler (``scripts/fuzz-programs``): what the analyses claim is a theorem about all inputs, and one
input that refutes it is a fault, whether or not the result shows it. Three kinds of claims are checked:

- every entry of a value of the tensor program is within its range (``analyses/ranges.py``) and has its sign
  (``analyses/signs.py``);
- no value of the mpc program is cut by its format where its magnitude counts (``ir/mpc/checking.py``);
- every value that the mpc program computes is what the operation of the tensor program makes of the operands as the
  mpc program has them (``steps.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.signs import non_negative
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.steps import Steps
from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.images import Image, Shared, as_shared
from ezprivsecfl.ir.interpreter import evaluate_ops, run_tensor
from ezprivsecfl.ir.mpc.checking import check_mpc
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.io import Private, Public, Share
from ezprivsecfl.ir.op import Array, Environment, Op, Value, as_float
from ezprivsecfl.ir.radii import radii, radii_program
from ezprivsecfl.ir.tensor import Input

ROUNDING = 1e-9
"""By how much of its magnitude a value may exceed its range: float64 rounds, the analysis is about real numbers."""


def check_compiled(compiled: Compiled, inputs: Mapping[str, Array], clients: int, findings: Findings) -> None:
    """Evaluates a compiled program on both levels and checks every operation.

    Args:
        compiled: The program.
        inputs: Values by path, within their bounds; CLIENTS-placed ones have all clients along the first axis.
        clients: Number of clients of the round.
        findings: Takes the claims that are false for these inputs, and how much was checked.

    Raises:
        DivisionError: A secret divisor was zero: the round ends with this error on servers, too.
        InputError: A public value is beyond what the program was compiled for, likewise.
    """
    check_tensor(compiled, inputs, clients, findings)
    _, values = check_mpc(compiled.secure, encoded_inputs(compiled, inputs, clients), clients, findings)
    Steps(compiled, clients, values, findings).run(optimised_inputs(compiled, inputs))


def check_tensor(compiled: Compiled, inputs: Mapping[str, Array], clients: int, findings: Findings) -> None:
    """Evaluates the tensor program in float64; every entry has the range and the sign that the analyses claim.

    Infinities and what is not a number are beyond any claim: in circuits they are flags, not values. And a value that
    the run itself checks (``Ranges.checked``) may be beyond its range. What follows from either may be, too: then the
    run ends with an error, or the value is not needed after all, such as the quotient that ``tf.where`` guards. Bounds
    of inputs are no claims: those of what only the epilogue takes need not hold, others are checked before a round.
    """
    program = compiled.optimised
    ranges = Ranges(program, compiled.options.norms)
    signs = non_negative(program)
    excused: set[Value] = set()

    def watch(op: Op, results: Sequence[Array]) -> None:
        for value, result in zip(op.results, results, strict=True):
            findings.count(result)
            entries, range_ = as_float(result), ranges[value]
            slack = ROUNDING * range_.magnitude if np.isfinite(range_.magnitude) else 0.0
            within = (entries >= range_.lo - slack) & (entries <= range_.hi + slack)
            within |= ~np.isfinite(entries)
            follows = not excused.isdisjoint(op.operands)
            if follows or ((isinstance(op, Input) or value in ranges.checked) and not within.all()):
                excused.add(value)  # also if it is within its range: theorems take what it follows from for granted
            else:
                findings.require(op, entries, within, f"is within [{range_.lo:g}, {range_.hi:g}]")
            if not np.isfinite(entries).all():
                excused.add(value)
            if value in signs and value not in excused:
                findings.require(op, entries, ~(entries < 0), "is not negative")

    run_tensor(program, optimised_inputs(compiled, inputs), clients, watch)


def optimised_inputs(compiled: Compiled, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """What the optimised program takes in place of the traced one's inputs: clients may share images of vectors."""
    shared = [Shared(op.path, op.vector, op.image) for op in compiled.secure.of(Share)]
    clipped = {x.vector for x in shared if x.vector is not None and x.image is Image.CLIPPED}
    found = as_shared(inputs, shared, radii(radii_program(compiled.prologue, clipped), inputs, clipped))
    owned = [
        run_tensor(part, {op.path: inputs[op.path] for op in part.of(Input)}, clients=1)
        for part in compiled.owned.values()
    ]
    taken = {op.path for op in compiled.optimised.of(Input)}
    given = {path: value for path, value in found.items() if path in taken}
    return given | {path: value for values in owned for path, value in values.items()}


def encoded_inputs(compiled: Compiled, inputs: Mapping[str, Array], clients: int) -> dict[str, Array]:
    """What the secure part takes: shared inputs, and public values from the prologue, in fixed point by path.

    Raises:
        InputError: A public value is beyond what the program was compiled for.
    """
    secure = compiled.secure
    server = {op.path: np.asarray(inputs[op.path]) for op in compiled.prologue.of(Input)}
    public = evaluate_ops(compiled.prologue, server, Environment(clients))
    for op in secure.of(Public):
        if not np.all(np.abs(as_float(public[op.path])) < op.bound):
            raise InputError(f"public value {op.path} at {op.location} reaches {op.bound:g}")
    shared = optimised_inputs(compiled, inputs)
    sources: list[Share | Private] = [*secure.of(Share), *secure.of(Private)]
    encoded = {op.path: encode(shared[op.path], op.type.frac) for op in sources}
    return encoded | {op.path: encode(public[op.path], op.type.frac) for op in secure.of(Public)}
