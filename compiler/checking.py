"""A checking evaluation of a compiled program: every claim that the compiler relies on holds for given inputs.

Used to test the compiler (``scripts/fuzz-programs``): what the analyses claim is a theorem about all inputs, and one
input that refutes it is a fault, whether or not the result shows it. Four kinds of claims are checked:

- every entry of a value of the tensor program is within its range (``analyses/ranges.py``) and has its sign
  (``analyses/signs.py``);
- no value of the mpc program is cut by its format where its magnitude counts (``ir/mpc/checking.py``);
- every value that the mpc program computes is what the operation of the tensor program makes of the operands as the
  mpc program has them, up to a unit of its last place and the precision of normalised numbers. So each circuit is
  checked by itself: errors before it do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.compiler.analyses.norms import Norms
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.signs import non_negative
from ezprivsecfl.compiler.circuits.evaluate import from_bits
from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.interpreter import evaluate_ops, run_tensor
from ezprivsecfl.ir.mpc.checking import check_mpc
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.io import Public, Share
from ezprivsecfl.ir.op import Array, Op, Round, Value, as_float
from ezprivsecfl.ir.structural import ConcatOp, StructuralOp, SumOp
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import (
    ArithType,
    BitFormat,
    FixedFormat,
    FloatFormat,
    RingType,
    WireFormat,
    WiresType,
    resolve,
)

ROUNDING = 1e-9
"""By how much of its magnitude a value may exceed its range: float64 rounds, the analysis is about real numbers."""

UNITS = 2.0
"""Units of the last place by which a computed value may be off: what is truncated is rounded up or down."""

PRECISION = 2.0**-12
"""Relative error of an operation: of normalised numbers of 24 bits, but of public factors with only 12 or 16, too."""

TIE = 2.0**-16
"""Relative difference of two normalised numbers from which on a comparison in a circuit is certain."""

DOUBLE = 2.0**-45
"""Relative to what is added up: the rounding of float64, in which shares of 64 bits are compared here."""

DISCONTINUOUS = (ew.Compare, ew.Cast, ew.Floor, ew.Ceil, ew.RoundEven)
"""Operations by which a small error of an operand may become a large one."""

Reals = NDArray[np.float64]


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
    held = {value: real_numbers(holder, values[holder]) for value, holder in compiled.holders.items()}
    _Steps(compiled, clients, held, findings).run(inputs)


def check_tensor(compiled: Compiled, inputs: Mapping[str, Array], clients: int, findings: Findings) -> None:
    """Evaluates the tensor program in float64; every entry has the range and the sign that the analyses claim.

    Infinities and what is not a number are beyond any claim: in circuits they are flags, not values. And a value that
    the run itself checks (``Ranges.checked``) may be beyond its range. What follows from either may be, too: then the
    run ends with an error, or the value is not needed after all, such as the quotient that ``tf.where`` guards. Bounds
    of inputs are no claims: those of what only the epilogue takes need not hold, others are checked before a round.
    """
    program = compiled.optimised
    ranges = Ranges(program, Norms.parse(compiled.options.norms))
    signs = non_negative(program)
    excused: set[Value] = set()

    def watch(op: Op, results: Sequence[Array]) -> None:
        for value, result in zip(op.results, results, strict=True):
            findings.count(result)
            entries, range_ = as_float(result), ranges[value]
            slack = ROUNDING * range_.magnitude if np.isfinite(range_.magnitude) else 0.0
            within = (entries >= range_.lo - slack) & (entries <= range_.hi + slack)
            within |= ~np.isfinite(entries)
            unclaimed = isinstance(op, Input) or value in ranges.checked or not excused.isdisjoint(op.operands)
            if unclaimed and not within.all():
                excused.add(value)
            else:
                findings.require(op, entries, within, f"is within [{range_.lo:g}, {range_.hi:g}]")
            if not np.isfinite(entries).all():
                excused.add(value)
            if value in signs:
                findings.require(op, entries, ~(entries < 0), "is not negative")

    run_tensor(program, inputs, clients, watch)


def encoded_inputs(compiled: Compiled, inputs: Mapping[str, Array], clients: int) -> dict[str, Array]:
    """What the secure part takes: shared inputs, and public values from the prologue, in fixed point by path.

    Raises:
        InputError: A public value is beyond what the program was compiled for.
    """
    secure = compiled.secure
    server = {op.path: np.asarray(inputs[op.path]) for op in compiled.prologue.of(Input)}
    public = evaluate_ops(compiled.prologue, server, Round(clients))
    for op in secure.of(Public):
        if not np.all(np.abs(as_float(public[op.path])) < op.bound):
            raise InputError(f"public value {op.path} at {op.location} reaches {op.bound:g}")
    encoded = {op.path: encode(inputs[op.path], op.type.frac) for op in secure.of(Share)}
    return encoded | {op.path: encode(public[op.path], op.type.frac) for op in secure.of(Public)}


def real_numbers(value: Value, stored: Array) -> Reals:
    """The real numbers that a value of the mpc program stands for.

    Args:
        value: Shares, or wires.
        stored: What ``check_mpc`` gives for it.
    """
    type_ = value.type
    if isinstance(type_, ArithType | RingType):
        return as_float(stored / 2**type_.frac)
    assert isinstance(type_, WiresType)
    return _from_wires(stored.reshape((-1, stored.shape[-1])), type_.format).reshape(stored.shape[:-1])


def _from_wires(bits: NDArray[np.bool_], format_: WireFormat) -> Reals:
    match format_:
        case BitFormat():
            return as_float(bits[:, 0])
        case FixedFormat():
            return np.array([x / 2**format_.frac for x in from_bits(bits, signed=True)], dtype=np.float64)
        case FloatFormat():
            m, e = format_.mantissa, format_.exponent
            mantissa = np.array(from_bits(bits[:, :m]), dtype=np.float64) * 2.0 ** (1 - m)
            exponent = np.array(from_bits(bits[:, m : m + e], signed=True), dtype=np.float64)
            negative, infinite, nan = bits[:, m + e :].T
            number = np.where(infinite, np.inf, np.where(bits[:, m - 1], mantissa * 2.0**exponent, 0.0))
            return np.where(nan, np.nan, np.where(negative, -number, number))
    raise AssertionError(f"no numbers in format {format_}")


@dataclass
class _Steps:
    """Evaluates the tensor program once more, but goes on with what the mpc program has wherever it has a value.

    Args:
        compiled: The program.
        clients: Number of clients of the round.
        held: The values that the mpc program has, as real numbers.
        findings: Takes the violations.
        values: Of every operation so far.
        doubtful: Entries that depend on a comparison, inside a circuit, of two normalised numbers that are nearly
            equal, or on the rounding of one.
    """

    compiled: Compiled
    clients: int
    held: Mapping[Value, Reals]
    findings: Findings
    values: dict[Value, Array] = field(default_factory=dict)
    doubtful: dict[Value, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.round = Round(self.clients)

    def run(self, inputs: Mapping[str, Array]) -> None:
        for op in self.compiled.optimised.ops:
            args = [self.values[o] for o in op.operands]
            for value in op.results:
                if isinstance(op, Input):
                    dtype = ew.NUMPY_DTYPE[tensor_type(value).dtype]
                    result = np.asarray(inputs[op.path]).astype(dtype)
                else:
                    with np.errstate(all="ignore"):
                        (result,) = op.evaluate(args, self.round)
                with np.errstate(all="ignore"):
                    self.doubtful[value] = self._doubt(op, args)
                if value in self.held:
                    self._compare(op, value, args, result)
                    result = self.held[value].astype(result.dtype)
                    self.doubtful[value] = np.zeros(result.shape, np.bool_)
                self.values[value] = result

    def _compare(self, op: Op, value: Value, args: Sequence[Array], result: Array) -> None:
        held, expected = self.held[value], as_float(result)
        type_ = self.compiled.holders[value].type
        unit = 2.0**-type_.frac if isinstance(type_, ArithType | RingType) else 0.0
        with np.errstate(all="ignore"):
            slack = UNITS * unit + PRECISION * np.abs(expected) + DOUBLE * _added_up(op, args, self.clients)
            near = np.abs(held - expected) <= slack
        near |= ~np.isfinite(expected) | self.doubtful[value]
        entry = f"{op.name} of its operands"
        self.findings.require(
            op, held, near, lambda: f"{entry} is {expected[~near].flat[0]!r} up to {np.max(slack):.2g}"
        )

    def _doubt(self, op: Op, args: Sequence[Array]) -> NDArray[np.bool_]:
        """Entries of an operation's result that are doubtful, before it is looked up what the mpc program has."""
        shape = resolve(op.results[0].type.shape, self.clients)
        doubts = [self.doubtful[o] for o in op.operands]
        if isinstance(op, SumOp | st.Reduction | st.MatMul):
            return np.zeros(shape, np.bool_)  # their operands are shares
        if isinstance(op, StructuralOp | ConcatOp):
            return np.asarray(op.evaluate(doubts, self.round)[0])
        found = np.zeros(shape, np.bool_)
        for doubt in doubts:
            found = found | doubt
        if isinstance(op, DISCONTINUOUS) and not all(o in self.held for o in op.operands):
            found = found | self._is_tie(op, args)
        return found

    def _is_tie(self, op: Op, args: Sequence[Array]) -> NDArray[np.bool_]:
        """Entries that are other ones if the operands are a little larger or smaller."""

        def moved(by: float) -> Array:  # two operands apart from each other
            factors = (1 + by, 1 - by)
            return op.evaluate(
                [a * f if a.dtype.kind == "f" else a for a, f in zip(args, factors, strict=False)], self.round
            )[0]

        return np.asarray((moved(TIE) != moved(0)) | (moved(-TIE) != moved(0)))


def _added_up(op: Op, args: Sequence[Array], clients: int) -> Reals:
    """The sum of the magnitudes that a linear operation or a product adds up to each entry."""
    magnitudes = [np.abs(as_float(a)) for a in args]
    if isinstance(op, ew.Add | ew.Sub):
        return as_float(magnitudes[0] + magnitudes[1])
    if isinstance(op, ew.Mul | ew.Square | st.MatMul | st.Sum):
        return as_float(op.evaluate(magnitudes, Round(clients))[0])
    return np.zeros(())
