"""Inner products out of clients' proofs: of whole inputs at the same places, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rounds import by_placement, random_round
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.lowering.proved import MOST_CROSSED, proved_product
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc import io, linear, protocol, structure
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import ArithType, DType, RingType

N = 3

Build = Callable[[ProgramBuilder, Value, Value], Value]
"""A value of x [n, 4, 3] and y [n, 5], of 20 and 18 fractional bits."""


def flat(b: ProgramBuilder, x: Value) -> Value:
    return b.add(structure.Reshape, x, shape=("n", int(np.prod(x.type.shape[1:]))))


def widened(b: ProgramBuilder, y: Value) -> Value:
    return b.add(linear.Widen, y, bits=2)


def both(b: ProgramBuilder, x: Value, y: Value) -> Value:
    return b.add(structure.Concat, flat(b, x), widened(b, y), axis=1)


def turned(b: ProgramBuilder, x: Value, *permutation: int) -> Value:
    return b.add(structure.Transpose, x, permutation=permutation)


def part(b: ProgramBuilder, x: Value) -> Value:
    return b.add(structure.Slice, x, starts=(0, 0, 0), sizes=("n", 4, 2), strides=(1, 1, 1))


PROVED: dict[str, Build] = {
    "input": lambda b, x, y: x,
    "reshaped": lambda b, x, y: flat(b, x),
    "negated": lambda b, x, y: b.add(linear.Neg, x),
    "transposed": lambda b, x, y: turned(b, x, 0, 2, 1),
    "shifted": lambda b, x, y: b.add(linear.Widen, b.add(linear.Widen, y, bits=3), bits=2),
    "of different fractional bits": both,
    "one twice": lambda b, x, y: b.add(structure.Concat, y, b.add(linear.Neg, y), axis=1),
    "all at once": lambda b, x, y: b.add(
        linear.Neg, flat(b, b.add(linear.Widen, flat(b, turned(b, both(b, x, y), 0, 1)), bits=1))
    ),
}

COMPUTED: dict[str, Build] = {
    "part": lambda b, x, y: part(b, x),
    "two parts": lambda b, x, y: b.add(structure.Concat, part(b, x), part(b, x), axis=2),
    "sum of entries": lambda b, x, y: b.add(structure.Sum, x, axes=(2,)),
    "repeated": lambda b, x, y: b.add(
        structure.Broadcast, b.add(structure.Reshape, y, shape=("n", 1, 5)), shape=("n", 2, 5)
    ),
    "with a part": lambda b, x, y: b.add(structure.Concat, widened(b, y), flat(b, part(b, x)), axis=1),
    "the clients last": lambda b, x, y: turned(b, y, 1, 0),
    "times a number": lambda b, x, y: b.add(linear.MulPublic, y, b.add(io.Public, path="s", bound=4.0, type=SCALE)),
}

SCALE = RingType((), 0)


def mpc(build: Build, norm: float | None = 40.0) -> tuple[ProgramBuilder, Value]:
    b = ProgramBuilder("proved", Level.MPC, N)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n", 4, 3), 20), norm=40.0)
    y = b.add(io.Share, path="y", bound=8.0, type=ArithType(("n", 5), 18), norm=norm)
    return b, build(b, x, y)


@pytest.mark.parametrize("shape", [("n",), ("n", 1), ("n", 1, 1)])
@pytest.mark.parametrize("name", PROVED)
def test_whole_inputs_come_with_their_squares(name: str, shape: tuple[int | str, ...]):
    b, value = mpc(PROVED[name])
    found = proved_product(b, value, value, shape)
    assert found is not None
    assert found.type == ArithType(shape, 2 * value.type.frac)
    rows = b.add(structure.Sum, b.add(structure.Reshape, found, shape=("n",)), axes=(0,))
    total = b.add(protocol.SquareSum, b.add(protocol.Mask, flat(b, value)))
    for path, result in (("proved", rows), ("computed", b.add(structure.Sum, total, axes=(0,)))):
        b.append(io.Output(operands=(b.add(protocol.Open, result),), path=path))
    rng = np.random.default_rng(0)
    inputs = {"x": encode(rng.normal(0, 2, (N, 4, 3)), 20), "y": encode(rng.normal(0, 2, (N, 5)), 18)}
    opened = run_mpc(b.build(), inputs, N)
    np.testing.assert_array_equal(opened["proved"], opened["computed"])


@pytest.mark.parametrize("name", COMPUTED)
def test_nothing_else_does(name: str):
    b, value = mpc(COMPUTED[name])
    assert proved_product(b, value, value, ("n",)) is None


def test_of_what_has_no_norm_nothing_is_proved():
    for norm in (40.0, None):
        b, value = mpc(both, norm=norm)
        assert (proved_product(b, value, value, ("n",)) is None) == (norm is None)


@pytest.mark.parametrize("shape", [("n", 5), (), ("n", "n"), (1, 5)])
def test_only_one_number_for_each_client_is_proved(shape: tuple[int | str, ...]):
    b, value = mpc(PROVED["input"])
    assert proved_product(b, value, value, shape) is None


def test_only_inputs_have_products():
    b, value = mpc(both)
    with pytest.raises(VerifyError, match="only a client's own inputs come with a proof"):
        b.add(io.ProvedProduct, value, value)
    x, y = (op.result for op in b.build().of(io.Share))
    with pytest.raises(VerifyError, match="different numbers of entries"):
        b.add(io.ProvedProduct, x, y)


# Of two values: x [n, 4, 3] of 20 fractional bits, y [n, 4, 3] of 18, and a public point [4, 3].

BuildTwo = Callable[[ProgramBuilder, Value, Value, Value], tuple[Value, Value]]


def row(b: ProgramBuilder, x: Value) -> Value:
    return b.add(structure.Reshape, x, shape=("n", 1, 12))


def minus(b: ProgramBuilder, x: Value, y: Value) -> Value:
    return b.add(linear.Sub, x, widened(b, y) if x.type.frac > y.type.frac else y)


def point_at(b: ProgramBuilder, frac: int, *shape: int) -> Value:
    return b.add(io.Public, path=f"p{frac}{shape}", bound=8.0, type=RingType(shape, frac))


PRODUCTS: dict[str, BuildTwo] = {
    "inputs": lambda b, x, y, p: (x, y),
    "in rows and columns": lambda b, x, y, p: (row(b, x), b.add(structure.Reshape, y, shape=("n", 12, 1))),
    "one negated": lambda b, x, y, p: (b.add(linear.Neg, x), y),
    "both negated and shifted": lambda b, x, y, p: (b.add(linear.Neg, widened(b, x)), b.add(linear.Neg, widened(b, y))),
    "both turned": lambda b, x, y, p: (turned(b, x, 0, 2, 1), turned(b, y, 0, 2, 1)),
    "side by side": lambda b, x, y, p: tuple(
        b.add(structure.Concat, flat(b, u), flat(b, v), axis=1) for u, v in ((x, widened(b, y)), (widened(b, y), x))
    ),
    "difference with itself": lambda b, x, y, p: (d := minus(b, x, y), d),
    "sum and difference": lambda b, x, y, p: (b.add(linear.Add, x, widened(b, y)), minus(b, x, y)),
    "differences to points": lambda b, x, y, p: (b.add(linear.Sub, x, p), b.add(linear.Sub, point_at(b, 18, 3), y)),
    "one to a point": lambda b, x, y, p: (b.add(linear.Add, x, p), row(b, y)),
    "point twice": lambda b, x, y, p: (row(b, b.add(linear.Sub, p, x)), b.add(linear.Add, p, widened(b, y))),
    "between two and a point": lambda b, x, y, p: (d := b.add(linear.Sub, minus(b, x, y), p), d),
}

OTHERS: dict[str, BuildTwo] = {
    "one turned": lambda b, x, y, p: (x, b.add(structure.Reshape, turned(b, y, 0, 2, 1), shape=("n", 4, 3))),
    "side by side in another order": lambda b, x, y, p: (
        b.add(structure.Concat, flat(b, x), widened(b, flat(b, y)), axis=1),
        b.add(structure.Reshape, b.add(structure.Concat, x, widened(b, y), axis=2), shape=("n", 24)),
    ),
    "turned in different ways": lambda b, x, y, p: (
        turned(b, b.add(structure.Reshape, x, shape=("n", 2, 2, 3)), 0, 1, 3, 2),
        turned(b, b.add(structure.Reshape, y, shape=("n", 2, 2, 3)), 0, 3, 2, 1),
    ),
    "parts": lambda b, x, y, p: (part(b, x), part(b, y)),
    "a sum over clients": lambda b, x, y, p: (
        x,
        minus(b, x, b.add(structure.Broadcast, b.add(structure.Sum, y, axes=(0,)), shape=("n", 4, 3))),
    ),
}


def mpc_of_two(build: BuildTwo) -> tuple[ProgramBuilder, Value, Value]:
    b = ProgramBuilder("proved", Level.MPC, N)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n", 4, 3), 20), norm=40.0)
    y = b.add(io.Share, path="y", bound=8.0, type=ArithType(("n", 4, 3), 18), norm=40.0)
    return (b, *build(b, x, y, point_at(b, 20, 4, 3)))


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_two_inputs_are_proved(name: str):
    b, first, second = mpc_of_two(PRODUCTS[name])
    found = proved_product(b, first, second, ("n",))
    assert found is not None
    assert found.type == ArithType(("n",), first.type.frac + second.type.frac)
    assert len({frozenset(op.operands) for op in b.build().of(io.ProvedProduct)}) == len(b.build().of(io.ProvedProduct))
    masked = [b.add(protocol.Mask, flat(b, v)) for v in (first, second)]
    a = b.add(structure.Reshape, masked[0], shape=("n", 1, masked[0].type.shape[1]))
    c = b.add(structure.Reshape, masked[1], shape=("n", masked[1].type.shape[1], 1))
    product = b.add(structure.Reshape, b.add(protocol.Product, a, c), shape=("n",))
    for path, result in (("proved", found), ("computed", product)):
        total = b.add(structure.Sum, result, axes=(0,))
        b.append(io.Output(operands=(b.add(protocol.Open, total),), path=path))
    program, rng = b.build(), np.random.default_rng(0)
    inputs = {op.path: encode(rng.normal(0, 2, (N, 4, 3)), op.type.frac) for op in program.of(io.Share)}
    inputs |= {op.path: encode(rng.normal(0, 2, op.type.shape), op.type.frac) for op in program.of(io.Public)}
    opened = run_mpc(program, inputs, N)
    np.testing.assert_array_equal(opened["proved"], opened["computed"])


@pytest.mark.parametrize("name", OTHERS)
def test_others_of_two_are_not(name: str):
    assert proved_product(*mpc_of_two(OTHERS[name]), ("n",)) is None


def test_a_number_that_is_added_to_all_entries_is_not_an_entry():
    b = ProgramBuilder("proved", Level.MPC, N)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n", 12), 20), norm=40.0)
    number = b.add(io.Share, path="number", bound=8.0, type=ArithType(("n", 1), 20), norm=8.0)
    assert proved_product(b, b.add(linear.Add, x, number), x, ("n",)) is None
    assert proved_product(b, x, number, ("n",)) is None


@pytest.mark.parametrize(("inputs", "crossed"), [(3, 3), (4, None)])
def test_clients_prove_few_products_in_the_place_of_one(inputs: int, crossed: int | None):
    b = ProgramBuilder("proved", Level.MPC, N)
    total, *others = (
        b.add(io.Share, path=f"x{i}", bound=8.0, type=ArithType(("n", 9), 20), norm=40.0) for i in range(inputs)
    )
    for other in others:
        total = b.add(linear.Add, total, other)
    found = proved_product(b, total, total, ("n",))
    assert (found is None) == (crossed is None)
    if crossed is not None:
        assert crossed == MOST_CROSSED
        assert len(b.build().of(io.ProvedProduct)) == inputs + crossed


# Of whole programs.


def rows_norm(b: TensorProgram, x: Value) -> Value:
    return b.add(st.Sum, b.add(ew.Mul, x, x), axes=(1,))


def norms_of(build: Callable[[TensorProgram], Value]) -> Program:
    b = TensorProgram("norms")
    b.returns(b.add(st.Sum, b.add(ew.Sqrt, rows_norm(b, build(b))), axes=(0,)))
    return b.build()


def layers(b: TensorProgram) -> Value:
    large, small = b.clients("large", 4, 3), b.clients("small", 9)
    turned = b.add(st.Transpose, large, permutation=(0, 2, 1))
    return b.add(st.Concat, b.add(st.Reshape, turned, shape=("n", 12)), b.add(ew.Neg, small), axis=1)


def compiled(build: Callable[[TensorProgram], Value], **options: object) -> Compiled:
    bounds = ParameterBounds.of({"large": 100.0, "small": 0.5} if build is layers else {})
    return compile_program(norms_of(build), Options(clients=4, bounds=bounds, **options))


def test_programs_take_squares_of_several_inputs():
    found = compiled(layers)
    assert [op.operands[0].op.path for op in found.secure.of(io.ProvedProduct)] == ["large", "small"]
    assert not found.secure.of(protocol.SquareSum)
    rng = np.random.default_rng(0)
    inputs = {"large": rng.normal(0, 20, (4, 4, 3)), "small": rng.normal(0, 0.1, (4, 9))}
    got = PlainProgram(found).run(*by_placement(found.tensor, inputs)).outputs["result"]
    assert got == pytest.approx(run_tensor(found.tensor, inputs, 4)["result"], rel=1e-5)
    squares = compiled(layers, proofs=False).secure
    assert not squares.of(io.ProvedProduct)
    assert squares.of(protocol.SquareSum)


@pytest.mark.parametrize(
    "build",
    [
        lambda b: b.clients("few", 8),
        lambda b: b.add(st.Slice, b.clients("x", 20), starts=(0, 0), sizes=("n", 19), strides=(1, 1)),
        lambda b: b.add(ew.Maximum, b.clients("x", 20), b.constant(0.5)),
        lambda b: b.add(ew.Cast, b.clients("flags", 20, dtype=DType.BOOL), dtype=DType.F32),
        lambda b: b.add(ew.Relu, b.clients("x", 20)),
        lambda b: b.add(st.Concat, b.clients("x", 20), b.clients("few", 3), axis=1),
    ],
    ids=["few entries", "part", "maximum", "truth values", "positive part", "with few entries"],
)
def test_programs_compute_other_squares(build: Callable[[TensorProgram], Value]):
    found = compiled(build)
    assert not found.secure.of(io.ProvedProduct)
    given, server, stacked = random_round(found.tensor, 4)
    if "flags" in given:
        stacked["flags"] = stacked["flags"] > 0.3
        given["flags"] = list(stacked["flags"])
    got = PlainProgram(found).run(given, server).outputs["result"]
    assert got == pytest.approx(run_tensor(found.tensor, stacked, 4)["result"], rel=1e-4)
