"""Where clients' inverses depend on the last places of what they share.

A format is chosen for the largest entry of a parameter. A program that divides by a small part of it, such as by the
norm of its shortest row, or by the distance to a point nearby, divides by what has few places left. Whoever knows the
values sees that by computing the same with rounded ones.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ezprivsecfl.compiler.analyses.client_axes import Along, client_axes
from ezprivsecfl.compiler.analyses.owners import of_clients
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.fixed_point import decode, encode
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.op import Array, Op, Value, as_float
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.tensor.elementwise import Log, Pow, Reciprocal, Rsqrt
from ezprivsecfl.ir.tensor.elementwise.quotients import Quotient
from ezprivsecfl.ir.tensor.noise import Noised
from ezprivsecfl.ir.tensor.structure import Stack
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import within_client

INVERSES = (Log, Pow, Quotient, Reciprocal, Rsqrt)
"""Operations whose results are large where an operand is small."""

ENTRIES = 1 << 22
"""So many entries of clients' inputs are looked at together: memory, not results, depends on it."""


@dataclass(frozen=True)
class Change:
    """What rounding does to a value.

    Args:
        op: What computes it.
        client: Whose values change most; None if that is not known.
        relative: By what part of that client's largest entry its entries change at most.
    """

    op: Op
    client: int | None
    relative: float


def changes(compiled: Compiled, clients: Mapping[str, Sequence[Any]], server: Mapping[str, Array]) -> list[Change]:
    """What clients' values that follow from inverses of their own values change by when their inputs are rounded.

    Args:
        compiled: The program.
        clients: By path of the parameter every client's value; of one that is left out anything that is no array. What
            does not fit its parameter counts as 0.
        server: By path of the parameter the server's value.
    """
    found = _part(compiled.optimised)
    if not found:
        return []
    program, watched = found
    shares = {op.path: op for op in compiled.secure.of(Share)}
    own = [op for op in program.of(Input) if op.placement is Placement.CLIENTS]
    public = {op.path: np.asarray(server[op.path]) for op in program.of(Input) if op not in own}
    worst: dict[Op, Change] = {}
    everybody = range(len(clients[own[0].path]))
    there = [client for client in everybody if all(is_array(clients[op.path][client]) for op in own)]
    for together in _together(program, own, there):
        exact = {op.path: np.stack([_fitting(op, clients[op.path][i]) for i in together]) for op in own}
        rounded = {path: _rounded(value, shares[path].type.frac) for path, value in exact.items()}
        before, after = (_evaluated(program, watched, given | public, len(together)) for given in (exact, rounded))
        for op, axis in watched.items():
            change = _change(op, axis, together, before[op], after[op])
            if op not in worst or change.relative > worst[op].relative:
                worst[op] = change
    return list(worst.values())


def _part(program: Program) -> tuple[Program, dict[Op, int | None]] | None:
    """What clients compute of inverses of their own: the operations, and the last ones with their clients' axis."""
    alone = _alone(program)
    inverses = set[Value]()
    for op in program.ops:
        if op.results and op.result in alone:
            own = isinstance(op, INVERSES) and any(o in alone for o in op.operands)
            if own or not inverses.isdisjoint(op.operands):
                inverses.add(op.result)
    taken = {o for op in program.ops if isinstance(op, Output) or op.result not in alone for o in op.operands}
    last = [value for value in alone if value in inverses and value in taken]
    if not last:
        return None
    needed = set(last)
    for op in reversed(program.ops):
        if not needed.isdisjoint(op.results):
            needed.update(op.operands)
    kept = tuple(op for op in program.ops if not needed.isdisjoint(op.results))
    return replace(program, ops=kept), {value.op: alone[value] for value in last}


def _evaluated(program: Program, ops: Collection[Op], inputs: Mapping[str, Array], clients: int) -> dict[Op, Array]:
    """What some operations of a program without outputs compute."""
    found: dict[Op, Array] = {}

    def watch(op: Op, results: Sequence[Array]) -> None:
        if op in ops:
            (found[op],) = (as_float(result) for result in results)

    run_tensor(program, inputs, clients, watch)
    return found


def _alone(program: Program) -> dict[Value, int | None]:
    """Values that each client can compute of its inputs, as it shares them, and of public values; the clients' axis."""
    found: dict[Value, int | None] = {}
    owners, others = client_axes(program), of_clients(program)
    for op in program.ops:
        if not op.results or op.result not in owners or isinstance(op, Noised):
            continue
        if isinstance(op, Input):
            own = op.placement is Placement.CLIENTS and op.image is None
        else:
            own = all(o in found or (o not in others and not tensor_type(o).is_secret) for o in op.operands)
        if own:
            owner = owners[op.result]
            found[op.result] = owner.axis if isinstance(owner, Along) and owner.order is None else None
    return found


def _together(program: Program, own: Sequence[Input], clients: Sequence[int]) -> Iterator[Sequence[int]]:
    """Some clients at a time, or all where rows are stacked for as many as the program is for."""
    entries = sum(within_client(op.type.shape) for op in own)
    step = max(1, len(clients) if program.of(Stack) else ENTRIES // max(1, entries))
    for first in range(0, len(clients), step):
        yield clients[first : first + step]


def _fitting(op: Input, value: Array) -> Array:
    """A client's value; one that has it dropped does not count, so then any that can be computed with."""
    array = np.asarray(value)
    fits = np.isfinite(array) & (np.abs(as_float(array)) <= (math.inf if op.bound is None else op.bound))
    return array if np.all(fits) else np.zeros_like(array)


def is_array(value: Any) -> bool:
    """Whether it is a client's value: of one that is left out there is none."""
    return isinstance(value, np.ndarray | np.generic)


def _rounded(value: Array, frac: int) -> Array:
    return decode(encode(value, frac), frac) if frac else value


def _change(op: Op, axis: int | None, numbers: Sequence[int], exact: Array, changed: Array) -> Change:
    """Entries that are not finite, such as those of a client that will be dropped, do not count."""
    finite = np.isfinite(exact) & np.isfinite(changed)
    rows = [np.moveaxis(np.where(finite, x, 0.0), axis or 0, 0) for x in (exact, changed)]
    clients = len(rows[0]) if axis is not None else 1
    before, after = (row.reshape(clients, -1) for row in rows)
    largest = np.max(np.abs(before), axis=1, initial=0.0)
    moved = np.max(np.abs(after - before), axis=1, initial=0.0)
    relative = np.divide(moved, largest, out=np.zeros(clients), where=largest > 0)
    client = int(np.argmax(relative))
    return Change(op, numbers[client] if axis is not None else None, float(relative[client]))
