"""Inner products in the span of a matrix's rows: the same numbers, and nothing long but one matrix of products."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.passes.factor import FactorScales
from ezprivsecfl.compiler.passes.simplify import Simplify
from ezprivsecfl.compiler.passes.span import ProductsInSpan
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st

ROWS, LENGTH, CLIENTS = 4, 30, 3


class Stacked(TensorProgram):
    """A program on a secret matrix of static size: the sum of the clients' matrices."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.x = self.add(st.Sum, self.clients("x", ROWS, LENGTH), axes=(0,))

    def view(self, value: Value, *shape: int) -> Value:
        return self.add(st.Reshape, value, shape=shape)

    def squares(self, rows: Value) -> Value:
        return self.add(st.Sum, self.add(ew.Mul, rows, rows), axes=(len(rows.type.shape) - 1,))

    def weighted(self, weights: Value) -> Value:
        """The weighted sum of the rows, as one row."""
        return self.add(st.MatMul, self.view(weights, 1, ROWS), self.x)


def distances(b: Stacked) -> Value:
    return b.squares(b.add(ew.Sub, b.view(b.x, ROWS, 1, LENGTH), b.view(b.x, 1, ROWS, LENGTH)))


def distances_of_a_product(b: Stacked) -> Value:
    """As |x|² + |y|² - 2·x·y, with a product of its own."""
    norms = b.squares(b.x)
    products = b.add(st.MatMul, b.x, b.add(st.Transpose, b.x, permutation=(1, 0)))
    return b.add(
        ew.Sub,
        b.add(ew.Add, b.view(norms, ROWS, 1), b.view(norms, 1, ROWS)),
        b.add(ew.Mul, products, b.constant(2.0)),
    )


def weiszfeld(b: Stacked, steps: int = 3) -> Value:
    """Steps towards the geometric median; the weights are such that no root is needed."""
    weights = b.add(st.Slice, b.x, starts=(0, 0), sizes=(ROWS, 1), strides=(1, 1))
    for _ in range(steps):
        point = b.weighted(weights)
        weights = b.squares(b.add(ew.Sub, b.x, point))
    return b.weighted(weights)


def centred(b: Stacked) -> Value:
    """Covariances of the rows, then as columns times a public factor."""
    mean = b.add(ew.Mul, b.add(st.Sum, b.x, axes=(0,)), b.constant(1 / ROWS))
    rows = b.add(ew.Sub, b.x, mean)
    columns = b.add(st.Transpose, rows, permutation=(1, 0))
    norms = b.squares(b.add(ew.Neg, rows))
    product = b.add(st.MatMul, rows, b.add(ew.Mul, columns, b.constant(3.0)))
    return b.add(ew.Add, product, b.view(norms, 1, ROWS))


def scaled_rows(b: Stacked) -> Value:
    """Products of rows that are scaled one by one, with sums of neighbours."""
    scales = b.add(st.Slice, b.x, starts=(0, 3), sizes=(ROWS, 1), strides=(1, 1))
    mixing = b.add(st.Reshape, b.server("mixing", ROWS * ROWS), shape=(ROWS, ROWS))
    mixed = b.add(st.MatMul, mixing, b.x)
    rows = b.add(ew.Mul, b.add(ew.Add, b.x, mixed), scales)
    difference = b.add(ew.Sub, b.view(rows, ROWS, 1, LENGTH), b.view(mixed, 1, ROWS, LENGTH))
    return b.squares(difference)


def columns_times_weights(b: Stacked) -> Value:
    """Xᵀ·w, and the products of all rows of two mixtures with it."""
    weights = b.add(st.Slice, b.x, starts=(0, 3), sizes=(ROWS, 2), strides=(1, 1))
    columns = b.add(st.MatMul, b.add(st.Transpose, b.x, permutation=(1, 0)), weights)
    mixed = b.add(st.MatMul, b.add(st.Transpose, weights, permutation=(1, 0)), b.x)
    products = b.add(st.MatMul, b.add(ew.Add, b.x, b.add(st.Sum, mixed, axes=(0,))), columns)
    return b.add(ew.Add, products, b.add(st.Sum, b.squares(mixed), axes=(0,)))


def repeated_rows(b: Stacked) -> Value:
    """A sum over an axis along which all rows are the same, and over their own."""
    spread = b.add(st.Broadcast, b.view(b.x, ROWS, 1, LENGTH), shape=(ROWS, 5, LENGTH))
    times = b.add(st.Sum, spread, axes=(1,))
    total = b.add(st.Sum, b.x, axes=(0,))
    return b.add(ew.Add, b.squares(b.add(ew.Sub, times, total)), b.squares(b.add(ew.Add, b.x, total)))


PROGRAMS = (distances, weiszfeld, centred, scaled_rows, columns_times_weights, repeated_rows)


def program_of(make: Callable[[Stacked], Value]) -> Program:
    b = Stacked(make.__name__)
    b.returns(make(b))
    return run_passes(b.build(), [Simplify(), FactorScales(), Simplify()])


def rewritten(program: Program) -> Program:
    return run_passes(program, [ProductsInSpan(), Simplify()])


def inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {"x": rng.normal(size=(CLIENTS, ROWS, LENGTH)), "mixing": rng.normal(size=ROWS * ROWS)}


def run(program: Program) -> np.ndarray:
    given = inputs()
    return run_tensor(program, {op.path: given[op.path] for op in program.of(Input)}, CLIENTS)["result"]


def long_products(program: Program) -> list[int]:
    """How many vectors of so many entries are multiplied with others, product by product."""
    return [
        int(np.prod(op.result.type.shape)) for op in program.of(st.MatMul) if op.operands[0].type.shape[-1] == LENGTH
    ]


@pytest.mark.parametrize("make", PROGRAMS)
def test_results_stay_the_same_with_one_product(make):
    program = program_of(make)
    changed = rewritten(program)
    np.testing.assert_allclose(run(changed), run(program), rtol=1e-9, atol=1e-9)
    assert len(long_products(program)) > 1 or long_products(program)[0] > ROWS
    assert long_products(changed) == [ROWS * ROWS]
