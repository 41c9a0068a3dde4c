from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.op import Array, Environment, Value
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement, TensorOp
from ezprivsecfl.ir.tensor.structure import Reshape, Slice, Stack, Take, Unstack
from ezprivsecfl.ir.types import DType, Secrecy, TensorType

X = np.arange(6.0).reshape(2, 3)

CASES: list[tuple[str, list[Any], dict[str, Any], Any]] = [
    ("sum", [X], {"axes": (0,)}, [3.0, 5.0, 7.0]),
    ("sum", [X], {"axes": (0, 1)}, 15.0),
    ("sum", [X], {"axes": ()}, X),
    ("reduce_max", [X], {"axes": (1,)}, [2.0, 5.0]),
    ("reduce_min", [X], {"axes": (0, 1)}, 0.0),
    ("reduce_any", [X > 4], {"axes": (1,)}, [False, True]),
    ("reduce_all", [X < 5], {"axes": (1,)}, [True, False]),
    ("matmul", [X, X.T], {}, [[5.0, 14.0], [14.0, 50.0]]),
    ("matmul", [np.stack([X, 2 * X]), X.T], {}, [[[5.0, 14.0], [14.0, 50.0]], [[10.0, 28.0], [28.0, 100.0]]]),
    ("reshape", [X], {"shape": (3, 2)}, [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]),
    ("transpose", [X], {"permutation": (1, 0)}, X.T),
    ("broadcast", [[1, 2]], {"shape": (2, 2)}, [[1, 2], [1, 2]]),
    ("slice", [X], {"starts": (1, 2), "sizes": (1, 2), "strides": (1, -2)}, [[5.0, 3.0]]),
    ("slice", [7.0], {"starts": (), "sizes": (), "strides": ()}, 7.0),
    ("take", [X], {"axis": 1, "positions": np.array([2, 2, 0])}, [[2.0, 2.0, 0.0], [5.0, 5.0, 3.0]]),
    ("take", [X > 1], {"axis": 0, "positions": np.array([1])}, [[True, True, True]]),
    ("concat", [[1, 2], [3], [4, 5]], {"axis": 0}, [1, 2, 3, 4, 5]),
    ("top_values", [[[2, 5, 5, 1], [0, 0, -1, 3]]], {"count": 3}, [[5, 5, 2], [3, 0, 0]]),
    ("top_indices", [[[2, 5, 5, 1], [0, 0, -1, 3]]], {"count": 3}, [[1, 2, 0], [3, 0, 1]]),
    ("top_indices", [[-1.0, -1.0, -2.0]], {"count": 1}, [0]),
    ("clients", [], {"dtype": DType.F32}, 3.0),
    ("clients", [], {"dtype": DType.I32}, 3),
    ("gate", [0.5, 4.0], {}, True),
    ("gate", [2.0**-50, 0.0], {}, False),
    ("constant", [], {"value": np.array([1.5]), "dtype": DType.F32}, [1.5]),
]


@pytest.mark.parametrize(("name", "args", "attributes", "expected"), CASES)
def test_evaluate(
    evaluate: Callable[..., Array], name: str, args: list[Any], attributes: dict[str, Any], expected: Any
) -> None:
    value = evaluate(name, *args, **attributes)
    np.testing.assert_array_equal(value, expected)
    assert value.dtype == np.asarray(expected).dtype


def value_of(dtype: DType, *shape: Any, secrecy: Secrecy = Secrecy.PUBLIC) -> Value:
    """A value of any type; it comes from nowhere, which ``infer`` does not mind."""
    return Value(TensorType(shape, dtype, secrecy), Constant(value=np.zeros(()), dtype=DType.F64))


PER_CLIENT = value_of(DType.F32, "n", 6, secrecy=Secrecy.SECRET)


def test_clients_axis_moves_past_ones() -> None:
    op = Reshape(operands=(PER_CLIENT,), shape=(1, "n", 2, 3))
    assert str(op.result.type) == "secret<f32[1, n, 2, 3]>"
    (value,) = op.evaluate([np.zeros((4, 6))], Environment(clients=4))
    assert value.shape == (1, 4, 2, 3)


def test_clients_axis_is_sliced_whole() -> None:
    op = Slice(operands=(PER_CLIENT,), starts=(0, 4), sizes=("n", 2), strides=(1, 1))
    assert str(op.result.type) == "secret<f32[n, 2]>"
    (value,) = op.evaluate([np.tile(np.arange(6), (4, 1))], Environment(clients=4))
    np.testing.assert_array_equal(value, np.tile([4, 5], (4, 1)))


def test_entries_are_taken_in_any_order() -> None:
    op = Take(operands=(PER_CLIENT,), axis=1, positions=np.array([5, 0, 5]))
    assert str(op.result.type) == "secret<f32[n, 3]>"
    (value,) = op.evaluate([np.arange(24).reshape(4, 6)], Environment(clients=4))
    np.testing.assert_array_equal(value, [[5, 0, 5], [11, 6, 11], [17, 12, 17], [23, 18, 23]])


A, B = value_of(DType.F32, 2, 3), value_of(DType.BOOL, 2)
CLIENT_TYPE = TensorType(("n", 3), DType.F32, Secrecy.SECRET)

INFER_ERRORS: list[tuple[str, list[Value], dict[str, Any], str]] = [
    ("sum", [A], {"axes": (2,)}, "axes [2] of a tensor of rank 2"),
    ("sum", [A], {"axes": (0, 0)}, "axes [0, 0] of a tensor of rank 2"),
    ("sum", [A], {"axes": (-1,)}, "axes [-1] of a tensor of rank 2"),
    ("sum", [B], {"axes": (0,)}, "needs numbers"),
    ("reduce_max", [B], {"axes": (0,)}, "needs numbers"),
    ("reduce_any", [A], {"axes": (0,)}, "needs bool"),
    ("matmul", [A, A], {}, "inner dimensions of [2, 3] and [2, 3] differ"),
    ("matmul", [A, value_of(DType.I32, 3, 2)], {}, "operands differ in dtype"),
    ("reshape", [A], {"shape": (4,)}, "cannot become [4]"),
    ("reshape", [PER_CLIENT], {"shape": (6, "n")}, "cannot become [6, n]"),
    ("transpose", [A], {"permutation": (0, 0)}, "[0, 0] is no permutation of its axes"),
    ("broadcast", [A], {"shape": (2, 1)}, "does not broadcast to [2, 1]"),
    ("broadcast", [A], {"shape": (3, 2)}, "shapes [2, 3] and [3, 2] do not broadcast"),
    ("slice", [A], {"starts": (0,), "sizes": (1,), "strides": (1,)}, "a start, a size and a stride per axis"),
    (
        "slice",
        [A],
        {"starts": (0, 2), "sizes": (2, 2), "strides": (1, 1)},
        "2 elements from 2 by 1 leave an axis of size 3",
    ),
    (
        "slice",
        [PER_CLIENT],
        {"starts": (1, 0), "sizes": (2, 6), "strides": (1, 1)},
        "the clients axis can only be taken whole",
    ),
    ("take", [A], {"axis": 2, "positions": np.array([0])}, "axis 2 is none of static size"),
    ("take", [PER_CLIENT], {"axis": 0, "positions": np.array([0])}, "axis 0 is none of static size"),
    ("take", [A], {"axis": 1, "positions": np.array([2, 3])}, "position 3 of an axis of size 3"),
    ("take", [A], {"axis": 1, "positions": np.array([-1])}, "position -1 of an axis of size 3"),
    ("take", [A], {"axis": 1, "positions": np.array([[0]])}, "integers of 64 bits, along one axis"),
    ("take", [A], {"axis": 1, "positions": np.array([0.0])}, "integers of 64 bits, along one axis"),
    ("stack", [A], {"clients": 2}, "[2, 3] has no clients axis, just the first one, to get size 2"),
    ("stack", [PER_CLIENT], {"clients": 0}, "[n, 6] has no clients axis, just the first one, to get size 0"),
    ("unstack", [PER_CLIENT], {}, "[n, 6] has no first axis of static size, or a clients axis already"),
    ("concat", [A, value_of(DType.F32, 2, 4)], {"axis": 0}, "shapes do not join along axis 0"),
    ("concat", [A, A], {"axis": 2}, "shapes do not join along axis 2"),
    ("concat", [A, A], {"axis": -1}, "shapes do not join along axis -1"),
    ("concat", [PER_CLIENT, PER_CLIENT], {"axis": 0}, "shapes do not join along axis 0"),
    ("concat", [A, value_of(DType.I32, 2, 3)], {"axis": 0}, "operands differ in dtype"),
    ("gate", [A], {}, "needs public float numbers"),
    ("gate", [value_of(DType.I32)], {}, "needs public float numbers"),
    ("gate", [value_of(DType.F32, secrecy=Secrecy.SECRET)], {}, "needs public float numbers"),
    ("output", [PER_CLIENT], {"path": "x"}, "x: an output cannot have a clients axis"),
    (
        "input",
        [],
        {"path": "x", "placement": Placement.SERVER, "bound": None, "type": CLIENT_TYPE},
        "x: a server input cannot have type secret<f32[n, 3]>",
    ),
    (
        "input",
        [],
        {"path": "x", "placement": Placement.CLIENTS, "bound": None, "type": A.type},
        "x: a clients input cannot have type public<f32[2, 3]>",
    ),
]


@pytest.mark.parametrize(("name", "operands", "attributes", "message"), INFER_ERRORS)
def test_infer_errors(name: str, operands: list[Value], attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(VerifyError) as error:
        TensorOp.REGISTRY[name](operands=tuple(operands), **attributes)
    assert message in str(error.value)


def test_every_operation_that_is_not_elementwise_is_tested() -> None:
    from ezprivsecfl.ir.tensor.elementwise import Elementwise
    from ezprivsecfl.ir.tensor.noise import Noised, StandardNormal  # see test_noise.py
    from ezprivsecfl.ir.tensor.ranks import SumOfRanks  # see test_select_ranks.py

    others = {name for name, kind in TensorOp.REGISTRY.items() if not issubclass(kind, Elementwise)}
    elsewhere = {Input.name, Output.name, Noised.name, StandardNormal.name, Stack.name, Unstack.name, SumOfRanks.name}
    assert others == {case[0] for case in CASES} | elsewhere


def test_stacked_clients_have_the_same_elements() -> None:
    rows = value_of(DType.F32, "n", 2, secrecy=Secrecy.SECRET)
    stack = Stack(operands=(rows,), clients=3)
    unstack = Unstack(operands=(stack.result,))
    assert stack.result.type == TensorType((3, 2), DType.F32, Secrecy.SECRET)
    assert unstack.result.type == rows.type
    elements = np.arange(6.0).reshape(3, 2)
    for op in (stack, unstack):
        (same,) = op.evaluate([elements], Environment(3))
        np.testing.assert_array_equal(same, elements)
        with pytest.raises(ValueError, match="for exactly 3 clients, in a round of 2"):
            op.evaluate([elements[:2]], Environment(2))
