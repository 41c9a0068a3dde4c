"""Inner products in the span of a matrix's rows: the same numbers, and nothing long but one matrix of products."""

from __future__ import annotations

import numpy as np
import pytest
from span_programs import (
    CLIENTS,
    LENGTH,
    ROWS,
    aligned_products,
    centred,
    columns_times_weights,
    cosines,
    distances,
    distances_of_a_product,
    geometric_median,
    inputs,
    krum_scores,
    made,
    repeated_rows,
    scaled_rows,
    weiszfeld,
)

from ezprivsecfl.compiler.passes.factor import FactorScales
from ezprivsecfl.compiler.passes.simplify import Simplify
from ezprivsecfl.compiler.passes.span import ProductsInSpan
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import Shape

PROGRAMS = (
    *(distances, distances_of_a_product, weiszfeld, centred, scaled_rows, columns_times_weights, repeated_rows),
    *(krum_scores, geometric_median, cosines, aligned_products),
)


def run(program: Program) -> np.ndarray:
    return run_tensor(program, inputs(program), CLIENTS)["result"]


def long_products(program: Program) -> list[Shape]:
    """Shapes of the products of long rows."""
    return [op.result.type.shape for op in program.of(st.MatMul) if op.operands[0].type.shape[-1] == LENGTH]


@pytest.mark.parametrize("make", PROGRAMS)
def test_results_stay_the_same_with_one_product(make):
    program = run_passes(made(make), [Simplify(), FactorScales(), Simplify()])
    changed = run_passes(program, [ProductsInSpan(), Simplify()])
    np.testing.assert_allclose(run(changed), run(program), rtol=1e-9, atol=1e-9)
    assert long_products(program) != [(ROWS, ROWS)]
    assert long_products(changed) == [(ROWS, ROWS)]
