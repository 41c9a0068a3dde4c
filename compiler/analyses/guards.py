"""Theorems about selections: where a condition holds, its operands are ordered, and what is selected may use that."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ezprivsecfl.compiler.analyses.bounds import Bounds, divisors
from ezprivsecfl.compiler.analyses.facts import Facts
from ezprivsecfl.compiler.analyses.positions import Positions, broadcast
from ezprivsecfl.compiler.analyses.terms import Term, entries
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.types import Shape

CANDIDATES = 64
"""Bounds of one term that are tried at most; every one of them holds."""

PARTS = 1024
"""Parts of a condition that are looked at: what the others imply is not used."""

SMALLER_FIRST = (ew.Less, ew.LessEqual)
ORDERED = (ew.Less, ew.LessEqual, ew.Greater, ew.GreaterEqual)
STRICT = (ew.Less, ew.Greater)


@dataclass(frozen=True)
class Guard:
    """``small <= large`` at all positions of a selection where its condition has one of the two values.

    Args:
        small: One operand of a comparison.
        large: The other.
        strict: Whether they differ.
        shape: The shape of the comparison.
        positions: For every position of the selection that of the comparison.
    """

    small: Value
    large: Value
    strict: bool
    shape: Shape
    positions: Positions

    def is_of(self, operand: Value, source: Value, positions: Positions | None) -> bool:
        """Whether an operand's entries, at the positions of the selection, are those of a value at some positions."""
        value, inner = entries(operand)
        if value is not source:
            return False
        composed = inner.after(broadcast(operand.type.shape, self.shape))
        return composed is not None and composed.after(self.positions) == positions


def selected(facts: Facts, bounds: Bounds, op: ew.Select) -> Interval:
    """The hull of both branches, each where it is selected."""
    condition, *branches = op.operands
    shape = op.result.type.shape
    if 0 in shape:
        return Interval(0.0, 0.0)
    found = []
    for branch, holds in zip(branches, (True, False), strict=True):
        guards = list(guards_of(condition, holds, broadcast(condition.type.shape, shape)))
        interval = ordered(facts, guards, branch, shape)
        term = facts.terms.at(branch, shape)
        found.append(interval if term is None else interval.capped(bound_within(facts, bounds, guards, term)))
    return found[0].hull(found[1])


def guards_of(condition: Value, holds: bool, positions: Positions) -> Iterator[Guard]:
    """The comparisons that must have gone one way or the other for a condition to hold (or not to), at some positions.

    ``a and b`` holds if both do; ``a or b`` does not if neither does. Comparisons with NaN hold nowhere, but a value
    that takes part in one is no number that anything is said about.
    """
    # Conditions share parts: each is looked at once, however many ways lead to it. Over all entries of a tensor, joined
    # by a tree of halves, they have as many parts as there are entries.
    seen: set[tuple[Value, bool, Positions]] = set()
    pending = [(condition, holds, positions)]
    while pending and len(seen) < PARTS:
        part, holds, positions = pending.pop()
        value, inner = entries(part)
        composed = inner.after(positions)
        if composed is None or (value, holds, composed) in seen:
            continue
        seen.add((value, holds, composed))
        op = value.op
        if isinstance(op, ew.Not):
            pending.append((op.operands[0], not holds, composed))
        elif isinstance(op, ew.And if holds else ew.Or):
            for operand in reversed(op.operands):
                place = broadcast(operand.type.shape, value.type.shape).after(composed)
                if place is not None:
                    pending.append((operand, holds, place))
        else:
            yield from _comparison(op, holds, composed)


def _comparison(op: Op, holds: bool, positions: Positions) -> Iterator[Guard]:
    if isinstance(op, ORDERED):
        small, large = op.operands if isinstance(op, SMALLER_FIRST) == holds else op.operands[::-1]
        yield Guard(small, large, isinstance(op, STRICT) == holds, op.result.type.shape, positions)
    elif isinstance(op, ew.Equal if holds else ew.NotEqual):
        for small, large in (op.operands, op.operands[::-1]):
            yield Guard(small, large, False, op.result.type.shape, positions)


def ordered(facts: Facts, guards: list[Guard], value: Value, shape: Shape) -> Interval:
    """If a value is itself compared with something, that bounds it; integers that differ do so by 1."""
    interval = facts.intervals[value]
    source, inner = entries(value)
    positions = inner.after(broadcast(value.type.shape, shape))
    for guard in guards if positions is not None else ():
        small, large = facts.intervals[guard.small], facts.intervals[guard.large]
        apart = 1.0 if guard.strict and {guard.small, guard.large} <= facts.integers else 0.0
        lo, hi = interval.lo, interval.hi
        if guard.is_of(guard.large, source, positions):
            lo = max(lo, small.lo + apart)
        if guard.is_of(guard.small, source, positions):
            hi = min(hi, large.hi - apart)
        if lo <= hi:  # else this branch is never selected
            interval = Interval(lo, hi)
    return interval


def bound_within(facts: Facts, bounds: Bounds, guards: list[Guard], term: Term) -> float:
    """Of ``0 <= small <= large`` follows ``term <= term · (large / small)^p`` for p > 0: the best of these bounds.

    The power is that with which something cancels.
    """
    candidates = [term]
    for guard in guards:
        if facts.intervals[guard.small].lo < 0:
            continue
        small = facts.terms.at(guard.small, guard.shape, guard.positions)
        large = facts.terms.at(guard.large, guard.shape, guard.positions)
        if small is None or large is None or small.partial or large.partial:
            continue
        ratio = large.times(small, -1.0)
        powers = {-term.powers[f] / p for f, p in ratio.powers.items() if f in term.powers}
        candidates += [c.times(ratio, power) for c in candidates for power in sorted(powers) if 0 < power < math.inf]
        del candidates[CANDIDATES:]  # they double with every guard
    return min(bounds.of(candidate, divisors(term)) for candidate in candidates)
