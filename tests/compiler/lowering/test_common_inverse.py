"""Quotients of many clients' numbers by one number: one inverse in a circuit, and products of shares."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import fltrust, weighted_mean

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.lowering.domains import MANY
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.mpc.io import Output, Share
from ezprivsecfl.ir.mpc.protocol import Circuit, Open, Product, Truncate
from ezprivsecfl.ir.program import Level, ProgramBuilder


def compiled(clients: int, **bounds: float) -> Compiled:
    return compile_program(weighted_mean(5), Options(clients=clients, bounds=ParameterBounds.of(bounds)))


def garbled_per_client(program: Compiled) -> int:
    """AND gates that every client costs."""
    circuits = program.secure.of(Circuit)
    return sum(program.secure.circuits[c.circuit].and_count for c in circuits if "n" in c.operands[0].type.shape)


def worst_error(program: Compiled, weights: np.ndarray) -> float:
    clients = len(weights)
    values = np.random.default_rng(0).normal(0, 1, (clients, 5))
    stacked = {"value": values, "weight": weights}
    expected = run_tensor(program.tensor, stacked, clients)["result"]
    got = PlainProgram(program).run({"value": list(values), "weight": list(weights)}, {}).outputs["result"]
    return float(np.max(np.abs(got - expected)) / np.max(np.abs(expected)))


def test_many_clients_share_one_inverse():
    many, few = compiled(MANY), compiled(MANY - 1)
    assert garbled_per_client(many) == 0
    assert garbled_per_client(few) > 900
    assert [p.operands[1].type.shape for p in many.secure.of(Product)] == [(1, "n"), ("n", 5)]


@pytest.mark.parametrize("scale", [2.0**-8, 1.0, 2.0**10, 2.0**19.9])
def test_the_mean_is_precise_for_weights_of_any_size(scale):
    weights = np.random.default_rng(1).uniform(0.2, 1, 40) * scale
    assert worst_error(compiled(100), weights) < 1e-4


def test_one_client_may_have_all_the_weight():
    assert worst_error(compiled(100), np.asarray([0.0] * 39 + [1000.0])) < 2e-5


def test_what_is_truncated_stays_below_the_protocols_limit():
    """The weight of a client that has all of it is 1, a power of two, and rounding may take it above."""
    program = compiled(100)
    (truncation,) = program.secure.of(Truncate)
    b = ProgramBuilder("raw", Level.MPC, 100, circuits=program.secure.circuits)
    b.ops = list(program.secure.ops)
    b.append(Output(operands=(b.add(Open, truncation.operands[0]),), path="raw"))
    largest = 0
    for weight in (1.0, 3.0, 1000.0, 2.0**20 - 1):
        weights = np.asarray([0.0, weight])
        inputs = {"value": np.zeros((2, 5)), "weight": weights}
        encoded = {op.path: encode(inputs[op.path], op.type.frac) for op in program.secure.of(Share)}
        largest = max(largest, int(np.max(run_mpc(b.build(), encoded, 2)["raw"])))
    assert 2**59 < largest < 2**62


def test_weights_that_sum_to_zero_are_an_error():
    with pytest.raises(DivisionError, match="infinite or not a number"):
        worst_error(compiled(100), np.zeros(20))


def test_where_a_ring_element_does_not_hold_the_product_quotients_stay_in_circuits():
    assert garbled_per_client(compiled(100, weight=2.0**28)) > 900


SIZE = 30

LAST_PLACE = 2.0**-30
"""Of entries of unit vectors on shares, and so of cosines."""


def trusted(clients: int, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Updates with given cosines (that of all others is -0.3), and the server's."""
    rng = np.random.default_rng(0)
    root = rng.normal(0, 1, SIZE)
    direction = root / np.linalg.norm(root)
    apart = rng.normal(0, 1, (clients, SIZE))
    apart -= np.outer(apart @ direction, direction)
    apart /= np.linalg.norm(apart, axis=1, keepdims=True)
    cosines = np.full(clients, -0.3)
    cosines[: len(scores)] = scores
    return apart * np.sqrt(1 - cosines**2)[:, None] + np.outer(cosines, direction), root


def test_trust_scores_share_one_inverse():
    many, few = (compile_program(fltrust(SIZE), Options(clients=n)) for n in (MANY, MANY - 1))
    assert garbled_per_client(many) < 100, "all that is left for each is the positive part of a cosine"
    assert garbled_per_client(few) > 900
    assert [p.operands[1].type.shape for p in many.secure.of(Product)] == [(1, "n"), ("n", SIZE)]


@pytest.mark.parametrize("clients", [MANY - 1, 20])
@pytest.mark.parametrize("few", [1, 5, 9])
@pytest.mark.parametrize("scale", [10.0**-i for i in range(9)])
def test_trust_is_shared_precisely_or_not_at_all(clients: int, few: int, scale: float):
    """However small all trust scores together are; where last places decide on them, these are all that is wrong."""
    program = fltrust(SIZE)
    updates, root = trusted(clients, scale * np.random.default_rng(1).uniform(0.3, 1, few))
    expected = run_tensor(program, {"updates": updates, "root": root}, clients)["result"]
    plain = PlainProgram(compile_program(program, Options(clients=clients)))
    try:
        got = plain.run({"updates": list(updates)}, {"root": root}).outputs["result"]
    except DivisionError:
        assert scale < 1e-6
        return
    error = np.max(np.abs(got - expected)) / np.max(np.abs(expected))
    assert error <= 1e-5 + LAST_PLACE / scale


def test_if_nobody_is_trusted_the_result_is_zero():
    updates, root = trusted(20, np.zeros(0))
    plain = PlainProgram(compile_program(fltrust(SIZE), Options(clients=20)))
    np.testing.assert_array_equal(plain.run({"updates": list(updates)}, {"root": root}).outputs["result"], 0.0)
