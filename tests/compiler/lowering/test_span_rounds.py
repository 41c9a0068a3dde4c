"""Rules over all updates, compiled: precise at every magnitude, with a single product of long rows."""

from __future__ import annotations

import pytest
from rounds import compiled_for, worst_error
from span_programs import LENGTH, ROWS, cosines, distances, geometric_median, inputs, krum_scores, made

from ezprivsecfl.ir.mpc.protocol import Mask, Product, SquareSum

TOLERANCE = 1e-3


@pytest.mark.parametrize("magnitude", [1.0, 1e-3])
@pytest.mark.parametrize("make", [distances, krum_scores, cosines, geometric_median])
def test_results_are_precise_and_long_rows_are_multiplied_once(make, magnitude):
    program = made(make)
    given = inputs(program, magnitude)
    compiled = compiled_for(program, given)
    assert worst_error(compiled, given) < TOLERANCE
    secure = compiled.secure
    products = [op for op in secure.of(Product) if op.operands[0].type.shape[-1] == LENGTH]
    assert [op.result.type.shape for op in products] == [(ROWS, ROWS)]
    assert not [op for op in secure.of(SquareSum) if op.operands[0].type.shape[-1] == LENGTH]
    assert [op.result.type.shape for op in secure.of(Mask) if LENGTH in op.result.type.shape] == [(ROWS, LENGTH)]


def test_distances_of_equal_rows_are_no_roots_of_negative_numbers():
    program = made(geometric_median)
    given = inputs(program)
    given["x"][:] = given["x"][:, :1]
    assert worst_error(compiled_for(program, given), given) < TOLERANCE
