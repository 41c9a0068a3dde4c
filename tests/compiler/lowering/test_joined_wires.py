"""Values on wires of several formats, side by side: joined without a way through shares, in a format that holds all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.lowering.formats import common_format
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.circuits.floats import FLOAT
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import Broadcast, Concat, Sum
from ezprivsecfl.ir.types import BitFormat, DType, FixedFormat

CLIENTS = 3


def test_common_formats() -> None:
    assert common_format([FixedFormat(8, 4), FixedFormat(8, 4)]) == FixedFormat(8, 4)
    assert common_format([FixedFormat(8, 4), FixedFormat(6, 0)]) == FixedFormat(10, 4)
    assert common_format([FixedFormat(8, 4), FixedFormat(6, -2)]) == FixedFormat(12, 4)
    assert common_format([FixedFormat(8, 4), FLOAT]) == FLOAT
    assert common_format([BitFormat(), FixedFormat(2, 0)]) == BitFormat()


def parts(b: TensorProgram, names: str) -> list[Value]:
    """By letter: fixed point with a fraction, integers, normalised numbers, on shares, public."""
    x, y = b.clients("x", 3), b.clients("y", 3)
    made = {
        "m": lambda: b.add(ew.Minimum, x, y),
        "f": lambda: b.add(ew.Floor, x),
        "r": lambda: b.add(ew.Neg, b.add(ew.Sqrt, b.add(ew.Square, y))),
        "s": lambda: b.add(ew.Add, x, y),
        "p": lambda: b.add(Broadcast, b.add(Constant, value=np.array([-2.5, 0.25]), dtype=DType.F32), shape=("n", 2)),
    }
    return [made[name]() for name in names]


@pytest.mark.parametrize("names", ["mf", "fm", "mr", "fr", "ms", "sf", "mp", "pfs", "mfrsp"])
def test_numbers(names: str) -> None:
    b = TensorProgram("joined")
    joined = b.add(Concat, *parts(b, names), axis=1)
    limit = b.add(Constant, value=np.array(-0.75), dtype=DType.F32)
    b.returns(b.add(Sum, b.add(ew.Maximum, joined, limit), axes=(0,)))
    check(b)


@pytest.mark.parametrize("public", [False, True])
def test_truth_values(public: bool) -> None:
    b = TensorProgram("joined")
    x, y = b.clients("x", 3), b.clients("y", 3)
    known = b.add(Broadcast, b.add(Constant, value=np.array([True, False]), dtype=DType.BOOL), shape=("n", 2))
    first, second = b.add(ew.Less, x, y), known if public else b.add(ew.Greater, x, y)
    joined = b.add(ew.Not, b.add(Concat, first, second, axis=1))
    b.returns(b.add(Sum, b.add(ew.Cast, joined, dtype=DType.F32), axes=(0,)))
    check(b)


def test_what_no_circuit_takes_is_joined_on_shares() -> None:
    b = TensorProgram("joined")
    b.returns(b.add(Sum, b.add(Concat, *parts(b, "mf"), axis=1), axes=(0,)))
    check(b)
    assert not any(op.name == "concat" and "yao" in str(op.result.type) for op in compiled(b).secure.ops)


def compiled(b: TensorProgram):
    return compile_program(replace(b.build(), max_clients=CLIENTS), Options(clients=CLIENTS))


def check(b: TensorProgram) -> None:
    """Every operation gives what it should, and so does the program."""
    rng = np.random.default_rng(1)
    inputs = {path: np.round(rng.normal(0, 2, (CLIENTS, 3)), 2) for path in ("x", "y")}
    findings = Findings()
    check_compiled(compiled(b), inputs, CLIENTS, findings)
    assert not findings.violations
    found = PlainProgram(compiled(b)).run({path: list(v) for path, v in inputs.items()}, {}).outputs["result"]
    np.testing.assert_allclose(found, run_tensor(b.build(), inputs, CLIENTS)["result"], atol=1e-4)
