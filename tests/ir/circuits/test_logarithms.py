from __future__ import annotations

import math

import numpy as np

from ezprivsecfl.ir.circuits import floats, logarithms
from ezprivsecfl.ir.circuits.builder import Circuit, CircuitBuilder
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits
from ezprivsecfl.ir.circuits.floats import FLOAT


def circuit() -> Circuit:
    b = CircuitBuilder()
    b.output(floats.pack(logarithms.log(b, floats.unpack(b.input(FLOAT.width)))))
    return b.build()


def decode(bits):
    mantissas, exponents = from_bits(bits[:, :24]), from_bits(bits[:, 24:33], signed=True)
    values = np.array(mantissas) / 2.0**23 * 2.0 ** np.array(exponents) * np.where(bits[:, 33], -1.0, 1.0)
    values[~bits[:, 23]] = 0.0
    values[bits[:, 34]] = np.where(bits[bits[:, 34], 33], -math.inf, math.inf)
    values[bits[:, 35]] = math.nan
    return values


def test_both_ends_of_every_segment_at_every_magnitude():
    rng = np.random.default_rng(1)
    ends = np.repeat(np.arange(64) << 17, 2) + np.tile([0, (1 << 17) - 1], 64)
    mantissas = (1 << 23) + np.concatenate([ends, ends, rng.integers(0, 1 << 23, 40_000)])
    exponents = np.concatenate([np.zeros(128, int), np.full(128, -1), rng.integers(-256, 256, 40_000)])
    flags = np.zeros((mantissas.size, 3), bool)
    bits = np.concatenate([to_bits(mantissas, 24), to_bits(exponents, 9), flags], axis=1)
    (result,) = evaluate(circuit(), [bits])
    want = np.log(mantissas / 2.0**23) + exponents * np.log(2.0)
    assert np.all(np.abs(decode(result) - want) <= 2.0**-22 * np.maximum(1.0, np.abs(want)))


def test_what_has_no_finite_logarithm():
    rows = []
    for value in (0.0, math.inf, -math.inf, math.nan, -1.0, 1.0):
        b = CircuitBuilder()
        b.output(floats.pack(floats.constant(b, value)))
        rows.append(evaluate(b.build(), [])[0][0])
    garbage = np.array(rows[0])
    garbage[3] = garbage[26] = garbage[33] = True  # zero, whatever the other wires are
    (result,) = evaluate(circuit(), [np.stack([*rows, garbage])])
    got = decode(result)
    np.testing.assert_array_equal(
        got[[0, 1, 2, 3, 4, 6]], [-math.inf, math.inf, math.nan, math.nan, math.nan, -math.inf]
    )
    assert abs(got[5]) < 2.0**-23


def test_few_gates():
    assert circuit().and_count < 950
