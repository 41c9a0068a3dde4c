"""Sums of squares that clients prove: of their own inputs' entries, or of how far these are from a public point."""

from __future__ import annotations

import math

from ezprivsecfl.ir.mpc import io, linear, structure
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.types import CLIENTS_DIM, RingType, Shape

Inputs = list[tuple[io.Share, int]]
"""Inputs, and by how many bits each is shifted."""


def proved_squares(b: ProgramBuilder, value: Value, shape: Shape) -> Value | None:
    """Every client's sum of squares of all its entries of a value, out of the clients' proofs.

    Args:
        b: Where operations are added.
        value: Additive shares, the clients first.
        shape: Of the sums; None is returned unless that is a number for each client.
    """
    if [d for d in shape if d != 1] != [CLIENTS_DIM]:
        return None
    squares = _squares(b, value)
    if squares is None:
        squares = _distances(b, value)
    return squares if squares is None or squares.type.shape == shape else b.add(structure.Reshape, squares, shape=shape)


def _squares(b: ProgramBuilder, value: Value) -> Value | None:
    """Of inputs and nothing else."""
    inputs = _inputs(value)
    if inputs is None or any(share.norm is None for share, _ in inputs):
        return None
    total: Value | None = None
    for share, shift in inputs:
        squares = b.add(io.ProvedSquares, share.result)
        if shift:
            squares = b.add(linear.Widen, squares, bits=2 * shift)
        total = squares if total is None else b.add(linear.Add, total, squares)
    assert total is not None
    return total


def _distances(b: ProgramBuilder, value: Value) -> Value | None:
    """Of an input x and a public point p: |x - p|² = |x|² - <2x - p, p>, where only the first needs both servers."""
    while isinstance(value.op, structure.Reshape | structure.Transpose | linear.Neg):
        (value,) = value.op.operands
    op = value.op
    if not isinstance(op, linear.Add | linear.Sub) or not _clients_first(value):
        return None
    first, second = op.operands
    x, point = (second, first) if isinstance(first.type, RingType) else (first, second)
    if not isinstance(point.type, RingType) or CLIENTS_DIM in point.type.shape or x.type.shape != value.type.shape:
        return None
    squares = _squares(b, x)
    if squares is None:
        return None
    # With the sign of p that the value has: x + p, x - p, or p - x.
    plus = isinstance(op, linear.Add)
    doubled = b.add(linear.Sub if x is second and not plus else linear.Add, x, value)
    size = math.prod(int(d) for d in value.type.shape[1:])
    everywhere = b.add(structure.Broadcast, point, shape=(1, *value.type.shape[1:]))
    column = b.add(structure.Reshape, everywhere, shape=(size, 1))
    rows = b.add(structure.Reshape, doubled, shape=(CLIENTS_DIM, size))
    products = b.add(structure.Reshape, b.add(linear.MatMulPublic, rows, column), shape=squares.type.shape)
    return b.add(linear.Add if plus else linear.Sub, squares, products)


def _inputs(value: Value) -> Inputs | None:
    """The inputs whose entries, each once, are those of a value, client by client; None if there are none such."""
    op = value.op
    match op:
        case io.Share():
            return [(op, 0)]
        case linear.Neg():
            return _inputs(op.operands[0])
        case structure.Reshape() | structure.Transpose():
            return _inputs(op.operands[0]) if _clients_first(value) and _clients_first(op.operands[0]) else None
        case linear.Widen():
            inputs = _inputs(op.operands[0])
            return None if inputs is None else [(share, shift + op.bits) for share, shift in inputs]
        case structure.Concat() if op.axis > 0:
            parts = [_inputs(o) for o in op.operands]
            return None if None in parts else [x for part in parts if part is not None for x in part]
    return None


def _clients_first(value: Value) -> bool:
    return value.type.shape[:1] == (CLIENTS_DIM,)
