"""Pulls small factors out of large tensors, so that expensive products happen on the smallest operands.

Every secret value is kept as ``base · factor · factor ...``, where the factors are smaller than the base (for
example one number per client beside one row per client). Products and quotients collect factors, sums move them
outside or turn into matrix products, and a factor is only multiplied in where something else needs the whole value.
So ``sum_i (score_i / |g_i|) · g_i / total`` becomes one vector-matrix product with weights
``score_i · rsqrt(|g_i|²) · (1 / total)``, and ``dot(x / |x|, y / |y|)`` keeps its dot product whole. Only a few numbers
that are no client's take their factors along into a product: see ``_entering``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ezprivsecfl.compiler.analyses.partial import may_fail
from ezprivsecfl.compiler.analyses.ranges import SMALL
from ezprivsecfl.compiler.passes.contraction import sum_of, weighted_sum
from ezprivsecfl.compiler.passes.factored import (
    Factored,
    multiplied,
    ones,
    pad,
    padded,
    product,
    reshaped_factor,
    root_of_square,
    sink,
    unbroadcast,
)
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import drop_unused
from ezprivsecfl.ir.structural import broadcast_shapes
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor.elementwise import (
    Add,
    Div,
    DivNoNan,
    Mul,
    Neg,
    Reciprocal,
    Rsqrt,
    Select,
    Sqrt,
    Sub,
)
from ezprivsecfl.ir.tensor.structure import MatMul, Reshape, Stack, Sum, Transpose
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape, count


@dataclass(frozen=True)
class FactorScales:
    """Rewrites a tensor program so that small factors are multiplied with small operands.

    Example::

        program @weighted tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "w", placement = clients, bound = 8.0, type = secret<f32[n, 1]>}
          %2 = mul %0, %1 : secret<f32[n, 3]>
          %3 = sum %2 {axes = [0]} : secret<f32[3]>
          output %3 {path = "result"}
        }

    becomes::

        program @weighted tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "w", placement = clients, bound = 8.0, type = secret<f32[n, 1]>}
          %2 = reshape %0 {shape = [n, 3]} : secret<f32[n, 3]>
          %3 = reshape %1 {shape = [1, n]} : secret<f32[1, n]>
          %4 = matmul %3, %2 : secret<f32[1, 3]>
          %5 = reshape %4 {shape = [3]} : secret<f32[3]>
          output %5 {path = "result"}
        }
    """

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the rewritten program; public operations stay as they are."""
        return _Rewrite(program).run()


@dataclass
class _Rewrite:
    """Goes through the operations by itself rather than by ``rewrite``: what becomes of a value is not a value here."""

    program: Program
    table: dict[Value, Factored] = field(default_factory=dict)
    whole: dict[Value, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.b = ProgramBuilder(self.program.name, self.program.level, self.program.max_clients)

    def run(self) -> Program:
        for op in self.program.ops:
            with self.b.at(op.location):
                if isinstance(op, Output):
                    self._output(op)
                elif not tensor_type(op.result).is_secret or isinstance(op, Input):
                    value = self.b.append(op.rebuild([self._whole(o) for o in op.operands])).result
                    self.table[op.result] = Factored(value)
                else:
                    self.table[op.result] = self._secret(op)
        return drop_unused(self.b.build(), (Input, Output))

    def _secret(self, op: Op) -> Factored:
        parts = [self.table[o] for o in op.operands]
        shape = op.result.type.shape
        if isinstance(op, Mul):
            return self._times(parts[0], parts[1], shape)
        if isinstance(op, Div):
            return self._times(parts[0], self._inverse(parts[1]), shape)
        if isinstance(op, DivNoNan) and not any(may_fail(v) for v in (parts[0].base, *parts[0].factors)):
            return self._times(parts[0], self._inverse_or_zero(parts[1]), shape)
        if isinstance(op, Neg):
            return Factored(self.b.add(Neg, parts[0].base), parts[0].factors)
        # What may fail is found before clients become an axis like others: then it is known whose it is.
        if isinstance(op, Reshape | Transpose) or (isinstance(op, Stack) and not any(map(may_fail, parts[0].factors))):
            moved = self._moved(op, parts[0])
            if moved is not None:
                return moved
        if isinstance(op, Sum):
            return self._sum(parts[0], op.axes)
        if isinstance(op, MatMul):
            return self._matmul(parts[0], parts[1])
        if isinstance(op, Select):
            chosen = self._select(op, parts)
            if chosen is not None:
                return chosen
        if isinstance(op, Add | Sub) and parts[0].factors and parts[0].factors == parts[1].factors:
            return Factored(self.b.add(type(op), parts[0].base, parts[1].base), parts[0].factors)
        return Factored(self.b.append(op.rebuild([self._whole(o) for o in op.operands])).result)

    # Products and quotients.

    def _times(self, x: Factored, y: Factored, shape: Shape) -> Factored:
        rank = len(shape)
        x, y = self._entering(x, y), self._entering(y, x)
        small = [padded(self.b, unbroadcast(self.b, v), rank) for v in (x, y)]
        whole = [padded(self.b, v, rank) for v in (x, y)]  # for axes that exist only because both were broadcast
        x, y = small if broadcast_shapes(small[0].shape, small[1].shape) == shape else whole
        if x.shape == shape and y.shape != shape:
            return Factored(x.base, (*x.factors, y.base, *y.factors))
        if y.shape == shape and x.shape != shape:
            return Factored(y.base, (*y.factors, x.base, *x.factors))
        for one, other in ((x, y), (y, x)):  # single numbers: as if one were smaller than the other
            sunk = sink(self.b, one.base, other.base)
            if sunk is not None:
                return Factored(sunk, (*x.factors, *y.factors))
        return Factored(self.b.add(Mul, x.base, y.base), (*x.factors, *y.factors))

    def _entering(self, x: Factored, other: Factored) -> Factored:
        """A value that enters a product with another secret tensor.

        A few numbers take their factors with them: often these normalise them, and products of what is not normalised
        reach so far (the steps of a power iteration, say) that nothing is left of their last places.
        """
        few = CLIENTS_DIM not in x.shape and 1 < count(x.shape) <= SMALL and tensor_type(x.base).is_secret
        of_secret = tensor_type(other.base).is_secret and count(other.shape) > 1 and other.base is not x.base
        return Factored(multiplied(self.b, x)) if few and of_secret and x.factors else x

    def _inverse(self, x: Factored) -> Factored:
        return Factored(self._reciprocal(x.base), tuple(self._reciprocal(f) for f in x.factors))

    def _reciprocal(self, x: Value) -> Value:
        if isinstance(x.op, Sqrt) and tensor_type(x).is_secret:
            return self.b.add(Rsqrt, x.op.operands[0])
        if isinstance(x.op, Reshape):
            return self.b.add(Reshape, self._reciprocal(x.op.operands[0]), shape=x.op.shape)
        return self.b.add(Reciprocal, x)

    def _inverse_or_zero(self, x: Factored) -> Factored:
        parts = [self.b.add(DivNoNan, ones(self.b, v), v) for v in (x.base, *x.factors)]
        return Factored(parts[0], tuple(parts[1:]))

    # Structure.

    def _moved(self, op: Op, x: Factored) -> Factored | None:
        """The same move applied to base and factors, where the factors allow it."""
        base = self.b.append(op.rebuild([x.base])).result
        factors = []
        for f in x.factors:
            if isinstance(op, Transpose):
                factors.append(self.b.add(Transpose, f, permutation=op.permutation))
                continue
            if isinstance(op, Stack):
                factors.append(self.b.append(op.rebuild([f])).result if f.type.shape[0] == CLIENTS_DIM else f)
                continue
            assert isinstance(op, Reshape)
            shape = reshaped_factor(x.shape, f.type.shape, op.shape)
            if shape is None:
                return None
            factors.append(self.b.add(Reshape, f, shape=shape))
        return Factored(base, tuple(factors))

    def _sum(self, x: Factored, axes: tuple[int, ...]) -> Factored:
        outside = [f for f in x.factors if all(f.type.shape[a] == 1 for a in axes)]
        inside = [f for f in x.factors if f not in outside]
        kept_shape = tuple(d for i, d in enumerate(x.shape) if i not in axes)
        factors = []
        for f in outside:
            shape = tuple(d for i, d in enumerate(f.type.shape) if i not in axes)
            factors.append(self.b.add(Reshape, f, shape=shape))
        root = root_of_square(self.b, x.base, inside)
        if root is not None:
            base = sum_of(self.b, self.b.add(Mul, root, root), axes)
        elif inside:
            base = weighted_sum(self.b, x.base, product(self.b, inside), axes)
        else:
            base = sum_of(self.b, x.base, axes)
        smaller = [f for f in factors if f.type.shape != kept_shape]
        for f in factors:
            if f.type.shape == kept_shape:
                base = self.b.add(Mul, base, f)
        return Factored(base, tuple(smaller))

    def _matmul(self, x: Factored, y: Factored) -> Factored:
        rank = max(len(x.shape), len(y.shape))
        x, y = self._entering(x, y), self._entering(y, x)
        x, y = padded(self.b, x, rank), padded(self.b, y, rank)
        rows = [f for f in x.factors if f.type.shape[-1] == 1]
        columns = [f for f in y.factors if f.type.shape[-2] == 1]
        a = multiplied(self.b, Factored(x.base, tuple(f for f in x.factors if f not in rows)))
        c = multiplied(self.b, Factored(y.base, tuple(f for f in y.factors if f not in columns)))
        return Factored(self.b.add(MatMul, a, c), (*rows, *columns))

    def _select(self, op: Op, parts: list[Factored]) -> Factored | None:
        """where(c, x·a, x·b) as x · where(c, a, b), for a condition smaller than x; zero counts as x · 0.

        Not for an x that may have no finite value: where it is not chosen, it must not be multiplied with zero either.
        """
        shape = op.result.type.shape
        rank = len(shape)
        condition = padded(self.b, unbroadcast(self.b, Factored(multiplied(self.b, parts[0]))), rank).base
        x, y = (padded(self.b, unbroadcast(self.b, p), rank) for p in parts[1:])
        base = x.base if x.shape == shape else y.base
        if condition.type.shape == shape or base.type.shape != shape or may_fail(base):
            return None
        scales = []
        for part, original in zip((x, y), parts[1:], strict=True):
            if part.base is base:
                scales.append(product(self.b, [pad(self.b, ones(self.b, base), rank), *part.factors]))
            elif constant_value(original.base) == 0.0:
                zero = np.zeros([1] * rank)
                scales.append(self.b.add(Constant, value=zero, dtype=tensor_type(base).dtype))
            else:
                return None
        return Factored(base, (self.b.add(Select, condition, *scales),))

    # Whole values.

    def _whole(self, old: Value) -> Value:
        """The value of the original program, all factors multiplied in."""
        if old not in self.whole:
            self.whole[old] = multiplied(self.b, self.table[old])
        return self.whole[old]

    def _output(self, op: Output) -> None:
        """Public factors stay outermost: they are multiplied after opening."""
        x = self.table[op.operands[0]]
        secret = [f for f in x.factors if tensor_type(f).is_secret]
        public = [f for f in x.factors if not tensor_type(f).is_secret]
        with self.b.at(op.operands[0].op.location):  # an output stands at the decorator, not at what it is computed by
            value = multiplied(self.b, Factored(x.base, tuple(secret)))
            if public:
                value = self.b.add(Mul, value, product(self.b, public))
        self.b.append(op.rebuild([value]))
