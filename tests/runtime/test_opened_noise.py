"""What is opened has noise, of both servers, anew in every round.

Thresholds are six standard deviations or more of what is estimated: one of them is passed by chance once in 10^8 runs.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from opened import run_plain
from pair import Pair
from small_programs import TensorProgram

from ezprivsecfl.compiler.analyses.noise import noise_of, opened_without_noise
from ezprivsecfl.compiler.choices import EACH, JOINT, NOISE
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError, PrecisionError, UnsupportedError
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.mpc.fixed_point import decode
from ezprivsecfl.ir.mpc.opening import bits_opened
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Add, Maximum, Mul
from ezprivsecfl.ir.tensor.noise import Noised, StandardNormal
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType

COUNT = 20000
NEAR = 6 / math.sqrt(COUNT)
VALUES = np.random.default_rng(1).normal(size=(3, COUNT)).astype(np.float32)
TOTAL = VALUES.astype(float).sum(axis=0)
TIMES = {EACH: math.sqrt(2), JOINT: 1.0}


def with_noise(b: TensorProgram, x: Value, deviation: Value, draw: int = 0) -> Value:
    z = b.add(StandardNormal, shape=x.type.shape, dtype=DType.F32, draw=draw)
    return b.add(Add, x, b.add(Mul, z, deviation))


def mechanism(steps: str = "") -> Program:
    """The sum and its noise, and what follows: another factor, a public addend, or something that is not linear."""
    b = TensorProgram("mechanism")
    noised = with_noise(b, b.add(Sum, b.clients("x", COUNT), axes=(0,)), b.server("deviation"))
    if "factor" in steps:
        noised = b.add(Mul, noised, b.server("factor"))
    if "addend" in steps:
        noised = b.add(Add, noised, b.server("addend", COUNT))
    if "circuit" in steps:
        noised = b.add(Maximum, noised, b.constant(-100.0))
    b.returns(noised)
    return b.build()


def opened(pair: Pair, deviation: float, **server: object) -> np.ndarray:
    """The real numbers that are opened in a round; both servers see the same."""
    pair.round({"x": VALUES}, {"deviation": np.float32(deviation), **server})
    ((value, bits),) = pair.engines[0].revealed
    ((other, _),) = pair.engines[1].revealed
    (output,) = pair.compiled.secure.of(io.Output)
    np.testing.assert_array_equal(value, other)
    (noised,) = pair.compiled.secure.of(protocol.Open)
    assert abs(bits - bits_opened(value, noised.significant)) <= 1  # no more places than a float32 shows
    return decode(value, output.operands[0].type.frac)


@pytest.mark.parametrize("kind", NOISE)
def test_what_is_opened_has_the_noise_of_both_servers_anew_in_every_round(kind: str) -> None:
    pair = Pair(compile_program(mechanism(), Options(clients=3, noise=kind)))
    rounds = [(opened(pair, 0.75) - TOTAL) / (0.75 * TIMES[kind]) for _ in range(2)]
    again = Pair(pair.compiled)  # as after a restart
    rounds.append((opened(again, 0.75) - TOTAL) / (0.75 * TIMES[kind]))
    for noise in rounds:
        assert abs(np.mean(noise)) < NEAR
        assert abs(np.var(noise) - 1) < math.sqrt(2) * NEAR  # of one server's part alone: one half
        assert abs(np.mean(noise**4) - 3) < math.sqrt(96) * NEAR
        assert abs(np.mean(noise[1:] * noise[:-1])) < NEAR
        assert np.max(np.abs(noise)) < 8
    for i, noise in enumerate(rounds):
        assert all(abs(np.mean(noise * other)) < NEAR for other in rounds[:i])


@pytest.mark.parametrize("steps", ["factor", "addend", "factor, addend", "circuit", "factor, circuit"])
def test_noise_comes_before_the_opening_whatever_follows(steps: str) -> None:
    compiled = compile_program(mechanism(steps), Options(clients=3))
    assert not opened_without_noise(compiled.secure)
    assert not compiled.epilogue.of(Noised)
    assert not compiled.epilogue.of(StandardNormal)
    (op,) = noise_of(compiled)
    assert (op.shape, op.deviation, op.parameters, op.full) == ((COUNT,), None, ("deviation",), True)


def test_the_same_on_servers() -> None:
    pair = Pair(compile_program(mechanism("factor, addend"), Options(clients=3)))
    server = {"factor": np.float32(0.25), "addend": np.zeros(COUNT, np.float32)}
    noise = (opened(pair, 0.75, **server) - TOTAL) / (0.75 * math.sqrt(2))  # the factor is applied in the clear
    assert abs(np.var(noise) - 1) < math.sqrt(2) * NEAR


def test_what_has_no_noise_is_found() -> None:
    b = TensorProgram("both")
    total = b.add(Sum, b.clients("x", 4), axes=(0,))
    b.returns(with_noise(b, total, b.constant(1.0)), "noised")
    b.returns(b.add(Mul, total, b.constant(2.0)), "plain")
    compiled = compile_program(b.build(), Options(clients=3))
    found = opened_without_noise(compiled.secure)
    assert [op.path for op in found if isinstance(op, io.Output)] == ["opened0"]
    (value,) = found[0].operands
    assert isinstance(value.op, protocol.Open)


def test_no_noise_if_the_deviation_is_zero_and_none_that_is_too_small() -> None:
    pair = Pair(compile_program(mechanism(), Options(clients=3)))
    assert np.max(np.abs(opened(pair, 0.0) - TOTAL)) < 1e-5
    for result in pair.round({"x": VALUES}, {"deviation": np.float32(1e-12)}):
        assert isinstance(result, InputError)
        assert "less than 1024 units of the last place" in str(result)


def test_simulation_draws_too_unless_told_otherwise() -> None:
    compiled = compile_program(mechanism(), Options(clients=3))
    (found,) = run_plain(compiled, {"x": VALUES}, {"deviation": np.float32(2.0)}).opened
    assert abs(np.var(found - TOTAL) / 8 - 1) < math.sqrt(2) * NEAR


def test_a_constant_that_is_too_small_is_refused_when_it_is_compiled() -> None:
    b = TensorProgram("faint")
    b.returns(with_noise(b, b.add(Sum, b.clients("x", 3), axes=(0,)), b.constant(1e-14)))
    with pytest.raises(PrecisionError, match="Take more noise"):
        compile_program(b.build(), Options(clients=3))


def kept(b: TensorProgram, total: Value, z: Value) -> None:
    """Tree aggregation keeps noise in its state."""
    b.returns(b.add(Add, total, z))
    b.returns(z, "state")


def shared(b: TensorProgram, total: Value, z: Value) -> None:
    """The difference of what is opened has no noise."""
    b.returns(b.add(Add, total, z))
    b.returns(b.add(Add, b.add(Mul, total, b.constant(2.0)), z), "other")


def rotated(b: TensorProgram, total: Value, z: Value) -> None:
    b.returns(b.add(Add, total, b.add(Mul, z, z)))


def differing(b: TensorProgram, total: Value, z: Value) -> None:
    b.returns(b.add(Add, total, b.add(Mul, z, b.server("scales", 3))))


def public(b: TensorProgram, total: Value, z: Value) -> None:
    b.returns(b.add(Add, b.server("state", 3), z))
    b.returns(total, "total")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (kept, "noise that is used by itself, or more than once"),
        (shared, "noise that is used by itself, or more than once"),
        (rotated, "noise that is used by itself, or more than once"),
        (public, "noise that is used by itself, or more than once"),
        (differing, "is not one public number"),
    ],
)
def test_noise_that_would_hide_nothing_is_refused(program: object, why: str) -> None:
    b = TensorProgram("refused")
    total = b.add(Sum, b.clients("x", 3), axes=(0,))
    program(b, total, b.add(StandardNormal, shape=(3,), dtype=DType.F32, draw=0))
    with pytest.raises(UnsupportedError, match=why):
        compile_program(b.build(), Options(clients=3))


def test_two_draws_are_not_made_one() -> None:
    b = TensorProgram("two")
    total = b.add(Sum, b.clients("x", 3), axes=(0,))
    for draw in (0, 1):
        b.returns(with_noise(b, total, b.constant(1.0), draw), str(draw))
    compiled: Compiled = compile_program(b.build(), Options(clients=3))
    assert len(noise_of(compiled)) == len(compiled.secure.of(protocol.Open)) == 2
