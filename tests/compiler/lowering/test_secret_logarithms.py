"""Logarithms of secret values and of their sums."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st

FLOOR = 2.0**-10


@pytest.mark.parametrize("of_sum", [True, False])
def test_logarithm(of_sum):
    b = TensorProgram("entropy")
    x, floor = b.clients("x", 6), b.constant(FLOOR)
    if of_sum:
        b.returns(b.add(ew.Log, b.add(ew.Maximum, b.add(st.Sum, x, axes=(0,)), floor)))
    else:
        b.returns(b.add(st.Sum, b.add(ew.Log, b.add(ew.Maximum, x, floor)), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=4, bounds=ParameterBounds.of({"x": 64.0})))
    values = np.array([[0.5, 0.25, 40.0, 2.0**-9, -3.0, 0.0], [0.5, 0.125, 23.0, 2.0**-12, 1.0, 0.0]])
    got = PlainProgram(compiled).run({"x": list(values)}, {}).outputs["result"]
    reduced = [values.sum(axis=0)] if of_sum else values
    want = sum(np.log(np.maximum(v, FLOOR)) for v in reduced)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    assert len(compiled.epilogue.of(Op)) == 2, "the sum itself is not opened: the logarithm is computed in a circuit"


def test_of_what_may_be_zero():
    b = TensorProgram("unbounded")
    b.returns(b.add(ew.Log, b.add(st.Sum, b.clients("x", 3), axes=(0,))))
    program = PlainProgram(compile_program(b.build(), Options(clients=4)))
    got = program.run({"x": [np.array([1.0, 2.0**-20, 7.0]), np.array([0.5, 0.0, 6.0])]}, {}).outputs["result"]
    np.testing.assert_allclose(got, np.log([1.5, 2.0**-20, 13.0]), rtol=1e-6)
    with pytest.raises(DivisionError, match="infinite or not a number"):
        program.run({"x": [np.array([1.0, 1.0, 1.0]), np.array([1.0, -1.0, 1.0])]}, {})
