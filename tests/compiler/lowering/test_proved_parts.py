"""Inner products of parts of clients' inputs: slices, rows, and what is too many or too short for a proof."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.lowering.proved import proved_product
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc import io, linear, protocol, structure
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.proved_parts import MOST_PARTS, Product, TooManyPartsError, cuts
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.types import ArithType

N, ROWS, LENGTH = 3, 4, 60

BuildTwo = Callable[[ProgramBuilder, Value, Value], tuple[Value, Value]]
"""Two values of x and y, both [n, 240]."""


def part(b: ProgramBuilder, x: Value, begin: int, size: int, stride: int = 1) -> Value:
    return b.add(structure.Slice, x, starts=(0, begin), sizes=("n", size), strides=(1, stride))


def rows(b: ProgramBuilder, x: Value) -> Value:
    return b.add(structure.Reshape, x, shape=("n", ROWS, LENGTH))


def turned(b: ProgramBuilder, x: Value) -> Value:
    return b.add(structure.Transpose, x, permutation=(0, 2, 1))


def taken(b: ProgramBuilder, x: Value, *positions: int) -> Value:
    return b.add(structure.Take, x, axis=1, positions=np.array(positions))


def same(value: Value) -> tuple[Value, Value]:
    return value, value


ONE = ("n",)
EACH = ("n", ROWS)

PROVED: dict[str, tuple[BuildTwo, tuple[int | str, ...]]] = {
    "part": (lambda b, x, y: same(part(b, x, 50, 100)), ONE),
    "part of a part": (lambda b, x, y: same(part(b, part(b, x, 50, 100), 40, 50)), ONE),
    "backwards": (lambda b, x, y: same(part(b, x, 149, 100, -1)), ONE),
    "parts side by side": (
        lambda b, x, y: same(
            b.add(structure.Concat, part(b, x, 100, 140), b.add(linear.Neg, part(b, y, 0, 50)), axis=1)
        ),
        ONE,
    ),
    "the same part twice": (
        lambda b, x, y: same(b.add(structure.Concat, part(b, x, 0, 50), b.add(linear.Neg, part(b, x, 0, 50)), axis=1)),
        ONE,
    ),
    "rows": (lambda b, x, y: same(rows(b, x)), EACH),
    "rows of two inputs": (lambda b, x, y: (rows(b, x), b.add(linear.Neg, rows(b, y))), EACH),
    "columns of what was turned": (
        lambda b, x, y: same(turned(b, turned(b, rows(b, x)))),
        ("n", ROWS, 1),
    ),
    "parts of two at other places": (lambda b, x, y: (part(b, x, 10, 150), part(b, y, 90, 150)), ONE),
    "two parts of one": (lambda b, x, y: (part(b, x, 0, 100), part(b, x, 120, 100)), ONE),
    "parts that overlap": (lambda b, x, y: (part(b, x, 0, 120), part(b, x, 60, 120)), ONE),
    "taken in another order": (
        lambda b, x, y: (taken(b, x, *range(200, 240), *range(100)), taken(b, y, *range(140))),
        ONE,
    ),
    "rows taken twice": (lambda b, x, y: same(taken(b, rows(b, x), 2, 0, 2)), ("n", 3)),
    "difference of two parts": (
        lambda b, x, y: same(b.add(linear.Sub, part(b, x, 0, 120), part(b, x, 120, 120))),
        ONE,
    ),
}

COMPUTED: dict[str, tuple[BuildTwo, tuple[int | str, ...]]] = {
    "every other entry": (lambda b, x, y: same(part(b, x, 0, 120, 2)), ONE),
    "entries here and there": (lambda b, x, y: same(taken(b, x, *range(0, 240, 7), *range(3, 240, 7))), ONE),
    "few entries": (lambda b, x, y: same(part(b, x, 7, 31)), ONE),
    "columns": (lambda b, x, y: same(turned(b, rows(b, x))), ("n", LENGTH)),
    "with the next entry": (lambda b, x, y: (part(b, x, 0, 239), part(b, x, 1, 239)), ONE),
    "backwards and forwards": (lambda b, x, y: (part(b, x, 239, 240, -1), y), ONE),
    "groups across sources": (lambda b, x, y: same(part(b, x, 0, 200)), ("n", 7)),
}


def mpc(build: BuildTwo) -> tuple[ProgramBuilder, Value, Value]:
    b = ProgramBuilder("proved", Level.MPC, N)
    x, y = (b.add(io.Share, path=path, bound=8.0, type=ArithType(("n", ROWS * LENGTH), 20), norm=40.0) for path in "xy")
    return (b, *build(b, x, y))


@pytest.mark.parametrize("name", PROVED)
def test_products_of_parts_are_those_of_their_entries(name: str):
    build, shape = PROVED[name]
    b, first, second = mpc(build)
    found = proved_product(b, first, second, shape)
    assert found is not None
    assert found.type == ArithType(shape, first.type.frac + second.type.frac)
    groups = int(np.prod(shape[1:], dtype=int))
    size = first.type.shape[1] if groups == 1 else LENGTH
    a, c = (b.add(protocol.Mask, v) for v in (first, second))
    left = b.add(structure.Reshape, a, shape=("n", groups, 1, size))
    right = b.add(structure.Reshape, c, shape=("n", groups, size, 1))
    computed = b.add(structure.Reshape, b.add(protocol.Product, left, right), shape=("n", groups))
    for path, result in (("proved", b.add(structure.Reshape, found, shape=("n", groups))), ("computed", computed)):
        total = b.add(structure.Sum, result, axes=(0,))
        b.append(io.Output(operands=(b.add(protocol.Open, total),), path=path))
    program, rng = b.build(), np.random.default_rng(0)
    inputs = {op.path: encode(rng.normal(0, 2, (N, ROWS * LENGTH)), 20) for op in program.of(io.Share)}
    opened = run_mpc(program, inputs, N)
    np.testing.assert_array_equal(opened["proved"], opened["computed"])


@pytest.mark.parametrize("name", COMPUTED)
def test_parts_that_are_short_or_many_are_computed(name: str):
    build, shape = COMPUTED[name]
    assert proved_product(*mpc(build), shape) is None


def test_a_program_does_not_divide_inputs_without_end():
    """Each product alone would be proved, and so are the first ones."""
    b, x, _ = mpc(lambda b, x, y: (x, y))
    found = [
        proved_product(b, *same(part(b, x, begin, size)), ONE) for size in range(100, 160) for begin in (size - 99, 0)
    ]
    assert found[0] is not None
    assert None in found
    sizes = {op.path: ROWS * LENGTH for op in b.build().of(io.Share)}
    places = cuts([op.product for op in b.build().of(io.ProvedProduct)], sizes)
    assert MOST_PARTS - 4 <= len(places["x"]) - 1 <= MOST_PARTS


def test_a_cut_in_one_factor_is_one_in_the_other():
    products = [Product("x", "x", (10, 10), 5), Product("x", "y", (0, 20), 40), Product("y", "z", (25, 0), 30)]
    assert cuts(products, {"x": 60, "y": 70, "z": 30}) == {
        "x": [0, 5, 10, 15, 35, 40, 60],
        "y": [0, 20, 25, 30, 35, 55, 60, 70],
        "z": [0, 5, 10, 30],
    }
    with pytest.raises(TooManyPartsError):
        cuts([Product("x", "x", (0, 1), 999)], {"x": 1000})


@pytest.mark.parametrize(("starts", "entries"), [((0, -1), 5), ((0, 236), 5), ((239, 0), 2), ((0,), 5), ((0, 0), 241)])
def test_parts_are_within_their_inputs(starts: tuple[int, ...], entries: int):
    b, x, y = mpc(lambda b, x, y: (x, y))
    with pytest.raises(VerifyError, match="are not within the inputs"):
        b.add(io.ProvedProduct, x, y, starts=starts, entries=entries)


# Of whole programs.


def layers_of_one(b: TensorProgram) -> Value:
    """Each of two layers, which are slices of one parameter, divided by its norm."""
    x = b.clients("x", 300)
    parts = []
    for begin, size in ((0, 100), (100, 200)):
        layer = b.add(st.Slice, x, starts=(0, begin), sizes=("n", size), strides=(1, 1))
        length = b.add(st.Reshape, b.norm(layer, 1), shape=("n", 1))
        parts.append(b.add(ew.Div, layer, b.add(ew.Add, length, b.constant(0.25))))
    return b.add(st.Concat, *parts, axis=1)


def rows_of_one(b: TensorProgram) -> Value:
    x = b.clients("x", 5, 60)
    squares = b.add(st.Sum, b.add(ew.Mul, x, x), axes=(2,))
    lengths = b.add(st.Reshape, b.add(ew.Sqrt, squares), shape=("n", 5, 1))
    return b.add(ew.Div, x, b.add(ew.Add, lengths, b.constant(0.25)))


def taken_rows(b: TensorProgram) -> Value:
    """Each of the neurons that a rule looks at, in its order, divided by its norm."""
    x = b.add(st.Take, b.clients("x", 5, 60), axis=1, positions=np.array([4, 1, 2]))
    squares = b.add(st.Sum, b.add(ew.Mul, x, x), axes=(2,))
    lengths = b.add(st.Reshape, b.add(ew.Sqrt, squares), shape=("n", 3, 1))
    return b.add(ew.Div, x, b.add(ew.Add, lengths, b.constant(0.25)))


@pytest.mark.parametrize(("build", "products"), [(layers_of_one, 2), (rows_of_one, 5), (taken_rows, 3)])
def test_programs_take_norms_of_parts_from_proofs(build: Callable[[TensorProgram], Value], products: int):
    b = TensorProgram("layers")
    b.returns(b.add(st.Sum, build(b), axes=(0,)), "result")
    compiled: Compiled = compile_program(b.build(), Options(clients=4))
    assert len(compiled.secure.of(io.ProvedProduct)) == products
    assert not compiled.secure.of(protocol.SquareSum)
    values = np.random.default_rng(0).normal(0, 1, (4, *compiled.tensor.ops[0].result.type.shape[1:]))
    got = PlainProgram(compiled).run({"x": list(values)}, {}).outputs["result"]
    np.testing.assert_allclose(got, run_tensor(compiled.tensor, {"x": values}, 4)["result"], rtol=0, atol=1e-4)
