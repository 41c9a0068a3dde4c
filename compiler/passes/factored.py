"""Values as products of a large base and small factors, and how the factors are multiplied in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.analyses.owners import owner_of
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor.elementwise import Mul
from ezprivsecfl.ir.tensor.structure import Broadcast, MatMul, Reshape
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


def multiplied(b: ProgramBuilder, x: Factored) -> Value:
    """The whole value, all factors multiplied in."""
    root = root_of_square(b, x.base, x.factors)
    if root is not None:
        return b.add(Mul, root, root)
    value = x.base
    rest = []
    # Weights of a sum over clients are divided by their total first, as if an owner's number were not there.
    for f in sorted(x.factors, key=lambda f: owner_of(f) is not None):
        sunk = sink(b, value, f)
        if sunk is None:
            rest.append(f)
        else:
            value = sunk
    return b.add(Mul, value, product(b, rest)) if rest else value


def product(b: ProgramBuilder, factors: list[Value]) -> Value:
    """The product of some factors: public ones first among themselves, then with the smallest secret ones."""
    ordered = sorted(factors, key=lambda f: (tensor_type(f).is_secret, count(f.type.shape)))
    result = ordered[0]
    for f in ordered[1:]:
        result = f if constant_value(result) == 1.0 else b.add(Mul, result, f)
    return result


def sink(b: ProgramBuilder, value: Value, factor: Value) -> Value | None:
    """Multiplies a single number into the small or public operand of a product below, if there is one.

    What one party alone can compute goes into what it can compute, too: that costs nothing.
    """
    if count(factor.type.shape) != 1:
        return None
    own = _into_own(b, value, factor, owner_of(factor))
    if own is not None:
        return own
    op = value.op
    if isinstance(op, Reshape):
        inner = sink(b, op.operands[0], factor)
        return None if inner is None else b.add(Reshape, inner, shape=op.shape)
    public = not tensor_type(factor).is_secret
    if isinstance(op, Mul) and public:
        for i, operand in enumerate(op.operands):
            inner = sink(b, operand, factor)
            if inner is not None:
                others = [inner if j == i else o for j, o in enumerate(op.operands)]
                return b.add(Mul, *others)
    if isinstance(op, MatMul):
        cheaper = _cheaper_operand(op, public=public)
        if cheaper is not None:
            operand = op.operands[cheaper]
            scalar = b.add(Reshape, factor, shape=(1,) * len(operand.type.shape))
            scaled = b.add(Mul, operand, scalar)
            return b.add(MatMul, *(scaled if j == cheaper else o for j, o in enumerate(op.operands)))
    return None


def _into_own(b: ProgramBuilder, value: Value, factor: Value, owner: Owner | None) -> Value | None:
    """Multiplies an owner's number into what that owner computes itself of a product below, if there is such."""
    if owner is None:
        return None
    op = value.op
    if owner_of(value) is owner:
        return b.add(Mul, value, pad(b, b.add(Reshape, factor, shape=()), len(value.type.shape)))
    if isinstance(op, Reshape):
        inner = _into_own(b, op.operands[0], factor, owner)
        return None if inner is None else b.add(Reshape, inner, shape=op.shape)
    if isinstance(op, Mul | MatMul):
        for i, operand in enumerate(op.operands):
            inner = _into_own(b, operand, factor, owner)
            if inner is not None:
                return b.add(type(op), *(inner if j == i else o for j, o in enumerate(op.operands)))
    return None


def _cheaper_operand(op: MatMul, *, public: bool) -> int | None:
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


def root_of_square(b: ProgramBuilder, square: Value, factors: Sequence[Value]) -> Value | None:
    """x · factors, of which x² · factors² is the square: of small entries, squares lose twice as many places."""
    once = list(dict.fromkeys(factors))
    if not isinstance(square.op, Mul) or square.op.operands[0] is not square.op.operands[1]:
        return None
    if not any(tensor_type(f).is_secret for f in once) or any(factors.count(f) != 2 for f in once):
        return None
    return b.add(Mul, square.op.operands[0], product(b, once))


def ones(b: ProgramBuilder, like: Value) -> Value:
    """A constant 1 of a value's rank and element type."""
    return b.add(Constant, value=np.ones([1] * len(like.type.shape)), dtype=tensor_type(like).dtype)


def unbroadcast(b: ProgramBuilder, x: Factored) -> Factored:
    """A broadcast value is as good as what was broadcast: products broadcast anyway."""
    if isinstance(x.base.op, Broadcast):
        rank = len(x.shape)
        inner = pad(b, x.base.op.operands[0], rank)
        return Factored(inner, x.factors) if not x.factors else x
    return x


def padded(b: ProgramBuilder, x: Factored, rank: int) -> Factored:
    """The same with base and factors of a rank, with axes of one element in front."""
    return Factored(pad(b, x.base, rank), tuple(pad(b, f, rank) for f in x.factors))


def pad(b: ProgramBuilder, x: Value, rank: int) -> Value:
    """The value with a rank, with axes of one element in front."""
    missing = rank - len(x.type.shape)
    return b.add(Reshape, x, shape=(1,) * missing + x.type.shape) if missing else x


def reshaped_factor(base: Shape, factor: Shape, target: Shape) -> Shape | None:
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
