from __future__ import annotations

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.signs import non_negative
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType


def dot(b, x, y):
    return b.add(st.MatMul, b.add(st.Reshape, x, shape=("n", 1, 3)), b.add(st.Reshape, y, shape=("n", 3, 1)))


def constant(b, value):
    return b.add(Constant, value=np.full((), value), dtype=DType.F32)


NEVER_NEGATIVE = {
    "relu": lambda b, x: b.add(ew.Relu, x),
    "square": lambda b, x: b.add(ew.Mul, x, x),
    "norm": lambda b, x: b.add(ew.Sqrt, dot(b, x, x)),
    "sum": lambda b, x: b.add(st.Sum, b.add(ew.Abs, x), axes=(0, 1)),
    "scaled": lambda b, x: b.add(ew.Mul, b.add(ew.Abs, x), constant(b, 2.0)),
    "quotient": lambda b, x: b.add(ew.DivNoNan, constant(b, 1.0), b.add(ew.Relu, x)),
    "maximum": lambda b, x: b.add(ew.Maximum, x, constant(b, 0.5)),
    "choice": lambda b, x: b.add(ew.Select, b.add(ew.Greater, x, constant(b, 0.0)), b.add(ew.Abs, x), constant(b, 0.0)),
}
MAYBE_NEGATIVE = {
    "input": lambda b, x: b.add(ew.Neg, x),
    "difference": lambda b, x: b.add(ew.Sub, b.add(ew.Abs, x), constant(b, 0.0)),
    "dot product with the negative": lambda b, x: dot(b, x, b.add(ew.Neg, x)),
    "scaled": lambda b, x: b.add(ew.Mul, b.add(ew.Abs, x), constant(b, -2.0)),
    "minimum": lambda b, x: b.add(ew.Minimum, x, constant(b, 0.5)),
    "choice": lambda b, x: b.add(ew.Select, b.add(ew.Greater, x, constant(b, 0.0)), x, constant(b, 0.0)),
}


def known(build) -> bool:
    b = TensorProgram("signs")
    value = build(b, b.clients("x", 3))
    return value in non_negative(b.build())


@pytest.mark.parametrize("name", NEVER_NEGATIVE)
def test_never_negative(name):
    assert known(NEVER_NEGATIVE[name])


@pytest.mark.parametrize("name", MAYBE_NEGATIVE)
def test_maybe_negative(name):
    assert not known(MAYBE_NEGATIVE[name])
