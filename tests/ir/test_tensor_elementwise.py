from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.op import Array, Value
from ezprivsecfl.ir.tensor import Constant, TensorOp
from ezprivsecfl.ir.types import DType, Secrecy, TensorType

INF, NAN = np.inf, np.nan

CASES: list[tuple[str, list[Any], Any]] = [
    ("neg", [[1.5, -2.0]], [-1.5, 2.0]),
    ("abs", [[1.5, -2.0, -INF]], [1.5, 2.0, INF]),
    ("sign", [[1.5, -2.0, 0.0]], [1.0, -1.0, 0.0]),
    ("relu", [[1.5, -2.0]], [1.5, 0.0]),
    ("square", [[1.5, -2]], [2.25, 4.0]),
    ("sqrt", [[4.0, 0.0, -1.0]], [2.0, 0.0, NAN]),
    ("rsqrt", [[4.0, 0.0, -1.0]], [0.5, INF, NAN]),
    ("reciprocal", [[4.0, 0.0]], [0.25, INF]),
    ("exp", [[0.0, 1.0]], [1.0, np.e]),
    ("log", [[1.0, np.e, 0.0]], [0.0, 1.0, -INF]),
    ("floor", [[1.5, -1.5]], [1.0, -2.0]),
    ("ceil", [[1.5, -1.5]], [2.0, -1.0]),
    ("round", [[0.5, 1.5, -0.7]], [0.0, 2.0, -1.0]),
    ("add", [[1, 2], [[10], [20]]], [[11, 12], [21, 22]]),
    ("sub", [[1.0, 2.0], 0.5], [0.5, 1.5]),
    ("mul", [[1.0, 2.0], [3.0, 4.0]], [3.0, 8.0]),
    ("div", [[1.0, 1.0, 0.0], [4.0, 0.0, 0.0]], [0.25, INF, NAN]),
    ("div_no_nan", [[1.0, 1.0, NAN], [4.0, 0.0, 0.0]], [0.25, 0.0, 0.0]),
    ("floor_div", [[7, -7], 2], [3, -4]),
    ("floor_mod", [[7, -7], 4], [3, 1]),
    ("pow", [[2.0, 3.0], 3.0], [8.0, 27.0]),
    ("maximum", [[1.0, 5.0, NAN], 2.0], [2.0, 5.0, NAN]),
    ("minimum", [[1.0, 5.0, NAN], 2.0], [1.0, 2.0, NAN]),
    ("less", [[1, 2, 3], 2], [True, False, False]),
    ("less_equal", [[1, 2, 3], 2], [True, True, False]),
    ("greater", [[1, 2, 3], 2], [False, False, True]),
    ("greater_equal", [[1, 2, 3], 2], [False, True, True]),
    ("equal", [[1.0, NAN], [1.0, NAN]], [True, False]),
    ("not_equal", [[1.0, NAN], [1.0, NAN]], [False, True]),
    ("and", [[True, True], [True, False]], [True, False]),
    ("or", [[False, True], [False, False]], [False, True]),
    ("not", [[True, False]], [False, True]),
    ("select", [[True, False], [1.0, 2.0], [3.0, 4.0]], [1.0, 4.0]),
]


@pytest.mark.parametrize(("name", "args", "expected"), CASES, ids=[c[0] for c in CASES])
def test_evaluate(evaluate: Callable[..., Array], name: str, args: list[Any], expected: Any) -> None:
    value = evaluate(name, *args)
    np.testing.assert_allclose(value, expected, rtol=1e-15)
    assert value.dtype == np.asarray(expected).dtype


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        ([1.9, -1.9], DType.I32, [1, -1]),
        ([0, 3], DType.BOOL, [False, True]),
        ([True, False], DType.F32, [1.0, 0.0]),
    ],
)
def test_cast(evaluate: Callable[..., Array], value: Any, dtype: DType, expected: Any) -> None:
    result = evaluate("cast", value, dtype=dtype)
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == np.asarray(expected).dtype


def test_shift_right(evaluate: Callable[..., Array]) -> None:
    np.testing.assert_array_equal(evaluate("shift_right", [5, -5, 8], bits=2), [1, -2, 2])


@pytest.mark.parametrize(("value", "bits"), [(1.0, 2), (1, -1), (1, 64)])
def test_what_cannot_be_shifted(evaluate: Callable[..., Array], value: Any, bits: int) -> None:
    with pytest.raises(VerifyError, match="shift"):
        evaluate("shift_right", value, bits=bits)


def test_all_elementwise_operations_are_tested() -> None:
    from ezprivsecfl.ir.tensor.elementwise import Elementwise

    named = {name for name, kind in TensorOp.REGISTRY.items() if issubclass(kind, Elementwise)}
    assert named == {case[0] for case in CASES} | {"cast", "shift_right"}


def value_of(dtype: DType, *shape: Any, secrecy: Secrecy = Secrecy.PUBLIC) -> Value:
    """A value of any type; it comes from nowhere, which ``infer`` does not mind."""
    return Value(TensorType(shape, dtype, secrecy), Constant(value=np.zeros(()), dtype=DType.F64))


def test_results_broadcast_and_are_secret_if_an_operand_is() -> None:
    secret = value_of(DType.F32, "n", 1, 3, secrecy=Secrecy.SECRET)
    public = value_of(DType.F32, 4, 1)
    less = TensorOp.REGISTRY["less"](operands=(secret, public))
    assert str(less.result.type) == "secret<bool[n, 4, 3]>"
    assert str(TensorOp.REGISTRY["neg"](operands=(public,)).result.type) == "public<f32[4, 1]>"


F, I, B = value_of(DType.F32, 2), value_of(DType.I32, 2), value_of(DType.BOOL, 2)  # noqa: E741

INFER_ERRORS: list[tuple[str, list[Value], str]] = [
    ("add", [F], "add takes 2 operands, not 1"),
    ("add", [F, I], "add(public<f32[2]>, public<i32[2]>): operands differ in dtype [<unknown>:0]"),
    ("mul", [F, value_of(DType.F32, 3)], "shapes [2] and [3] do not broadcast"),
    ("mul", [value_of(DType.F32, "n"), F], "shapes [n] and [2] do not broadcast"),
    ("add", [B, B], "needs numbers"),
    ("neg", [B], "needs numbers"),
    ("sqrt", [I], "needs a float"),
    ("div", [I, I], "needs a float"),
    ("div_no_nan", [I, I], "needs a float"),
    ("and", [F, F], "needs bool"),
    ("not", [I], "needs bool"),
    ("select", [F, F, F], "the condition must be bool"),
    ("select", [B, F, I], "operands differ in dtype"),
    ("less", [F, I], "operands differ in dtype"),
]


@pytest.mark.parametrize(("name", "operands", "message"), INFER_ERRORS)
def test_infer_errors(name: str, operands: list[Value], message: str) -> None:
    with pytest.raises(VerifyError) as error:
        TensorOp.REGISTRY[name](operands=tuple(operands))
    assert message in str(error.value)
