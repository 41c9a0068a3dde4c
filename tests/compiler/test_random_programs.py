"""A fixed budget of random programs: right or refused, and no claim of the compiler is refuted."""

from __future__ import annotations

from random import Random

import pytest
from checked_rounds import random_case, run_case
from random_computations import random_tff_case

from ezprivsecfl.ir.text import print_program


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_are_right_or_refused(seed: int) -> None:
    """Not by Hypothesis: its examples change with any constant of the sources, even where it is derandomised."""
    case = random_case(Random(seed), steps=1 + seed % 8)
    outcome = run_case(case)
    assert not outcome.is_fault, f"{outcome.why}\n{print_program(case.program)}\n{case.inputs}"


@pytest.mark.parametrize("seed", range(8))
def test_random_computations_are_those_of_tff(tff_reference: object, seed: int) -> None:
    case, difference = random_tff_case(Random(seed))
    assert not difference
    outcome = run_case(case)
    assert not outcome.is_fault, f"{outcome.why}\n{print_program(case.program)}\n{case.inputs}"
