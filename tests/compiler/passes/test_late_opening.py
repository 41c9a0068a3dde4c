"""What late opening leaves to the clear: looked at is what is opened, not only what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from opened import Round, run_plain
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.chains import chain
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError, Location, UnsupportedError
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Output
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Div, DivNoNan, Exp, Mul, Neg, Sub
from ezprivsecfl.ir.tensor.structure import Clients, Sum
from ezprivsecfl.ir.types import DType

CLIENTS = 4
X = np.arange(1.0, 13.0).reshape(CLIENTS, 3) / 4
TOTAL = X.sum(axis=0)


def program(use, dtype: DType = DType.F32) -> Program:
    """``use`` gets the sum over the clients, and returns the output."""
    b = TensorProgram("late")
    b.returns(use(b, b.add(Sum, b.clients("x", 3, dtype=dtype), axes=(0,))))
    return b.build()


def constant(b: TensorProgram, value: float, dtype: DType = DType.F32) -> Value:
    return b.add(Constant, value=np.asarray(value), dtype=dtype)


def run(use, x=X, dtype: DType = DType.F32, **server: float) -> Round:
    compiled = compile_program(program(use, dtype), Options(clients=CLIENTS))
    return run_plain(compiled, {"x": x}, {path: np.asarray(value) for path, value in server.items()})


def by_rate(b, total):
    return b.add(Mul, total, b.server("rate"))


def by_exponential(b, total):
    return b.add(Mul, total, b.add(Exp, b.server("rate")))


def by_negated(b, total):
    return b.add(Neg, b.add(Mul, total, b.add(Neg, b.server("rate"))))


def by_two(b, total):
    return b.add(Mul, b.add(Mul, total, b.server("rate")), b.server("other"))


def by_quotient(b, total):
    return b.add(DivNoNan, total, b.server("rate"))


def by_ratio(b, total):
    ratio = b.add(Div, b.server("rate"), b.server("other"))
    return b.add(Mul, b.add(Mul, total, ratio), b.server("third"))


@pytest.mark.parametrize("third", [1.0, 0.0])
def test_where_the_factor_is_not_a_number_neither_is_the_result(third):
    """As TFF has it: 0/0 of public numbers, whatever it is multiplied with. Nothing is opened for that."""
    round_ = run(by_ratio, rate=0.0, other=0.0, third=third)
    assert np.isnan(round_.outputs["result"]).all()
    np.testing.assert_array_equal(round_.opened[0], np.zeros(3))


def test_infinite_factors_are_refused():
    """Their results would show signs, and zeros."""
    with pytest.raises(InputError, match=r"the public factor at .* is inf"):
        run(by_ratio, rate=1.0, other=0.0, third=1.0)


@pytest.mark.parametrize(
    ("use", "server"),
    [
        (by_rate, {"rate": 0.0}),
        (by_rate, {"rate": -0.0}),
        (by_rate, {"rate": 1e-44}),  # subnormal in float32, which TensorFlow takes for zero
        (by_exponential, {"rate": -800.0}),
        (by_exponential, {"rate": -100.0}),
        (by_negated, {"rate": 0.0}),
        (by_two, {"rate": 1.0, "other": 0.0}),
        (by_two, {"rate": 0.0, "other": 5.0}),
        (by_quotient, {"rate": 0.0}),
        (lambda b, total: b.add(Mul, total, constant(b, 0.0)), {}),
        (lambda b, total: b.add(Mul, total, constant(b, 1e-44)), {}),
    ],
)
def test_where_the_factor_is_zero_nothing_is_opened(use, server):
    round_ = run(use, **server)
    np.testing.assert_array_equal(round_.outputs["result"], np.zeros(3))
    np.testing.assert_array_equal(round_.opened[0], np.zeros(3))
    other = run(use, x=-2 * X[::-1], **server)
    assert other.statistics.opened == round_.statistics.opened


@pytest.mark.parametrize("rate", [-1.0, 1.0, 0.5, -2.0, 2.0**-60, 2.0**10])
def test_any_other_factor_opens_the_sum(rate):
    round_ = run(by_rate, rate=rate)
    np.testing.assert_allclose(round_.outputs["result"], TOTAL * rate, rtol=1e-7)
    np.testing.assert_allclose(round_.opened[0], TOTAL)


@pytest.mark.parametrize(
    ("use", "server"),
    [
        (by_rate, {"rate": 2.0**-61}),
        (by_rate, {"rate": 1e-30}),
        (by_exponential, {"rate": 50.0}),
        (by_exponential, {"rate": 800.0}),
        (by_two, {"rate": 2.0**-40, "other": 2.0**-40}),
        (by_two, {"rate": 2.0**-40, "other": 2.0**-80}),
        (lambda b, total: b.add(Div, total, b.server("rate")), {"rate": 0.0}),
    ],
)
def test_factors_that_hide_or_overflow_are_refused_before_anything_is_opened(use, server):
    def located(b, total):
        with b.at(Location("user.py", 7, "Mul")):
            return use(b, total)

    seen: list[object] = []
    compiled = compile_program(program(located), Options(clients=CLIENTS))
    with pytest.raises(InputError, match=r"the public factor at user.py:7 .*2\^-60 to 2\^60.*nothing is opened"):
        run_plain(compiled, {"x": X}, {p: np.asarray(v) for p, v in server.items()}, seen)
    assert not seen


def test_a_constant_factor_beyond_the_limits_does_not_compile():
    with pytest.raises(UnsupportedError, match="the public factor"):
        compile_program(program(lambda b, t: b.add(Mul, t, constant(b, 1e30))), Options(clients=CLIENTS))


def test_factors_that_are_known_need_no_gate():
    mean = program(lambda b, t: b.add(Mul, b.add(Div, t, b.add(Clients, dtype=DType.F32)), constant(b, 0.5)))
    compiled = compile_program(mean, Options(clients=CLIENTS))
    (output,) = compiled.optimised.of(Output)
    assert isinstance(chain(output.operands[0]).opened.op, Sum)
    assert not compiled.prologue.ops


def test_no_gate_where_another_output_shows_the_value():
    b = TensorProgram("two")
    total = b.add(Sum, b.clients("x", 3), axes=(0,))
    b.returns(total, "total")
    b.returns(by_rate(b, total), "scaled")
    compiled = compile_program(b.build(), Options(clients=CLIENTS))
    round_ = run_plain(compiled, {"x": X}, {"rate": np.asarray(0.0)})
    assert [o["output"] for o in round_.statistics.opened] == ["total and scaled"]
    np.testing.assert_array_equal(round_.outputs["scaled"], np.zeros(3))


def by_tensor(b, total):
    return b.add(Mul, total, b.server("factors", 3))


def test_a_tensor_of_factors_is_applied_before_opening():
    round_ = run(by_tensor, factors=[0.0, 1.0, 4.0])
    np.testing.assert_allclose(round_.outputs["result"], TOTAL * [0.0, 1.0, 4.0], rtol=1e-6)
    assert round_.opened[0][0] == 0.0
    np.testing.assert_allclose(round_.opened[0][1:], TOTAL[1:] * [0.25, 1.0], rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e6])
def test_tensors_of_factors_of_any_magnitude(scale):
    factors = scale * np.array([1.0, -0.5, 0.25])
    round_ = run(by_tensor, factors=factors) if scale < 8 else run_divided(1 / factors)
    np.testing.assert_allclose(round_.outputs["result"], TOTAL * factors, rtol=1e-6)


def run_divided(divisors):
    return run(lambda b, t: b.add(Div, t, b.server("divisors", 3)), divisors=divisors)


def test_all_factors_of_a_tensor_zero():
    round_ = run(by_tensor, factors=np.zeros(3))
    np.testing.assert_array_equal(round_.opened[0], np.zeros(3))
    np.testing.assert_array_equal(round_.outputs["result"], np.zeros(3))


def plus(b, total):
    return b.add(Add, b.server("state", 3), total)


def bits(round_: Round) -> int:
    (opened,) = round_.statistics.opened
    return opened["bits"]


def test_places_that_a_sum_with_a_large_number_hides_stay_closed():
    """One unit of a float32 next to 1e9 is 64, next to 1e3 it is 2^-14."""
    frac = compile_program(program(plus), Options(clients=CLIENTS)).secure.ops[0].result.type.frac
    for state, unit in ((1e9, 2**6), (1e3, 2**-14), (-1e3, 2**-14)):
        round_ = run(plus, state=[state, 0.0, 0.0])
        assert 64 - bits(round_) == frac + int(np.log2(unit))
        np.testing.assert_allclose(round_.outputs["result"], TOTAL + np.array([state, 0.0, 0.0]), atol=unit)
    assert bits(run(plus, state=np.zeros(3))) == bits(run(lambda b, total: total))


def test_the_factor_counts_for_what_a_sum_hides():
    def step(b, total):
        return b.add(Sub, b.server("state", 3), b.add(Mul, total, b.server("rate")))

    full = run(step, state=[1e3, 0.0, 0.0], rate=1.0)
    assert bits(run(step, state=[1e3, 0.0, 0.0], rate=2.0**-10)) == bits(full) - 10
    nothing = run(step, state=[1e3, 0.0, 0.0], rate=0.0)
    np.testing.assert_array_equal(nothing.opened[0], np.zeros(3))


def test_a_sum_is_opened_in_full_if_another_output_shows_it():
    b = TensorProgram("two")
    total = b.add(Sum, b.clients("x", 3), axes=(0,))
    b.returns(total, "total")
    b.returns(plus(b, total), "state")
    compiled = compile_program(b.build(), Options(clients=CLIENTS))
    assert bits(run_plain(compiled, {"x": X}, {"state": np.full(3, 1e9)})) == bits(run(lambda b, t: t))


def test_the_exponential_of_an_opened_value_shows_its_absolute_places():
    frac = compile_program(program(lambda b, t: t), Options(clients=CLIENTS)).secure.ops[0].result.type.frac
    round_ = run(lambda b, t: b.add(Exp, t), x=X / 1e6)
    assert 64 - bits(round_) == frac - 23
    np.testing.assert_allclose(run(lambda b, t: b.add(Exp, t)).outputs["result"], np.exp(TOTAL), rtol=1e-6)


def test_an_exponential_that_may_underflow_is_refused():
    with pytest.raises(UnsupportedError, match=r"exp of a secret value that may reach 800.*clip_by_value"):
        compile_program(program(lambda b, t: b.add(Exp, t)), Options(clients=100))


def test_nothing_is_computed_in_the_clear_above_a_sum_with_an_exponential():
    round_ = run(lambda b, t: b.add(Add, b.add(Exp, t), constant(b, 1.0)))
    np.testing.assert_allclose(round_.outputs["result"], np.exp(TOTAL) + 1, rtol=1e-5)
    compiled = compile_program(
        program(lambda b, t: b.add(Add, b.add(Exp, t), constant(b, 1.0))), Options(clients=CLIENTS)
    )
    assert compiled.secure.circuits, "the exponential is computed in a circuit, and the sum is not opened"
    assert not compiled.epilogue.of(Exp)


@pytest.mark.parametrize(
    ("inner", "outer", "significant"),
    [
        (DType.F32, DType.F32, 24),
        (DType.F64, DType.F64, 40),
        (DType.F64, DType.F32, 24),
        (DType.F32, DType.F64, 24),
        (DType.I32, DType.F32, 24),
        (DType.I32, DType.F64, 40),
        (DType.I32, DType.I64, None),
        (DType.I32, DType.I32, None),
    ],
)
def test_the_narrowest_type_on_the_way_decides(inner, outer, significant):
    def use(b, total):
        return b.add(Cast, total, dtype=outer)

    compiled = compile_program(program(use, inner), Options(clients=CLIENTS))
    (opening,) = [op for op in compiled.secure.ops if op.name == "open"]
    assert opening.significant == significant
