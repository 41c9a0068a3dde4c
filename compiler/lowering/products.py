"""Products of two shared values: each becomes a matrix product, or a sum of squares, of masked values."""

from __future__ import annotations

import itertools
import math

from ezprivsecfl.compiler.lowering.shapes import broadcast, ranked, reshaped
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.structural import broadcast_shapes
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape


def matrix_product(b: ProgramBuilder, x: Value, y: Value, shape: Shape) -> Value:
    """Of masked values; leading axes broadcast to those of the result's shape."""
    batch = shape[:-2]
    x = broadcast(b, x, (*batch, *x.type.shape[-2:]))
    y = broadcast(b, y, (*batch, *y.type.shape[-2:]))
    return b.add(protocol.Product, x, y)


def squares_of_rows(b: ProgramBuilder, rows: Value, shape: Shape) -> Value:
    """Of masked rows ``[..., 1, k]`` the product with themselves as columns: sums of squares, in the result's shape."""
    dims = rows.type.shape
    return reshaped(b, b.add(protocol.SquareSum, reshaped(b, rows, (*dims[:-2], dims[-1]))), shape)


def squares(b: ProgramBuilder, x: Value) -> Value:
    """The square of every entry of a masked value."""
    return b.add(protocol.SquareSum, reshaped(b, x, (*x.type.shape, 1)))


def entrywise_product(b: ProgramBuilder, x: Value, y: Value) -> Value:
    """Of masked values; where one is constant along the last axes, the other's are one row."""
    rank = max(len(x.type.shape), len(y.type.shape))
    x, y = ranked(b, x, rank), ranked(b, y, rank)
    for number, numbers in ((x, y), (y, x)):
        per_client = CLIENTS_DIM in numbers.type.shape and set(numbers.type.shape) <= {1, CLIENTS_DIM}
        if set(number.type.shape) <= {1} and per_client:
            row = reshaped(b, numbers, (1, CLIENTS_DIM))  # one number for each client: one matrix product
            return reshaped(b, b.add(protocol.Product, reshaped(b, number, (1, 1)), row), numbers.type.shape)
    small, large = (x, y) if _constant_tail(x.type.shape) >= _constant_tail(y.type.shape) else (y, x)
    split = rank - min(_constant_tail(small.type.shape), _static_tail(large.type.shape))
    batch = broadcast_shapes(small.type.shape[:split], large.type.shape[:split])
    tail = large.type.shape[split:]
    small = reshaped(b, small, (*small.type.shape[:split], 1, 1))
    large = reshaped(b, large, (*large.type.shape[:split], 1, math.prod(int(d) for d in tail)))
    small, large = broadcast(b, small, (*batch, 1, 1)), broadcast(b, large, (*batch, *large.type.shape[-2:]))
    return reshaped(b, b.add(protocol.Product, small, large), (*batch, *tail))


def _constant_tail(shape: Shape) -> int:
    """How many axes at the end have size 1."""
    return len(list(itertools.takewhile(lambda d: d == 1, reversed(shape))))


def _static_tail(shape: Shape) -> int:
    """How many axes at the end are not the clients axis."""
    return len(list(itertools.takewhile(lambda d: d != CLIENTS_DIM, reversed(shape))))
