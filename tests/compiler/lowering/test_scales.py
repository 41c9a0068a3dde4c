"""Which precision inputs keep where the ring has no room for all, and what gives way first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from small_programs import TensorProgram, weighted_layers, weighted_mean

from ezprivsecfl.compiler import pipeline
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.stages import Stages
from ezprivsecfl.compiler.lowering.domains import FRACTIONAL_BITS
from ezprivsecfl.compiler.lowering.lower import Lowered
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import ATTEMPTS, compile_program
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st

LARGE = 2.0**20

SIGNED = {"weight": LARGE}
"""Weights of which some may be negative: then no theorem bounds the quotient by their sum."""


def divided_rows(*, weighted: bool) -> Program:
    """The sum of x / y of every client, times its z where ``weighted``."""
    b = TensorProgram("divided_rows")
    rows = b.add(ew.Div, b.clients("x", 200), b.add(st.Reshape, b.clients("y"), shape=("n", 1)))
    rows = b.add(ew.Mul, rows, b.clients("z", 200)) if weighted else rows
    b.returns(b.add(st.Sum, rows, axes=(0,)))
    return b.build()


def distances() -> Program:
    """Of every client's x to something much larger."""
    b = TensorProgram("distances")
    b.returns(b.add(st.Sum, b.norm(b.add(ew.Sub, b.clients("x", 3), b.server("state", 3)), 1), axes=(0,)))
    return b.build()


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Callable[[Program, Options], tuple[float, float, float]]:
    """The attempt that a program is compiled with."""
    found: list[tuple[float, float, float]] = []
    original = pipeline._with_ranges

    def watched(stages: Stages, ranges: Ranges, significant: int) -> Lowered:
        lowered = original(stages, ranges, significant)
        found.append((significant, ranges.ratio, ranges.least))
        return lowered

    def choose(program: Program, options: Options) -> tuple[float, float, float]:
        compile_program(program, replace(options, proofs=False))  # a matter of few bits, whoever bounds the inputs
        return found[-1]

    monkeypatch.setattr(pipeline, "_with_ranges", watched)
    return choose


@pytest.mark.parametrize(
    ("attempt", "program", "clients", "bounds"),
    [
        (0, weighted_mean(5), 5, {"weight": 1024.0}),
        (1, divided_rows(weighted=True), 5, {"y": 1.0}),
        (2, divided_rows(weighted=True), 5, {"y": 8.0}),
        (3, weighted_mean(5), 100, {"weight": 1024.0}),
        (4, divided_rows(weighted=False), 5, {"y": 8.0}),
        (5, divided_rows(weighted=False), 5, {"y": 32.0}),
        (6, divided_rows(weighted=True), 5, {"y": 1024.0}),
        (7, divided_rows(weighted=True), 100, {"y": 1024.0}),
        (8, weighted_mean(5), 5_000, SIGNED),
        (9, distances(), 5, {"x": 1.0, "state": 2.0**14}),
        (10, weighted_mean(5), 20_000, SIGNED),
    ],
)
def test_precise_inputs_come_before_wide_ranges(chosen, attempt, program, clients, bounds):
    """Each attempt is the first that the ring has room for in some program."""
    assert chosen(program, Options(clients=clients, bounds=ParameterBounds.of(bounds))) == ATTEMPTS[attempt]


def fractional_bits(**bounds: float) -> dict[str, int]:
    """Of the inputs of a weighted mean of several tensors."""
    secure = compile_program(
        weighted_layers(3), Options(clients=100, bounds=ParameterBounds.of({**SIGNED, "scale": 8.0, **bounds}))
    ).secure
    return {op.path: op.type.frac for op in secure.of(Share)}


@pytest.mark.parametrize("large", [(), ("kernel",), ("bias",), ("kernel", "bias")], ids="+".join)
def test_only_inputs_that_share_a_limit_give_up_fractional_bits(large: tuple[str, ...]):
    bits = fractional_bits(**dict.fromkeys(large, LARGE))
    for path, frac in bits.items():
        assert (frac < FRACTIONAL_BITS) == (path in large), path


def two_results(*, other: bool) -> Program:
    """A weighted mean of vectors, and before it, if asked for, a sum of products that only fits with few bits."""
    b = TensorProgram("two_results")
    if other:
        b.returns(b.add(st.Sum, b.add(ew.Mul, b.clients("a"), b.clients("b")), axes=(0,)), "products")
    values, weights = b.clients("value", 5), b.clients("weight")
    rows = b.add(ew.Mul, values, b.add(st.Reshape, weights, shape=("n", 1)))
    b.returns(b.add(ew.Div, b.add(st.Sum, rows, axes=(0,)), b.add(st.Sum, weights, axes=(0,))), "mean")
    return b.build()


def test_inputs_of_other_results_keep_their_bits():
    """Were all inputs relaxed, the weights would give up bits instead of a product being truncated."""

    def bits(*, other: bool) -> dict[str, int]:
        bounds = {"a": LARGE, "b": LARGE} if other else {}
        secure = compile_program(
            two_results(other=other), Options(clients=100, bounds=ParameterBounds.of(bounds))
        ).secure
        return {op.path: op.type.frac for op in secure.of(Share)}

    alone, beside = bits(other=False), bits(other=True)
    assert beside["a"] < FRACTIONAL_BITS
    assert {path: beside[path] for path in alone} == alone
