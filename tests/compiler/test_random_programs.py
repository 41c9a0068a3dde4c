"""A fixed budget of random programs: right or refused, and no claim of the compiler is refuted."""

from __future__ import annotations

from random import Random

from checked_rounds import random_case, run_case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ezprivsecfl.ir.text import print_program


@settings(derandomize=True, deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_random_programs_are_right_or_refused(random: Random, steps: int) -> None:
    case = random_case(random, steps)
    outcome = run_case(case)
    assert not outcome.is_fault, f"{outcome.why}\n{print_program(case.program)}\n{case.inputs}"
