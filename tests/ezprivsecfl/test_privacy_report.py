"""What the report says of noise, and epsilon."""

from __future__ import annotations

import math
from typing import Any

import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.registry import choose
from ezprivsecfl.cli.arguments import chosen_accounting, chosen_options
from ezprivsecfl.cli.compile import parser
from ezprivsecfl.compiler.accounting import Accounting
from ezprivsecfl.compiler.choices import FIXED
from ezprivsecfl.compiler.options import Norms, Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor.elementwise import Add, Mul
from ezprivsecfl.ir.tensor.noise import StandardNormal
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType
from ezprivsecfl.report.facts import facts_of
from ezprivsecfl.report.privacy import epsilon, noise_statements


def statements(*deviations: float | str, plain: bool = False, **options: Any) -> list[str]:
    """Of a program that adds noise to a sum for every standard deviation, a constant or a parameter."""
    b = TensorProgram("mechanism")
    total = b.add(Sum, b.clients("x", 4), axes=(0,))
    for i, given in enumerate(deviations):
        deviation: Value = b.server(given) if isinstance(given, str) else b.constant(given)
        z = b.add(StandardNormal, shape=(4,), dtype=DType.F32, draw=i)
        b.returns(b.add(Add, total, b.add(Mul, z, deviation)), f"noised{i}")
    if plain or not deviations:
        b.returns(total, "plain")
    compiled = compile_program(b.build(), Options(clients=3, **options))
    return noise_statements(facts_of(choose("plain").lower(compiled)))


def test_sizes_of_the_parts_and_of_what_is_opened():
    each, *_ = statements(0.5)
    assert each.endswith("each server's part has the standard deviation 0.5, what is opened has 0.7071")
    joint, *_ = statements(0.5, noise="joint")
    assert joint.endswith("each server's part has the standard deviation 0.3536, what is opened has 0.5")
    in_round, *_ = statements("state")
    assert "s, which follows from state; each server's part has s, what is opened √2 s" in in_round


@pytest.mark.parametrize(
    ("plain", "options", "learned"),
    [
        (False, {}, "who takes part, magnitude classes (not with --scale fixed)"),
        (False, {"scale": FIXED}, "who takes part"),
        (True, {"scale": FIXED}, "plain, who takes part"),
    ],
)
def test_what_is_learned_without_noise(plain: bool, options: dict[str, Any], learned: str):
    assert f"Without noise, both servers learn {learned}" in statements(0.5, plain=plain, **options)


def test_epsilon_against_servers_and_against_others():
    accounting = Accounting(1e-5, rounds=100, sampling=0.01, sensitivity=0.5)
    *_, server, others, covered = statements(0.75, 0.5, accounting=accounting)  # the smaller one counts
    assert server.startswith(
        f"epsilon = {epsilon(1.0, accounting, sampled=False):.4g} for delta = 1e-05 against either"
    )
    assert others.startswith(f"epsilon = {epsilon(math.sqrt(2), accounting, sampled=True):.4g} for delta = 1e-05")
    assert "over 1 at most" in covered
    *_, server, others, _ = statements(0.5, noise="joint", accounting=accounting)
    assert f"epsilon = {epsilon(math.sqrt(0.5), accounting, sampled=False):.4g}" in server
    assert f"epsilon = {epsilon(1.0, accounting, sampled=True):.4g}" in others


def test_epsilon_is_that_of_the_gaussian_mechanism():
    """One round: Rényi divergences of at most a/2z² of order a make it at most 1/2z² + √(2 ln(1/δ))/z, hardly less."""
    for z in (0.5, 1.0, 4.0):
        bound = 1 / (2 * z * z) + math.sqrt(2 * math.log(1e5)) / z
        assert 0.75 * bound < epsilon(z, Accounting(1e-5, noise_multiplier=z), sampled=False) <= bound
    rare = Accounting(1e-5, rounds=100, sampling=0.01, noise_multiplier=1.0)
    assert 1.2 < epsilon(1.0, rare, sampled=True) < 1.25  # as TensorFlow Privacy gives it, at all orders 1.214
    assert epsilon(1.0, rare, sampled=False) > 50


@pytest.mark.parametrize(
    ("deviations", "options", "said"),
    [
        ((), {}, "none, so there is no epsilon"),
        (("state",), {}, "epsilon: not known, since the standard deviation is known in the round only"),
        ((0.5, "state"), {}, "epsilon: not known, since the standard deviation is known in the round only"),
        ((0.5,), {"norms": Norms(64)}, "epsilon: not known, since with sketched norms clipping bounds hold only about"),
    ],
)
def test_what_is_not_known_is_said(deviations: tuple[float | str, ...], options: dict[str, Any], said: str):
    assert statements(*deviations, accounting=Accounting(1e-5, sensitivity=1.0), **options)[-1].startswith(said)


def test_a_noise_multiplier_is_enough():
    found = statements("state", accounting=Accounting(1e-5, noise_multiplier=1.5))
    assert "noise multiplier 1.5" in found[-3]


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"delta": 0.0, "sensitivity": 1.0}, "--dp-delta"),
        ({"delta": 1e-5, "sensitivity": 1.0, "rounds": 0}, "--dp-rounds"),
        ({"delta": 1e-5, "sensitivity": 1.0, "sampling": 1.5}, "--dp-sampling"),
        ({"delta": 1e-5}, "epsilon needs one positive number"),
        ({"delta": 1e-5, "sensitivity": 1.0, "noise_multiplier": 1.0}, "epsilon needs one positive number"),
        ({"delta": 1e-5, "sensitivity": -1.0}, "epsilon needs one positive number"),
    ],
)
def test_choices_that_do_not_exist(choices: dict[str, float], why: str):
    with pytest.raises(CompileError, match=why):
        Accounting(**choices)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "accounting"),
    [
        ([], None),
        (["--dp-delta", "1e-5", "--dp-noise-multiplier", "2"], Accounting(1e-5, noise_multiplier=2.0)),
        (
            ["--dp-delta", "1e-6", "--dp-rounds", "100", "--dp-sampling", "0.01", "--dp-sensitivity", "0.5"],
            Accounting(1e-6, rounds=100, sampling=0.01, sensitivity=0.5),
        ),
    ],
)
def test_the_command_line(given: list[str], accounting: Accounting | None):
    arguments = parser().parse_args([*given, "--noise", "joint", "program.py"])
    assert chosen_accounting(arguments) == accounting
    assert chosen_options(arguments, 9).noise == "joint"


def test_there_are_two_kinds_of_noise():
    with pytest.raises(CompileError, match="noise='none': choose from each, joint"):
        Options(noise="none")
