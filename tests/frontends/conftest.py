from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.frontends.tff import Traces, install_source_tracking, tame_worker
from ezprivsecfl.frontends.tff.discovery import as_computation
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.verifier import verify

tame_worker()
install_source_tracking()

Evaluate = Callable[..., Any]


def assert_same(got: Any, want: Any, tolerance: float = 1e-5) -> None:
    """Equal in containers and element types, and close in value."""
    tf.nest.assert_same_structure(got, want)
    for x, y in zip(tf.nest.flatten(got), tf.nest.flatten(want), strict=True):
        assert type(x) is type(y)
        if np.asarray(y).dtype.kind in "OSU":
            np.testing.assert_array_equal(x, y)
            continue
        assert x.dtype == y.dtype
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="session")
def same() -> Callable[..., None]:
    return assert_same


@pytest.fixture(scope="session")
def evaluate() -> Evaluate:
    """Traces a computation and evaluates the program on arguments as one would pass them to the computation."""

    def run(computation: Any, *args: Any) -> Any:
        argument = packed(computation, args)
        traced = Traces(computation).of(argument)
        verify(traced.program)
        printed = print_program(traced.program)
        assert print_program(parse_program(printed)) == printed
        arguments = traced.arguments(argument)
        outputs = run_tensor(traced.program, arguments.stacked(), arguments.clients)
        return traced.result(outputs, arguments)

    return run


def packed(computation: Any, args: Sequence[Any]) -> Any:
    """The argument as TFF passes it to a context."""
    parameter = as_computation(computation).type_signature.parameter
    if len(args) == 1:
        return args[0]
    names = [name for name, _ in tff.structure.to_elements(parameter)]
    return tff.structure.Struct(zip(names, args, strict=True))


@pytest.fixture(scope="session")
def agrees(tff_reference: Any, evaluate: Evaluate) -> Callable[..., Any]:
    """Checks that the traced program and TFF return the same, and gives TFF's result."""

    def check(computation: Any, *args: Any, tolerance: float = 1e-5) -> Any:
        want = tff_reference.invoke(as_computation(computation), packed(computation, args))
        assert_same(evaluate(computation, *args), want, tolerance)
        return want

    return check


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
