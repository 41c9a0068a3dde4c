"""Public values that are repeated for every client: computed once in the clear, whatever is done with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Constant, Output
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.ordering import TopValues
from ezprivsecfl.ir.tensor.structure import Broadcast, Concat, MatMul, Reshape, Slice, Sum, Transpose
from ezprivsecfl.ir.types import CLIENTS_DIM, DType

CLIENTS, SIZE = 3, 4


def column(b: TensorProgram, value: Value) -> Value:
    return b.add(Reshape, value, shape=(*value.type.shape, 1))


def row(b: TensorProgram, value: Value) -> Value:
    return b.add(Reshape, value, shape=(*value.type.shape[:-1], 1, value.type.shape[-1]))


def first(b: TensorProgram, value: Value) -> Value:
    return b.add(Slice, value, starts=(0, 0), sizes=("n", 1), strides=(1, 1))


USES: dict[str, Callable[[TensorProgram, Value, Value], Value]] = {
    "product": lambda b, x, p: b.add(ew.Mul, x, p),
    "sum": lambda b, x, p: b.add(ew.Add, x, p),
    "maximum": lambda b, x, p: b.add(ew.Maximum, x, p),
    "selection": lambda b, x, p: b.add(ew.Select, b.add(ew.Greater, x, p), x, p),
    "joined": lambda b, x, p: b.add(Concat, x, p, axis=1),
    "row by column": lambda b, x, p: b.add(MatMul, row(b, x), column(b, p)),
    "column by row": lambda b, x, p: b.add(MatMul, column(b, p), row(b, x)),
    "over the clients": lambda b, x, p: b.add(MatMul, b.add(Transpose, p, permutation=(1, 0)), x),
    "weights of clients": lambda b, x, p: b.add(MatMul, b.add(Reshape, first(b, p), shape=(1, "n")), x),
    "reshaped": lambda b, x, p: b.add(ew.Mul, row(b, x), row(b, p)),
    "computed": lambda b, x, p: b.add(ew.Mul, x, b.add(ew.Exp, b.add(ew.Sub, p, p))),
    "joined before": lambda b, x, p: b.add(
        ew.Mul, x, b.add(Concat, first(b, p), first(b, p), first(b, p), first(b, p), axis=1)
    ),
    "added up": lambda b, x, p: b.add(ew.Mul, x, column(b, b.add(Sum, p, axes=(1,)))),
    "added up over clients": lambda b, x, p: b.add(ew.Mul, x, b.add(Sum, p, axes=(0,))),
    "largest": lambda b, x, p: b.add(ew.Mul, x, b.add(TopValues, p, count=1)),
    "product before": lambda b, x, p: b.add(ew.Mul, column(b, x), b.add(MatMul, column(b, p), row(b, p))),
}


@pytest.mark.parametrize("given", ["constant", "server"])
@pytest.mark.parametrize("use", USES)
def test_a_use(use: str, given: str) -> None:
    b, rng = TensorProgram("repeated"), np.random.default_rng(1)
    x = b.clients("x", SIZE)
    numbers = np.array([1.5, -2.0, 0.25, 3.0])
    public = b.server("p", SIZE) if given == "server" else b.add(Constant, value=numbers, dtype=DType.F32)
    result = USES[use](b, x, b.add(Broadcast, public, shape=("n", SIZE)))
    b.returns(b.add(Sum, result, axes=(0,)) if CLIENTS_DIM in result.type.shape else result)
    program = replace(b.build(), max_clients=CLIENTS)
    compiled = compile_program(program, Options(clients=CLIENTS))
    server = {"p": numbers} if given == "server" else {}
    inputs = {"x": np.round(rng.normal(0, 2, (CLIENTS, SIZE)), 2), **server}
    findings = Findings()
    check_compiled(compiled, inputs, CLIENTS, findings)
    assert not findings.violations
    found = PlainProgram(compiled).run({"x": list(inputs["x"])}, server).outputs["result"]
    np.testing.assert_allclose(found, run_tensor(program, inputs, CLIENTS)["result"], atol=1e-4)
    # Nothing is computed for every client; values are repeated in the clear only to add them up over the clients.
    repeated = [
        op for op in compiled.prologue.ops if not isinstance(op, Output) and CLIENTS_DIM in op.result.type.shape
    ]
    assert all(isinstance(op, Broadcast) for op in repeated)


def test_what_is_computed_over_clients_for_every_client_is_refused() -> None:
    b = TensorProgram("repeated")
    x, p = b.clients("x"), b.add(Broadcast, b.server("p"), shape=("n",))
    pairs = b.add(ew.Mul, column(b, p), row(b, p))
    b.returns(b.add(Sum, b.add(ew.Mul, x, b.add(Sum, pairs, axes=(0,))), axes=(0,)))
    with pytest.raises(UnsupportedError, match="of public values, repeated for every client"):
        compile_program(b.build(), Options(clients=CLIENTS))
