"""Adds clients' shares up before they are moved: as many times less work as there are clients."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.ir.mpc import KEPT, linear, structure
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite
from ezprivsecfl.ir.types import CLIENTS_DIM, Shape


@dataclass(frozen=True)
class SumFirst:
    """Moves sums over the clients before what does the same with every client's row of shares.

    Such as reshapes, transposes, slices, joins, changes of sign, and products with a public matrix: they commute with
    the sum, exactly, since all are linear modulo 2^64. What is left to add up are mostly clients' shares as they came
    in, which are read where they lie (``rows``), and never all in memory.

    Example::

        program @flat (clients <= 4) mpc {
          %0 = share {path = "kernel", bound = 8.0, type = arith<8>[n, 3, 2]}
          %1 = share {path = "bias", bound = 8.0, type = arith<8>[n, 2]}
          %2 = transpose %0 {permutation = [0, 2, 1]} : arith<8>[n, 2, 3]
          %3 = reshape %2 {shape = [n, 6]} : arith<8>[n, 6]
          %4 = concat %3, %1 {axis = 1} : arith<8>[n, 8]
          %5 = sum %4 {axes = [0]} : arith<8>[8]
          %6 = open %5 : ring<8>[8]
          output %6 {path = "total"}
        }

    becomes::

        program @flat (clients <= 4) mpc {
          %0 = share {path = "kernel", bound = 8.0, type = arith<8>[n, 3, 2]}
          %1 = share {path = "bias", bound = 8.0, type = arith<8>[n, 2]}
          %2 = sum %0 {axes = [0]} : arith<8>[3, 2]
          %3 = transpose %2 {permutation = [1, 0]} : arith<8>[2, 3]
          %4 = reshape %3 {shape = [6]} : arith<8>[6]
          %5 = sum %1 {axes = [0]} : arith<8>[2]
          %6 = concat %4, %5 {axis = 0} : arith<8>[8]
          %7 = open %6 : ring<8>[8]
          output %7 {path = "total"}
        }
    """

    level = Level.MPC

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
            if not isinstance(op, structure.Sum) or 0 not in op.axes or operands[0].type.shape[0] != CLIENTS_DIM:
                return None
            if len(op.axes) > 1 and not _rows_of(operands[0]):
                return None
            total = _summed(b, operands[0])
            rest = tuple(axis - 1 for axis in op.axes if axis > 0)
            return b.add(structure.Sum, total, axes=rest) if rest else total

        return drop_unused(rewrite(program, rule), KEPT)


def _summed(b: ProgramBuilder, value: Value) -> Value:
    """The sum over the clients of a value, of which they are the first axis."""
    op, rows = value.op, _rows_of(value)
    if not rows:
        return b.add(structure.Sum, value, axes=(0,))
    with b.at(op.location):
        first, *others = [_summed(b, row) for row in rows]
        match op:
            case structure.Reshape():
                return b.add(structure.Reshape, first, shape=op.shape[1:])
            case structure.Transpose():
                return b.add(structure.Transpose, first, permutation=tuple(axis - 1 for axis in op.permutation[1:]))
            case structure.Slice():
                cut = {name: given[1:] for name, given in op.attributes().items()}
                return b.add(structure.Slice, first, **cut)
            case structure.Take():
                return b.add(structure.Take, first, axis=op.axis - 1, positions=op.positions)
            case structure.Concat():
                return b.add(structure.Concat, first, *others, axis=op.axis - 1)
            case linear.MatMulPublic():
                matrix = op.operands[1]
                row = b.add(structure.Reshape, first, shape=(1, *first.type.shape))
                product = b.add(linear.MatMulPublic, row, matrix)
                return b.add(structure.Reshape, product, shape=product.type.shape[1:])
        return b.append(op.rebuild((first,))).result


def _rows_of(value: Value) -> tuple[Value, ...]:
    """The operands that can be added up before the operation; none if that is not so."""
    op = value.op
    match op:
        case structure.Reshape() | linear.Neg() | linear.Widen():
            operands = op.operands
        case structure.Slice() | structure.Take() | structure.Concat() if _rank(value) > 1:
            operands = op.operands
        case structure.Transpose() if op.permutation[0] == 0:
            operands = op.operands
        case linear.MatMulPublic() if CLIENTS_DIM not in op.operands[1].type.shape:
            operands = op.operands[:1]
        case _:
            return ()
    return operands if all(_is_of_clients(o.type.shape) for o in operands) else ()


def _is_of_clients(shape: Shape) -> bool:
    return shape[:1] == (CLIENTS_DIM,)


def _rank(value: Value) -> int:
    return len(value.type.shape)
