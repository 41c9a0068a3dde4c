"""Programs on unit vectors: results are those of the programs on the vectors that clients have, of whatever size."""

from __future__ import annotations

import numpy as np
import pytest
from rounds import by_placement, close
from small_programs import TensorProgram, fltrust

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled, optimised_inputs
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.images import SHORTER, Image
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.io import ProvedProduct, Share
from ezprivsecfl.ir.mpc.protocol import SquareSum
from ezprivsecfl.ir.op import Array, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import resolve

CLIENTS = 5

MANY = 24
"""From 16 on, quotients by one number are products with its inverse."""


def squares(b: TensorProgram, x: Value) -> Value:
    return b.add(st.Sum, b.add(ew.Square, x), axes=tuple(range(1, len(x.type.shape))))


def mean_direction() -> Program:
    b = TensorProgram("mean_direction")
    x = b.clients("x", 20)
    b.returns(b.total(b.add(ew.Div, x, b.column(b.norm(x, 1)))))
    return b.build()


def by_inverse_root() -> Program:
    b = TensorProgram("by_inverse_root")
    x = b.clients("x", 20)
    b.returns(b.total(b.add(ew.Mul, x, b.column(b.add(ew.Rsqrt, squares(b, x))))))
    return b.build()


def model() -> Program:
    """Two tensors and one norm; the bias has 3 entries."""
    b = TensorProgram("model")
    kernel, bias = b.clients("kernel", 4, 3), b.clients("bias", 3)
    norm = b.add(ew.Sqrt, b.add(ew.Add, squares(b, kernel), squares(b, bias)))
    for name, leaf in (("kernel", kernel), ("bias", bias)):
        unit = b.add(ew.Div, leaf, b.column(norm, len(leaf.type.shape)))
        b.returns(b.total(unit), f"{name}/mean")
    return b.build()


def flat_model() -> Program:
    """The same, where the tensors are one vector first, which is weighted with cosines and with counts."""
    b = TensorProgram("flat_model")
    kernel, bias, server = b.clients("kernel", 4, 3), b.clients("bias", 3), b.server("server", 15)
    count = b.clients("count")
    flat = b.add(st.Concat, b.add(st.Reshape, kernel, shape=("n", 12)), bias, axis=1)
    norm = b.norm(flat, 1)
    cosine = b.add(ew.Div, b.add(st.Sum, b.add(ew.Mul, flat, server), axes=(1,)), norm)
    weight = b.add(ew.Mul, b.add(ew.Relu, cosine), count)
    b.returns(b.total(b.add(ew.Mul, b.add(ew.Div, flat, b.column(norm)), b.column(weight))))
    return b.build()


PROGRAMS = [mean_direction(), by_inverse_root(), model(), flat_model(), fltrust(30)]


def ordinary(one: Program, clients: int = CLIENTS, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    inputs = {}
    for op in one.of(Input):
        value = rng.normal(0.3, 1, resolve(op.type.shape, clients))
        inputs[op.path] = np.abs(value) + 0.5 if op.path == "count" else value
    return inputs


def compiled(one: Program, clients: int = CLIENTS) -> Compiled:
    bounds = ParameterBounds.of({"count": 4.0} if one.name == "flat_model" else {})
    found = compile_program(one, Options(clients=clients, bounds=bounds))
    assert all(op.image is Image.DIRECTION for op in found.secure.of(Share) if op.path != "count")
    return found


def sizes(one: Program, inputs: dict[str, Array], numbers: Array) -> dict[str, Array]:
    """Inputs of which every client's vectors are multiplied with a number of its own."""
    vectors = {op.path for op in one.of(Input) if op.placement is Placement.CLIENTS and op.path != "count"}
    return {
        path: value * np.asarray(numbers).reshape((-1,) + (1,) * (value.ndim - 1)) if path in vectors else value
        for path, value in inputs.items()
    }


@pytest.mark.parametrize("one", PROGRAMS, ids=lambda p: p.name)
@pytest.mark.parametrize("seed", range(3))
def test_meaning_is_preserved(one: Program, seed: int):
    """Also of vectors that are very long or short: no bound applies to them."""
    found, inputs = compiled(one), ordinary(one, seed=seed)
    expected = run_tensor(one, inputs, CLIENTS)
    for numbers in ([1.0] * CLIENTS, [1e-30, 1e30, 1.0, 1e-3, 1e5]):
        shared = optimised_inputs(found, sizes(one, inputs, numbers))
        close(run_tensor(found.optimised, shared, CLIENTS), expected, 2 * SHORTER)


@pytest.mark.parametrize("one", PROGRAMS, ids=lambda p: p.name)
@pytest.mark.parametrize("clients", [CLIENTS, MANY])
def test_rounds_are_precise_for_vectors_of_any_size(one: Program, clients: int):
    found, inputs = compiled(one, clients), ordinary(one, clients)
    numbers = np.resize([1e-30, 1e30, 1.0, 1e-3, 1e5], clients)
    given = sizes(one, inputs, numbers)
    findings = Findings()
    check_compiled(found, given, clients, findings)
    assert not findings.violations
    round_ = PlainProgram(found).run(*by_placement(one, given))
    assert not round_.statistics.dropped
    close(round_.outputs, run_tensor(one, inputs, clients), 1e-4)


@pytest.mark.parametrize("one", PROGRAMS, ids=lambda p: p.name)
def test_zero_vectors_are_dropped_and_the_others_are_right(one: Program):
    inputs = ordinary(one)
    given = sizes(one, inputs, [1.0, 0.0, 1.0, 0.0, 1.0])
    round_ = PlainProgram(compiled(one)).run(*by_placement(one, given))
    assert [dropped["client"] for dropped in round_.statistics.dropped] == [1, 3]
    assert all("it has no direction to take part with" in d["reason"] for d in round_.statistics.dropped)
    clients, server = by_placement(one, inputs)
    others = {path: np.stack(values)[[0, 2, 4]] for path, values in clients.items()}
    close(round_.outputs, run_tensor(one, {**others, **server}, 3), 1e-4)


def test_a_part_that_is_zero_has_a_direction_with_the_others():
    one = model()
    inputs = ordinary(one)
    inputs["bias"][1] = 0.0
    round_ = PlainProgram(compiled(one)).run(*by_placement(one, inputs))
    assert not round_.statistics.dropped
    close(round_.outputs, run_tensor(one, inputs, CLIENTS), 1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_has_no_direction(bad: float):
    one = mean_direction()
    inputs = ordinary(one)
    inputs["x"][2, 7] = bad
    round_ = PlainProgram(compiled(one)).run(*by_placement(one, inputs))
    assert [dropped["client"] for dropped in round_.statistics.dropped] == [2]


@pytest.mark.parametrize("size", [20, 10_000])
def test_one_entry_may_be_all_of_a_vector(size: int):
    """It is far larger than entries that formats are made precise for."""
    b = TensorProgram("sparse")
    x = b.clients("x", size)
    b.returns(b.total(b.add(ew.Div, x, b.column(b.norm(x, 1)))))
    one = b.build()
    round_ = PlainProgram(compiled(one)).run(*by_placement(one, {"x": np.eye(CLIENTS, size) * 7.0}))
    assert not round_.statistics.dropped
    np.testing.assert_allclose(round_.outputs["result"][:CLIENTS], 1.0, rtol=1e-5)


def test_norms_vanish():
    for one in PROGRAMS:
        secure = compiled(one).secure
        assert not secure.of(SquareSum)
        assert not secure.of(ProvedProduct)
    bare = compiled(mean_direction()).secure
    assert [op.name for op in bare.ops] == ["share", "sum", "open", "output"]
    assert {op.vector for op in compiled(model()).secure.of(Share)} == {"kernel"}


def test_without_proofs_nothing_is_known_of_vectors():
    for one in PROGRAMS:
        secure = compile_program(one, Options(clients=CLIENTS, proofs=False)).secure
        assert all(op.image is None and op.norm is None for op in secure.of(Share))
