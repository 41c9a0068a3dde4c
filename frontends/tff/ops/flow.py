"""Calls, conditionals and loops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.client_rows import stacked
from ezprivsecfl.frontends.tff.ops.comparisons import as_condition, choose
from ezprivsecfl.frontends.tff.ops.registry import Call, control
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, Broken, Known, Leaf, Tensor, TensorList, Variable
from ezprivsecfl.ir.tensor import elementwise as ew

MAX_ITERATIONS = 1000

MAX_OPERATIONS = 100_000
"""Operations of a program up to which loops are unrolled."""


@control("PartitionedCall", "StatefulPartitionedCall")
def call_function(call: Call) -> Sequence[Leaf]:
    """The function's body."""
    return call.function(call.attr("f").name, call.leaves)


@control("StatelessIf", "If")
def conditional(call: Call) -> Sequence[Leaf]:
    """One branch if the condition is known; otherwise both, and a choice for every result."""
    condition, *args = call.leaves
    branches = [call.attr("then_branch").name, call.attr("else_branch").name]
    known = None if isinstance(condition, Broken) else as_condition(call.emit, condition)
    if isinstance(known, Known):
        return call.function(branches[0 if known.array else 1], args)
    _refuse_variables(args)
    first, second = (call.function(name, args) for name in branches)
    if known is None:
        return [BROKEN] * len(first)
    return _choices(call, known, first, second)


@control("StatelessCase", "Case")
def switch(call: Call) -> Sequence[Leaf]:
    """One branch if the index is known; otherwise all, and choices for every result."""
    index, *args = call.leaves
    names = [branch.name for branch in call.attr("branches")]
    if isinstance(index, Known):
        inside = 0 <= int(index.array) < len(names)
        return call.function(names[int(index.array) if inside else -1], args)
    _refuse_variables(args)
    results = [call.function(name, args) for name in names]
    if isinstance(index, Broken):
        return [BROKEN] * len(results[0])
    chosen = results[-1]
    for i, result in enumerate(results[:-1]):
        here = call.emit.elementwise(ew.Equal, index, call.emit.scalar(i, index.dtype))
        chosen = _choices(call, here, result, chosen)
    return chosen


def _refuse_variables(args: Sequence[Leaf]) -> None:
    if any(isinstance(arg, Variable) for arg in args):
        raise Unsupported("with branches that use variables")


def _choices(call: Call, condition: Tensor, first: Sequence[Leaf], second: Sequence[Leaf]) -> list[Leaf]:
    for x, y in zip(first, second, strict=True):
        if not isinstance(x, Broken) and not isinstance(y, Broken) and x.shape != y.shape:
            raise Unsupported("with branches that give different shapes")
    return [_chosen(call.emit, condition, x, y) for x, y in zip(first, second, strict=True)]


def _chosen(emit: Emitter, condition: Tensor, x: Leaf, y: Leaf) -> Leaf:
    if not isinstance(x, TensorList) or not isinstance(y, TensorList):
        return x if x is y else choose(emit, condition, stacked(emit, x), stacked(emit, y))
    if [e is None for e in x.elements] != [e is None for e in y.elements]:
        raise Unsupported("with branches that set different elements of a list")
    pairs = zip(x.elements, y.elements, strict=True)
    return TensorList(tuple(None if a is None or b is None else _chosen(emit, condition, a, b) for a, b in pairs))


@control("StatelessWhile", "While")
def loop(call: Call) -> Sequence[Leaf]:
    """The iterations one after the other; when the loop ends must be known while tracing."""
    condition, body = call.attr("cond").name, call.attr("body").name
    state = list(call.leaves)
    for _ in range(MAX_ITERATIONS):
        (goes_on,) = call.function(condition, state)
        if isinstance(goes_on, Broken):
            return [BROKEN] * len(state)
        if not isinstance(goes_on, Known):
            raise Unsupported(
                "with a number of iterations that depends on the inputs; run a fixed number, and keep what is right "
                "with tf.where(condition, new, old)"
            )
        if not np.all(goes_on.array):
            return state
        state = call.function(body, state)
        if len(call.emit.builder.ops) > MAX_OPERATIONS:
            raise Unsupported(f"that comes to more than {MAX_OPERATIONS} operations when it is unrolled")
    raise Unsupported(f"with more than {MAX_ITERATIONS} iterations")
