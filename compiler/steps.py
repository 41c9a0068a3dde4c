"""Checks each step of an mpc program against the tensor program, given the operands that it was given.

Every value that the mpc program computes is what the operation of the tensor program makes of the operands as the mpc
program has them, up to a unit of its last place and the precision of normalised numbers. So each circuit is checked by
itself: errors before it do not count.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.compiler.analyses.norms import is_sketched
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.circuits.evaluate import from_bits
from ezprivsecfl.ir.mpc import linear, protocol
from ezprivsecfl.ir.op import Array, Environment, Value, as_float
from ezprivsecfl.ir.structural import ConcatOp, StructuralOp, SumOp
from ezprivsecfl.ir.tensor import Input, TensorOp
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.base import NUMPY_DTYPE
from ezprivsecfl.ir.tensor.elementwise import Elementwise
from ezprivsecfl.ir.tensor.facts import Computed, Jumps
from ezprivsecfl.ir.tensor.noise import Noised
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

UNITS = 2.0
"""Units of the last place by which a computed value may be off: what is truncated is rounded up or down."""

PRECISION = 2.0**-12
"""Relative error of an operation on normalised numbers, or with an inverse that has few bits (``INVERSE_BITS``)."""

TIE = 2.0**-16
"""Relative difference of two normalised numbers from which on a comparison in a circuit is certain."""

DOUBLE = 2.0**-45
"""Relative to what is added up: the rounding of float64, in which shares of 64 bits are compared here."""

CERTAIN = (Jumps.NOWHERE, Jumps.AT_ZERO)
"""Where an operation may jump without doubts about the result: relative errors change no sign."""

Reals = NDArray[np.float64]


@dataclass
class Steps:
    """Evaluates the tensor program once more, but goes on with what the mpc program has wherever it has a value.

    A value may be there twice: operations on shares take it from shares, circuits from wires, which are more precise. A
    value of which there are no wires no circuit takes: those that need it compute it themselves. So do operations on
    shares: a mask is moved rather than what it masks.

    Args:
        compiled: The program.
        clients: Number of clients of the round.
        stored: The values of the mpc program, as ``check_mpc`` gives them.
        findings: Takes the violations.
        on_shares: Of every operation so far the value that operations on shares take.
        in_circuits: The value that circuits take.
        untruncated: The value that operations on shares give before it is truncated, and that circuits may take.
        doubtful: Entries that depend on a comparison, inside a circuit, of two normalised numbers that are nearly
            equal, on the rounding of one, or on what is not finite.
        inexact: How far a value may be off that only approximations have made, inside a circuit: the mpc program does
            not have it, so what follows is compared with what it would be without them.
    """

    compiled: Compiled
    clients: int
    stored: Mapping[Value, Array]
    findings: Findings
    on_shares: dict[Value, Array] = field(default_factory=dict)
    in_circuits: dict[Value, Array] = field(default_factory=dict)
    untruncated: dict[Value, Array] = field(default_factory=dict)
    doubtful: dict[Value, NDArray[np.bool_]] = field(default_factory=dict)
    inexact: dict[Value, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.round = Environment(self.clients)

    def run(self, inputs: Mapping[str, Array]) -> None:
        """Checks all operations on some inputs by path."""
        with np.errstate(all="ignore"):
            for op in self.compiled.optimised.ops:
                assert isinstance(op, TensorOp)
                if op.results:
                    self._step(op, inputs)

    def _step(self, op: TensorOp, inputs: Mapping[str, Array]) -> None:
        (value,) = op.results
        moved = self.untruncated if isinstance(op, st.Move) else self.on_shares
        sources = (self.on_shares, self.in_circuits, moved)
        expected = [self._evaluated(op, values, inputs) for values in sources]
        self.untruncated[value] = expected[2]
        self.doubtful[value] = self._doubt(op)
        held = {h: real_numbers(h, self.stored[h]) for h in self.compiled.holders.get(value, ())}
        if not is_sketched(op, self.compiled.options.norms) and not isinstance(op, Noised):  # random
            for holder, found in held.items():
                self._compare(op, holder, found, expected)
        wires = [found for holder, found in held.items() if isinstance(holder.type, WiresType)]
        shares = [found for holder, found in held.items() if not isinstance(holder.type, WiresType)]
        self.on_shares[value] = (*shares, expected[0])[0].astype(expected[0].dtype)
        self.in_circuits[value] = (*wires, expected[1])[0].astype(expected[1].dtype)
        if held:
            self.doubtful[value] = np.zeros(expected[0].shape, np.bool_)
        error = op.circuit_error if tensor_type(value).is_secret else 0.0
        self.inexact[value] = 0.0 if held else max(error, self._carried(op))

    def _evaluated(self, op: TensorOp, values: Mapping[Value, Array], inputs: Mapping[str, Array]) -> Array:
        if isinstance(op, Input):
            return np.asarray(inputs[op.path]).astype(NUMPY_DTYPE[op.type.dtype])
        return op.evaluate([values[o] for o in op.operands], self.round)[0]

    def _compare(self, op: TensorOp, holder: Value, found: Reals, expected: Sequence[Array]) -> None:
        near = self.doubtful[op.results[0]].copy()
        slack = UNITS * _unit(holder) + self._rounding(op, holder) + self._carried(op)
        for one in map(as_float, expected):
            near |= ~np.isfinite(one) | (np.abs(found - one) <= slack + PRECISION * np.abs(one))
        self.findings.require(
            op, found, near, lambda: f"{op.name} of its operands is {as_float(expected[0])[~near].flat[0]!r}"
        )

    def _carried(self, op: TensorOp) -> float:
        """What a result has of the errors of approximations whose values the mpc program does not have."""
        lost = [self.inexact[o] for o in op.operands]
        if not any(lost):
            return 0.0
        sizes = [np.abs(as_float(self.in_circuits[o])) for o in op.operands]
        largest = [float(np.max(size, initial=0.0)) for size in sizes]
        least = [float(np.min(size, where=size > 0, initial=np.inf)) for size in sizes]
        return op.carried(lost, largest, least)

    def _rounding(self, op: TensorOp, holder: Value) -> Reals:
        """What float64 loses of shares of 64 bits, and what the encoding of a public factor gives away."""
        magnitudes = [np.abs(as_float(self.on_shares[o])) for o in op.operands]
        if isinstance(op, Elementwise) and op.computed is Computed.LOCALLY:
            return as_float(DOUBLE * functools.reduce(np.add, magnitudes))
        if op.computed is not Computed.AS_PRODUCT and not isinstance(op, st.Sum):
            return np.asarray(op.circuit_error)
        lost = as_float(DOUBLE * op.evaluate(magnitudes, self.round)[0])
        frac = _public_frac(holder)
        if frac is not None:
            units = [
                a if tensor_type(o).is_secret else a * 0 + 2.0**-frac
                for o, a in zip(op.operands, magnitudes, strict=True)
            ]
            lost = lost + op.evaluate(units, self.round)[0]
        return lost

    def _doubt(self, op: TensorOp) -> NDArray[np.bool_]:
        """Entries of an operation's result that are doubtful, before it is looked up what the mpc program has."""
        shape = resolve(op.results[0].type.shape, self.clients)
        doubts = [self.doubtful[o] for o in op.operands]
        if not tensor_type(op.result).is_secret or isinstance(op, SumOp | st.Reduction | st.MatMul):
            return np.zeros(shape, np.bool_)  # what is computed in the clear, or of shares
        if isinstance(op, StructuralOp | ConcatOp):
            return np.asarray(op.evaluate(doubts, self.round)[0])
        found = np.zeros(shape, np.bool_)
        for operand, doubt in zip(op.operands, doubts, strict=True):
            found = found | doubt | ~np.isfinite(as_float(self.in_circuits[operand]))
        if op.jumps not in CERTAIN and not all(self._is_exact(o) for o in op.operands):
            found = found | self._is_tie(op)
        return found

    def _is_exact(self, value: Value) -> bool:
        """Whether circuits take the value as fixed point."""
        holders = self.compiled.holders.get(value, ())
        formats = [h.type.format for h in holders if isinstance(h.type, WiresType)]
        return bool(holders) and not any(isinstance(f, FloatFormat) for f in formats)

    def _is_tie(self, op: TensorOp) -> NDArray[np.bool_]:
        """Entries that are other ones if the operands are a little larger or smaller."""
        args = [self.in_circuits[o] for o in op.operands]

        def moved(by: float) -> Array:  # the first two operands apart from each other
            factors = (1 + by, 1 - by)
            near = [a * f if a.dtype.kind == "f" else a for a, f in zip(args, factors, strict=False)]
            return op.evaluate([*near, *args[2:]], self.round)[0]

        return np.asarray((moved(TIE) != moved(0)) | (moved(-TIE) != moved(0)))


def _unit(holder: Value) -> float:
    """What the last place counts; 0 for normalised numbers and bits."""
    format_ = holder.type.format if isinstance(holder.type, WiresType) else holder.type
    return 2.0**-format_.frac if isinstance(format_, ArithType | RingType | FixedFormat) else 0.0


def _public_frac(holder: Value) -> int | None:
    """Fractional bits of the public factor of a product on shares, if it is one."""
    op = holder.op
    while isinstance(op, StructuralOp | protocol.Truncate | linear.Widen):
        op = op.operands[0].op
    if not isinstance(op, linear.MulPublic | linear.MatMulPublic):
        return None
    return next((o.type.frac for o in op.operands if isinstance(o.type, RingType)), None)


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
