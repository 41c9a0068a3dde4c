"""Equal results from equal public inputs: then what is opened is equal, too, in all places that are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from opened import Round, run_plain
from small_programs import TensorProgram, clipped_mean, everything, fltrust, weighted_layers, weighted_mean

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError, InputError
from ezprivsecfl.ir.op import Array, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Input, Placement
from ezprivsecfl.ir.tensor.elementwise import Abs, Add, Div, Exp, Mul, Neg, Relu, Sub
from ezprivsecfl.ir.tensor.structure import Clients, Reshape, Sum
from ezprivsecfl.ir.types import DType, resolve

CLIENTS, SIZE = 4, 3
Arrays = dict[str, Array]


@dataclass(frozen=True)
class Aggregation:
    """A generated program with its SERVER inputs."""

    program: Program
    server: Arrays


def generated(seed: int) -> Aggregation:
    """A sum over clients, and some steps with public operands, of which many hide a part of it."""
    rng = np.random.default_rng(seed)
    b, server = TensorProgram(f"generated{seed}"), {}
    x = b.clients("x", SIZE)
    rows: list[Callable[[], Value]] = [
        lambda: x,
        lambda: b.add(Relu, x),
        lambda: b.add(Abs, x),
        lambda: b.add(Mul, x, x),
        lambda: b.add(Mul, x, b.add(Reshape, b.clients("w"), shape=("n", 1))),
    ]
    value = b.add(Sum, rows[rng.integers(len(rows))](), axes=(0,))

    def public(low: tuple[float, ...], *shape: int) -> Value:
        path = f"p{len(server)}"
        server[path] = rng.choice(low, shape)
        return b.server(path, *shape)

    steps: list[Callable[[Value], Value]] = [
        lambda v: b.add(Mul, v, public((0.0, 0.5, -1.0, 3.0, 1e-42))),
        lambda v: b.add(Mul, v, b.add(Exp, public((-800.0, -90.0, 0.0, 2.0)))),
        lambda v: b.add(Mul, v, public((0.0, 1.0, -2.0, 0.01), SIZE)),
        lambda v: b.add(Add, v, public((0.0, 1.0, -1e4, 1e9), SIZE)),
        lambda v: b.add(Sub, public((0.0, 1e6), SIZE), v),
        lambda v: b.add(Div, v, b.add(Clients, dtype=DType.F32)),
        lambda v: b.add(Mul, v, b.add(Constant, value=np.asarray(rng.choice([0.0, 0.25, -7.0])), dtype=DType.F32)),
        lambda v: b.add(Neg, v),
    ]
    for output in range(rng.integers(1, 3)):
        result = value
        for _ in range(rng.integers(0, 4)):
            result = steps[rng.integers(len(steps))](result)
        b.returns(result, f"out{output}")
    return Aggregation(b.build(), server)


def client_inputs(program: Program, rng: np.random.Generator) -> Arrays:
    """Multiples of 2^-10, so that sums of them are the same in any order."""
    found = {}
    for op in program.of(Input):
        if op.placement is Placement.CLIENTS:
            low = 1 if len(op.type.shape) == 1 else -2048
            numbers = rng.integers(low, 2048, resolve(op.type.shape, CLIENTS))
            found[op.path] = numbers if op.type.dtype.is_integer else numbers / 2.0**10
    return found


def others(given: Arrays, rng: np.random.Generator, program: Program) -> Iterator[Arrays]:
    """Inputs that may lead to the same result."""
    order = rng.permutation(CLIENTS)
    yield {path: value[order] for path, value in given.items()}
    shift = 2.0**-4
    yield {p: v + (shift * np.array([1, -1, 0, 0])).reshape(-1, *[1] * (v.ndim - 1)) if p == "x" else v
           for p, v in given.items()}  # fmt: skip
    yield {p: v + 2.0**-9 if p == "x" else v for p, v in given.items()}
    yield {p: -v if p == "x" else v for p, v in given.items()}
    yield client_inputs(program, rng)


def equal_results(a: Round, b: Round) -> bool:
    """As the program returns them, in float32."""
    return all(
        np.array_equal(np.asarray(a.outputs[p], np.float32), np.asarray(v, np.float32)) for p, v in b.outputs.items()
    )


def compare(compiled: Compiled, a: Round, b: Round) -> None:
    """What is opened, within the last place that is opened, and how many bits that takes."""
    assert a.statistics.opened == b.statistics.opened
    fracs = [op.operands[0].type.frac for op in compiled.secure.ops if op.name == "output"]
    for first, second, frac, how in zip(a.opened, b.opened, fracs, a.statistics.opened, strict=True):
        unit = 2.0 ** (64 - how["bits"] - frac) if how["bits"] < 64 else 0.0
        assert np.max(np.abs(first - second)) <= 2 * unit


@pytest.mark.parametrize("block", range(4))
def test_generated_programs(block):
    pairs = 0
    for seed in range(25 * block, 25 * (block + 1)):
        aggregation, rng = generated(seed), np.random.default_rng(1000 + seed)
        bounds = {path: 2.0**31 for path, value in aggregation.server.items() if np.max(np.abs(value)) >= 8}
        try:
            compiled = compile_program(
                aggregation.program, Options(clients=CLIENTS, bounds=ParameterBounds.of({"": 16.0, **bounds}))
            )
            given = client_inputs(aggregation.program, rng)
            first = run_plain(compiled, given, aggregation.server)
        except (CompileError, InputError):
            continue  # refused: nothing is opened
        for other in others(given, rng, aggregation.program):
            second = run_plain(compiled, other, aggregation.server)
            if equal_results(first, second):
                compare(compiled, first, second)
                pairs += 1
    assert pairs >= 30


@pytest.mark.parametrize(
    "program", [fltrust(6), weighted_mean(5), weighted_layers(4), clipped_mean(5), everything()], ids=lambda p: p.name
)
def test_example_programs_do_not_tell_clients_apart(program):
    rng = np.random.default_rng(5)
    compiled = compile_program(program, Options(clients=CLIENTS))
    server = {
        op.path: np.abs(rng.normal(1, 0.3, op.type.shape))
        for op in program.of(Input)
        if op.placement is Placement.SERVER
    }
    given = client_inputs(program, rng)
    order = rng.permutation(CLIENTS)
    first = run_plain(compiled, given, server)
    second = run_plain(compiled, {path: value[order] for path, value in given.items()}, server)
    compare(compiled, first, second)
