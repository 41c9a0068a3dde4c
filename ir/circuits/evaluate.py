"""Evaluates circuits in the clear, on many instances at once: the reference for every protocol.

Words are Boolean arrays ``[instances, width]``, bit 0 first; ``to_bits`` and ``from_bits`` convert integers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ezprivsecfl.ir.circuits.circuit import Circuit, GateKind

Bits = NDArray[np.bool_]

CHUNK = 1 << 14
"""Instances at a time: few enough that all wires of a circuit fit the processor's cache, more or less."""


def evaluate(circuit: Circuit, inputs: Sequence[Bits]) -> list[Bits]:
    """The circuit's outputs, per instance.

    Args:
        circuit: Any circuit.
        inputs: Per input of the circuit an array ``[instances, width]``, all with equally many instances.

    Returns:
        Per output of the circuit an array ``[instances, width]``.

    Raises:
        ValueError: The shapes do not fit the circuit.
    """
    arrays = [np.asarray(bits, dtype=np.bool_) for bits in inputs]
    counts = {bits.shape[0] for bits in arrays}
    if len(counts) > 1 or tuple(bits.shape[1:] for bits in arrays) != tuple((w,) for w in circuit.input_widths):
        shapes = [bits.shape for bits in arrays]
        raise ValueError(f"expected arrays [instances, width] of widths {circuit.input_widths}, got {shapes}")
    instances = counts.pop() if counts else 1
    everything = np.concatenate([np.empty((instances, 0), np.bool_), *arrays], axis=1)
    outputs = np.empty((instances, sum(circuit.output_widths)), np.bool_)
    for start in range(0, instances, CHUNK):
        outputs[start : start + CHUNK] = _evaluate_chunk(circuit, everything[start : start + CHUNK])
    return np.split(outputs, np.cumsum(circuit.output_widths)[:-1], axis=1)


def _evaluate_chunk(circuit: Circuit, inputs: Bits) -> Bits:
    """One Python integer per wire holds that wire's bit of all instances."""
    instances = inputs.shape[0]
    ones = (1 << instances) - 1
    packed = np.packbits(inputs.T, axis=1, bitorder="little")
    wires = [int.from_bytes(row.tobytes(), "little") for row in packed]
    wires += [0] * (circuit.num_wires - len(wires))
    xor, and_, inv, eqw = GateKind.XOR, GateKind.AND, GateKind.INV, GateKind.EQW
    for kind, operands, output in circuit.gates:
        if kind is xor:
            wires[output] = wires[operands[0]] ^ wires[operands[1]]
        elif kind is and_:
            wires[output] = wires[operands[0]] & wires[operands[1]]
        elif kind is inv:
            wires[output] = wires[operands[0]] ^ ones
        elif kind is eqw:
            wires[output] = wires[operands[0]]
        else:
            wires[output] = ones * operands[0]
    outputs = wires[circuit.num_wires - sum(circuit.output_widths) :]
    length = -(-instances // 8)
    rows = np.frombuffer(b"".join(wire.to_bytes(length, "little") for wire in outputs), np.uint8)
    bits = np.unpackbits(rows.reshape(len(outputs), length), axis=1, count=instances, bitorder="little")
    return bits.T.astype(np.bool_)


def to_bits(values: ArrayLike, width: int) -> Bits:
    """Integers modulo 2^width, of any size and sign, as an array ``[len(values), width]``."""
    numbers = np.asarray(values, dtype=object).reshape(-1)
    length = -(-width // 8)
    mask = (1 << width) - 1
    data = b"".join((int(number) & mask).to_bytes(length, "little") for number in numbers)
    rows = np.frombuffer(data, np.uint8).reshape(len(numbers), length)
    return np.unpackbits(rows, axis=1, count=width, bitorder="little").astype(np.bool_)


def from_bits(bits: Bits, *, signed: bool = False) -> list[int]:
    """Words ``[instances, width]`` as Python integers, in two's complement if ``signed``."""
    width = bits.shape[1]
    numbers = [int.from_bytes(row.tobytes(), "little") for row in np.packbits(bits, axis=1, bitorder="little")]
    if signed and width > 0:
        return [number - ((number >> (width - 1)) << width) for number in numbers]
    return numbers
