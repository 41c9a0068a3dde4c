"""Fixtures of the compiler's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from small_programs import clipped_mean, fltrust, weighted_mean

from ezprivsecfl.ir.program import Program


@pytest.fixture(params=[fltrust, weighted_mean, clipped_mean], ids=lambda f: str(f.__name__))
def any_program(request: pytest.FixtureRequest) -> Program:
    build: Callable[[int], Program] = request.param
    return build(20)


@pytest.fixture
def fltrust_program() -> Program:
    return fltrust(3372)
