"""Operations that only move entries: TensorFlow itself says where each goes, by doing so to their positions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.frontends.tff.dtypes import STORED
from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.folding import fold
from ezprivsecfl.frontends.tff.ops.registry import Call, lowering
from ezprivsecfl.frontends.tff.values import Known, Leaf, Tensor
from ezprivsecfl.ir.op import Array

MAX_RUNS = 8
"""Slices that a tensor is put together from at most; where there are more pieces, each position is listed."""

MOVES = (
    "BatchToSpace",
    "BatchToSpaceND",
    "DepthToSpace",
    "Diag",
    "DiagPart",
    "DynamicPartition",
    "DynamicStitch",
    "MatrixBandPart",
    "MatrixDiag",
    "MatrixDiagV2",
    "MatrixDiagV3",
    "MatrixSetDiag",
    "MatrixSetDiagV2",
    "MatrixSetDiagV3",
    "MirrorPad",
    "ParallelDynamicStitch",
    "ReverseSequence",
    "Roll",
    "SpaceToBatch",
    "SpaceToBatchND",
    "SpaceToDepth",
    "StridedSliceGrad",
    "TensorScatterUpdate",
    "TensorStridedSliceUpdate",
)
"""What these do depends on their other inputs, indices above all, which must be constant."""


@lowering(*MOVES)
def moved(call: Call) -> list[Leaf]:
    """The entries of the operands of the operation's element type, where its other inputs put them."""
    attribute = "Tparams" if call.op.type.startswith("Gather") else "T"
    data = _data_inputs(call, attribute)
    arrays: list[Array] = []
    start = 1
    for i, tensor in enumerate(call.args):
        size = math.prod(tensor.shape)
        if i in data:
            arrays.append(np.arange(start, start + size, dtype=np.int64).reshape(tensor.shape))
            start += size
        else:
            arrays.append(call.known(i, _named(call, i)))
    positions = fold(call.op, arrays, {attribute: np.dtype(np.int64)})
    return [rearranged(call.emit, [call.args[i] for i in data], p) for p in positions]


def _data_inputs(call: Call, attribute: str) -> list[int]:
    """Which inputs have the operation's element type."""
    of_data: list[bool] = []
    for declared in call.op.op_def.input_arg:
        of_data += [declared.type_attr == attribute] * (call.attr(declared.number_attr) if declared.number_attr else 1)
    return [i for i, is_data in enumerate(of_data) if is_data]


def _named(call: Call, index: int) -> str:
    names = [
        declared.name
        for declared in call.op.op_def.input_arg
        for _ in range(call.attr(declared.number_attr) if declared.number_attr else 1)
    ]
    return str(names[index]).replace("_", " ")


def rearranged(emit: Emitter, sources: Sequence[Tensor], positions: Array) -> Tensor:
    """A tensor of entries of others.

    Args:
        emit: Adds operations to the IR.
        sources: The others, of one element type.
        positions: For every entry of the result where it comes from, counted from 1 through all sources; 0 is the
            number 0.
    """
    dtype = emit.traced(sources[0]).dtype
    if not np.any(positions):
        return Known(np.zeros(positions.shape, STORED[dtype]))
    sources, positions = _needed(sources, positions)
    joined = emit.concat([emit.reshape(x, (1, math.prod(x.shape))) for x in sources], 1)
    size = joined.shape[1]
    batch, wanted = _batch(positions.ravel(), size)
    size //= batch
    joined = emit.reshape(joined, (batch, size))
    if not np.all(wanted):
        zeros = Known(np.zeros((batch, 1), STORED[dtype]))
        size, joined, wanted = size + 1, emit.concat([joined, zeros], 1), np.where(wanted, wanted, size + 1)
    block = _block(wanted - 1, size)
    rows = emit.reshape(joined, (batch, size // block, block))
    return emit.reshape(_picked(emit, rows, (wanted[::block] - 1) // block), positions.shape)


def _needed(sources: Sequence[Tensor], positions: Array) -> tuple[list[Tensor], Array]:
    """The sources of which something is taken, and positions in these."""
    needed: list[Tensor] = []
    start, left_out, found = 1, 0, positions.copy()
    for source in sources:
        size = math.prod(source.shape)
        here = (positions >= start) & (positions < start + size)
        if here.any():
            needed.append(source)
            found[here] -= left_out
        else:
            left_out += size
        start += size
    return needed, found


def _batch(positions: Array, size: int) -> tuple[int, Array]:
    """Into how many equal parts both tensors divide that correspond to each other, and the positions in the first."""
    for batch in _divisors(math.gcd(size, positions.size)):
        rows = positions.reshape(batch, -1)
        later = np.arange(batch)[:, None] * (size // batch)
        if rows[0].max(initial=0) <= size // batch and np.array_equal(rows, np.where(rows[0], rows[0] + later, 0)):
            return batch, rows[0]
    raise AssertionError("one part always corresponds to itself")


def _block(positions: Array, size: int) -> int:
    """How many entries always come together, in places that are multiples of that."""
    for block in _divisors(math.gcd(size, positions.size)):
        rows = positions.reshape(-1, block)
        if not np.any(rows[:, 0] % block) and np.array_equal(rows, rows[:, :1] + np.arange(block)):
            return block
    raise AssertionError("every single entry comes together with itself")


def _divisors(number: int) -> list[int]:
    """From the largest to 1."""
    small = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)}, reverse=True)


def _picked(emit: Emitter, blocks: Tensor, wanted: Array) -> Tensor:
    """Some of the blocks of every row, one after the other."""
    batch, _, width = blocks.shape
    runs = _runs([int(i) for i in wanted])
    if len(runs) > MAX_RUNS:
        return emit.take(blocks, 1, wanted)
    parts = [emit.slice(blocks, (0, r.start, 0), (batch, len(r), width), (1, r.step, 1)) for r in runs]
    return emit.concat(parts, 1)


def _runs(indices: Sequence[int]) -> list[range]:
    """Cuts indices into as few pieces of constant distance as a scan from the left finds."""
    runs: list[range] = []
    i = 0
    while i < len(indices):
        end = i + 1
        step = indices[end] - indices[i] if end < len(indices) else 1
        while step and end < len(indices) and indices[end] - indices[end - 1] == step:
            end += 1
        count, step = end - i, step or 1
        runs.append(range(indices[i], indices[i] + count * step, step))
        i = end
    return runs
