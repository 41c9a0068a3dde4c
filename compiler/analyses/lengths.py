"""Lengths: the L2 norm of a value's entries, which clients prove where they do not prove every single entry.

The *length* of a value is the L2 norm of all its entries at one position of every clients axis it has: of what is one
client's, or of everything if no axis runs over clients. No entry is larger than that. A length is only looked for where
one is known of an operand (it starts at inputs with a ``norm``); of other values that entries are bounded says enough.

The theorem, for a sum over positions i, with a and b taken at positions that are all different::

    Σ a_i²·r_i      <= |a|²·max |r_i|
    Σ |a_i·b_i|·r_i <= |a|·|b|·max |r_i|           (Cauchy-Schwarz)
    Σ |a_i|·r_i     <= |a|·√k·max |r_i|            (the same for b = 1, k summands)

|a| is then at most the length, or √n times as much if the sum is over n clients, too. If every position is taken m
times, it is √m times as much. Of positions of which some are taken more often than others the theorem says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.positions import Positions, resolved
from ezprivsecfl.compiler.analyses.terms import Factor, Term
from ezprivsecfl.ir.interval import product
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import CLIENTS_DIM, within_client


def length(facts: Facts, value: Value) -> float:
    """The length of a value is at most that; never more than what its interval says."""
    if isinstance(value.op, Constant):
        return float(np.linalg.norm(np.asarray(value.op.value, dtype=np.float64)))
    by_entries = product(math.sqrt(within_client(value.type.shape)), facts.intervals[value].magnitude)
    return min(facts.lengths.get(value, math.inf), by_entries)


def by_lengths(facts: Facts, term: Term, count: int) -> Iterator[tuple[float, Term]]:
    """The theorem, for a sum over the last ``count`` positions of a term: yields bounds of Σ a·b, and terms for r."""
    factors = [factor for factor, power in term.powers.items() if power >= 1]
    if not any(factor.value in facts.lengths for factor in factors):
        return
    most = resolved(count, facts.clients)
    found = [(f, *one) for f in factors for one in _norms(facts, term, f, count)]
    for factor, norm, rest in found:
        if term.powers[factor] >= 2:
            yield norm**2, rest.times(rest).times(term).times(Term.of(factor), -2.0)
        yield norm * math.sqrt(most), rest.times(term).times(Term.of(factor), -1.0)
    for (a, norm_a, rest_a), (b, norm_b, rest_b) in combinations(found, 2):
        if a is not b:
            rest = rest_a.times(rest_b).times(term)
            yield norm_a * norm_b, rest.times(Term.of(a), -1.0).times(Term.of(b), -1.0)


def _norms(facts: Facts, term: Term, factor: Factor, count: int) -> Iterator[tuple[float, Term]]:
    """Of the entries that a sum takes of a factor, the norm: numbers, and what they are to be multiplied with.

    Of a sum over the clients of the round it is their number times that of one; divided by it, it is that of one.
    """
    along = factor.positions.last(count)
    moving = None if along is None else Positions.of([d for d in along.digits if d[1]])
    if along is None or moving is None or not moving.is_injective():
        return
    repeats = math.prod(resolved(size, facts.clients) for size, stride in along.digits if not stride)
    clients = resolved(moving.count, facts.clients, of_others=1)
    entries = resolved(moving.count, facts.clients)
    by_entries = product(math.sqrt(entries), facts.intervals[factor.value].magnitude)
    times = math.sqrt(clients)
    norm = min(times * length(facts, factor.value), by_entries)
    if math.isfinite(norm):
        yield math.sqrt(repeats) * norm, Term()
    if factor.value in facts.lengths and adds_up_clients(factor.value.op):
        one = math.sqrt(repeats) * times * facts.lengths[factor.value] / facts.clients
        for other, power in term.powers.items():
            if isinstance(other.value.op, st.Clients) and power <= -term.powers[factor]:
                yield one, Term.of(other)


def adds_up_clients(op: Op) -> bool:
    """Whether an operation is a sum over clients: its length is as many times that of one client's part."""
    if isinstance(op, st.Sum):
        return sum(op.operands[0].type.shape[a] == CLIENTS_DIM for a in op.axes) == 1
    return isinstance(op, st.MatMul) and op.operands[0].type.shape[-1] == CLIENTS_DIM
