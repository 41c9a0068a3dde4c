"""Distances of clients' vectors to public points come out of the proofs of their norms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rounds import by_placement
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.io import ProvedProduct
from ezprivsecfl.ir.mpc.protocol import Mask, SquareSum
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st

CLIENTS = 5
SHAPE = (6, 4)

Way = Callable[[TensorProgram, Value, Value], Value]

WAYS: dict[str, Way] = {
    "x - p": lambda b, x, p: b.add(ew.Sub, x, p),
    "p - x": lambda b, x, p: b.add(ew.Sub, p, x),
    "x + p": lambda b, x, p: b.add(ew.Add, x, p),
    "p + x": lambda b, x, p: b.add(ew.Add, p, x),
    "-(x - p)": lambda b, x, p: b.add(ew.Neg, b.add(ew.Sub, x, p)),
}


def distances(way: Way, *point: int) -> TensorProgram:
    """The sum of the distances, which have circuits, and of their squares, which do not."""
    b = TensorProgram("distances")
    apart = way(b, b.clients("x", *SHAPE), b.server("point", *point))
    squares = b.add(st.Sum, b.add(ew.Square, apart), axes=(1, 2))
    b.returns(b.add(st.Sum, squares, axes=(0,)), "squares")
    b.returns(b.add(st.Sum, b.add(ew.Sqrt, squares), axes=(0,)), "distances")
    return b


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", [SHAPE, (4,), (6, 1), (1, 1, 4), ()], ids=str)
def test_of_a_public_point(way: str, point: tuple[int, ...]):
    one = distances(WAYS[way], *point).build()
    compiled = compile_program(one, Options(clients=CLIENTS, bounds=ParameterBounds.of({"point": 8.0})))
    assert compiled.secure.of(ProvedProduct)
    assert not compiled.secure.of(SquareSum)
    assert not compiled.secure.of(Mask)
    rng = np.random.default_rng(0)
    inputs = {"x": rng.normal(0.3, 1, (CLIENTS, *SHAPE)), "point": rng.normal(1, 1, point)}
    findings = Findings()
    check_compiled(compiled, inputs, CLIENTS, findings)
    assert not findings.violations
    outputs = PlainProgram(compiled).run(*by_placement(one, inputs)).outputs
    for path, expected in run_tensor(one, inputs, CLIENTS).items():
        np.testing.assert_allclose(outputs[path], expected, rtol=1e-5, err_msg=path)


def test_of_a_point_that_is_secret():
    """The mean of all: servers compute how far everybody is from that."""
    b = TensorProgram("spread")
    x = b.clients("x", 20)
    apart = b.add(ew.Sub, x, b.add(st.Sum, x, axes=(0,)))
    b.returns(b.add(st.Sum, b.add(ew.Sqrt, b.add(st.Sum, b.add(ew.Square, apart), axes=(1,))), axes=(0,)))
    secure = compile_program(b.build(), Options(clients=CLIENTS)).secure
    assert not secure.of(ProvedProduct)
    assert secure.of(SquareSum)


def test_of_a_part_of_a_vector():
    """What is proved is the norm of all entries."""
    b = TensorProgram("part")
    part = b.add(st.Slice, b.clients("x", 20), starts=(0, 0), sizes=("n", 19), strides=(1, 1))
    apart = b.add(ew.Sub, part, b.server("point", 19))
    b.returns(b.add(st.Sum, b.add(ew.Sqrt, b.add(st.Sum, b.add(ew.Square, apart), axes=(1,))), axes=(0,)))
    assert not compile_program(b.build(), Options(clients=CLIENTS)).secure.of(ProvedProduct)
