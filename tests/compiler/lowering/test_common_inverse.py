"""Quotients of many clients' numbers by one number: one inverse in a circuit, and products of shares."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import weighted_mean

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
