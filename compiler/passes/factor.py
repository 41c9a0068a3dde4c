"""Pulls small factors out of large tensors, so that expensive products happen on the smallest operands.

Every secret value is kept as ``base · factor · factor ...``, where the factors are smaller than the base (for
example one number per client beside one row per client). Products and quotients collect factors, sums move them
outside or turn into matrix products, and a factor is only multiplied in where something else needs the whole value.
So ``sum_i (score_i / |g_i|) · g_i / total`` becomes one vector-matrix product with weights
``score_i · rsqrt(|g_i|²) · (1 / total)``, and ``dot(x / |x|, y / |y|)`` keeps its dot product whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ezprivsecfl.compiler.analyses.partial import may_fail
from ezprivsecfl.compiler.passes.contraction import sum_of, weighted_sum
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
from ezprivsecfl.ir.tensor.structure import Broadcast, MatMul, Reshape, Sum, Transpose
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, Dim, Shape, count

FEW = 4
"""Up to this many results a weighted mean is divided by its total after the sum rather than before."""


@dataclass(frozen=True, eq=False)
class Factored:
    """The product of a base and factors that broadcast to the base's shape and have its rank."""

    base: Value
    factors: tuple[Value, ...] = ()

    @property
    def shape(self) -> Shape:
        """Shape of the product: the base's."""
        return self.base.type.shape


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
        if isinstance(op, Reshape | Transpose):
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
        small = [self._padded(self._unbroadcast(v), rank) for v in (x, y)]
        whole = [self._padded(v, rank) for v in (x, y)]  # for axes that exist only because both were broadcast
        x, y = small if broadcast_shapes(small[0].shape, small[1].shape) == shape else whole
        if x.shape == shape and y.shape != shape:
            return Factored(x.base, (*x.factors, y.base, *y.factors))
        if y.shape == shape and x.shape != shape:
            return Factored(y.base, (*y.factors, x.base, *x.factors))
        for one, other in ((x, y), (y, x)):  # single numbers: as if one were smaller than the other
            sunk = self._sink(one.base, other.base)
            if sunk is not None:
                return Factored(sunk, (*x.factors, *y.factors))
        return Factored(self.b.add(Mul, x.base, y.base), (*x.factors, *y.factors))

    def _inverse(self, x: Factored) -> Factored:
        return Factored(self._reciprocal(x.base), tuple(self._reciprocal(f) for f in x.factors))

    def _reciprocal(self, x: Value) -> Value:
        if isinstance(x.op, Sqrt) and tensor_type(x).is_secret:
            return self.b.add(Rsqrt, x.op.operands[0])
        if isinstance(x.op, Reshape):
            return self.b.add(Reshape, self._reciprocal(x.op.operands[0]), shape=x.op.shape)
        return self.b.add(Reciprocal, x)

    def _inverse_or_zero(self, x: Factored) -> Factored:
        parts = [self.b.add(DivNoNan, self._one(v), v) for v in (x.base, *x.factors)]
        return Factored(parts[0], tuple(parts[1:]))

    def _one(self, like: Value) -> Value:
        return self.b.add(Constant, value=np.ones([1] * len(like.type.shape)), dtype=tensor_type(like).dtype)

    def _unbroadcast(self, x: Factored) -> Factored:
        """A broadcast value is as good as what was broadcast: products broadcast anyway."""
        if isinstance(x.base.op, Broadcast):
            rank = len(x.shape)
            inner = self._pad(x.base.op.operands[0], rank)
            return Factored(inner, x.factors) if not x.factors else x
        return x

    def _padded(self, x: Factored, rank: int) -> Factored:
        return Factored(self._pad(x.base, rank), tuple(self._pad(f, rank) for f in x.factors))

    def _pad(self, x: Value, rank: int) -> Value:
        missing = rank - len(x.type.shape)
        return self.b.add(Reshape, x, shape=(1,) * missing + x.type.shape) if missing else x

    # Structure.

    def _moved(self, op: Op, x: Factored) -> Factored | None:
        """The same move applied to base and factors, where the factors allow it."""
        base = self.b.append(op.rebuild([x.base])).result
        factors = []
        for f in x.factors:
            if isinstance(op, Transpose):
                factors.append(self.b.add(Transpose, f, permutation=op.permutation))
                continue
            assert isinstance(op, Reshape)
            shape = _reshaped_factor(x.shape, f.type.shape, op.shape)
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
        root = self._root(x.base, inside)
        if root is not None:
            base = sum_of(self.b, self.b.add(Mul, root, root), axes)
        elif inside:
            base = weighted_sum(self.b, x.base, self._product(inside), axes)
        else:
            base = sum_of(self.b, x.base, axes)
        smaller = [f for f in factors if f.type.shape != kept_shape]
        for f in factors:
            if f.type.shape == kept_shape:
                base = self.b.add(Mul, base, f)
        return Factored(base, tuple(smaller))

    def _root(self, square: Value, factors: Sequence[Value]) -> Value | None:
        """x · factors, of which x² · factors² is the square: of small entries, squares lose twice as many places."""
        once = list(dict.fromkeys(factors))
        if not isinstance(square.op, Mul) or square.op.operands[0] is not square.op.operands[1]:
            return None
        if not any(tensor_type(f).is_secret for f in once) or any(factors.count(f) != 2 for f in once):
            return None
        return self.b.add(Mul, square.op.operands[0], self._product(once))

    def _matmul(self, x: Factored, y: Factored) -> Factored:
        rank = max(len(x.shape), len(y.shape))
        x, y = self._padded(x, rank), self._padded(y, rank)
        rows = [f for f in x.factors if f.type.shape[-1] == 1]
        columns = [f for f in y.factors if f.type.shape[-2] == 1]
        a = self._multiplied(Factored(x.base, tuple(f for f in x.factors if f not in rows)))
        c = self._multiplied(Factored(y.base, tuple(f for f in y.factors if f not in columns)))
        return Factored(self.b.add(MatMul, a, c), (*rows, *columns))

    def _select(self, op: Op, parts: list[Factored]) -> Factored | None:
        """where(c, x·a, x·b) as x · where(c, a, b), for a condition smaller than x; zero counts as x · 0.

        Not for an x that may have no finite value: where it is not chosen, it must not be multiplied with zero either.
        """
        shape = op.result.type.shape
        rank = len(shape)
        condition = self._padded(self._unbroadcast(Factored(self._multiplied(parts[0]))), rank).base
        x, y = (self._padded(self._unbroadcast(p), rank) for p in parts[1:])
        base = x.base if x.shape == shape else y.base
        if condition.type.shape == shape or base.type.shape != shape or may_fail(base):
            return None
        scales = []
        for part, original in zip((x, y), parts[1:], strict=True):
            if part.base is base:
                scales.append(self._product([self._pad(self._one(base), rank), *part.factors]))
            elif constant_value(original.base) == 0.0:
                zero = np.zeros([1] * rank)
                scales.append(self.b.add(Constant, value=zero, dtype=tensor_type(base).dtype))
            else:
                return None
        return Factored(base, (self.b.add(Select, condition, *scales),))

    # Multiplying factors in.

    def _whole(self, old: Value) -> Value:
        """The value of the original program, all factors multiplied in."""
        if old not in self.whole:
            self.whole[old] = self._multiplied(self.table[old])
        return self.whole[old]

    def _multiplied(self, x: Factored) -> Value:
        root = self._root(x.base, x.factors)
        if root is not None:
            return self.b.add(Mul, root, root)
        value = x.base
        rest = []
        for f in x.factors:
            sunk = self._sink(value, f)
            if sunk is None:
                rest.append(f)
            else:
                value = sunk
        return self.b.add(Mul, value, self._product(rest)) if rest else value

    def _product(self, factors: list[Value]) -> Value:
        """Public factors first among themselves, then with the smallest secret ones."""
        ordered = sorted(factors, key=lambda f: (tensor_type(f).is_secret, count(f.type.shape)))
        product = ordered[0]
        for f in ordered[1:]:
            product = f if constant_value(product) == 1.0 else self.b.add(Mul, product, f)
        return product

    def _sink(self, value: Value, factor: Value) -> Value | None:
        """Multiplies a single number into the small or public operand of a product below, if there is one."""
        if count(factor.type.shape) != 1:
            return None
        op = value.op
        if isinstance(op, Reshape):
            inner = self._sink(op.operands[0], factor)
            return None if inner is None else self.b.add(Reshape, inner, shape=op.shape)
        public = not tensor_type(factor).is_secret
        if isinstance(op, Mul) and public:
            for i, operand in enumerate(op.operands):
                inner = self._sink(operand, factor)
                if inner is not None:
                    others = [inner if j == i else o for j, o in enumerate(op.operands)]
                    return self.b.add(Mul, *others)
        if isinstance(op, MatMul):
            cheaper = self._cheaper_operand(op, public=public)
            if cheaper is not None:
                operand = op.operands[cheaper]
                scalar = self.b.add(Reshape, factor, shape=(1,) * len(operand.type.shape))
                scaled = self.b.add(Mul, operand, scalar)
                return self.b.add(MatMul, *(scaled if j == cheaper else o for j, o in enumerate(op.operands)))
        return None

    def _cheaper_operand(self, op: MatMul, *, public: bool) -> int | None:
        sizes = [count(o.type.shape) for o in op.operands]
        if public:
            for i, o in enumerate(op.operands):
                if not tensor_type(o).is_secret:
                    return i
            return None
        i = int(np.argmin(sizes))
        # Weights of a sum over clients are normalised before it, since only the quotient of weight and total is
        # bounded. But a few results are divided after it, in a circuit: their precision is relative then.
        entries = count(op.result.type.shape)
        over_clients = op.operands[0].type.shape[-1] == CLIENTS_DIM and entries > FEW
        return i if over_clients or sizes[i] < entries else None

    def _output(self, op: Output) -> None:
        """Public factors stay outermost: they are multiplied after opening."""
        x = self.table[op.operands[0]]
        secret = [f for f in x.factors if tensor_type(f).is_secret]
        public = [f for f in x.factors if not tensor_type(f).is_secret]
        with self.b.at(op.operands[0].op.location):  # an output stands at the decorator, not at what it is computed by
            value = self._multiplied(Factored(x.base, tuple(secret)))
            if public:
                value = self.b.add(Mul, value, self._product(public))
        self.b.append(op.rebuild([value]))


def _reshaped_factor(base: Shape, factor: Shape, target: Shape) -> Shape | None:
    """Shape of a factor after its base is reshaped to ``target``, or None if no such shape exists.

    Axes of the base are matched greedily with runs of target axes of equal size; within a run the factor must be
    either whole or constant.
    """
    result: list[Dim] = []
    i = j = 0
    while i < len(base) or j < len(target):
        left, right = [i], [j]
        i, j = i + 1, j + 1
        while _size(base[left[0] : i]) != _size(target[right[0] : j]):
            if _size(base[left[0] : i]) < _size(target[right[0] : j]) and i < len(base):
                i += 1
            elif j < len(target):
                j += 1
            else:
                return None
        run, goal = factor[left[0] : i], target[right[0] : j]
        if run == base[left[0] : i]:
            result += goal
        elif all(d == 1 for d in run):
            result += [1] * len(goal)
        else:
            return None
    return tuple(result)


def _size(dims: Shape) -> int:
    """Elements of a run of axes; the clients axis as a prime no real axis has, so that it matches only itself."""
    return int(np.prod([2_147_483_647 if d == CLIENTS_DIM else int(d) for d in dims], dtype=object)) if dims else 1
