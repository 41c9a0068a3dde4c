"""The largest and smallest values of all clients."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.mpc.io import Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

KINDS = {st.ReduceMax: np.max, st.ReduceMin: np.min}
ROUNDS = {
    "ties": [[1.5, -2.0, 0.0], [1.5, -2.0, 0.0], [0.5, -2.5, 0.0]],
    "negative": [[-1.0, -2.0, -3.0], [-7.0, -0.5, -3.5]],
    "tiny": [[2.0**-13, 2.0**-14, 0.0], [2.0**-14, -(2.0**-14), -(2.0**-13)]],
    "many": np.random.default_rng(5).normal(size=(9, 3)).tolist(),
}


@pytest.mark.parametrize("name", ROUNDS)
@pytest.mark.parametrize("kind", KINDS)
def test_of_any_number_of_clients(kind, name):
    b = TensorProgram("extreme")
    b.returns(b.add(kind, b.clients("x", 3), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=16))
    values = np.array(ROUNDS[name])
    got = PlainProgram(compiled).run({"x": list(values)}, {}).outputs["result"]
    np.testing.assert_allclose(got, KINDS[kind](values, axis=0), rtol=2e-4, atol=1e-5)
    (opened,) = compiled.secure.of(Output)
    assert opened.operands[0].type.shape == (3,), "neither how many clients tie nor anybody's rank is opened"


def test_of_all_entries_of_all_clients():
    b = TensorProgram("largest")
    b.returns(b.add(st.ReduceMax, b.add(ew.Abs, b.clients("x", 2, 3)), axes=(0, 1, 2)))
    compiled = compile_program(b.build(), Options(clients=8))
    values = np.random.default_rng(2).normal(size=(4, 2, 3))
    got = PlainProgram(compiled).run({"x": list(values)}, {}).outputs["result"]
    assert got == pytest.approx(np.abs(values).max(), rel=1e-4)


@pytest.mark.parametrize("dtype", [DType.I32, DType.I64])
def test_integers_are_refused(dtype):
    b = TensorProgram("integers")
    b.returns(b.add(st.ReduceMax, b.clients("x", 3, dtype=dtype), axes=(0,)))
    with pytest.raises(UnsupportedError, match="over clients takes floats only: cast to a float first"):
        compile_program(b.build(), Options(clients=3))


def test_pairs_of_clients_are_refused():
    b = TensorProgram("pairs")
    x = b.clients("x", 3)
    products = b.add(st.MatMul, x, b.add(st.Transpose, x, permutation=(1, 0)))
    b.returns(b.add(st.ReduceMin, products, axes=(0, 1)))
    with pytest.raises(UnsupportedError, match="over two axes of clients"):
        compile_program(b.build(), Options(clients=3))
