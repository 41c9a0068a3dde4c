"""Evaluates programs: the loop that all levels share, and the float64 reference of the tensor level."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.op import Array, Environment, Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor.base import NUMPY_DTYPE
from ezprivsecfl.ir.types import TensorType, resolve, shape_text

Watch = Callable[[Op, Sequence[Array]], None]
"""Sees every operation with its results, in order, while a program is evaluated."""


def input_path(op: Op) -> str | None:
    """The path of an operation that brings a value in (``path`` attribute and a result), else None."""
    path: str | None = getattr(op, "path", None)
    return path if op.results else None


def output_path(op: Op) -> str | None:
    """The path of an operation that hands a value out (``path`` attribute and no result), else None."""
    path: str | None = getattr(op, "path", None)
    return None if op.results else path


def evaluate_ops(
    program: Program, inputs: Mapping[str, Array], env: Environment, watch: Watch | None = None
) -> dict[str, Array]:
    """Evaluates every operation in order and returns the outputs by path.

    Args:
        program: A program of any level.
        inputs: For every input's path its value, checked and in the form the level computes with.
        env: Number of clients and circuits.
        watch: Is shown every operation and its results.
    """
    last_use = {operand: op for op in program.ops for operand in op.operands}
    values: dict[Value, Array] = {}
    outputs: dict[str, Array] = {}
    for op in program.ops:
        args = [values[o] for o in op.operands]
        source, sink = input_path(op), output_path(op)
        if source is not None:
            values[op.result] = inputs[source]
        else:
            # Infinities and NaN follow IEEE 754 and integers wrap around, silently as in TensorFlow.
            with np.errstate(all="ignore"):
                values.update(zip(op.results, op.evaluate(args, env), strict=True))
        if watch is not None:
            watch(op, [values[r] for r in op.results])
        if sink is not None:
            outputs[sink] = np.array(args[0])  # a copy: the caller's inputs must not show through
        # Tensors over all clients are large: drop each as soon as nothing needs it any more.
        for value in {*op.operands, *op.results}:
            if last_use.get(value, op) is op:
                del values[value]
    return outputs


def run_tensor(
    program: Program, inputs: Mapping[str, Array], clients: int, watch: Watch | None = None
) -> dict[str, Array]:
    """Evaluates a tensor-level program in float64: the reference for everything it is compiled to.

    Args:
        program: A tensor-level program.
        inputs: Values by path; CLIENTS-placed ones have all clients stacked along the first axis.
        clients: Number of clients of the round.
        watch: Is shown every operation and its results.

    Raises:
        InputError: An input is missing, unknown, or of the wrong shape or element type.
    """
    if program.level is not Level.TENSOR:
        raise ValueError(f"{program.name} is a program of the {program.level.value} level")
    check_clients(program, clients)
    types = {op.path: op.type for op in program.of(Input)}
    check_paths(program, inputs)
    prepared = {path: _prepare(path, inputs[path], type_, clients) for path, type_ in types.items()}
    return evaluate_ops(program, prepared, Environment(clients, program.circuits), watch)


def check_clients(program: Program, clients: int) -> None:
    """Raises InputError unless a round of the program may have that many clients."""
    if clients < 1:
        raise InputError(f"{program.name}: a round needs at least 1 client, not {clients}")
    if program.max_clients is not None and clients > program.max_clients:
        raise InputError(f"{program.name} is for at most {program.max_clients} clients, not {clients}")


def check_paths(program: Program, inputs: Mapping[str, Array]) -> None:
    """Raises InputError unless the inputs are exactly those that the program takes."""
    expected = [path for op in program.ops if (path := input_path(op)) is not None]
    takes = f"{program.name} takes {', '.join(map(repr, expected)) or 'no inputs'}"
    for path in expected:
        if path not in inputs:
            raise InputError(f"input {path!r} is missing: {takes}")
    for path in inputs:
        if path not in expected:
            raise InputError(f"unknown input {path!r}: {takes}")


def check_shape(path: str, value: Array, shape: tuple[int, ...]) -> None:
    """Raises InputError unless the value has the shape."""
    if value.shape != shape:
        raise InputError(f"input {path!r} has shape {shape_text(value.shape)}, expected {shape_text(shape)}")


def _prepare(path: str, value: Array, type_: TensorType, clients: int) -> Array:
    array = np.asarray(value)
    check_shape(path, array, resolve(type_.shape, clients))
    dtype = NUMPY_DTYPE[type_.dtype]
    if not np.can_cast(array.dtype, dtype, casting="same_kind"):
        raise InputError(f"input {path!r} holds {array.dtype}, expected {type_.dtype.value}")
    return array.astype(dtype)
