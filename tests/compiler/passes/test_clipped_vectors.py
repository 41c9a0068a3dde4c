"""Programs that clip vectors: clients clip them, and results are those of the programs on what clients have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rounds import by_placement, close
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled, optimised_inputs
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.images import SHORTER, Image
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.op import Array, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise.comparisons import Greater, GreaterEqual, LessEqual
from ezprivsecfl.ir.types import DType

SIZE, CLIENTS, LIMIT = 20, 6, 0.75

NORMS = np.array([0.0, 1e-6, 0.5, LIMIT * 0.999, 2.0, 1e6])
"""How long clients' vectors are."""


def mean(b: TensorProgram, x: Value) -> Value:
    return b.add(ew.Div, b.total(x), b.add(st.Clients, dtype=DType.F32))


def limit_of(b: TensorProgram, dynamic: bool) -> Value:
    return b.server("limit") if dynamic else b.constant(LIMIT)


def by_minimum(dynamic: bool) -> Program:
    b = TensorProgram("by_minimum")
    x, limit = b.clients("x", SIZE), limit_of(b, dynamic)
    factor = b.add(ew.Minimum, b.constant(1.0), b.add(ew.Div, limit, b.norm(x, 1)))
    b.returns(mean(b, b.add(ew.Mul, x, b.column(factor))))
    return b.build()


def by_maximum(dynamic: bool) -> Program:
    """Without the limit itself, so that what is added up is clipped to 1."""
    b = TensorProgram("by_maximum")
    x, limit = b.clients("x", SIZE), limit_of(b, dynamic)
    b.returns(b.total(b.add(ew.Div, x, b.column(b.add(ew.Maximum, b.norm(x, 1), limit)))))
    return b.build()


def counted(dynamic: bool) -> Program:
    """By a selection, with how many vectors were longer, and what part was not."""
    b = TensorProgram("counted")
    x, limit = b.clients("x", SIZE), limit_of(b, dynamic)
    norm = b.norm(x, 1)
    longer = b.add(Greater, norm, limit)
    factor = b.add(ew.Select, longer, b.add(ew.Div, limit, norm), b.constant(1.0))
    b.returns(mean(b, b.add(ew.Mul, x, b.column(factor))))
    b.returns(b.total(b.add(ew.Cast, longer, dtype=DType.I32)), "longer")
    b.returns(mean(b, b.add(ew.Cast, b.add(LessEqual, norm, limit), dtype=DType.F32)), "part")
    b.returns(b.total(b.add(ew.Cast, b.add(GreaterEqual, norm, limit), dtype=DType.I32)), "as_long")
    return b.build()


def model(dynamic: bool) -> Program:
    """Two tensors that are clipped together, with weights."""
    b = TensorProgram("model")
    kernel, bias, weight, limit = b.clients("kernel", 5, 3), b.clients("bias", 5), b.clients("w"), limit_of(b, dynamic)
    squares = [b.add(st.Sum, b.add(ew.Square, x), axes=axes) for x, axes in ((kernel, (1, 2)), (bias, (1,)))]
    norm = b.add(ew.Sqrt, b.add(ew.Add, *squares))
    factor = b.add(ew.Mul, b.add(ew.Minimum, b.constant(1.0), b.add(ew.Div, limit, norm)), weight)
    for name, leaf in (("kernel", kernel), ("bias", bias)):
        rows = b.add(ew.Mul, leaf, b.column(factor, len(leaf.type.shape)))
        b.returns(b.add(ew.Div, b.total(rows), b.total(weight)), f"{name}/mean")
    return b.build()


def layers(dynamic: bool) -> Program:
    """Two tensors, each clipped by itself: two vectors."""
    b = TensorProgram("layers")
    limit = limit_of(b, dynamic)
    for name in ("first", "second"):
        x = b.clients(name, SIZE)
        factor = b.add(ew.Minimum, b.constant(1.0), b.add(ew.Div, limit, b.norm(x, 1)))
        b.returns(mean(b, b.add(ew.Mul, x, b.column(factor))), name)
    return b.build()


BUILDERS = [by_minimum, by_maximum, counted, model, layers]
PROGRAMS = [build(dynamic) for build in BUILDERS for dynamic in (False, True)]
IDS = [f"{build.__name__}-{kind}" for build in BUILDERS for kind in ("constant", "public")]

every_program = pytest.mark.parametrize("one", PROGRAMS, ids=IDS)


def inputs_of(one: Program, norms: Array = NORMS, limit: float = LIMIT, seed: int = 0) -> dict[str, Array]:
    """Vectors of given lengths: of one tensor, or of a model's."""
    rng, inputs = np.random.default_rng(seed), {}
    vectors = [op for op in one.of(Input) if op.path not in ("w", "limit")]
    raw = {op.path: rng.normal(0.3, 1, (len(norms), *op.type.shape[1:])) for op in vectors}  # type: ignore[misc]
    together = one.name == "model"
    for path, value in raw.items():
        parts = raw.values() if together else [value]
        length = np.sqrt(sum(np.sum(p.reshape(len(norms), -1) ** 2, axis=1) for p in parts))
        inputs[path] = value * (norms / length).reshape((-1,) + (1,) * (value.ndim - 1))
    for op in one.of(Input):
        if op.path == "limit":
            inputs["limit"] = np.asarray(limit, dtype=np.float32)
        if op.path == "w":
            inputs["w"] = rng.uniform(1, 4, len(norms))
    return inputs


def compiled(one: Program, clients: int = CLIENTS, limit: float = 2 * LIMIT) -> Compiled:
    bounds = {"limit": (LIMIT / 4, limit)} if any(op.path == "limit" for op in one.of(Input)) else {}
    if one.name == "model":
        bounds |= {"w": (0.0, 4.0)}
    return compile_program(one, Options(clients=clients, bounds=ParameterBounds.of(bounds)))


@every_program
def test_there_are_no_circuits_but_clients_images(one: Program):
    found = compiled(one)
    assert not found.secure.circuits or one.name == "model"  # which divides by the sum of weights
    images = {op.path: op.image for op in found.secure.of(Share)}
    vectors = {op.path for op in one.of(Input) if op.path not in ("w", "limit")}
    assert {path for path, image in images.items() if image is Image.CLIPPED} == vectors
    claims = {path: image for path, image in images.items() if path not in vectors and path != "w"}
    both = {"x/beyond": Image.BEYOND, "x/reaches": Image.REACHES}
    assert claims == (both if one.name == "counted" else {})


@every_program
@pytest.mark.parametrize("seed", range(3))
def test_meaning_is_preserved(one: Program, seed: int):
    found, inputs = compiled(one), inputs_of(one, seed=seed)
    expected = run_tensor(one, inputs, CLIENTS)
    close(run_tensor(found.optimised, optimised_inputs(found, inputs), CLIENTS), expected, 2 * SHORTER)


@every_program
def test_rounds_are_precise_for_vectors_of_any_size(one: Program):
    found, inputs = compiled(one), inputs_of(one)
    findings = Findings()
    check_compiled(found, inputs, CLIENTS, findings)
    assert not findings.violations
    round_ = PlainProgram(found).run(*by_placement(one, inputs))
    assert not round_.statistics.dropped
    close(round_.outputs, run_tensor(one, inputs, CLIENTS), 1e-4)


@pytest.mark.parametrize("build", BUILDERS)
def test_the_length_is_that_of_the_round(build: Callable[[bool], Program]):
    """A program serves all lengths that its bounds allow, and proofs are of the one that a round has."""
    one = build(True)
    program = PlainProgram(compiled(one))
    for limit in (LIMIT / 4, 0.4, LIMIT):
        inputs = inputs_of(one, limit=limit)
        close(program.run(*by_placement(one, inputs)).outputs, run_tensor(one, inputs, CLIENTS), 1e-4)


@pytest.mark.parametrize("limit", [-1.0, np.nan, np.inf])
def test_a_length_is_not_negative(limit: float):
    one = counted(True)
    found = compile_program(one, Options(clients=CLIENTS))
    with pytest.raises(InputError, match=r"counted clips 'x' to a norm of|'limit' is (nan|inf)"):
        PlainProgram(found).run(*by_placement(one, inputs_of(one, limit=limit)))


def test_everybody_is_clipped_to_nothing():
    one = by_minimum(True)
    found = compile_program(one, Options(clients=CLIENTS))
    inputs = inputs_of(one, NORMS[1:], limit=0.0)
    round_ = PlainProgram(found).run(*by_placement(one, inputs))
    np.testing.assert_allclose(round_.outputs["result"], 0.0, atol=1e-12)


def test_ties_are_those_of_float32():
    """A norm that is the limit in float32, of a vector that is longer by less than float32 resolves."""
    one = counted(True)
    inputs = inputs_of(one, NORMS)
    inputs["x"] = np.eye(CLIENTS, SIZE) * LIMIT
    inputs["x"][1] *= 1 + 2.0**-30
    inputs["x"][2] *= 1 + 2.0**-20
    inputs["x"][3] *= 1 - 2.0**-20
    outputs = PlainProgram(compiled(one)).run(*by_placement(one, inputs)).outputs
    assert outputs["longer"] == 1
    assert outputs["as_long"] == CLIENTS - 1


def test_a_declared_norm_that_is_smaller_still_holds():
    """The limit is no reason to take longer vectors than the user allows."""
    one = by_minimum(False)
    found = compile_program(one, Options(clients=CLIENTS, norm_bounds=NormBounds.of({"x": 0.25})))
    round_ = PlainProgram(found).run(*by_placement(one, inputs_of(one)))
    assert [d["client"] for d in round_.statistics.dropped] == [2, 3, 4, 5]
    assert all("has an L2 norm" in d["reason"] for d in round_.statistics.dropped)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_not_clipped(bad: float):
    one = counted(False)
    inputs = inputs_of(one)
    inputs["x"][2, 7] = bad
    round_ = PlainProgram(compiled(one)).run(*by_placement(one, inputs))
    assert [dropped["client"] for dropped in round_.statistics.dropped] == [2]


def test_without_proofs_servers_clip():
    for one in PROGRAMS:
        secure = compile_program(one, Options(clients=CLIENTS, proofs=False)).secure
        assert all(op.image is None for op in secure.of(Share))
        assert secure.circuits


@pytest.mark.parametrize("size", [20, 10_000])
def test_one_entry_may_be_all_of_a_vector(size: int):
    """It is far larger than entries that formats are made precise for."""
    b = TensorProgram("sparse")
    x = b.clients("x", size)
    factor = b.add(ew.Minimum, b.constant(1.0), b.add(ew.Div, b.constant(LIMIT), b.norm(x, 1)))
    b.returns(b.total(b.add(ew.Mul, x, b.column(factor))))
    one = b.build()
    inputs = {"x": np.eye(CLIENTS, size) * 7.0}
    round_ = PlainProgram(compiled(one)).run(*by_placement(one, inputs))
    assert not round_.statistics.dropped
    np.testing.assert_allclose(round_.outputs["result"][:CLIENTS], LIMIT, rtol=1e-5)
