"""Which values servers never have in memory: clients' shares that are read row by row, where they lie."""

from __future__ import annotations

from ezprivsecfl.ir.mpc import io, linear, structure
from ezprivsecfl.ir.mpc.shares import Gemm, Gram
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import CLIENTS_DIM, ArithType, RingType, within_client


def values_in_rows(program: Program) -> frozenset[Value]:
    """The values that the engine has as rows, one of each client (``cpp/include/duet/shared_rows.h``).

    They are clients' shares, and what is computed of each row by itself, entry by entry, as long as everything that
    takes them reads rows: sums, entries at constant positions, and products with a public matrix from the right or with
    weights from the left.
    """
    uses = program.uses()
    found = {op.result for op in program.ops if isinstance(op, io.Share) or _row_operands(op)}

    def stays(value: Value) -> bool:
        is_there = isinstance(value.op, io.Share) or all(o in found for o in _row_operands(value.op))
        return is_there and all(_reads_rows(op, value) or hands_on(op, value) for op in uses[value])

    def hands_on(op: Op, value: Value) -> bool:
        return value in _row_operands(op) and op.result in found

    while not all(map(stays, found)):
        found = {value for value in found if stays(value)}
    return frozenset(found)


def _reads_rows(op: Op, value: Value) -> bool:
    match op:
        case io.ProvedProduct() | structure.Sum():
            return True
        case Gram():
            return len(value.type.shape) == 2
        case structure.Take():
            return within_client(value.type.shape) == value.type.shape[op.axis]
        case linear.MatMulPublic():
            return op.operands[0] is value and len(value.type.shape) == 2
        case Gemm():
            weights, rows = op.operands
            return rows is value and weights is not value and weights.type.shape[:-1] == (1,)
    return False


def _row_operands(op: Op) -> tuple[Value, ...]:
    """The operands whose rows the rows of the result are made of, piece by piece; none if it is no such operation."""
    match op:
        case structure.Reshape() | linear.Widen() | linear.Neg():
            operands = op.operands
        case structure.Concat() if op.axis == 1:
            operands = op.operands
        case structure.Slice() if op.sizes[2:] == op.operands[0].type.shape[2:] and set(op.strides) == {1}:
            operands = op.operands
        case linear.Add() | linear.Sub() | linear.MulPublic() if _is_for_all(op.operands[1], op):
            operands = op.operands[:1]
        case _:
            return ()
    return operands if all(_has_rows(value) for value in (*operands, *op.results)) else ()


def _is_for_all(value: Value, op: Op) -> bool:
    """Whether an operand is public, and the same for all clients."""
    is_public = isinstance(value.type, RingType) and CLIENTS_DIM not in value.type.shape
    return is_public and op.result.type.shape == op.operands[0].type.shape


def _has_rows(value: Value) -> bool:
    return isinstance(value.type, ArithType) and value.type.shape[:1] == (CLIENTS_DIM,) and len(value.type.shape) > 1
