"""Inner products of points in the span of a matrix's rows, from the matrix of the rows' inner products."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from ezprivsecfl.compiler.analyses.squares import is_row_times_itself
from ezprivsecfl.compiler.passes.combinations import Combination, Combinations, Term
from ezprivsecfl.compiler.passes.contraction import sum_of
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import drop_unused, rewriter
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import Dim


@dataclass(frozen=True)
class ProductsInSpan:
    """Rewrites inner products of linear combinations of rows x_1, ..., x_n to sums of the rows' inner products.

    With G = X·Xᵀ, rows V = W·X and U = Y·X have V·Uᵀ = W·G·Yᵀ: numbers of n entries instead of d. So all pairs' squared
    distances are ``g_ii + g_jj - 2·g_ij``, without n² differences of d entries, and steps of Weiszfeld's algorithm take
    nothing of d entries but G and the last weighted sum. Sums of squares stay non-negative: where weights are rounded,
    a small one might not be. Done where G has fewer rows to multiply than all that it replaces.

    Example::

        program @distances (clients <= 3) tensor {
          %0 = input {path = "x", placement = clients, bound = 1.0, type = secret<f32[n, 3, 100]>}
          %1 = sum %0 {axes = [0]} : secret<f32[3, 100]>
          %2 = reshape %1 {shape = [3, 1, 100]} : secret<f32[3, 1, 100]>
          %3 = reshape %1 {shape = [1, 3, 100]} : secret<f32[1, 3, 100]>
          %4 = sub %2, %3 : secret<f32[3, 3, 100]>
          %5 = reshape %4 {shape = [3, 3, 1, 100]} : secret<f32[3, 3, 1, 100]>
          %6 = reshape %4 {shape = [3, 3, 100, 1]} : secret<f32[3, 3, 100, 1]>
          %7 = matmul %5, %6 : secret<f32[3, 3, 1, 1]>
          output %7 {path = "result"}
        }

    becomes::

        program @distances (clients <= 3) tensor {
          %0 = input {path = "x", placement = clients, bound = 1.0, type = secret<f32[n, 3, 100]>}
          %1 = sum %0 {axes = [0]} : secret<f32[3, 100]>
          %2 = transpose %1 {permutation = [1, 0]} : secret<f32[100, 3]>
          %3 = matmul %1, %2 : secret<f32[3, 3]>
          %4 = reshape %3 {shape = [9]} : secret<f32[9]>
          %5 = slice %4 {starts = [0], sizes = [3], strides = [4]} : secret<f32[3]>
          %6 = reshape %5 {shape = [3, 1, 1, 1]} : secret<f32[3, 1, 1, 1]>
          %7 = reshape %3 {shape = [3, 3, 1, 1]} : secret<f32[3, 3, 1, 1]>
          %8 = constant {value = array<f64[]> -2.0, dtype = f32} : public<f32[]>
          %9 = mul %7, %8 : secret<f32[3, 3, 1, 1]>
          %10 = add %6, %9 : secret<f32[3, 3, 1, 1]>
          %11 = reshape %3 {shape = [9]} : secret<f32[9]>
          %12 = slice %11 {starts = [0], sizes = [3], strides = [4]} : secret<f32[3]>
          %13 = reshape %12 {shape = [1, 3, 1, 1]} : secret<f32[1, 3, 1, 1]>
          %14 = add %10, %13 : secret<f32[3, 3, 1, 1]>
          %15 = relu %14 : secret<f32[3, 3, 1, 1]>
          output %15 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program; the same if nothing is won."""
        worth = _worth(program)
        if not worth:
            return program
        b = rewriter(program)
        products = _Products(b, Combinations(b))
        for op in program.ops:
            pair = products.found.pair(op.rebuild([b.values[o] for o in op.operands]))
            if pair is not None and pair[0].base in {b.values.get(base) for base in worth}:
                with b.at(op.location):
                    b.values[op.result] = products.of(op, *pair)
            else:
                b.copy([op])
        return drop_unused(b.build(), (Input, Output))


def _worth(program: Program) -> set[Value]:
    """Matrices with fewer rows than are multiplied in the products that their inner products replace."""
    found = Combinations(ProgramBuilder(program.name, program.level, program.max_clients))
    rows: Counter[Value] = Counter()
    for op in program.ops:
        pair = found.pair(op)
        if pair is not None:
            *batch, left, right = (int(d) for d in op.result.type.shape)
            rows[pair[0].base] += math.prod(batch) * max(left, right)
    return {base for base, multiplied in rows.items() if multiplied > int(base.type.shape[0])}


@dataclass
class _Products:
    """Makes products of combinations, each product of weights once.

    Args:
        b: Where to.
        found: The combinations.
        weighted: Of a matrix and weights W the product W·G, and of no weights G.
        met: Weights in the order in which they were met.
    """

    b: ProgramBuilder
    found: Combinations
    weighted: dict[tuple[Value, Value | None], Value] = field(default_factory=dict)
    met: dict[Value | None, int] = field(default_factory=dict)

    def of(self, op: Op, left: Combination, right: Combination) -> Value:
        """The inner products of all rows of one combination with all of the other."""
        shape, base = op.result.type.shape, left.base
        scales: dict[tuple[Term, Term], float] = {}
        for x, y in itertools.product(left.terms, right.terms):
            first, second = sorted((replace(x, scale=1.0), replace(y, scale=1.0)), key=self._from_the_left)
            scales[first, second] = scales.get((first, second), 0.0) + x.scale * y.scale
        total = None
        for (first, second), scale in scales.items():
            value = self._scaled(self._product(base, first, second, len(shape)), scale)
            total = value if total is None else self.b.add(ew.Add, total, value)
        assert total is not None
        if total.type.shape != shape:
            total = self.b.add(st.Broadcast, total, shape=shape)
        return self.b.add(ew.Relu, total) if is_row_times_itself(op) else total

    def _product(self, base: Value, x: Term, y: Term, rank: int) -> Value:
        """Of two terms' rows, which lie along two axes, of which the first comes first, or both along one."""
        axes: tuple[int | None, ...]
        if x.axis is not None and x.axis == y.axis:
            values, axes = self._diagonal(base, x.weights, y.weights), (x.axis,)
        else:
            values, axes = self._all_pairs(base, x.weights, y.weights), (x.axis, y.axis)
        shape: list[Dim] = [1] * rank
        for axis, size in zip(axes, values.type.shape, strict=True):
            if axis is not None:
                shape[axis] = size
        return self.b.add(st.Reshape, values, shape=tuple(shape))

    def _all_pairs(self, base: Value, x: Value | None, y: Value | None) -> Value:
        """X·G·Yᵀ."""
        if y is None:
            return self._weighted(base, x)
        if x is None:
            return self._transposed(self._weighted(base, y))
        return self.b.add(st.MatMul, self._weighted(base, x), self._transposed(y))

    def _diagonal(self, base: Value, x: Value | None, y: Value | None) -> Value:
        """The diagonal of X·G·Yᵀ."""
        if x is not None and y is not None:
            return sum_of(self.b, self.b.add(ew.Mul, self._weighted(base, x), y), (1,))
        matrix = self._weighted(base, x if y is None else y)
        n = int(matrix.type.shape[0])
        entries = self.b.add(st.Reshape, matrix, shape=(n * n,))
        return self.b.add(st.Slice, entries, starts=(0,), sizes=(n,), strides=(n + 1,))

    def _weighted(self, base: Value, weights: Value | None) -> Value:
        if (base, weights) not in self.weighted:
            if weights is None:
                product = self.b.add(st.MatMul, base, self._transposed(base))
            else:
                product = self.b.add(st.MatMul, weights, self._weighted(base, None))
            self.weighted[base, weights] = product
        return self.weighted[base, weights]

    def _transposed(self, matrix: Value) -> Value:
        return self.b.add(st.Transpose, matrix, permutation=(1, 0))

    def _scaled(self, value: Value, scale: float) -> Value:
        if scale == 1.0:
            return value
        return self.b.add(ew.Mul, value, self.b.add(Constant, value=np.asarray(scale), dtype=tensor_type(value).dtype))

    def _from_the_left(self, term: Term) -> tuple[int, int]:
        """Terms along axes come before single rows, and otherwise in the order in which their weights were met."""
        return (0 if term.axis is None else term.axis, self.met.setdefault(term.weights, len(self.met)))
