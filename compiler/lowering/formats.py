"""Garbled values of several formats in one that holds all of them."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import Circuit, CircuitBuilder
from ezprivsecfl.ir.circuits.floats import FLOAT
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, bit, fixed, normalised
from ezprivsecfl.ir.types import BitFormat, FixedFormat, WireFormat, YaoType


def in_one_format(b: ProgramBuilder, values: Sequence[Value]) -> list[Value]:
    """The same values in a common format, through circuits where they have another one.

    Args:
        b: Builds the program.
        values: Garbled values: numbers, or truth values of which public ones may have come as numbers.
    """
    formats = [_format(value) for value in values]
    common = common_format(formats)
    return [_converted(b, v, f, common) for v, f in zip(values, formats, strict=True)]


def common_format(formats: Sequence[WireFormat]) -> WireFormat:
    """Truth values if one is, fixed point without loss if all are, else normalised numbers."""
    if any(isinstance(f, BitFormat) for f in formats):
        return BitFormat()
    fixed_point = [f for f in formats if isinstance(f, FixedFormat)]
    if len(fixed_point) < len(formats):
        return FLOAT
    frac = max(f.frac for f in fixed_point)
    return FixedFormat(max(f.width - f.frac for f in fixed_point) + frac, frac)


def _converted(b: ProgramBuilder, value: Value, format_: WireFormat, wanted: WireFormat) -> Value:
    if format_ == wanted:
        return value
    name = f"convert_{format_}_to_{wanted}".replace(" ", "_").replace("-", "m")
    b.circuits.setdefault(name, _conversion(format_, wanted))
    circuit = protocol.Circuit(operands=(value,), circuit=name, formats=(wanted,), location=b.location)
    return b.append(circuit).result


def _conversion(format_: WireFormat, wanted: WireFormat) -> Circuit:
    b = CircuitBuilder()
    gates = Gates(b)
    x = Bundle(format_, b.input(format_.width))
    match wanted:
        case BitFormat():
            found = bit(x.wires[0])
        case FixedFormat():
            found = fixed(words.sign_extend(gates.widened(x, wanted.frac), wanted.width), wanted.frac)
        case _:
            found = normalised(gates.number(x))
    b.output(found.wires)
    return b.build()


def _format(value: Value) -> WireFormat:
    assert isinstance(value.type, YaoType)
    return value.type.format
