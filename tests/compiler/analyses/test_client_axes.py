"""Along which axis a value's entries are clients' own: against changing one client's values at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ezprivsecfl.compiler.analyses.client_axes import Along, Owner, Whose, client_axes
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise import Abs, Add, Mul, Sub
from ezprivsecfl.ir.tensor.ordering import TopValues
from ezprivsecfl.ir.types import DType, Secrecy, TensorType

CLIENTS, SIZE = 3, 4
ROWS = np.arange(12.0).reshape(CLIENTS, SIZE) ** 2 - 20

Make = Callable[[ProgramBuilder, Value], Value]


def reshape(b: ProgramBuilder, x: Value, *shape: int) -> Value:
    return b.add(st.Reshape, x, shape=shape)


def pairs(b: ProgramBuilder, u: Value) -> Value:
    return b.add(Sub, reshape(b, u, CLIENTS, 1, SIZE), reshape(b, u, 1, CLIENTS, SIZE))


def gram(b: ProgramBuilder, u: Value) -> Value:
    return b.add(st.MatMul, u, b.add(st.Transpose, u, permutation=(1, 0)))


def row(b: ProgramBuilder, u: Value, i: int) -> Value:
    return b.add(st.Slice, u, starts=(i, 0), sizes=(1, SIZE), strides=(1, 1))


def take(b: ProgramBuilder, u: Value, axis: int, *positions: int) -> Value:
    return b.add(st.Take, u, axis=axis, positions=np.array(positions))


def matrix(b: ProgramBuilder, *shape: int) -> Value:
    return b.add(Constant, value=np.ones(shape) + np.eye(*shape), dtype=DType.F32)


CASES: dict[str, tuple[Make, Owner | None]] = {
    "stacked": (lambda b, u: u, Along(0)),
    "transposed": (lambda b, u: b.add(st.Transpose, u, permutation=(1, 0)), Along(1)),
    "in more axes": (lambda b, u: reshape(b, u, 1, CLIENTS, 2, 2), Along(1)),
    "flat": (lambda b, u: reshape(b, u, CLIENTS * SIZE), Whose.SCATTERED),
    "sum of all": (lambda b, u: b.add(st.Sum, reshape(b, u, CLIENTS * SIZE), axes=(0,)), None),
    "sums of rows": (lambda b, u: b.add(st.Sum, u, axes=(1,)), Along(0)),
    "sums of columns": (lambda b, u: b.add(st.Sum, u, axes=(0,)), None),
    "largest of rows": (lambda b, u: b.add(TopValues, u, count=2), Along(0)),
    "largest of columns": (lambda b, u: b.add(TopValues, b.add(st.Transpose, u, permutation=(1, 0)), count=2), None),
    "one row": (lambda b, u: row(b, u, 1), Whose.ONE),
    "sum of a row": (lambda b, u: b.add(st.Sum, row(b, u, 1), axes=(0, 1)), Whose.ONE),
    "a row, broadcast": (lambda b, u: b.add(st.Broadcast, row(b, u, 1), shape=(5, SIZE)), Whose.ONE),
    "two rows": (lambda b, u: b.add(Add, row(b, u, 0), row(b, u, 1)), None),
    "rows backwards": (
        lambda b, u: b.add(st.Slice, u, starts=(2, 0), sizes=(3, 4), strides=(-1, 1)),
        Along(0, (2, 1, 0)),
    ),
    "rows joined": (lambda b, u: b.add(st.Concat, row(b, u, 0), row(b, u, 2), axis=0), Along(0, (-1, -1))),
    "some rows": (lambda b, u: take(b, u, 0, 2, 0), Along(0, (2, 0))),
    "a row twice": (lambda b, u: take(b, take(b, u, 0, 2, 0), 0, 1, 1, 0), Along(0, (0, 0, 2))),
    "one row that is taken": (lambda b, u: take(b, u, 0, 2), Whose.ONE),
    "some columns": (lambda b, u: take(b, u, 1, 3, 0, 0), Along(0)),
    "sums of rows in another order": (
        lambda b, u: b.add(st.Sum, take(b, u, 0, 1, 2, 0), axes=(1,)),
        Along(0, (1, 2, 0)),
    ),
    "all rows and some": (
        lambda b, u: b.add(st.Concat, u, take(b, u, 0, 1, 0), row(b, u, 2), axis=0),
        Along(0, (0, 1, 2, 1, 0, -1)),
    ),
    "sums of rows joined": (
        lambda b, u: b.add(st.Sum, b.add(st.Concat, row(b, u, 2), row(b, u, 1), axis=0), axes=(1,)),
        Along(0, (-1, -1)),
    ),
    "clients in another order": (
        lambda b, u: b.add(Abs, b.add(st.Unstack, take(b, u, 0, 2, 0, 1))),
        Along(0, (2, 0, 1)),
    ),
    "beside rows in order": (
        lambda b, u: b.add(Add, b.add(st.Unstack, take(b, u, 0, 2, 0, 1)), b.add(st.Unstack, u)),
        Along(0),
    ),
    "rows in two orders": (lambda b, u: b.add(Add, take(b, u, 0, 2, 0, 1), u), None),
    "columns joined": (lambda b, u: b.add(st.Concat, u, b.add(Abs, u), axis=1), Along(0)),
    "beside a sum": (lambda b, u: b.add(Sub, u, b.add(st.Sum, u, axes=(0,))), Along(0)),
    "pairs": (pairs, None),
    "squares of rows": (lambda b, u: b.add(st.Sum, b.add(Mul, u, u), axes=(1,)), Along(0)),
    "gram": (gram, None),
    "times a matrix": (lambda b, u: b.add(st.MatMul, u, matrix(b, SIZE, 2)), Along(0)),
    "a matrix times": (lambda b, u: b.add(st.MatMul, matrix(b, 2, CLIENTS), u), None),
    "columns of a product": (
        lambda b, u: b.add(st.MatMul, matrix(b, 2, SIZE), b.add(st.Transpose, u, permutation=(1, 0))),
        Along(1),
    ),
    "clients again": (lambda b, u: b.add(st.Unstack, b.add(Abs, u)), Along(0)),
    "clients of what is nobody's": (lambda b, u: b.add(st.Unstack, gram(b, u)), None),
    "its absolute value": (lambda b, u: b.add(Abs, b.add(st.Unstack, gram(b, u))), None),
    "that beside rows": (
        lambda b, u: b.add(
            Mul, b.add(st.Unstack, b.add(st.Sum, u, axes=(1,))), b.add(st.Unstack, b.add(st.Sum, gram(b, u), axes=(1,)))
        ),
        Along(0),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_owners(case: str) -> None:
    make, expected = CASES[case]
    b = ProgramBuilder("owners", Level.TENSOR, CLIENTS)
    type_ = TensorType(("n", SIZE), DType.F32, Secrecy.SECRET)
    x = b.add(Input, path="x", placement=Placement.CLIENTS, bound=None, type=type_)
    value = make(b, b.add(st.Stack, x, clients=CLIENTS))
    shown = b.add(st.Stack, value, clients=CLIENTS) if "n" in value.type.shape else value
    b.append(Output(operands=(shown,), path="value"))
    program = b.build()
    assert client_axes(program).get(value) == expected
    if expected is None or "beside" in case:
        return
    whole = run_tensor(program, {"x": ROWS}, CLIENTS)["value"]
    moved = np.zeros((CLIENTS, *whole.shape), np.bool_)
    for client in range(CLIENTS):
        other = ROWS.copy()
        other[client] = 100 - np.arange(SIZE)
        moved[client] = run_tensor(program, {"x": other}, CLIENTS)["value"] != whole
    assert moved.sum(0).max() == 1  # no entry is of two clients
    if isinstance(expected, Along):
        along = np.moveaxis(moved, 1 + expected.axis, 1).reshape(CLIENTS, whole.shape[expected.axis], -1).any(2)
        assert (along.sum(0) <= 1).all()  # each is one client's
        if expected.is_known:
            order = range(CLIENTS) if expected.order is None else expected.order
            np.testing.assert_array_equal(along, np.arange(CLIENTS)[:, None] == np.array(order))
    if expected is Whose.ONE:
        assert moved.reshape(CLIENTS, -1).any(1).sum() == 1
