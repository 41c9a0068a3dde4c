"""Matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Leaf, Tensor, Traced


@lowering("MatMul")
def matmul(call: Call) -> Leaf:
    """Product of two matrices."""
    return _matmul(call, call.attr("transpose_a"), call.attr("transpose_b"))


@lowering("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def batch_matmul(call: Call) -> Leaf:
    """Products of stacks of matrices."""
    return _matmul(call, call.attr("adj_x"), call.attr("adj_y"))


def _matmul(call: Call, transpose_a: bool, transpose_b: bool) -> Leaf:
    a, b = call.args
    a = _flipped(call.emit, a) if transpose_a else a
    b = _flipped(call.emit, b) if transpose_b else b
    return call.emit.matmul(a, b)


def _flipped(emit: Emitter, tensor: Tensor) -> Traced:
    rank = len(tensor.shape)
    return emit.transpose(tensor, (*range(rank - 2), rank - 1, rank - 2))


@lowering("Einsum")
def einsum(call: Call) -> Leaf:
    """Sums of products over named axes, for one operand or two, without ``...`` and diagonals."""
    equation: str = call.attr("equation").decode()
    inputs, output = equation.replace(" ", "").split("->")
    labels = inputs.split(",")
    if "." in equation or len(labels) > 2 or any(len(set(part)) != len(part) for part in (*labels, output)):
        raise Unsupported(f"{equation!r}: only one or two operands, without '...' and repeated letters")
    kept = [_sum_out(call.emit, x, part, "".join(labels) + output, output) for x, part in _pairs(call.args, labels)]
    if len(kept) == 1:
        tensor, part = kept[0]
        return call.emit.transpose(tensor, [part.index(c) for c in output])
    return _contract(call.emit, kept[0], kept[1], output)


def _pairs(args: Sequence[Tensor], labels: Sequence[str]) -> list[tuple[Tensor, str]]:
    return list(zip(args, labels, strict=True))


def _sum_out(emit: Emitter, x: Tensor, part: str, everywhere: str, output: str) -> tuple[Traced, str]:
    alone = [i for i, c in enumerate(part) if everywhere.count(c) == 1 and c not in output]
    return emit.sum(x, alone), "".join(c for i, c in enumerate(part) if i not in alone)


def _contract(emit: Emitter, left: tuple[Traced, str], right: tuple[Traced, str], output: str) -> Traced:
    (x, x_labels), (y, y_labels) = left, right
    shared = [c for c in x_labels if c in y_labels]
    stacked = [c for c in shared if c in output]
    summed = [c for c in shared if c not in output]
    rows = [c for c in x_labels if c not in shared]
    columns = [c for c in y_labels if c not in shared]
    size = dict(zip(x_labels, x.shape, strict=True)) | dict(zip(y_labels, y.shape, strict=True))

    def arranged(tensor: Traced, labels: str, first: list[str], second: list[str]) -> Traced:
        moved = emit.transpose(tensor, [labels.index(c) for c in (*stacked, *first, *second)])
        ends = (math.prod(size[c] for c in first), math.prod(size[c] for c in second))
        return emit.reshape(moved, (*(size[c] for c in stacked), *ends))

    product = emit.matmul(arranged(x, x_labels, rows, summed), arranged(y, y_labels, summed, columns))
    order = [*stacked, *rows, *columns]
    spread = emit.reshape(product, tuple(size[c] for c in order))
    return emit.transpose(spread, [order.index(c) for c in output])
