"""Makes a faulty case small: fewer operations, outputs, clients, and simpler numbers, as long as the fault stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from checked_rounds import Case

from ezprivsecfl.errors import EzError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Array, Op, Value, as_float
from ezprivsecfl.ir.rewrite import drop_unused
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, TensorType
from ezprivsecfl.ir.widths import EXACT


def reduced(case: Case, is_fault: Callable[[Case], bool], seconds: float = 30.0) -> Case:
    """The smallest case that single simplifications lead to in some time, each of which keeps the fault."""
    until = time.monotonic() + seconds
    found = True
    while found:
        found = False
        for simpler in _simpler(case):
            if time.monotonic() > until:
                return case
            if is_fault(simpler):
                case, found = simpler, True
                break
    return case


def _simpler(case: Case) -> Iterator[Case]:
    program = case.program
    outputs = program.of(Output)
    if len(outputs) > 1:
        for output in outputs:
            yield from _without_dead(case, [op for op in program.ops if not isinstance(op, Output) or op is output])
    for op in reversed(program.ops):
        if isinstance(op, Input | Output | Constant):
            continue
        yield from _replaced(case, op)
    if program.max_clients != case.clients:
        yield replace(case, program=replace(program, max_clients=case.clients))
    if case.duet:
        yield replace(case, duet=False)
    if case.rounds > 1:
        yield replace(case, rounds=case.rounds - 1)
    yield from _fewer_clients(case)
    yield from _simpler_numbers(case)


def _replaced(case: Case, op: Op) -> Iterator[Case]:
    """A result replaced by an operand of its type, or by an input that has its value."""
    for operand in op.operands:
        if operand.type == op.result.type:
            yield from _substituted(case, op, lambda values, operand=operand: values[operand], case.inputs)
    values: dict[Value, Array] = {}

    def watch(seen: Op, results: list[Array]) -> None:
        values.update(zip(seen.results, results, strict=True))

    try:
        run_tensor(case.program, case.inputs, case.clients, watch)  # type: ignore[arg-type]
    except EzError:
        return
    type_, value = op.result.type, values[op.result]
    assert isinstance(type_, TensorType)
    if not np.all(np.isfinite(value.astype(np.float64))) or CLIENTS_DIM in type_.shape[1:]:
        return
    if type_.is_secret != (type_.shape[:1] == (CLIENTS_DIM,)):
        return
    paths = {i.path for i in case.program.of(Input)}
    path = next(p for p in (f"v{i}" for i in range(99)) if p not in paths)
    placement = Placement.CLIENTS if type_.is_secret else Placement.SERVER
    largest = float(np.max(np.abs(as_float(value)), initial=0.0))
    bound = max(8.0, 2.0 * largest) if type_.dtype is not DType.BOOL and largest < EXACT / 2 else None
    new = Input(path=path, placement=placement, bound=bound, type=type_)
    yield from _substituted(case, op, lambda values: new.result, {**case.inputs, path: value}, new)


def _substituted(
    case: Case, old: Op, by: Callable[[dict[Value, Value]], Value], inputs: Mapping[str, Array], new: Op | None = None
) -> Iterator[Case]:
    values: dict[Value, Value] = {}
    ops: list[Op] = [] if new is None else [new]
    for op in case.program.ops:
        if op is old:
            values[op.result] = by(values)
            continue
        try:
            copy = op.rebuild([values[o] for o in op.operands])
        except EzError:
            return
        ops.append(copy)
        values.update(zip(op.results, copy.results, strict=True))
    yield from _without_dead(replace(case, inputs=inputs), ops)


def _without_dead(case: Case, ops: list[Op]) -> Iterator[Case]:
    """The case without operations that no output needs."""
    program = drop_unused(replace(case.program, ops=tuple(ops)), Output)
    if not any(op.placement is Placement.CLIENTS for op in program.of(Input)):
        return
    inputs = {op.path: case.inputs[op.path] for op in program.of(Input)}
    yield replace(case, program=program, inputs=inputs)


def _fewer_clients(case: Case) -> Iterator[Case]:
    if case.clients <= 2:
        return
    at_clients = {op.path for op in case.program.of(Input) if op.placement is Placement.CLIENTS}
    for gone in range(case.clients):
        inputs = {p: np.delete(v, gone, axis=0) if p in at_clients else v for p, v in case.inputs.items()}
        yield replace(case, inputs=inputs, clients=case.clients - 1)


def _simpler_numbers(case: Case) -> Iterator[Case]:
    for path, value in case.inputs.items():
        if value.dtype.kind != "f":
            continue
        with np.errstate(all="ignore"):
            scale = 10.0 ** np.floor(np.log10(np.abs(value.astype(np.float64))))
            rounded = np.where(value == 0, 0, np.round(value / scale) * scale).astype(np.float32)
        for simpler in (np.zeros_like(value), np.full_like(value, value.flat[0] if value.size else 0), rounded):
            if not np.array_equal(simpler, value):
                yield replace(case, inputs={**case.inputs, path: simpler})
