"""Quotients that no number on shares can be: by zeros, which have no sign there, and of zeros, which have no order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.ordering import TopIndices, TopValues
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType

CLIENTS = 3
Use = Callable[[TensorProgram, Value, Value], Value]


def program(use: Use) -> Program:
    """The sum of what is done with quotients x / w and x."""
    b = TensorProgram("quotients")
    x, w = b.clients("x", 3), b.clients("w", 3)
    result = b.add(ew.Cast, use(b, b.add(ew.Div, x, w), x), dtype=DType.F32)
    b.returns(b.add(Sum, result, axes=(0,)))
    return replace(b.build(), max_clients=CLIENTS)


def outcome(program: Program, x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The result and who was left out."""
    compiled = compile_program(program, Options(clients=CLIENTS))
    round_ = PlainProgram(compiled).run({"x": list(x), "w": list(w)}, {})
    return round_.outputs["result"], [one["client"] for one in round_.statistics.dropped]


@pytest.mark.parametrize(
    "use",
    [
        lambda b, q, x: b.add(ew.Greater, q, x),
        lambda b, q, x: b.add(ew.Minimum, q, x),
        lambda b, q, x: b.add(ew.Relu, b.add(ew.Neg, q)),
        lambda b, q, x: b.add(TopIndices, q, count=3),
        lambda b, q, x: b.add(ew.Maximum, q, x),
    ],
    ids=["greater", "minimum", "relu", "positions", "maximum"],
)
def test_zeros_have_no_sign(use: Use) -> None:
    """So a divisor of -0 is one of 0, for which an infinity that decides something does what TensorFlow's does."""
    x = np.array([[1.0, 2.0, 3.0], [2.5, 0.5, 1.0], [1.0, 1.5, 2.0]])
    w = np.array([[1.0, 0.0, 2.0], [1.0, 2.0, 4.0], [0.5, 1.0, 1.0]])
    found, dropped = outcome(program(use), x, w)
    other, also = outcome(program(use), x, np.where(w == 0, -0.0, w))
    np.testing.assert_array_equal(found, other)
    assert dropped == also
    kept = [c for c in range(CLIENTS) if c not in dropped]
    with np.errstate(divide="ignore"):
        expected = run_tensor(program(use), {"x": x[kept], "w": w[kept]}, len(kept))["result"]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_an_infinity_that_is_chosen_drops_its_client_whatever_the_zeros_sign() -> None:
    x, w = np.ones((CLIENTS, 3)), np.ones((CLIENTS, 3))
    for zero in (0.0, -0.0):
        w[1, 1] = zero
        for use in (lambda b, q, x: b.add(ew.Maximum, q, x), lambda b, q, x: q):
            assert outcome(program(use), x, w)[1] == [1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_number_has_no_place_but_takes_one(place: int) -> None:
    """A client whose sorted values are opened is left out; where only positions are, these are still all positions."""
    x = np.array([[1.0, 2.0, 3.0]] * CLIENTS)
    w = np.ones((CLIENTS, 3))
    x[1, place] = w[1, place] = 0.0
    positions, dropped = outcome(program(lambda b, q, x: b.add(TopIndices, q, count=3)), x, w)
    others = np.array([2.0, 1.0, 0.0]) * (CLIENTS - 1)
    assert dropped == []
    assert sorted(positions - others) == [0, 1, 2]
    assert outcome(program(lambda b, q, x: b.add(TopValues, q, count=3)), x, w)[1] == [1]
