"""The bounds of a round: formats follow the magnitudes that its clients have, not the largest that they might have.

Bounds that are declared, or assumed by default, are caps. Clients declare for every parameter the *class* of their
largest entry, ``cap / 16^k``, and whether they have any negative one; the round's bounds are the largest class and the
lowest sign among them. Both are public, and the report says so. What the server has is public anyway, but for
private inputs: these have the bounds that are declared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.compiler.choices import FIXED
from ezprivsecfl.compiler.options import CLASS_FACTOR, Options
from ezprivsecfl.compiler.parameter_bounds import Bound, default_bound
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import DType
from ezprivsecfl.ir.widths import EXACT

SMALLEST = 2.0**-100
"""No bound is smaller."""


def round_bounds(program: Program, values: Mapping[str, Any], options: Options) -> dict[str, Bound]:
    """The bound of every input for one round.

    Entries beyond the cap, infinities and NaN do not count: clients that have such take no part in a round.

    Args:
        program: As traced.
        values: By path of the input one array, or for CLIENTS-placed inputs a list with one array per client.
        options: With what is declared of parameters, and the scale.
    """
    bounds = {}
    for op in program.of(Input):
        declared = options.bounds.of_input(op)
        truth, cap = _is_truth(op, options), _cap(op, options)
        fixed = op.owner is not None or (op.placement is Placement.CLIENTS and options.scale == FIXED)
        if truth or fixed:  # of what an owner alone knows, nothing is told
            bounds[op.path] = cap
        elif op.placement is Placement.CLIENTS:
            bounds[op.path] = _of_clients(values[op.path], cap, None if declared is None else declared.lowest)
        else:
            bounds[op.path] = _of_server(values[op.path], cap, fixed=options.scale == FIXED)
    return bounds


def wider_bounds(program: Program, bounds: Mapping[str, Bound], options: Options) -> Iterator[dict[str, Bound]]:
    """What a round may be compiled for if the ring has no room for its own bounds.

    They are too far apart then: one client's large entries, next to a small state. Each next choice has no bound that
    is smaller than its cap by more than a smaller power of 16; the last one has the caps. What is much smaller than the
    bound for which it is encoded is less precise, and the round says so.

    Args:
        program: As traced.
        bounds: Those of the round, by path of the input.
        options: With the declared bounds.
    """
    caps = {op.path: _cap(op, options).highest for op in program.of(Input)}
    smallest = min((bounds[path].highest / cap for path, cap in caps.items()), default=1.0)
    share = 1.0
    while share > smallest:
        share /= CLASS_FACTOR
    while share < 1.0:
        share *= CLASS_FACTOR
        yield {path: replace(bound, highest=max(bound.highest, caps[path] * share)) for path, bound in bounds.items()}


def without_largest(program: Program, values: Mapping[str, Any], options: Options) -> Iterator[dict[str, Any]]:
    """A round's values without the clients of the largest classes, more and more of them, but fewer than half.

    Classes are compared with that of the middle client, parameter by parameter.

    Args:
        program: As traced.
        values: By path of the input one array, or for CLIENTS-placed inputs a list with one array per client.
        options: With the declared bounds.

    Returns:
        Values as these, but that None stands for those of clients that are left out.
    """
    ratios = []
    for op in program.of(Input):
        if op.placement is Placement.CLIENTS:
            classes = [_of_clients([one], _cap(op, options), None).highest for one in values[op.path]]
            middle = sorted(classes)[len(classes) // 2]
            ratios.append([one / middle for one in classes])
    shares = [max(own) for own in zip(*ratios, strict=True)]
    for largest in sorted(set(shares), reverse=True):
        kept = [share < largest for share in shares]
        if 2 * sum(kept) <= len(shares):
            return
        yield {
            path: [one if keep else None for one, keep in zip(value, kept, strict=True)]
            if isinstance(value, list)
            else value
            for path, value in values.items()
        }


def state_bounds(program: Program, values: Mapping[str, Any], options: Options) -> dict[str, Bound]:
    """The bounds of the SERVER inputs that are part of a state, as a round with that state has them.

    Args:
        program: As traced.
        values: By path of the input its value; inputs that are not there have no bound in the result.
        options: With the declared bounds.
    """
    return {
        op.path: _of_server(values[op.path], options.bounds.of_input(op) or default_bound(op), fixed=False)
        for op in program.of(Input)
        if op.placement is Placement.SERVER and op.path in values and op.type.dtype is not DType.BOOL
    }


def magnitude_class(largest: float, cap: float) -> float:
    """The smallest ``cap / 16^k`` above a magnitude; for zero, which is in every class, the largest of at most 1."""
    bound = cap
    while largest == 0 and bound > 1:
        bound /= CLASS_FACTOR
    while 0 < largest < bound / CLASS_FACTOR and bound / CLASS_FACTOR >= SMALLEST:
        bound /= CLASS_FACTOR
    return bound


def _is_truth(op: Input, options: Options) -> bool:
    return op.type.dtype is DType.BOOL or options.binary.of_input(op) is not None


def _cap(op: Input, options: Options) -> Bound:
    return options.bounds.bound(op, truth=_is_truth(op, options))


def _of_clients(values: Sequence[Any], cap: Bound, lowest: float | None) -> Bound:
    """The class of all clients' entries together.

    Args:
        values: One array per client.
        cap: Entries beyond it do not count.
        lowest: What the user has declared: unlike the default, it also excludes entries below.
    """
    largest, negative = 0.0, False
    for value in values:
        if isinstance(value, np.ndarray | np.generic):  # or why this client has no value
            entries = np.asarray(value, dtype=np.float64)
            usable = np.abs(entries) < cap.highest
            if lowest is not None:
                usable &= entries >= lowest
            largest = max(largest, float(np.max(np.abs(entries), initial=0.0, where=usable)))
            negative = negative or bool(np.any(entries < 0, where=usable))
    highest = magnitude_class(max(largest, lowest or 0.0), cap.highest)
    if not negative:
        return Bound(highest, max(lowest or 0.0, 0.0))
    return Bound(highest, lowest if lowest is not None and lowest > -highest else None)


def _of_server(value: NDArray[Any], cap: Bound, *, fixed: bool) -> Bound:
    """The interval of a public value's entries, rounded outwards to powers of two.

    Args:
        value: The value.
        cap: With ``fixed`` its bound wherever it holds.
        fixed: Whether only a bound that does not hold is replaced.
    """
    entries = np.asarray(value, dtype=np.float64)
    entries = entries[np.isfinite(entries)]
    low, high = float(np.min(entries, initial=math.inf)), float(np.max(entries, initial=-math.inf))
    largest = max(-low, high)
    within = largest < cap.highest and (cap.lowest is None or low >= cap.lowest)
    if fixed and within:
        return cap
    if largest <= 0:
        return _of_zero(cap)
    highest = min(max(_above(largest), SMALLEST), EXACT)
    lowest = -_above(-low) if low < 0 else _above(low) / 2 if low >= SMALLEST else 0.0
    return Bound(highest, lowest if -highest < lowest < highest else None)


def _of_zero(cap: Bound) -> Bound:
    """Any bound holds: not a large one, since formats leave room for what may be chosen instead of an entry."""
    if cap.lowest is not None and cap.lowest > 0:
        return cap  # which does not hold
    lowest = cap.lowest if cap.lowest is not None and cap.lowest > -1.0 else None
    return Bound(min(cap.highest, 1.0), lowest)


def _above(x: float) -> float:
    """The smallest power of two above a positive number."""
    return math.ldexp(1.0, math.frexp(x)[1])
