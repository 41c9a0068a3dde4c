"""Whole compilations, run by the exact ring interpreter and compared with the float64 reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import encoded_inputs, optimised_inputs
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options, Relu
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError, DivisionError, PrecisionError, UnsupportedError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.fixed_point import decode, encode
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.mpc.io import Output, ProvedProduct, Public, Share
from ezprivsecfl.ir.mpc.protocol import CheckClients, Circuit, Mask, Product, SquareSum, Truncate
from ezprivsecfl.ir.op import Array, Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import DType

AND_COUNTS = {"fltrust": [35, 888], "weighted_mean": [978], "clipped_mean": []}

WITHOUT_PROOFS = {**AND_COUNTS, "fltrust": [1, 697, 721, 1890], "clipped_mean": [765, 999]}
"""For FLTrust the servers compute norms, and divide by them."""


def simulate(compiled: Compiled, inputs: dict[str, np.ndarray], clients: int) -> dict[str, np.ndarray]:
    """Prologue in float64, secure part in the exact ring, epilogue in float64."""
    server = {op.path: inputs[op.path] for op in compiled.prologue.of(Input)}
    publics = run_tensor(compiled.prologue, server, clients)
    encoded, shared = {}, optimised_inputs(compiled, inputs)
    for op in compiled.secure.of(Share):
        encoded[op.path] = encode(shared[op.path], op.type.frac)
    for op in compiled.secure.of(Public):
        assert np.all(np.abs(publics[op.path]) < op.bound)
        encoded[op.path] = encode(publics[op.path], op.type.frac)
    opened = run_mpc(compiled.secure, encoded, clients)
    values = {}
    for op in compiled.epilogue.of(Input):
        if op.path in opened:
            (output,) = [o for o in compiled.secure.of(Output) if o.path == op.path]
            value = decode(opened[op.path], output.operands[0].type.frac)
            values[op.path] = value.astype(np.int64) if op.type.dtype.is_integer else value
            values[op.path] = value.astype(bool) if op.type.dtype is DType.BOOL else values[op.path]
        else:
            values[op.path] = inputs[op.path]
    return run_tensor(compiled.epilogue, values, clients)


def check(
    program: Program, inputs: dict[str, np.ndarray], clients: int, tolerance: float = 1e-4, **options: object
) -> Compiled:
    compiled = compile_program(program, Options(clients=clients, **options))
    expected, got = run_tensor(program, inputs, clients), simulate(compiled, inputs, clients)
    assert expected.keys() == got.keys()
    for path, value in expected.items():
        scale = max(float(np.max(np.abs(value), initial=0.0)), 1e-12)
        error = float(np.max(np.abs(got[path] - value), initial=0.0)) / scale
        assert error <= tolerance, f"{path}: {error}"
    return compiled


@pytest.mark.parametrize("proofs", [True, False], ids=["proofs", "no proofs"])
@pytest.mark.parametrize("deviation", [0.001, 0.05, 1.0])
def test_fltrust_is_precise_at_every_magnitude(fltrust_program, deviation, proofs):
    rng = np.random.default_rng(0)
    clients = 30
    direction = rng.normal(0, 1, 3372)
    updates = deviation * (0.5 * direction + rng.normal(0, 1, (clients, 3372))) / np.sqrt(1.25)
    updates[:6] *= -1
    root = deviation * (0.5 * direction + rng.normal(0, 1, 3372)) / np.sqrt(1.25)
    inputs = {"updates": np.clip(updates, -7.9, 7.9), "root": np.clip(root, -7.9, 7.9)}
    compiled = compile_program(fltrust_program, Options(clients=clients, proofs=proofs))
    expected = run_tensor(fltrust_program, inputs, clients)["result"]
    got = simulate(compiled, inputs, clients)["result"]
    assert np.linalg.norm(got - expected) <= 1e-3 * np.linalg.norm(expected)
    assert np.max(np.abs(got - expected)) <= 1e-3 * np.max(np.abs(expected))


def test_fltrust_needs_one_mask_per_value_and_small_circuits(fltrust_program):
    secure = compile_program(fltrust_program, Options(clients=30, proofs=False)).secure
    assert [op.operands[0].type.shape for op in secure.of(Mask)] == [("n", 3372), (1, "n")]
    assert len(secure.of(Product)) == 1
    assert len(secure.of(SquareSum)) == 1
    assert {op.operands[0].type.shape for op in secure.of(Circuit)} <= {("n",), (), (1, "n")}
    assert all(op.type.frac >= 16 for op in secure.of(Share))


def test_fltrust_on_unit_vectors_needs_no_norms(fltrust_program):
    """What is left is a sum of scaled rows, and of the clients' trust scores one inverse."""
    secure = compile_program(fltrust_program, Options(clients=30)).secure
    assert not secure.of(SquareSum)
    assert not secure.of(ProvedProduct)
    products = [tuple(o.type.shape for o in op.operands) for op in secure.of(Product)]
    assert products == [((1, 1), (1, "n")), ((1, "n"), ("n", 3372))]
    assert [op.operands[0].type.shape for op in secure.of(Circuit)].count(("n",)) == 1
    (share,) = secure.of(Share)
    assert (share.vector, share.norm) == ("updates", 1.0)


@pytest.mark.parametrize(("proofs", "counts"), [(True, AND_COUNTS), (False, WITHOUT_PROOFS)])
def test_and_counts_of_programs_are_pinned(any_program, proofs, counts):
    secure = compile_program(any_program, Options(clients=30, proofs=proofs)).secure
    assert sorted(circuit.and_count for circuit in secure.circuits.values()) == counts[any_program.name]


def test_programs_agree_with_the_reference(any_program):
    rng = np.random.default_rng(3)
    inputs = {}
    for op in any_program.of(Input):
        shape = tuple(7 if d == "n" else int(d) for d in op.type.shape)
        inputs[op.path] = rng.uniform(1, 900, shape) if op.path == "weight" else rng.normal(0.3, 1.0, shape)
        if op.path == "limit":
            inputs[op.path] = np.asarray(3.5)
    check(any_program, inputs, 7)


UNARY = [ew.Neg, ew.Abs, ew.Sign, ew.Relu, ew.Square]
BINARY = [ew.Add, ew.Sub, ew.Mul, ew.Maximum, ew.Minimum]
COMPARE = [ew.Less, ew.LessEqual, ew.Greater, ew.GreaterEqual, ew.Equal, ew.NotEqual]


@pytest.mark.parametrize("kind", UNARY, ids=lambda k: k.name)
@pytest.mark.parametrize("after_root", [False, True], ids=["fixed", "float"])
def test_unary_operations(kind, after_root):
    b = TensorProgram("unary")
    x = b.clients("x", 5)
    if after_root:
        x = b.add(ew.Mul, x, b.add(ew.Sqrt, b.add(ew.Abs, x)))
    b.returns(b.add(st.Sum, b.add(kind, x), axes=(0,)))
    check(b.build(), {"x": np.random.default_rng(0).normal(0, 2, (4, 5))}, 4)


@pytest.mark.parametrize("kind", BINARY, ids=lambda k: k.name)
@pytest.mark.parametrize("other", ["secret", "public", "constant", "root"])
def test_binary_operations(kind, other):
    b = TensorProgram("binary")
    x = b.clients("x", 5)
    match other:
        case "secret":
            y = b.clients("y", 5)
        case "public":
            y = b.server("y", 5)
        case "constant":
            y = b.add(Constant, value=np.full((), 0.3), dtype=DType.F32)
        case _:
            y = b.add(ew.Sqrt, b.clients("y", 5))
    b.returns(b.add(st.Sum, b.add(kind, x, y), axes=(0,)))
    rng = np.random.default_rng(1)
    inputs = {"x": rng.normal(0, 2, (4, 5))}
    if other != "constant":
        inputs["y"] = np.abs(rng.normal(0, 2, (5,) if other == "public" else (4, 5)))
    check(b.build(), inputs, 4)


@pytest.mark.parametrize("kind", COMPARE, ids=lambda k: k.name)
@pytest.mark.parametrize("after_root", [False, True], ids=["fixed", "float"])
def test_comparisons_count_clients(kind, after_root):
    b = TensorProgram("count")
    x, y = b.clients("x"), b.clients("y")
    if after_root:
        x, y = b.add(ew.Sqrt, x), b.add(ew.Sqrt, y)
    flags = b.add(ew.Cast, b.add(kind, x, y), dtype=DType.F32)
    b.returns(b.add(st.Sum, flags, axes=(0,)))
    check(b.build(), {"x": np.array([1.0, 2.0, 3.0, 4.0]), "y": np.array([2.0, 2.0, 1.0, 4.0])}, 4)


@pytest.mark.parametrize("shape", [(), (6,)], ids=["small", "large"])
def test_selection(shape):
    b = TensorProgram("select")
    x, y, c = b.clients("x", 6), b.clients("y", 6), b.clients("c", *shape)
    zero = b.add(Constant, value=np.zeros(()), dtype=DType.F32)
    condition = b.add(ew.Greater, c, zero)
    if not shape:
        condition = b.add(st.Reshape, condition, shape=("n", 1))
    b.returns(b.add(st.Sum, b.add(ew.Select, condition, x, y), axes=(0,)))
    rng = np.random.default_rng(2)
    inputs = {k: rng.normal(0, 1, (5, 6)) for k in "xy"} | {"c": rng.normal(0, 1, (5, *shape))}
    check(b.build(), inputs, 5)


def test_a_public_condition_selects_without_a_circuit():
    b = TensorProgram("switch")
    x, rate = b.clients("x", 6), b.server("rate")
    zero = b.add(Constant, value=np.zeros(()), dtype=DType.F32)
    chosen = b.add(ew.Select, b.add(ew.Greater, rate, zero), x, b.add(ew.Neg, x))
    b.returns(b.add(st.Sum, chosen, axes=(0,)))
    compiled = check(b.build(), {"x": np.random.default_rng(0).normal(0, 1, (4, 6)), "rate": np.asarray(-1.0)}, 4)
    assert not compiled.secure.of(Circuit)


def test_large_maximum_and_zeroing():
    b = TensorProgram("zeroing")
    x, limit = b.clients("x", 9), b.server("limit")
    largest = b.add(st.ReduceMax, b.add(ew.Abs, x), axes=(1,))
    zero = b.add(Constant, value=np.zeros(()), dtype=DType.F32)
    too_large = b.add(st.Reshape, b.add(ew.Greater, largest, limit), shape=("n", 1))
    b.returns(b.add(st.Sum, b.add(ew.Select, too_large, zero, x), axes=(0,)))
    b.returns(b.add(st.Sum, b.add(ew.Cast, b.add(ew.Greater, largest, limit), dtype=DType.I32), axes=(0,)), "zeroed")
    check(b.build(), {"x": np.random.default_rng(0).normal(0, 1, (6, 9)), "limit": np.asarray(1.7)}, 6)


def test_integers_are_exact():
    b = TensorProgram("integers")
    x, y = b.clients("x", 3, dtype=DType.I32), b.clients("y", 3, dtype=DType.I32)
    b.returns(b.add(st.Sum, b.add(ew.Mul, x, y), axes=(0,)), "products")
    b.returns(b.add(st.Sum, b.add(ew.Maximum, x, y), axes=(0,)), "larger")
    rng = np.random.default_rng(0)
    check(b.build(), {k: rng.integers(-1000, 1000, (4, 3)) for k in "xy"}, 4, tolerance=0.0)


def test_float_to_integer_rounds_toward_zero():
    b = TensorProgram("whole")
    x = b.clients("x", 6)
    b.returns(b.add(st.Sum, b.add(ew.Cast, x, dtype=DType.I32), axes=(0,)))
    check(b.build(), {"x": np.array([[2.5, -2.5, 0.5, -0.5, 3.0, -3.0], [0.99, -0.99, 1, 2, 3, 4]])}, 2, tolerance=0.0)


def test_a_weighted_mean_of_weights_that_are_usually_zero():
    """Scalars of clients are not expected to be negative; if they all are, the result is right nevertheless."""
    b = TensorProgram("unusual")
    x, w = b.clients("x", 3), b.clients("w")
    weights = b.add(ew.Relu, b.add(ew.Neg, w))
    total = b.add(st.Sum, b.add(ew.Mul, x, b.add(st.Reshape, weights, shape=("n", 1))), axes=(0,))
    b.returns(b.add(ew.Div, total, b.add(st.Sum, weights, axes=(0,))))
    x_values = np.array([[1.0, -2.0, 7.9], [-3.0, 4.0, 7.9]])
    inputs = {"x": x_values, "w": np.array([-70000.0, -500.0])}
    check(b.build(), inputs, 2, tolerance=1e-3, bounds=ParameterBounds.of({"w": (-(2.0**20), 2.0**20)}))


def test_cubes_of_a_number_of_all_clients_together():
    b = TensorProgram("cube")
    count = b.add(st.Sum, b.add(ew.Cast, b.clients("flag", dtype=DType.BOOL), dtype=DType.F32), axes=(0,))
    b.returns(b.add(ew.Mul, b.add(ew.Mul, count, count), count))
    check(b.build(), {"flag": np.array([True, False, True])}, 3)


@pytest.mark.parametrize("bound", [0.01, 0.5, 1.0])
def test_numbers_with_nothing_before_the_point_become_integers(bound):
    """Their formats have fewer bits than fractional bits, alone and as squares that leave a circuit as integers."""
    b = TensorProgram("nothing")
    x = b.clients("x", 2)
    b.returns(b.add(st.Sum, b.add(ew.Cast, x, dtype=DType.I32), axes=(0,)), "whole")
    b.returns(b.add(st.Sum, b.add(ew.Cast, b.add(ew.Mul, x, x), dtype=DType.I32), axes=(0,)), "squares")
    x_values = np.array([[1.0, -1.0], [-0.5, 0.9]]) * bound * 0.99
    check(b.build(), {"x": x_values}, 2, tolerance=0.0, bounds=ParameterBounds.of({"x": bound}))


def test_products_of_many_factors_are_truncated_where_needed():
    b = TensorProgram("fourth")
    x = b.clients("x", 4)
    squared = b.add(ew.Mul, x, x)
    b.returns(b.add(st.Sum, b.add(ew.Mul, squared, squared), axes=(0,)))
    x_values = np.random.default_rng(0).normal(0, 2, (5, 4))
    compiled = check(b.build(), {"x": x_values}, 5)
    assert len(compiled.secure.of(Truncate)) == 1


def test_struct_of_leaves_shares_one_norm():
    b = TensorProgram("leaves")
    kernel, bias = b.clients("kernel", 4, 3), b.clients("bias", 3)
    squares = b.add(
        ew.Add,
        b.add(st.Sum, b.add(ew.Square, kernel), axes=(1, 2)),
        b.add(st.Sum, b.add(ew.Square, bias), axes=(1,)),
    )
    norm = b.add(ew.Sqrt, squares)
    for name, leaf in (("kernel", kernel), ("bias", bias)):
        shape = ("n",) + (1,) * (len(leaf.type.shape) - 1)
        unit = b.add(ew.Div, leaf, b.add(st.Reshape, norm, shape=shape))
        b.returns(b.add(st.Sum, unit, axes=(0,)), name)
    rng = np.random.default_rng(0)
    check(b.build(), {"kernel": rng.normal(0, 0.01, (6, 4, 3)), "bias": rng.normal(0, 0.01, (6, 3))}, 6)


def division(kind) -> Program:
    b = TensorProgram("division")
    x, y = b.clients("x"), b.clients("y")
    quotient = b.add(kind, b.add(ew.Abs, x), b.add(ew.Abs, y))
    one = b.add(Constant, value=np.ones(()), dtype=DType.F32)
    b.returns(b.add(st.Sum, b.add(ew.Minimum, quotient, one), axes=(0,)))
    return b.build()


def test_division_by_zero_that_is_finite_in_the_end():
    inputs = {"x": np.array([1.0, 3.0, 0.25]), "y": np.array([0.0, 2.0, 1.0])}
    check(division(ew.Div), inputs, 3)
    check(division(ew.DivNoNan), inputs, 3)


def test_division_by_zero_names_the_operation():
    program = division(ew.Div)
    compiled = compile_program(program, Options(clients=3))
    with pytest.raises(DivisionError, match=r"^div .* is not finite for its values") as caught:
        simulate(compiled, {"x": np.array([1.0, 0.0, 0.25]), "y": np.array([1.0, 0.0, 1.0])}, 3)
    assert caught.value.clients == (1,)
    with pytest.raises(DivisionError, match=r"^div .*: the result is infinite or not a number") as caught:
        simulate(compiled, {"x": np.array([0.0, 0.0]), "y": np.array([0.0, 0.0])}, 2)
    assert caught.value.clients == ()


def test_quotients_beyond_their_working_range_drop_their_client():
    b = TensorProgram("unbounded")
    quotient = b.add(ew.Div, b.clients("x"), b.clients("y"))
    b.returns(b.add(st.Sum, quotient, axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=3, bounds=ParameterBounds.of({"x": 8.0, "y": 4.0})))
    result = PlainProgram(compiled).run({"x": [1.0, 6.0, 1.0], "y": [2.0, 3.0, 2.0**-26]}, {})
    np.testing.assert_allclose(result.outputs["result"], 2.5, rtol=1e-4)
    (dropped,) = result.statistics.dropped
    assert dropped["client"] == 2
    assert "beyond" in dropped["reason"]


def test_what_does_not_fit_is_refused():
    b = TensorProgram("wide")
    x = b.clients("x", 1 << 36)
    b.returns(b.add(st.Sum, b.add(st.Sum, b.add(ew.Mul, x, x), axes=(1,)), axes=(0,)))
    with pytest.raises(PrecisionError, match=r"does not fit the 64-bit ring.*within \[0, 4.4e\+12\].*more than"):
        compile_program(b.build(), Options(clients=100))


@pytest.mark.parametrize("magnitude", [2.0**-40, 1.0, 2.0**19, 2.0**39])
def test_precision_is_relative_to_bounds_of_any_size(magnitude):
    b = TensorProgram("moment")
    x = b.clients("x", 10)
    b.returns(b.add(st.Sum, b.add(ew.Mul, x, x), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=100, bounds=ParameterBounds.of({"x": 2 * magnitude})))
    x_values = np.random.default_rng(0).uniform(-1, 1, (5, 10)) * magnitude
    got = PlainProgram(compiled).run({"x": list(x_values)}, {}).outputs["result"]
    assert np.max(np.abs(got - np.sum(x_values**2, axis=0))) < 1e-5 * magnitude**2


def test_unsupported_secret_operations_are_listed_together():
    b = TensorProgram("transcendental")
    x = b.clients("x", 3)
    b.returns(b.add(st.Sum, b.add(ew.Add, b.add(ew.FloorDiv, x, x), b.add(ew.FloorMod, x, x)), axes=(0,)))
    with pytest.raises(UnsupportedError, match="on secret values: floor_div, floor_mod"):
        compile_program(b.build(), Options(clients=3))


@pytest.mark.parametrize("degree", [2, 4, 8])
def test_approximate_relu(degree):
    b = TensorProgram("approximate")
    b.returns(b.add(st.Sum, b.add(ew.Relu, b.clients("x", 5)), axes=(0,)))
    program = b.build()
    x = np.random.default_rng(0).uniform(-8, 8, (6, 5))
    compiled = compile_program(program, Options(clients=6, relu=Relu(degree)))
    got, exact = simulate(compiled, {"x": x}, 6)["result"], np.maximum(x, 0).sum(axis=0)
    assert np.max(np.abs(got - exact)) <= 6 * 8 * {2: 0.07, 4: 0.04, 8: 0.02}[degree]


def test_a_result_that_does_not_depend_on_clients_needs_no_servers():
    b = TensorProgram("public")
    b.clients("x", 3)
    b.returns(b.add(ew.Exp, b.server("rate")))
    with pytest.raises(CompileError, match="no result of public depends on a CLIENTS-placed value"):
        compile_program(b.build(), Options(clients=3))


@pytest.mark.parametrize(
    ("order", "taken"),
    [((2, 0, 1), True), ((2, 1, 0), False), ((1, 2), True), ((0, 2, 2, 1, 2, 2), True)],
    ids=["another order", "backwards", "without the first", "some twice"],
)
def test_whoever_is_to_blame_is_dropped_whatever_the_order_of_rows(order: tuple[int, ...], taken: bool):
    """Client 2 has a row of zeros, and rows are divided by their sums."""
    b = TensorProgram("rows")
    rows = b.add(st.Stack, b.clients("x", 2), clients=3)
    if taken:
        rows = b.add(st.Take, rows, axis=0, positions=np.array(order))
    else:
        rows = b.add(st.Slice, rows, starts=(2, 0), sizes=(3, 2), strides=(-1, 1))
    sums = b.add(st.Reshape, b.add(st.Sum, rows, axes=(1,)), shape=(len(order), 1))
    b.returns(b.add(st.Sum, b.add(ew.Div, rows, sums), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=3))
    with pytest.raises(DivisionError, match="is not finite for its values") as caught:
        simulate(compiled, {"x": np.array([[1.0, 2.0], [3.0, 1.0], [0.0, 0.0]])}, 3)
    assert caught.value.clients == (2,)


def test_of_a_client_with_several_bad_rows_one_bit_is_opened():
    """Not how many rows are bad."""
    b = TensorProgram("rows")
    rows = b.add(st.Take, b.add(st.Stack, b.clients("x", 2), clients=3), axis=0, positions=np.array((0, 2, 2, 1, 2)))
    sums = b.add(st.Reshape, b.add(st.Sum, rows, axes=(1,)), shape=(5, 1))
    b.returns(b.add(st.Sum, b.add(ew.Div, rows, sums), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=3))
    (check,) = compiled.secure.of(CheckClients)
    opened: list[list[int]] = []

    def watch(op: Op, results: Sequence[Array]) -> None:
        if check.operands[0] in op.results:
            opened.append(results[0].tolist())

    inputs = encoded_inputs(compiled, {"x": np.array([[1.0, 2.0], [3.0, 1.0], [0.0, 0.0]])}, 3)
    with pytest.raises(DivisionError):
        run_mpc(compiled.secure, inputs, 3, watch=watch)
    assert opened == [[0, 0, 1]]


def test_rows_that_are_joined_one_by_one_are_nobodys_own():
    """Whose each is, is not known, so that the round ends."""
    b = TensorProgram("rows")
    stacked = b.add(st.Stack, b.clients("x", 2), clients=2)
    parts = [b.add(st.Slice, stacked, starts=(i, 0), sizes=(1, 2), strides=(1, 1)) for i in (1, 0)]
    rows = b.add(st.Concat, *parts, axis=0)
    sums = b.add(st.Reshape, b.add(st.Sum, rows, axes=(1,)), shape=(2, 1))
    b.returns(b.add(st.Sum, b.add(ew.Div, rows, sums), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=2))
    with pytest.raises(DivisionError, match="the result is infinite or not a number") as caught:
        simulate(compiled, {"x": np.array([[1.0, 2.0], [0.0, 0.0]])}, 2)
    assert caught.value.clients == ()
