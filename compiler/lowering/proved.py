"""Sums of squares that clients prove: of a value that consists of their own inputs' entries, and of nothing else."""

from __future__ import annotations

from ezprivsecfl.ir.mpc import io, linear, structure
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape

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
    return total if total.type.shape == shape else b.add(structure.Reshape, total, shape=shape)


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
