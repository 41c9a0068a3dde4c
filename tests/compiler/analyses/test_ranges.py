from __future__ import annotations

import math

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.bounds import TERMS, Bounds, Divisors
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.stages import divide
from ezprivsecfl.compiler.analyses.terms import Term
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.pipeline import tensor_passes
from ezprivsecfl.errors import LeakageError
from ezprivsecfl.ir.op import Environment, Value
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor.elementwise import Add, Div, DivNoNan, Maximum, Mul, Relu, Sqrt, Sub
from ezprivsecfl.ir.tensor.structure import Reshape, Sum
from ezprivsecfl.ir.types import DType


def optimised(program: Program, clients: int = 30) -> Program:
    return run_passes(DeclareBounds(clients, ParameterBounds()).run(program), tensor_passes(Options(clients=clients)))


def result_bound(program: Program) -> float:
    (output,) = program.of(Output)
    return Ranges(program)[output.operands[0]].magnitude


def test_fltrust_result_is_bounded_by_the_root_norm(fltrust_program):
    program = optimised(fltrust_program)
    assert result_bound(program) == pytest.approx(8 * math.sqrt(3372))
    (opened,) = divide(program).opened
    assert Ranges(program)[opened].magnitude == pytest.approx(1.0)


def test_trust_scores_are_at_most_one(fltrust_program):
    program = optimised(fltrust_program)
    (relu,) = program.of(Relu)
    assert Ranges(program)[relu.result].hi == pytest.approx(1.0)


def test_weighted_mean_stays_within_what_is_averaged(any_program):
    assert result_bound(optimised(any_program)) <= {"weighted_mean": 8.0}.get(any_program.name, math.inf)


def test_the_search_for_theorems_ends():
    """Of a square of a quotient of sums every rewriting gives another one, for ever."""
    b = TensorProgram("squared_mean")
    x, w = b.clients("x", 3), b.clients("w")
    weighted = b.add(Sum, b.add(Mul, x, b.add(Reshape, w, shape=("n", 1))), axes=(0,))
    mean = b.add(DivNoNan, weighted, b.add(Sum, w, axes=(0,)))
    b.returns(b.add(Mul, mean, mean))
    assert result_bound(optimised(b.build(), clients=4)) == pytest.approx(64.0)


def test_the_search_for_theorems_is_short(monkeypatch):
    """The product of two cosines has so many rewritings that they cannot all be tried."""
    b = TensorProgram("cosines")
    x, y, z = b.clients("x", 3), b.clients("y", 3), b.clients("z", 3)

    def cosine(u: Value, v: Value) -> Value:
        dot = b.add(Sum, b.add(Mul, u, v), axes=(1,))
        return b.add(DivNoNan, dot, b.add(Mul, b.norm(u, 1), b.norm(v, 1)))

    product = b.add(Mul, cosine(x, y), cosine(x, z))
    b.returns(b.add(Sum, b.add(Mul, product, cosine(y, z)), axes=(0,)))
    searches = 0
    search = Bounds._search

    def counted(self: Bounds, term: Term, nonzero: Divisors) -> float:
        nonlocal searches
        searches += 1
        return search(self, term, nonzero)

    monkeypatch.setattr(Bounds, "_search", counted)
    program = optimised(b.build(), clients=4)
    ranges = Ranges(program)
    assert searches < 2 * TERMS * len(program.ops)
    (output,) = program.of(Output)
    assert ranges[output.operands[0]].magnitude < math.inf


@pytest.mark.parametrize("guard", ["maximum", "add", "none"])
def test_unit_vectors_however_the_divisor_is_guarded(guard):
    b = TensorProgram("unit")
    x = b.clients("x", 50)
    norm = b.norm(x, 1)
    tiny = b.add(Constant, value=np.full((), 1e-9), dtype=DType.F32)
    if guard != "none":
        norm = b.add(Maximum if guard == "maximum" else Add, norm, tiny)
    unit = b.add(Div, x, b.add(Reshape, norm, shape=("n", 1)))
    b.returns(b.add(Sum, unit, axes=(0,)))
    assert result_bound(optimised(b.build())) <= 30.0 + 1e-9


def test_intervals_contain_what_is_computed():
    rng = np.random.default_rng(1)
    b = TensorProgram("intervals")
    x, y = b.clients("x", 4), b.clients("y", 4)
    v = b.add(Sub, b.add(Mul, x, y), b.add(Relu, x))
    v = b.add(Maximum, v, b.add(Add, x, y))
    b.add(Sqrt, b.add(Sum, b.add(Mul, v, v), axes=(1,)))
    b.returns(b.add(Sum, v, axes=(0, 1)))
    program = DeclareBounds(10, ParameterBounds.of({"": 3.0})).run(b.build())
    ranges = Ranges(program)
    values = {}
    for op in program.ops:
        args = [values[o] for o in op.operands]
        if isinstance(op, Input):
            values[op.result] = rng.uniform(-3, 3, (10, 4))
        else:
            values.update(zip(op.results, op.evaluate(args, Environment(10)), strict=True))
        for result in op.results:
            assert ranges[result].lo <= values[result].min()
            assert values[result].max() <= ranges[result].hi


def test_outputs_of_single_clients_are_refused():
    b = TensorProgram("leak")
    x = b.clients("x", 4)
    b.ops.append(Output(operands=(b.add(Sum, x, axes=(0,)),), path="fine"))
    program = DeclareBounds(10, ParameterBounds()).run(b.build())
    assert list(divide(program).opened.values()) == ["opened0"]
    leaking = Output.__new__(Output)
    object.__setattr__(leaking, "operands", (program.ops[0].result,))
    object.__setattr__(leaking, "path", "all")
    object.__setattr__(leaking, "location", program.ops[0].location)
    object.__setattr__(leaking, "results", ())
    with pytest.raises(LeakageError, match="single clients"):
        divide(Program("leak", program.level, 10, (*program.ops, leaking)))
