"""Inner products that clients prove: of their own inputs, of sums of these, and of differences to public points."""

from __future__ import annotations

from typing import NamedTuple

from ezprivsecfl.ir.mpc import io, linear, structure
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.types import CLIENTS_DIM, RingType, Shape, within_client

MOST_CROSSED = 3
"""So many products of two inputs are proved in the place of one that servers compute.

Each takes a client as long as two proofs of a norm, and the servers a fifth of what they would need themselves.
"""


class Pair(NamedTuple):
    """Two inputs whose inner product counts, with a sign, and shifted by some bits."""

    first: io.Share
    second: io.Share
    shift: int = 0
    negative: bool = False


class PublicFactor(NamedTuple):
    """An inner product with a public point, which is broadcast to a client's shape, with a sign."""

    value: Value
    point: Value
    shape: Shape
    negative: bool


Terms = tuple[list[Pair], list[PublicFactor]]


def proved_product(b: ProgramBuilder, first: Value, second: Value, shape: Shape) -> Value | None:
    """Every client's inner product of two values, entry by entry in order, out of the clients' proofs.

    Of sums, it is the sum of products: |x - y|² = |x|² - 2<x, y> + |y|². Of differences to public points only the
    inner product of the inputs themselves needs both servers: <x - p, y - q> = <x, y> - <p, y> - <x - p, q>.

    Args:
        b: Where operations are added.
        first: Additive shares, the clients first.
        second: As many of each client; the same for squared norms.
        shape: Of the products; None is returned unless that is a number for each client.
    """
    if [d for d in shape if d != 1] != [CLIENTS_DIM] or not (_clients_first(first) and _clients_first(second)):
        return None
    while first is second and isinstance(first.op, structure.Reshape | structure.Transpose | linear.Neg):
        (first,) = (second,) = first.op.operands
    terms = _terms(first, second)
    if terms is None or len({frozenset(x[:2]) for x in terms[0] if x.first is not x.second}) > MOST_CROSSED:
        return None
    total = _sum_of_pairs(b, terms[0])
    for point, of in dict.fromkeys((x.point, x.shape) for x in terms[1]):
        factors = [x for x in terms[1] if x.point is point and x.shape == of]
        products = _times_point(b, factors)
        total = b.add(linear.Sub if factors[0].negative else linear.Add, total, products)
    return total if total.type.shape == shape else b.add(structure.Reshape, total, shape=shape)


def _terms(first: Value, second: Value) -> Terms | None:
    """What a product is the sum of; None if anything in it is neither proved nor public."""
    pairs = _pairs(first, second)
    if pairs is not None:
        return pairs, []
    for value, other in ((first, second), (second, first)):
        while isinstance(value.op, structure.Reshape):
            (value,) = value.op.operands
        if isinstance(value.op, linear.Add | linear.Sub):
            return _of_sum(value, other)
    return None


def _of_sum(value: Value, other: Value) -> Terms | None:
    """The product of a sum or difference with something: that of each of both, which may be public."""
    pairs: list[Pair] = []
    factors: list[PublicFactor] = []
    points: list[PublicFactor] = []
    for operand, negative in zip(value.op.operands, (False, isinstance(value.op, linear.Sub)), strict=True):
        if isinstance(operand.type, RingType):
            if CLIENTS_DIM in operand.type.shape:
                return None
            points.append(PublicFactor(other, operand, value.type.shape[1:], negative))
            continue
        terms = _terms(operand, other) if operand.type.shape == value.type.shape and _clients_first(value) else None
        if terms is None:
            return None
        pairs += [x._replace(negative=x.negative != negative) for x in terms[0]]
        factors += [x._replace(negative=x.negative != negative) for x in terms[1]]
    return pairs, [*factors, *points]


def _sum_of_pairs(b: ProgramBuilder, pairs: list[Pair]) -> Value:
    total: Value | None = None
    products: dict[frozenset[io.Share], Value] = {}
    for first, second, shift, negative in pairs:
        both = frozenset((first, second))
        if both not in products:
            products[both] = b.add(io.ProvedProduct, first.result, second.result)
        product = products[both]
        if shift:
            product = b.add(linear.Widen, product, bits=shift)
        if total is None:
            total = b.add(linear.Neg, product) if negative else product
        else:
            total = b.add(linear.Sub if negative else linear.Add, total, product)
    assert total is not None
    return total


def _times_point(b: ProgramBuilder, factors: list[PublicFactor]) -> Value:
    """The sum of products with one point; all count as the first one does."""
    first, *others = factors
    total = first.value
    for value, _, _, negative in others:
        alike = _reshaped(b, value, total.type.shape)
        total = b.add(linear.Add if negative == first.negative else linear.Sub, total, alike)
    size = within_client(total.type.shape)
    rows = b.add(structure.Reshape, total, shape=(CLIENTS_DIM, size))
    everywhere = b.add(structure.Broadcast, first.point, shape=(1, *first.shape))
    products = b.add(linear.MatMulPublic, rows, b.add(structure.Reshape, everywhere, shape=(size, 1)))
    return b.add(structure.Reshape, products, shape=(CLIENTS_DIM,))


def _reshaped(b: ProgramBuilder, value: Value, shape: Shape) -> Value:
    return value if value.type.shape == shape else b.add(structure.Reshape, value, shape=shape)


def _pairs(first: Value, second: Value) -> list[Pair] | None:
    """The inputs whose entries two values have at the same places, each once; None if there are none such."""
    x, y = first.op, second.op
    if isinstance(x, io.Share) and isinstance(y, io.Share):
        proved = x.norm is not None and y.norm is not None
        return [Pair(x, y)] if proved and within_client(x.type.shape) == within_client(y.type.shape) else None
    for value, other in ((first, second), (second, first)):
        op = value.op
        match op:
            case linear.Neg() | linear.Widen():
                pairs = _pairs(op.operands[0], other)
                if pairs is None:
                    return None
                if isinstance(op, linear.Neg):
                    return [p._replace(negative=not p.negative) for p in pairs]
                return [p._replace(shift=p.shift + op.bits) for p in pairs]
            case structure.Reshape():
                same = _clients_first(value) and _clients_first(op.operands[0])
                return _pairs(op.operands[0], other) if same else None
    match x, y:
        case structure.Transpose(), structure.Transpose():
            (a,), (c,) = x.operands, y.operands
            alike = x.permutation == y.permutation and x.permutation[0] == 0 and a.type.shape == c.type.shape
            return _pairs(a, c) if alike else None
        case structure.Concat(), structure.Concat():
            return _all_pairs(x, y)
    return None


def _all_pairs(x: structure.Concat, y: structure.Concat) -> list[Pair] | None:
    """Of values side by side: part by part."""
    shapes = [[o.type.shape for o in op.operands] for op in (x, y)]
    if x.axis == 0 or x.axis != y.axis or shapes[0] != shapes[1]:
        return None
    parts = [_pairs(p, q) for p, q in zip(x.operands, y.operands, strict=True)]
    return None if None in parts else [pair for part in parts if part is not None for pair in part]


def _clients_first(value: Value) -> bool:
    return value.type.shape[:1] == (CLIENTS_DIM,)
