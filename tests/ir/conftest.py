from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Array, Value
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Output, TensorOp
from ezprivsecfl.ir.types import DType

DTYPES = {"f": DType.F64, "i": DType.I64, "b": DType.BOOL}


@pytest.fixture
def evaluate() -> Callable[..., Array]:
    """Evaluates one tensor-level operation, by name, on arrays."""

    def run(name: str, *args: Any, **attributes: Any) -> Array:
        builder = ProgramBuilder("one", Level.TENSOR)
        operands: list[Value] = []
        for arg in args:
            array = np.asarray(arg)
            operands.append(builder.add(Constant, value=array, dtype=DTYPES[array.dtype.kind]))
        result = builder.add(TensorOp.REGISTRY[name], *operands, **attributes)
        builder.append(Output(operands=(result,), path="result"))
        value = run_tensor(builder.build(), {}, clients=3)["result"]
        assert value.shape == result.type.shape
        return value

    return run
