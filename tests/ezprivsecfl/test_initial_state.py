"""Processes that cannot be compiled for all states: what is shown of them is the round with their first state."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.cli.main import main
from ezprivsecfl.errors import CompileError
from ezprivsecfl.report.text import INITIAL_STATE

VECTOR = tff.TensorType(np.float32, [4])
EXPONENT = "exp of a secret value that may reach 1.09951e"


def adaptive_clipping():
    norm = tff.aggregators.PrivateQuantileEstimationProcess.no_noise(1.0, 0.5, 0.2)
    return tff.aggregators.clipping_factory(norm, tff.aggregators.UnweightedMeanFactory()).create(VECTOR)


def test_a_process_is_shown_for_its_first_state_and_runs_with_any():
    process = adaptive_clipping()
    program = ez.compile(process, clients=5, backend="plain")
    assert INITIAL_STATE in str(program.report)
    state = process.initialize()
    for scale in (1.0, 2.5, 0.01):
        values = [np.full(4, scale * (i - 1), np.float32) for i in range(4)]
        got, want = program.run(state, values), process.next(state, values)
        np.testing.assert_allclose(got.result, want.result, rtol=1e-4, atol=1e-6)
        state = want.state


def test_bounds_that_are_fixed_for_all_rounds_are_those_of_all_states():
    with pytest.raises(CompileError, match=EXPONENT):
        ez.compile(adaptive_clipping(), clients=5, backend="plain", scale="fixed")


def test_without_a_process_there_is_no_first_state():
    with pytest.raises(CompileError, match=EXPONENT):
        ez.compile(adaptive_clipping().next, clients=5, backend="plain")


def test_what_can_be_compiled_for_all_states_is():
    process = tff.aggregators.UnweightedMeanFactory().create(VECTOR)
    assert INITIAL_STATE not in str(ez.compile(process, clients=5, backend="plain").report)


PROCESS = """\
norm = tff.aggregators.PrivateQuantileEstimationProcess.no_noise(1.0, 0.5, 0.2)
clipping = tff.aggregators.clipping_factory(norm, tff.aggregators.UnweightedMeanFactory()).create(VECTOR)
"""


def test_on_the_command_line(program, capsys, tmp_path):
    arguments = [str(program(PROCESS)), "--backend", "plain", "-o", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert INITIAL_STATE in capsys.readouterr().out
    assert main([*arguments, "--scale", "fixed"]) == 2
    assert EXPONENT in capsys.readouterr().err
