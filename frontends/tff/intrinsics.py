"""TFF's federated operators.

CLIENTS-placed structures are held as structures of batched leaves, SERVER-placed ones and those that are the same at
every client as structures of unbatched leaves. So zipping, broadcasting and placing a value leave it as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.folds import aggregate
from ezprivsecfl.frontends.tff.ops.division import remainder
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import (
    BROKEN,
    Broken,
    Function,
    Leaf,
    Node,
    Rows,
    Struct,
    leaves,
    map_leaves,
    with_leaves,
)
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import ReduceMax, ReduceMin, Reduction
from ezprivsecfl.ir.types import DType

Intrinsic = Callable[[Emitter, Node], Node]


def _map(emit: Emitter, argument: Node) -> Node:
    function, value = _pair(argument)
    return function.call(value) if isinstance(function, Function) else BROKEN


def _evaluate(emit: Emitter, argument: Node) -> Node:
    return argument.call(None) if isinstance(argument, Function) else BROKEN


def _same(emit: Emitter, argument: Node) -> Node:
    return argument


def _broadcast(emit: Emitter, argument: Node) -> Node:
    if any(isinstance(leaf, Rows) for leaf in leaves(argument)):
        raise Unsupported("of the values of all clients; reduce over them at the server first")
    return argument


def _sum(emit: Emitter, argument: Node) -> Node:
    return map_leaves(lambda leaf: _leaf_sum(emit, leaf), argument)


def _secure_sum(emit: Emitter, argument: Node) -> Node:
    # The second element bounds the entries: a protocol of TFF's own needs it, ours has bounds of its own.
    return _sum(emit, _pair(argument)[0])


def _secure_modular_sum(emit: Emitter, argument: Node) -> Node:
    # Of the sum itself nothing is opened but what is left by the modulus.
    value, modulus = _pair(argument)
    totals, moduli = list(leaves(_sum(emit, value))), list(leaves(modulus))
    pairs = zip(totals, moduli * len(totals) if len(moduli) == 1 else moduli, strict=True)

    def left(total: Leaf, by: Leaf) -> Leaf:
        return BROKEN if isinstance(total, Broken) or isinstance(by, Broken) else remainder(emit, total, by)

    return with_leaves(value, [left(*pair) for pair in pairs])


def _mean(emit: Emitter, argument: Node) -> Node:
    return map_leaves(lambda leaf: _leaf_mean(emit, leaf), argument)


def _weighted_mean(emit: Emitter, argument: Node) -> Node:
    value, weight = _pair(argument)
    if isinstance(weight, Broken | Struct | Function):
        return BROKEN
    traced = emit.traced(weight)
    totals: dict[DType, Leaf] = {}

    def mean(leaf: Leaf) -> Leaf:
        if isinstance(leaf, Broken):
            return leaf
        operand = emit.traced(leaf)
        _require_float(operand.dtype)
        cast = emit.cast(traced, operand.dtype)
        total = totals.setdefault(operand.dtype, emit.sum_over_clients(cast))
        assert not isinstance(total, Broken)
        weighted = emit.elementwise(ew.Mul, operand, cast)
        return emit.elementwise(ew.Div, emit.sum_over_clients(weighted), total)

    return map_leaves(mean, value)


def _extreme(kind: type[Reduction]) -> Intrinsic:
    def over_clients(emit: Emitter, leaf: Leaf) -> Leaf:
        return leaf if isinstance(leaf, Broken) else emit.reduce_over_clients(kind, leaf)

    return lambda emit, argument: map_leaves(lambda leaf: over_clients(emit, leaf), argument)


def _leaf_sum(emit: Emitter, leaf: Leaf) -> Leaf:
    return leaf if isinstance(leaf, Broken) else emit.sum_over_clients(leaf)


def _leaf_mean(emit: Emitter, leaf: Leaf) -> Leaf:
    if isinstance(leaf, Broken):
        return leaf
    operand = emit.traced(leaf)
    _require_float(operand.dtype)
    if not operand.batched:
        return operand
    return emit.elementwise(ew.Div, emit.sum_over_clients(operand), emit.clients(operand.dtype))


def _require_float(dtype: DType) -> None:
    if not dtype.is_float:
        raise Unsupported("of integers; cast them to float first")


def _pair(argument: Node) -> tuple[Node, Node]:
    return (argument.at(0), argument.at(1)) if isinstance(argument, Struct) else (BROKEN, BROKEN)


INTRINSICS: dict[str, Intrinsic] = {
    "federated_aggregate": aggregate,
    "federated_apply": _map,
    "federated_broadcast": _broadcast,
    "federated_eval_at_clients": _evaluate,
    "federated_eval_at_server": _evaluate,
    "federated_map": _map,
    "federated_map_all_equal": _map,
    "federated_max": _extreme(ReduceMax),
    "federated_mean": _mean,
    "federated_min": _extreme(ReduceMin),
    "federated_secure_modular_sum": _secure_modular_sum,
    "federated_secure_sum": _secure_sum,
    "federated_secure_sum_bitwidth": _secure_sum,
    "federated_sum": _sum,
    "federated_value_at_clients": _same,
    "federated_value_at_server": _same,
    "federated_weighted_mean": _weighted_mean,
    "federated_zip_at_clients": _same,
    "federated_zip_at_server": _same,
}
"""The supported intrinsics by their URI."""

MOVES = {uri for uri, intrinsic in INTRINSICS.items() if intrinsic in (_map, _evaluate, _same, _broadcast)}
"""Those that compute nothing themselves, so that they take data sets, too."""

CALLERS = {
    "federated_apply": False,
    "federated_eval_at_clients": True,
    "federated_eval_at_server": False,
    "federated_map": True,
    "federated_map_all_equal": True,
}
"""Whether the function that an intrinsic calls is called by every client, or else by the server."""
