"""Programs on a secret matrix of static size that need its rows' inner products, and at most a weighted sum besides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from small_programs import TensorProgram

from ezprivsecfl.ir.op import Value
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


def aligned_products(b: Stacked) -> Value:
    """Of every row with a mixture of its own, and how far that is from it."""
    mixed = b.add(st.MatMul, b.add(st.Reshape, b.server("mixing", ROWS * ROWS), shape=(ROWS, ROWS)), b.x)
    products = b.add(st.Sum, b.add(ew.Mul, mixed, b.x), axes=(1,))
    return b.add(ew.Add, products, b.squares(b.add(ew.Sub, mixed, b.x)))


def repeated_rows(b: Stacked) -> Value:
    """A sum over an axis along which all rows are the same, and over their own."""
    spread = b.add(st.Broadcast, b.view(b.x, ROWS, 1, LENGTH), shape=(ROWS, 5, LENGTH))
    times = b.add(st.Sum, spread, axes=(1,))
    total = b.add(st.Sum, b.x, axes=(0,))
    return b.add(ew.Add, b.squares(b.add(ew.Sub, times, total)), b.squares(b.add(ew.Add, b.x, total)))


def krum_scores(b: Stacked) -> Value:
    """Sums of distances (Blanchard, El Mhamdi, Guerraoui, Stainer, NeurIPS 2017), without the choice of neighbours."""
    return b.add(st.Sum, b.add(ew.Sqrt, distances(b)), axes=(1,))


def geometric_median(b: Stacked, steps: int = 3) -> Value:
    """Weiszfeld's algorithm, smoothed (Pillutla, Kakade, Harchaoui, IEEE Transactions on Signal Processing 2022)."""
    point = b.add(ew.Mul, b.add(st.Sum, b.x, axes=(0,)), b.constant(1 / ROWS))
    for _ in range(steps):
        distance = b.add(ew.Sqrt, b.squares(b.add(ew.Sub, b.x, point)))
        weights = b.add(ew.Div, b.constant(1.0), b.add(ew.Maximum, distance, b.constant(1e-6)))
        total = b.add(st.Sum, weights, axes=(0,))
        point = b.add(ew.Div, b.view(b.weighted(weights), LENGTH), total)
    return point


def cosines(b: Stacked) -> Value:
    """Of all pairs of rows, as FoolsGold has them (Fung, Yoon, Beschastnikh, RAID 2020)."""
    unit = b.add(ew.Div, b.x, b.view(b.add(ew.Sqrt, b.squares(b.x)), ROWS, 1))
    return b.add(st.MatMul, unit, b.add(st.Transpose, unit, permutation=(1, 0)))


def made(make: Callable[[Stacked], Value]) -> Program:
    """The program that returns what ``make`` does."""
    b = Stacked(make.__name__)
    b.returns(make(b))
    return b.build()


def inputs(program: Program, magnitude: float = 1.0) -> dict[str, np.ndarray]:
    """Values by path, those of the clients stacked."""
    rng = np.random.default_rng(3)
    given = {"x": rng.normal(size=(CLIENTS, ROWS, LENGTH)), "mixing": rng.normal(size=ROWS * ROWS)}
    return {op.path: magnitude * given[op.path] for op in program.of(Input)}
