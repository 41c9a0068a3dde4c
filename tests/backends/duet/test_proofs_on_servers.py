"""What comes out of clients' proofs, on servers: unit vectors and squared norms are those of the simulation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from on_duet import on_duet
from rounds import by_placement
from small_programs import TensorProgram, fltrust

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.io import ProvedProduct, Share
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.session import RunResult, TwoServerProgram

CLIENTS = 5


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    made = LocalCluster(timeout=60.0)
    yield made
    made.stop()


def both(cluster: LocalCluster, compiled: Compiled, inputs: dict[str, Array]) -> RunResult:
    """A round on servers, which is that of the simulation up to one place of the 24 bits that are opened."""
    program: TwoServerProgram = on_duet(cluster, compiled)
    clients, server = by_placement(compiled.tensor, inputs)
    result, simulated = program.run(clients, server), PlainProgram(compiled).run(clients, server)
    assert result.outputs.keys() == simulated.outputs.keys()
    for path, value in simulated.outputs.items():
        np.testing.assert_allclose(result.outputs[path], value, rtol=0, atol=2.0**-22 * np.max(np.abs(value)))
    assert result.statistics.dropped == simulated.statistics.dropped
    return result


def test_vectors_of_any_size_have_directions_and_zero_has_none(cluster: LocalCluster):
    program = fltrust(30)
    rng = np.random.default_rng(0)
    inputs = {"updates": rng.normal(0.3, 1, (CLIENTS, 30)), "root": rng.normal(0.3, 1, 30)}
    numbers = np.array([1e-30, 1e30, 0.0, 1.0, 1e-3])
    compiled = compile_program(program, Options(clients=CLIENTS))
    result = both(cluster, compiled, {**inputs, "updates": inputs["updates"] * numbers[:, None]})
    (dropped,) = result.statistics.dropped
    assert dropped["client"] == 2
    assert "it has no direction to take part with" in dropped["reason"]
    others = {**inputs, "updates": np.delete(inputs["updates"], 2, axis=0)}
    expected = run_tensor(program, others, CLIENTS - 1)["result"]
    np.testing.assert_allclose(result.outputs["result"], expected, rtol=0, atol=1e-5 * np.max(np.abs(expected)))


def test_squared_norms_of_several_inputs_are_those_that_clients_prove(cluster: LocalCluster):
    """Turned, negated, and one of them with larger entries."""
    b = TensorProgram("norms")
    large, small = b.clients("large", 4, 3), b.clients("small", 9)
    turned = b.add(st.Reshape, b.add(st.Transpose, large, permutation=(0, 2, 1)), shape=("n", 12))
    joined = b.add(st.Concat, turned, b.add(ew.Neg, small), axis=1)
    b.returns(b.add(st.Sum, b.norm(joined, 1), axes=(0,)), "norms")
    length = b.add(st.Reshape, b.norm(turned, 1), shape=("n", 1))
    b.returns(b.add(st.Sum, b.add(ew.Mul, small, length), axes=(0,)), "weighted")
    options = Options(clients=CLIENTS, bounds=ParameterBounds.of({"large": 100.0, "small": 0.5}))
    compiled = compile_program(b.build(), options)
    assert {op.operands[0].op for op in compiled.secure.of(ProvedProduct)} == set(compiled.secure.of(Share))
    rng = np.random.default_rng(1)
    inputs = {"large": rng.normal(0, 20, (CLIENTS, 4, 3)), "small": rng.normal(0, 0.1, (CLIENTS, 9))}
    result = both(cluster, compiled, inputs)
    assert not result.statistics.dropped
    for path, expected in run_tensor(compiled.tensor, inputs, CLIENTS).items():
        np.testing.assert_allclose(result.outputs[path], expected, rtol=0, atol=1e-4 * np.max(np.abs(expected)))


def test_norms_of_slices_and_rows_are_those_that_clients_prove(cluster: LocalCluster):
    """Of one parameter, which is shared as several vectors; a part of it is multiplied with another part."""
    b = TensorProgram("parts")
    x, rows = b.clients("x", 300), b.clients("rows", 3, 50)
    low, high = (b.add(st.Slice, x, starts=(0, s), sizes=("n", n), strides=(1, 1)) for s, n in ((0, 200), (100, 200)))
    inner = b.add(st.Sum, b.add(ew.Mul, low, high), axes=(1,))
    b.returns(b.add(st.Sum, b.add(ew.Maximum, inner, b.constant(0.0)), axes=(0,)), "inner")
    b.returns(b.add(st.Sum, b.norm(low, 1), axes=(0,)), "low")
    lengths = b.add(ew.Sqrt, b.add(st.Sum, b.add(ew.Mul, rows, rows), axes=(2,)))
    weighted = b.add(ew.Mul, rows, b.add(st.Reshape, lengths, shape=("n", 3, 1)))
    b.returns(b.add(st.Sum, weighted, axes=(0,)), "weighted")
    b.returns(b.add(st.Sum, x, axes=(0,)), "total")
    compiled = compile_program(b.build(), Options(clients=CLIENTS))
    assert len(compiled.secure.of(ProvedProduct)) == 1 + 1 + 3
    rng = np.random.default_rng(2)
    inputs = {"x": rng.normal(0.2, 1, (CLIENTS, 300)), "rows": rng.normal(0, 1, (CLIENTS, 3, 50))}
    result = both(cluster, compiled, inputs)
    assert not result.statistics.dropped
    for path, expected in run_tensor(compiled.tensor, inputs, CLIENTS).items():
        np.testing.assert_allclose(result.outputs[path], expected, rtol=0, atol=1e-4 * np.max(np.abs(expected)))
