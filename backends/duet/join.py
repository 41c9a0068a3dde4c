"""Joins products that have a factor in common: a product has a price of its own, however few columns it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ezprivsecfl.backends.duet.kernels import kernel_of
from ezprivsecfl.backends.duet.legalise import Legalise
from ezprivsecfl.backends.duet.rounds import scheduled
from ezprivsecfl.ir.mpc import protocol, shares, structure
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import rewriter
from ezprivsecfl.ir.types import CLIENTS_DIM, MaskedType

WORTH = 0.1
"""A product joins narrower ones if that saves this part of what it sends by itself.

Its factor is copied for that, which takes time and memory.
"""


@dataclass(frozen=True)
class JoinProducts:
    """Joins products of the same masked left factor into one, where less is sent then; runs before ``Legalise``.

    Such as those of the clients' weights with every tensor of their models: an upload and an answer of lattice
    encryption have thousands of places, which a bias leaves nearly empty. Products of the same masked ``[..., m, k]``
    with right factors ``[..., k, r_i]`` become one, with the factors side by side, and slices of its result, narrow
    ones first: biases may be worth joining with each other, but not with a large kernel (``WORTH``). Compared is what
    a round of the largest number of clients sends, with products of masked values or of shares, whichever ``Legalise``
    then takes. Apart stay products of different methods or fractional bits, products that depend on each other, and
    those that would make others wait for a late factor so long that there are more rounds.

    Example::

        program @joined (clients <= 4) mpc {
          %0 = share {path = "w", bound = 8.0, type = arith<8>[n]}
          %1 = share {path = "kernel", bound = 8.0, type = arith<8>[n, 6]}
          %2 = share {path = "bias", bound = 8.0, type = arith<8>[n, 2]}
          %3 = mask %0 : masked<8>[n]
          %4 = reshape %3 {shape = [1, n]} : masked<8>[1, n]
          %5 = mask %1 : masked<8>[n, 6]
          %6 = mask %2 : masked<8>[n, 2]
          %7 = product %4, %5 {method = "lattice"} : arith<16>[1, 6]
          %8 = product %4, %6 {method = "lattice"} : arith<16>[1, 2]
          %9 = open %7 : ring<16>[1, 6]
          %10 = open %8 : ring<16>[1, 2]
          output %9 {path = "kernel"}
          output %10 {path = "bias"}
        }

    becomes::

        program @joined (clients <= 4) mpc {
          %0 = share {path = "w", bound = 8.0, type = arith<8>[n]}
          %1 = share {path = "kernel", bound = 8.0, type = arith<8>[n, 6]}
          %2 = share {path = "bias", bound = 8.0, type = arith<8>[n, 2]}
          %3 = mask %0 : masked<8>[n]
          %4 = reshape %3 {shape = [1, n]} : masked<8>[1, n]
          %5 = mask %1 : masked<8>[n, 6]
          %6 = mask %2 : masked<8>[n, 2]
          %7 = concat %6, %5 {axis = 1} : masked<8>[n, 8]
          %8 = product %4, %7 {method = "lattice"} : arith<16>[1, 8]
          %9 = slice %8 {starts = [0, 0], sizes = [1, 2], strides = [1, 1]} : arith<16>[1, 2]
          %10 = slice %8 {starts = [0, 2], sizes = [1, 6], strides = [1, 1]} : arith<16>[1, 6]
          %11 = open %10 : ring<16>[1, 6]
          %12 = open %9 : ring<16>[1, 2]
          output %11 {path = "kernel"}
          output %12 {path = "bias"}
        }
    """

    level = Level.MPC

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        while (better := _better(program)) is not None:
            program = better
        return program


def _better(program: Program) -> Program | None:
    """The program with some products joined; None if no more are worth it."""
    apart = _Sent(program)
    rounds = scheduled(program).rounds
    for group in _groups(program):
        members, best, sent = group[:1], None, apart.total
        for op in group[1:]:
            if _depending(program, [*members, op]) & {*members, op}:
                continue
            joined = _joined(program, [*members, op])
            if scheduled(joined).rounds > rounds:
                continue
            sent_then = _Sent(joined).total
            if sent - sent_then <= WORTH * apart.products[op]:
                break  # wider ones send more
            members, best, sent = [*members, op], joined, sent_then
        if best is not None:
            return best
    return None


class _Sent:
    """Bytes of a round, both phases and directions together: ``total``, and of the ``products`` alone."""

    def __init__(self, program: Program) -> None:
        legal = Legalise().run(program)
        kernels = {op: kernel_of(legal, op) for op in legal.ops}
        clients = program.max_clients or 2
        sent = {op: k.cost(clients).total_bytes if k is not None else 0 for op, k in kernels.items()}
        before, after = (
            [op for op in p.ops if isinstance(op, protocol.Product | shares.Gemm | shares.Gram)]
            for p in (program, legal)
        )
        self.total = sum(sent.values())
        self.products = {op: sent[then] for op, then in zip(before, after, strict=True)}


def _groups(program: Program) -> Iterator[list[protocol.Product]]:
    """Products that could be one, the narrowest first."""
    groups: dict[tuple[Value, str, int], list[protocol.Product]] = {}
    for op in program.of(protocol.Product):
        left, right = op.operands
        assert isinstance(right.type, MaskedType)
        if right.type.shape[-1] != CLIENTS_DIM:
            groups.setdefault((left, op.method, right.type.frac), []).append(op)
    for group in groups.values():
        yield sorted(group, key=_columns)


def _columns(op: protocol.Product) -> int:
    return int(op.result.type.shape[-1])


def _depending(program: Program, members: Sequence[Op]) -> set[Op]:
    """The operations that need a result of some members."""
    values = {r for op in members for r in op.results}
    found = set()
    for op in program.ops:
        if any(o in values for o in op.operands):
            found.add(op)
            values.update(op.results)
    return found


def _joined(program: Program, members: Sequence[protocol.Product]) -> Program:
    """The members as one product, where the last of them was; what depends on them comes after it."""
    depending = _depending(program, members)
    last = max(program.ops.index(op) for op in members)
    until_last = [op for op in program.ops[: last + 1] if op not in members]
    b = rewriter(program)
    b.copy(op for op in until_last if op not in depending)
    with b.at(members[0].location):
        left, *rights = (b.values[o] for o in (members[0].operands[0], *(op.operands[1] for op in members)))
        right = b.add(structure.Concat, *rights, axis=len(left.type.shape) - 1)
        product = b.add(protocol.Product, left, right, method=members[0].method)
    first = 0
    for op in members:
        with b.at(op.location):
            b.values[op.result] = _columns_of(b, product, first, _columns(op))
        first += _columns(op)
    b.copy(op for op in until_last if op in depending)
    b.copy(program.ops[last + 1 :])
    return b.build()


def _columns_of(b: ProgramBuilder, value: Value, first: int, count: int) -> Value:
    shape = value.type.shape
    starts, strides = (*[0] * (len(shape) - 1), first), (1,) * len(shape)
    return b.add(structure.Slice, value, starts=starts, sizes=(*shape[:-1], count), strides=strides)
