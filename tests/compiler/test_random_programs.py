"""A fixed budget of random programs: right or refused, and no claim of the compiler is refuted."""

from __future__ import annotations

from random import Random

import pytest
from checked_rounds import random_case, run_case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_computations import random_tff_case

from ezprivsecfl.ir.text import print_program


@settings(derandomize=True, deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_random_programs_are_right_or_refused(random: Random, steps: int) -> None:
    case = random_case(random, steps)
    outcome = run_case(case)
    assert not outcome.is_fault, f"{outcome.why}\n{print_program(case.program)}\n{case.inputs}"


@pytest.mark.parametrize("seed", range(8))
def test_random_computations_are_those_of_tff(tff_reference: object, seed: int) -> None:
    case, difference = random_tff_case(Random(seed))
    assert not difference
    outcome = run_case(case)
    assert not outcome.is_fault, f"{outcome.why}\n{print_program(case.program)}\n{case.inputs}"
