"""Matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.moves import rearranged
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
    """Sums of products over named axes, for one operand or two."""
    equation: str = call.attr("equation").decode()
    inputs, output = equation.replace(" ", "").split("->")
    labels = inputs.split(",")
    if len(labels) > 2 or len(set(output.replace("...", ""))) != len(output.replace("...", "")):
        raise Unsupported(f"{equation!r}: only of one or two operands, with every letter once in the result")
    operands, output = _spelled_out(call.args, labels, output)
    diagonals = [_diagonal(call.emit, x, part) for x, part in operands]
    everywhere = "".join(part for _, part in diagonals) + output
    kept = [_sum_out(call.emit, x, part, everywhere, output) for x, part in diagonals]
    if len(kept) == 1:
        tensor, part = kept[0]
        return call.emit.transpose(tensor, [part.index(c) for c in output])
    return _contract(call.emit, *_same_sizes(call.emit, kept[0], kept[1]), output)


def _spelled_out(args: Sequence[Tensor], labels: Sequence[str], output: str) -> tuple[list[tuple[Tensor, str]], str]:
    """Operands with a letter for every axis: capital Greek ones, counted from the last axis, for those of ``...``."""
    hidden = [len(x.shape) - len(part.replace("...", "")) for x, part in zip(args, labels, strict=True)]
    letters = "".join(chr(0x0391 + i) for i in reversed(range(max(hidden))))
    spelled = [part.replace("...", letters[len(letters) - n :]) for n, part in zip(hidden, labels, strict=True)]
    return list(zip(args, spelled, strict=True)), output.replace("...", letters)


def _diagonal(emit: Emitter, x: Tensor, part: str) -> tuple[Tensor, str]:
    """The entries at which axes of one letter have one index, with that letter once."""
    names = "".join(dict.fromkeys(part))
    if len(names) == len(part):
        return x, part
    size = dict(zip(part, x.shape, strict=True))
    grid = np.indices([size[c] for c in names])
    places = np.ravel_multi_index([grid[names.index(c)] for c in part], x.shape)
    return rearranged(emit, [x], places + 1), names


def _same_sizes(
    emit: Emitter, left: tuple[Traced, str], right: tuple[Traced, str]
) -> tuple[tuple[Traced, str], tuple[Traced, str]]:
    """Axes of one letter have one size, or 1 where both come from ``...``: then these are repeated."""
    size: dict[str, int] = {}
    for x, part in (left, right):
        for c, d in zip(part, x.shape, strict=True):
            size[c] = max(size.get(c, d), d)
    first, second = ((emit.broadcast(x, tuple(size[c] for c in part)), part) for x, part in (left, right))
    return first, second


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
