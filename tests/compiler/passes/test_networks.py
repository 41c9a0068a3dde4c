"""Networks of comparisons: for all sizes and counts they give what a stable sort gives, with as many comparators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.passes.networks import SortByNetworks
from ezprivsecfl.compiler.passes.simplify import Simplify
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Abs, Cast, Precedes, Sqrt
from ezprivsecfl.ir.tensor.ordering import Top, TopIndices, TopValues
from ezprivsecfl.ir.tensor.structure import Concat, Reshape, Sum
from ezprivsecfl.ir.types import DType

SIZES = [*range(1, 18), 31, 33]
MERGE_EXCHANGE = {2: 1, 3: 3, 4: 5, 5: 9, 6: 12, 7: 16, 8: 19, 9: 26, 16: 63}
"""Comparators of Batcher's networks (Knuth, section 5.2.2, table 1 and exercise 10)."""


def largest(size: int, count: int, *, per_client: bool = True) -> Program:
    """The largest entries and their positions, summed over clients or of the sums over clients."""
    b = TensorProgram("largest")
    x = b.clients("x", size)
    x = x if per_client else b.add(Sum, x, axes=(0,))
    places = b.add(Cast, b.add(TopIndices, x, count=count), dtype=DType.F32)
    both = b.add(Concat, places, b.add(TopValues, x, count=count), axis=int(per_client))
    b.returns(b.add(Sum, both, axes=(0,)) if per_client else both)
    return replace(b.build(), max_clients=4)


def ties(size: int, rounds: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(size)
    return [rng.integers(-2, 3, size=(4, size)).astype(float) for _ in range(rounds)]


@pytest.mark.parametrize("size", SIZES)
def test_all_counts(size: int) -> None:
    for count in {1, 2, 3, 4, 5, size // 2, size - 1, size} & set(range(1, size + 1)):
        program = largest(size, count)
        network = Simplify().run(SortByNetworks().run(program))
        assert not network.of(Top)
        for x in ties(size):
            expected, found = (run_tensor(p, {"x": x}, 4) for p in (program, network))
            np.testing.assert_array_equal(found["result"], expected["result"])


def comparators(program: Program) -> int:
    network = Simplify().run(SortByNetworks().run(program))
    return sum(int(np.prod([d for d in op.result.type.shape if d != "n"])) for op in network.of(Precedes))


def test_the_number_of_comparators() -> None:
    assert {size: comparators(largest(size, size)) for size in MERGE_EXCHANGE} == MERGE_EXCHANGE
    assert [comparators(largest(size, 1)) for size in (2, 3, 10, 33)] == [1, 2, 9, 32]
    assert comparators(largest(256, 8)) < comparators(largest(256, 256)) / 2


@pytest.mark.parametrize(("size", "count"), [(3, 3), (7, 2), (9, 9), (10, 1), (20, 3)])
@pytest.mark.parametrize("per_client", [True, False])
def test_on_shares(size: int, count: int, per_client: bool) -> None:
    program = largest(size, count, per_client=per_client)
    compiled = compile_program(program, Options(clients=4))
    for x in ties(size, 2):
        findings = Findings()
        check_compiled(compiled, {"x": x}, 4, findings)
        assert not findings.violations
        found = PlainProgram(compiled).run({"x": list(x)}, {}).outputs
        np.testing.assert_allclose(found["result"], run_tensor(program, {"x": x}, 4)["result"], atol=1e-4)


def test_numbers_stay_on_wires_between_layers() -> None:
    """What is not compared in a layer is moved on wires, too: every entry enters a circuit once."""
    compiled = compile_program(largest(20, 20), Options(clients=4))
    entering = [op for op in compiled.secure.ops if op.name == "to_yao" and op.operands[0].type.shape[0] == "n"]
    assert sum(int(op.result.type.shape[-1]) for op in entering if op.width > 8) == 20


def test_equal_normalised_numbers_come_in_order() -> None:
    b = TensorProgram("roots")
    root = b.add(Sqrt, b.add(Abs, b.clients("x", 7)))
    b.returns(b.add(Sum, b.add(TopIndices, root, count=7), axes=(0,)))
    program = replace(b.build(), max_clients=4)
    compiled = compile_program(program, Options(clients=4))
    for x in ties(7, 3):
        found = PlainProgram(compiled).run({"x": list(x)}, {}).outputs
        np.testing.assert_array_equal(found["result"], run_tensor(program, {"x": x}, 4)["result"])


def test_rows_and_more_axes() -> None:
    b = TensorProgram("rows")
    x = b.add(Reshape, b.clients("x", 12), shape=("n", 2, 6))
    b.returns(b.add(Sum, b.add(TopIndices, x, count=2), axes=(0,)))
    network = SortByNetworks().run(b.build())
    for x in ties(12):
        np.testing.assert_array_equal(*(run_tensor(p, {"x": x}, 4)["result"] for p in (b.build(), network)))
