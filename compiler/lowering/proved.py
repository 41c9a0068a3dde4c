"""Inner products that clients prove: of their own inputs, of sums of these, and of differences to public points."""

from __future__ import annotations

import math
from typing import NamedTuple

from ezprivsecfl.compiler.lowering.own_entries import Pair, clients_first, pairs
from ezprivsecfl.ir.mpc import io, linear, structure
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.proved_parts import Product, TooManyPartsError, cuts
from ezprivsecfl.ir.types import CLIENTS_DIM, RingType, Shape, within_client

MOST_CROSSED = 3
"""So many products of two inputs are proved in the place of one that servers compute.

Each takes a client as long as two proofs of a norm, and the servers a fifth of what they would need themselves.
"""


class PublicFactor(NamedTuple):
    """An inner product with a public point, which is broadcast to a client's shape, with a sign."""

    value: Value
    point: Value
    shape: Shape
    negative: bool


Terms = tuple[list[list[Pair]], list[PublicFactor]]
"""Of each group the products that clients prove, and those with public points."""


def proved_product(b: ProgramBuilder, first: Value, second: Value, shape: Shape) -> Value | None:
    """Every client's inner products of two values, entry by entry in order, out of the clients' proofs.

    Of sums, it is the sum of products: |x - y|² = |x|² - 2<x, y> + |y|². Of differences to public points only the
    inner product of the inputs themselves needs both servers: <x - p, y - q> = <x, y> - <p, y> - <x - p, q>.

    Args:
        b: Where operations are added.
        first: Additive shares, the clients first.
        second: As many of each client; the same for squared norms.
        shape: Of the products, the clients first: so many groups each client's entries are divided into.
    """
    if not (clients_first(first) and clients_first(second)):
        return None
    if [d for d in shape if d != 1][:1] != [CLIENTS_DIM] or shape.count(CLIENTS_DIM) != 1:
        return None
    groups = math.prod(int(d) for d in shape if d != CLIENTS_DIM)
    while first is second and isinstance(first.op, structure.Reshape | linear.Neg):
        (first,) = (second,) = first.op.operands
    terms = _terms(first, second, groups)
    if terms is None or (terms[1] and groups > 1) or not _is_worth_it(b, terms[0], within_client(first.type.shape)):
        return None
    totals = [_sum_of_pairs(b, some) for some in terms[0]]
    total = totals[0] if groups == 1 else _side_by_side(b, totals)
    for point, of in dict.fromkeys((x.point, x.shape) for x in terms[1]):
        factors = [x for x in terms[1] if x.point is point and x.shape == of]
        products = _times_point(b, factors)
        total = b.add(linear.Sub if factors[0].negative else linear.Add, total, products)
    return total if total.type.shape == shape else b.add(structure.Reshape, total, shape=shape)


def _is_worth_it(b: ProgramBuilder, terms: list[list[Pair]], entries: int) -> bool:
    """Whether clients prove that much; inputs must not be divided into too many parts by all of the program."""
    crossed = {pair.factors: pair.entries for some in terms for pair in some if not pair.is_square}
    if sum(crossed.values()) > MOST_CROSSED * entries:
        return False
    proved = [x.product for x in b.ops if isinstance(x, io.ProvedProduct)]
    wanted = [Product(p.first.path, p.second.path, p.starts, p.entries) for some in terms for p in some]
    try:
        cuts([*proved, *wanted], {x.path: within_client(x.type.shape) for x in b.ops if isinstance(x, io.Share)})
    except TooManyPartsError:
        return False
    return True


def _terms(first: Value, second: Value, groups: int) -> Terms | None:
    """What a product is the sum of; None if anything in it is neither proved nor public."""
    found = pairs(first, second, groups)
    if found is not None:
        return found, []
    for value, other in ((first, second), (second, first)):
        while isinstance(value.op, structure.Reshape):
            (value,) = value.op.operands
        if isinstance(value.op, linear.Add | linear.Sub):
            return _of_sum(value, other, groups)
    return None


def _of_sum(value: Value, other: Value, groups: int) -> Terms | None:
    """The product of a sum or difference with something: that of each of both, which may be public."""
    found: list[list[Pair]] = [[] for _ in range(groups)]
    factors: list[PublicFactor] = []
    points: list[PublicFactor] = []
    for operand, negative in zip(value.op.operands, (False, isinstance(value.op, linear.Sub)), strict=True):
        if isinstance(operand.type, RingType):
            if CLIENTS_DIM in operand.type.shape:
                return None
            points.append(PublicFactor(other, operand, value.type.shape[1:], negative))
            continue
        alike = operand.type.shape == value.type.shape and clients_first(value)
        terms = _terms(operand, other, groups) if alike else None
        if terms is None:
            return None
        for some, more in zip(found, terms[0], strict=True):
            some += [x._replace(negative=x.negative != negative) for x in more]
        factors += [x._replace(negative=x.negative != negative) for x in terms[1]]
    return found, [*factors, *points]


def _sum_of_pairs(b: ProgramBuilder, terms: list[Pair]) -> Value:
    total: Value | None = None
    products: dict[frozenset[tuple[io.Share, int]], Value] = {}
    for pair in terms:
        if pair.factors not in products:
            products[pair.factors] = _proved(b, pair)
        product = products[pair.factors]
        if pair.shift:
            product = b.add(linear.Widen, product, bits=pair.shift)
        if total is None:
            total = b.add(linear.Neg, product) if pair.negative else product
        else:
            total = b.add(linear.Sub if pair.negative else linear.Add, total, product)
    assert total is not None
    return total


def _proved(b: ProgramBuilder, pair: Pair) -> Value:
    operands = pair.first.result, pair.second.result
    if pair.is_whole:
        return b.add(io.ProvedProduct, *operands)
    return b.add(io.ProvedProduct, *operands, starts=pair.starts, entries=pair.entries)


def _side_by_side(b: ProgramBuilder, totals: list[Value]) -> Value:
    """Of every client one of each."""
    columns = [b.add(structure.Reshape, total, shape=(CLIENTS_DIM, 1)) for total in totals]
    return b.add(structure.Concat, *columns, axis=1)


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
