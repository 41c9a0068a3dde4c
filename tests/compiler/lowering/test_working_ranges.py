"""Numbers that leave circuits are right, or say that they are beyond their working range: none is cut silently."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from rounds import simulated, worst_error
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.ranges import EXACT, Ranges
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.pipeline import ATTEMPTS, compile_program
from ezprivsecfl.errors import DivisionError, InputError
from ezprivsecfl.ir.mpc import io
from ezprivsecfl.ir.mpc.protocol import CheckClients, CheckZero, Circuit, Product
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

EXPONENTS = range(-2, 33)
"""Quotients 2^e: from small ones to those beyond every working range."""

BOUNDS = ParameterBounds({path: Bound(8.0) for path in "xy"})


def total(b: TensorProgram, x: Value) -> Value:
    return b.add(st.Sum, x, axes=(0,))


def compiled(build: object, **options: object) -> Compiled:
    b = TensorProgram("quotients")
    b.returns(build(b))
    return compile_program(b.build(), Options(**{"clients": 3, "bounds": BOUNDS, **options}))


def own_quotients(b: TensorProgram) -> Value:
    return total(b, b.add(ew.Div, b.clients("x"), b.clients("y")))


def quotient_of_sums(b: TensorProgram) -> Value:
    return b.add(ew.Div, total(b, b.clients("x")), total(b, b.clients("y")))


def range_in(message: str) -> float:
    """The range that a message names."""
    (found,) = re.findall(r"\(\|x\| <= ([0-9.e+]+)\)", message)
    return float(found)


def test_a_client_with_a_quotient_beyond_the_range_is_dropped():
    program = compiled(own_quotients)
    (check,) = program.secure.of(CheckClients)
    dropped = {}
    for e in EXPONENTS:
        inputs = {"x": np.array([1.0, 3.0, 1.0]), "y": np.array([1.0, 2.0, 2.0**-e])}
        clients = [one["client"] for one in simulated(program, inputs).statistics.dropped]
        assert worst_error(program, inputs, [c for c in range(3) if c not in clients]) <= 1e-3
        assert clients in ([], [2])
        dropped[e] = bool(clients)
    assert range_in(check.what) > 2.0**10
    assert all(dropped[e] == (2.0**e >= 0.99 * range_in(check.what)) for e in EXPONENTS)


def failure(program: Compiled, inputs: dict[str, np.ndarray]) -> str | None:
    """What a round fails with, if it does."""
    try:
        simulated(program, inputs)
    except DivisionError as error:
        return str(error)
    return None


def test_a_shared_quotient_beyond_the_range_fails_the_round():
    program = compiled(quotient_of_sums)
    (check,) = program.secure.of(CheckZero)
    failed = {}
    for e in EXPONENTS:
        inputs = {"x": np.array([1.0, -2.0, 2.0]), "y": np.array([1.0, 2.0**-e, -1.0])}
        message = failure(program, inputs)
        failed[e] = message is not None
        if message is None:
            assert worst_error(program, inputs) <= 1e-3
        else:
            assert range_in(message) == range_in(check.what)
            assert "beyond the range that the program was compiled for" in message
    assert range_in(check.what) > 2.0**10
    assert all(failed[e] == (2.0**e >= 0.99 * range_in(check.what)) for e in EXPONENTS)


def test_a_guard_excludes_rows_whose_quotients_are_infinite():
    """Adding the condition times the difference of the branches would add an infinity to the zero that is chosen."""

    def guarded(b: TensorProgram) -> Value:
        x, y, zero = b.clients("x", 4), b.clients("y", 4), b.constant(0.0)
        chosen = b.add(st.Reshape, b.add(ew.Greater, b.clients("c"), zero), shape=("n", 1))
        return total(b, b.add(ew.Select, chosen, b.add(ew.Div, x, y), zero))

    program, kept = compiled(guarded), [0, 2]
    y = np.array([[1, 2, -1, 0.5], [0, 3, 0, 1], [2, 2, 1, 1.0]])
    inputs = {"x": np.arange(12.0).reshape(3, 4) / 2, "y": y, "c": np.array([1.0, 0.0, 3.0])}
    assert simulated(program, inputs).statistics.dropped == []
    np.testing.assert_allclose(
        simulated(program, inputs).outputs["result"], np.sum((inputs["x"][kept] / y[kept]), axis=0), rtol=1e-3
    )


@pytest.mark.parametrize("inverse", [False, True], ids=["quotient", "inverse"])
@pytest.mark.parametrize("size", [1, 20, 500])
def test_quotients_entry_by_entry_are_computed_in_circuits(size: int, inverse: bool):
    """A product of shares would need room for the largest inverse and the largest numerator at once."""

    def quotients(b: TensorProgram) -> Value:
        x, y = b.clients("x", size), b.clients("y", size)
        return total(b, b.add(ew.Mul, x, b.add(ew.Reciprocal, y)) if inverse else b.add(ew.Div, x, y))

    program = compiled(quotients)
    assert not program.secure.of(Product)
    assert ("n", size) in {op.results[0].type.shape for op in program.secure.of(Circuit)}
    rng = np.random.default_rng(0)
    inputs = {"x": rng.normal(0, 1, (3, size)), "y": rng.normal(0, 1, (3, size))}
    assert worst_error(program, inputs) <= 1e-4


def test_a_public_value_has_a_format_for_each_use():
    """The variance: the number of clients divides the squares, and the values."""

    def twice(b: TensorProgram) -> Value:
        x, n = b.clients("x"), b.add(st.Clients, dtype=DType.F32)
        mean = b.add(ew.Div, total(b, x), n)
        second = b.add(ew.Div, total(b, b.add(ew.Mul, x, x)), n)
        return b.add(ew.Sub, second, b.add(ew.Mul, mean, mean))

    program = compiled(twice, bounds=ParameterBounds.of({"x": 8.0}))
    publics = {op.path: op.type.frac for op in program.secure.of(io.Public)}
    assert publics.keys() == {"public0", "public0_1"}
    assert publics["public0"] != publics["public0_1"]
    assert worst_error(program, {"x": np.array([1.0, 2.0, 4.0])}) <= 1e-3


def hidden_product(b: TensorProgram, factors: Value) -> Value:
    """The sum of relu(x · factors): the public factors enter the secure part, since the circuit comes after them."""
    return total(b, b.add(ew.Relu, b.add(ew.Mul, b.clients("x", 3), factors)))


def by_inverses(b: TensorProgram) -> Value:
    return hidden_product(b, b.add(ew.Reciprocal, b.server("s", 3)))


def by_powers(b: TensorProgram) -> Value:
    return hidden_product(b, b.add(ew.Exp, b.add(ew.Mul, b.server("s", 3), b.constant(1e6))))


@pytest.mark.parametrize("program", [by_inverses, by_powers])
def test_the_encoder_takes_no_public_value_beyond_its_working_range(program: Callable[[TensorProgram], Value]):
    """Of a public value without a bound, everything after it is proved from the range that it is encoded within."""
    found = compiled(program, bounds=ParameterBounds())
    (public,) = found.secure.of(io.Public)
    claims = [Ranges(found.optimised, EXACT, *reach) for _, *reach in ATTEMPTS]
    (factors,) = {v for ranges in claims for v in ranges.checked}
    magnitudes = [ranges[factors].magnitude for ranges in claims]
    assert all(magnitude >= 2.0**7 for magnitude in magnitudes), "no working range is empty"
    assert any(magnitude <= public.bound < magnitude * (1 + 2.0**-19) for magnitude in magnitudes)


def test_public_values_are_right_up_to_their_working_range_and_refused_above():
    found = compiled(by_inverses, bounds=ParameterBounds())
    (public,) = found.secure.of(io.Public)
    x = np.full((3, 3), 7.9)
    within, beyond = 0.999 * public.bound, 1.001 * public.bound
    assert worst_error(found, {"x": x, "s": np.array([1 / within, 1.0, 1.0])}) <= 1e-3
    with pytest.raises(InputError, match=r"public value .* more than the program was compiled for"):
        simulated(found, {"x": x, "s": np.array([1 / beyond, 1.0, 1.0])})


def test_public_factors_without_a_bound_are_multiplied_on_shares():
    """The encoder checks them: a circuit for the product would only cost more."""
    circuit, *_ = compiled(by_inverses, bounds=ParameterBounds()).secure.of(Circuit)
    assert len(circuit.operands) == 1, "the product alone enters"
