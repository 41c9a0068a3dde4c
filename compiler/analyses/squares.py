"""Which products are squares, the same entries multiplied with themselves, and which sums are squared norms."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ezprivsecfl.compiler.analyses.terms import entries
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import CLIENTS_DIM, within_client


def is_square(op: Op) -> bool:
    """Whether an operation multiplies every entry by itself."""
    if isinstance(op, ew.Mul):
        x, y = op.operands
        return x.type.shape == y.type.shape and entries(x) == entries(y)
    return isinstance(op, ew.Square)


def is_row_times_itself(op: Op) -> bool:
    """Whether a matrix product is that of rows ``[..., 1, k]`` with the same rows as columns: sums of squares."""
    if not isinstance(op, st.MatMul):
        return False
    a, b = op.operands
    row = a.type.shape
    return row[-2] == 1 and b.type.shape == (*row[:-2], row[-1], 1) and entries(a) == entries(b)


def squared_norms(program: Program) -> dict[Value, tuple[Input, ...]]:
    """Every client's sums of squares of all entries of some inputs that it shares as they are, most inputs first."""
    found: dict[Value, tuple[Input, ...]] = {}
    columns: dict[Value, tuple[Input, ...]] = {}
    for op in program.ops:
        inputs: tuple[Input, ...] | None = None
        if is_row_times_itself(op) and is_one_number(op.result):
            inputs = _whole_inputs(op.operands[0])
        elif isinstance(op, st.Reshape) and op.operands[0] in found:
            inputs = found[op.operands[0]]
        elif isinstance(op, ew.Add) and all(o in found and o.type.shape == op.result.type.shape for o in op.operands):
            inputs = _together([found[o] for o in op.operands])
        elif isinstance(op, st.Sum) and op.operands[0] in columns and is_one_number(op.result):
            inputs = columns[op.operands[0]]
        elif isinstance(op, st.Concat) and op.axis > 0 and all(o in found for o in op.operands):
            beside = _together([found[o] for o in op.operands])
            columns |= {} if beside is None else {op.result: beside}
        if inputs is not None and all(x.type.dtype.is_float and x.image is None for x in inputs):
            found[op.result] = inputs
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


TYPICAL = 64.0
"""How many times larger than the root mean square a vector's entries are that formats are made precise for."""


def typical_entry(inputs: Sequence[Input]) -> float:
    """How large entries of a vector of length 1 are that formats are made precise for: a power of two."""
    size = sum(within_client(x.type.shape) for x in inputs)
    return 2.0 ** math.ceil(math.log2(TYPICAL / math.sqrt(size)))


def is_one_number(value: Value) -> bool:
    """Whether there is one number for each client."""
    return [d for d in value.type.shape if d != 1] == [CLIENTS_DIM]


def _together(parts: Sequence[tuple[Input, ...] | None]) -> tuple[Input, ...] | None:
    """Inputs side by side; None if one is there twice, or not known."""
    inputs = [x for part in parts if part is not None for x in part]
    return tuple(inputs) if None not in parts and len(set(inputs)) == len(inputs) else None


def _whole_inputs(value: Value) -> tuple[Input, ...] | None:
    """The inputs that a value has all entries of, each once, client by client; None if it is anything else."""
    op = value.op
    if value.type.shape[:1] != (CLIENTS_DIM,):
        return None
    if isinstance(op, Input):
        return (op,)
    if isinstance(op, st.Reshape):
        return _whole_inputs(op.operands[0])
    if isinstance(op, st.Concat) and op.axis > 0:
        return _together([_whole_inputs(o) for o in op.operands])
    return None
