from __future__ import annotations

import numpy as np
import pytest
from shared_images import as_clients_share
from small_programs import TensorProgram

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.analyses.chains import chain
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.passes.factor import FactorScales
from ezprivsecfl.compiler.passes.inverses import DivideByRoots
from ezprivsecfl.compiler.passes.simplify import Simplify
from ezprivsecfl.compiler.passes.trees import ReduceByTrees
from ezprivsecfl.compiler.pipeline import compile_program, tensor_passes
from ezprivsecfl.errors import CompileError, VerifyError
from ezprivsecfl.ir.images import SHORTER
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor.elementwise import (
    Abs,
    Add,
    Div,
    Exp,
    Maximum,
    Mul,
    Pow,
    Reciprocal,
    Relu,
    Rsqrt,
    Select,
    Sqrt,
    Square,
)
from ezprivsecfl.ir.tensor.structure import Broadcast, Clients, MatMul, ReduceMax, ReduceMin, Reshape, Sum, Transpose
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import DType

CLIENTS = 5

UNIT_ROUNDING = 2 * SHORTER
"""Unit vectors are a little shorter than 1, so that rounded ones are not longer."""


def random_inputs(program: Program, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    inputs = {}
    for op in program.of(Input):
        shape = tuple(CLIENTS if d == "n" else int(d) for d in op.type.shape)
        inputs[op.path] = np.abs(rng.normal(1.0, 0.5, shape)) if len(shape) < 2 else rng.normal(0.2, 1.0, shape)
    return inputs


def agree(before: Program, after: Program, rtol: float = 1e-9) -> None:
    inputs = random_inputs(before)
    shared = as_clients_share(after, inputs)
    expected, got = run_tensor(before, inputs, CLIENTS), run_tensor(after, shared, CLIENTS)
    assert expected.keys() == got.keys()
    for path, value in expected.items():
        np.testing.assert_allclose(got[path], value, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("factor", ["square", "constant", "spread"])
def test_products_of_repeated_values_keep_their_shape(factor):
    b = TensorProgram("repeated")
    x = b.add(Broadcast, b.clients("x", 2), shape=(3, "n", 2))
    factors = {
        "square": lambda: x,
        "constant": lambda: b.add(Constant, value=np.array(0.1), dtype=DType.F32),
        "spread": lambda: b.add(Broadcast, b.server("s", 1, 1), shape=("n", 2)),
    }
    b.returns(b.add(Sum, b.add(Mul, x, factors[factor]()), axes=(1,)))
    after = FactorScales().run(b.build())
    assert after.of(Output)[0].operands[0].type.shape == (3, 2)
    agree(b.build(), after)


def test_a_pass_that_changes_a_result_is_found():
    class Drops:
        level = Level.TENSOR

        def run(self, program: Program) -> Program:
            b = TensorProgram("other")
            b.returns(b.add(Sum, b.clients("x", 2), axes=(0, 1)))
            return b.build()

    b = TensorProgram("sum")
    b.returns(b.add(Sum, b.clients("x", 2), axes=(0,)))
    with pytest.raises(VerifyError, match=r"Drops changed the results from .*\(2,\)"):
        run_passes(b.build(), [Drops()])


def test_public_operands_are_not_repeated_for_every_client():
    b = TensorProgram("masked")
    x, zero = b.clients("x", 3), b.add(Constant, value=np.zeros(()), dtype=DType.F32)
    b.returns(b.add(Sum, b.add(Maximum, x, b.add(Broadcast, zero, shape=("n", 3))), axes=(0,)))
    simple = Simplify().run(b.build())
    assert not simple.of(Broadcast)
    agree(b.build(), simple)


@pytest.mark.parametrize("reduction", [ReduceMax, ReduceMin])
def test_an_extreme_of_clients_passes_on_what_is_not_a_number(reduction):
    b = TensorProgram("extreme")
    x, y = b.clients("x"), b.clients("y")
    b.returns(b.add(reduction, b.add(Div, x, y), axes=(0,)))
    program, after = b.build(), ReduceByTrees().run(b.build())
    inputs = {"x": np.array([1.0, 0.0, 3.0]), "y": np.array([1.0, 0.0, 1.0])}
    assert np.isnan(run_tensor(program, inputs, 3)["result"])
    assert np.isnan(run_tensor(after, inputs, 3)["result"])
    compiled = compile_program(program, Options(clients=3))
    round_ = PlainProgram(compiled).run({path: list(value) for path, value in inputs.items()}, {})
    assert [one["client"] for one in round_.statistics.dropped] == [1]
    assert round_.outputs["result"] == pytest.approx(3.0 if reduction is ReduceMax else 1.0, rel=1e-3)


@pytest.mark.parametrize("proofs", [True, False])
def test_all_passes_preserve_meaning(any_program, proofs):
    options = Options(clients=CLIENTS, proofs=proofs)
    bounded = DeclareBounds(CLIENTS, ParameterBounds(), options.proved_norms).run(any_program)
    agree(any_program, run_passes(bounded, tensor_passes(options)), rtol=1e-9 if not proofs else UNIT_ROUNDING)


def large_secret_products(program: Program) -> list[str]:
    return [
        str(op.result.type)
        for op in program.of(Mul)
        if tensor_type(op.result).is_secret and len(op.result.type.shape) == 2 and 1 not in op.result.type.shape
    ]


def test_scaled_rows_become_one_matrix_product(any_program):
    after = run_passes(any_program, [Simplify(), FactorScales(), Simplify()])
    assert large_secret_products(after) == []
    shapes = [tuple(o.type.shape for o in op.operands) for op in after.of(MatMul)]
    assert ((1, "n"), ("n", 20)) in shapes


def test_norm_becomes_inverse_square_root(any_program):
    after = run_passes(any_program, [Simplify(), FactorScales(), Simplify()])
    if any_program.name == "fltrust":
        assert len([op for op in after.of(Rsqrt) if tensor_type(op.result).is_secret]) == 1
        assert not after.of(Div)


def test_product_of_two_large_tensors_summed_is_a_dot_product():
    b = TensorProgram("dots")
    x, y = b.clients("x", 3, 4), b.clients("y", 3, 4)
    dots = b.add(Sum, b.add(Mul, x, y), axes=(2,))
    over_clients = b.add(Sum, b.add(Mul, x, y), axes=(0,))
    b.returns(b.add(Sum, dots, axes=(0,)), "dots")
    b.returns(over_clients, "over_clients")
    program = b.build()
    after = run_passes(program, [Simplify(), FactorScales(), Simplify()])
    agree(program, after)
    assert len(after.of(MatMul)) == 2
    assert not large_secret_products(after)


@pytest.mark.parametrize("size", [4, 200])
def test_a_few_numbers_are_normalised_before_the_next_product(size):
    """A power iteration: the square of a matrix reaches farther than any format. Many numbers would cost too much."""
    b = TensorProgram("iteration")
    matrix, start = (
        b.add(Sum, b.clients(path, *shape), axes=(0,)) for path, shape in (("c", (size, size)), ("v", (size, 1)))
    )
    once = b.add(MatMul, matrix, start)
    normalised = b.add(Div, once, b.add(Reshape, b.norm(b.add(Reshape, once, shape=(size,)), 0), shape=(1, 1)))
    b.returns(b.add(MatMul, matrix, normalised))
    program = b.build()
    after = run_passes(program, [FactorScales(), Simplify()])
    agree(program, after)
    (output,) = after.of(Output)
    assert isinstance(output.operands[0].op, MatMul) == (size == 4)


def test_factors_move_through_reshape_and_transpose():
    b = TensorProgram("moved")
    x, w = b.clients("x", 6), b.clients("w")
    scaled = b.add(Mul, x, b.add(Reshape, w, shape=("n", 1)))
    square = b.add(Reshape, scaled, shape=("n", 2, 3))
    turned = b.add(Transpose, square, permutation=(0, 2, 1))
    b.returns(b.add(Sum, turned, axes=(0,)))
    program = b.build()
    after = run_passes(program, [FactorScales(), Simplify()])
    agree(program, after)
    assert len(after.of(MatMul)) == 1


def test_selection_between_scalings_is_a_selection_of_scales():
    b = TensorProgram("zeroing")
    x, flag = b.clients("x", 6), b.clients("flag", dtype=DType.BOOL)
    zero = b.add(Constant, value=np.zeros(()), dtype=DType.F32)
    chosen = b.add(Select, b.add(Reshape, flag, shape=("n", 1)), zero, x)
    b.returns(b.add(Sum, chosen, axes=(0,)))
    after = run_passes(b.build(), [FactorScales(), Simplify()])
    assert {len(op.result.type.shape) for op in after.of(Select)} == {2}
    assert all(op.result.type.shape == ("n", 1) for op in after.of(Select))


def test_simplify_folds_merges_and_drops():
    b = TensorProgram("folding")
    x = b.clients("x", 4)
    two = b.add(Constant, value=np.full((), 2.0), dtype=DType.F32)
    four = b.add(Mul, two, two)
    once, again = b.add(Mul, x, four), b.add(Mul, x, four)
    b.add(Relu, x)
    b.returns(b.add(Sum, b.add(Add, once, again), axes=(0,)))
    after = Simplify().run(b.build())
    assert [op.name for op in after.ops] == ["input", "constant", "mul", "add", "sum", "output"]
    assert [float(op.value) for op in after.of(Constant)] == [4.0]


def test_constant_powers_become_products():
    b = TensorProgram("powers")
    x = b.clients("x", 4)
    two = b.add(Constant, value=np.full((), 2.0), dtype=DType.F32)
    b.returns(b.add(Sum, b.add(Pow, x, two), axes=(0,)))
    program = b.build()
    after = Simplify().run(program)
    assert not after.of(Pow)
    agree(program, after)


def test_other_powers_stay():
    b = TensorProgram("powers")
    x = b.clients("x", 4)
    power = b.add(Constant, value=np.full((), 2.5), dtype=DType.F32)
    b.returns(b.add(Sum, b.add(Pow, x, power), axes=(0,)))
    assert len(Simplify().run(b.build()).of(Pow)) == 1


def test_maximum_over_axes_is_a_tree():
    b = TensorProgram("largest")
    x = b.clients("x", 3, 5)
    b.returns(b.add(Sum, b.add(ReduceMax, b.add(Abs, x), axes=(1, 2)), axes=(0,)))
    program = b.build()
    after = ReduceByTrees().run(program)
    agree(program, after)
    assert len(after.of(Maximum)) == 4
    assert not after.of(ReduceMax)


def test_public_divisor_is_applied_after_opening():
    b = TensorProgram("mean")
    total = b.add(Sum, b.clients("x", 3), axes=(0,))
    b.returns(b.add(Div, total, b.add(Clients, dtype=DType.F32)))
    after = run_passes(b.build(), tensor_passes(Options()))
    (output,) = after.of(Output)
    assert isinstance(chain(output.operands[0]).opened.op, Sum)


def test_public_factor_that_may_be_zero_is_gated():
    b = TensorProgram("scaled")
    total = b.add(Sum, b.clients("x", 3), axes=(0,))
    b.returns(b.add(Mul, total, b.server("rate")))
    program = b.build()
    after = run_passes(program, tensor_passes(Options()))
    agree(program, after)
    (output,) = after.of(Output)
    opened = chain(output.operands[0]).opened
    assert isinstance(opened.op, Mul)
    values = run_tensor(after, {"x": np.ones((CLIENTS, 3)), "rate": np.zeros(())}, CLIENTS)
    np.testing.assert_array_equal(values["result"], 0.0)


def test_bounds_have_defaults_and_can_be_declared():
    b = TensorProgram("bounds")
    kernel, count = b.clients("updates/kernel", 3), b.clients("count")
    b.returns(b.add(Sum, b.add(Mul, kernel, b.add(Reshape, count, shape=("n", 1))), axes=(0,)))
    program = b.build()

    def bounded(clients=10, **declared):
        bounds = ParameterBounds.of({"" if key == "all" else key: bound for key, bound in declared.items()})
        inputs = DeclareBounds(clients, bounds).run(program).of(Input)
        return {op.path: (op.lowest, op.bound) for op in inputs}

    assert bounded() == {"updates/kernel": (None, 8.0), "count": (0.0, 2.0**20)}
    assert bounded(updates=(-1, 4), all=(2, 5)) == {"updates/kernel": (-1, 4), "count": (2, 5)}
    assert bounded(updates=2.0, all=5.0) == {"updates/kernel": (None, 2.0), "count": (None, 5.0)}
    with pytest.raises(CompileError, match=r"names no parameter of bounds: weights; it has count, updates/kernel"):
        bounded(weights=1.0)
    with pytest.raises(CompileError, match="at least 2"):
        bounded(clients=1)


def test_square_is_a_product_and_exp_of_public_values_stays():
    b = TensorProgram("public")
    x, rate = b.clients("x", 3), b.server("rate")
    b.returns(b.add(Mul, b.add(Sum, b.add(Square, x), axes=(0,)), b.add(Exp, rate)))
    program = b.build()
    after = run_passes(program, tensor_passes(Options()))
    agree(program, after)
    assert not after.of(Square)


def test_the_square_of_a_norm_needs_no_root():
    b = TensorProgram("squared_norm")
    norm = b.add(Reshape, b.norm(b.clients("x", 6), 1), shape=("n", 1))
    b.returns(b.add(Sum, b.add(Sum, b.add(Square, norm), axes=(1,)), axes=(0,)))
    program = b.build()
    after = run_passes(program, [Simplify(), FactorScales(), Simplify()])
    agree(program, after)
    assert [op.name for op in after.ops if op.name in ("sqrt", "square")] == []


def test_gates_reach_through_what_is_computed_in_the_clear():
    b = TensorProgram("adaptive")
    total = b.add(Sum, b.clients("x", 3), axes=(0,))
    b.returns(b.add(Mul, b.add(Exp, total), b.server("state")))
    program = b.build()
    after = run_passes(program, tensor_passes(Options()))
    agree(program, after)
    (output,) = after.of(Output)
    opened = chain(output.operands[0]).opened
    assert isinstance(opened.op, Mul)
    assert isinstance(opened.op.operands[0].op, Sum)


def inverse_program(use):
    b = TensorProgram("inverse")
    x, y = b.clients("x"), b.clients("y")
    b.returns(b.add(Sum, use(b, x, y), axes=(0,)))
    return b.build()


def divided(program: Program) -> Program:
    return DivideByRoots(128).run(program)


@pytest.mark.parametrize(("kind", "root"), [(Rsqrt, 1), (Reciprocal, 0)])
def test_products_with_inverses_become_quotients(kind, root):
    def use(b, x, y):
        inverse = b.add(kind, y)
        return b.add(Add, b.add(Mul, x, inverse), b.add(Mul, b.add(Reshape, inverse, shape=("n",)), x))

    program = inverse_program(use)
    rewritten = divided(program)
    assert not rewritten.of(kind)
    assert (len(rewritten.of(Div)), len(rewritten.of(Mul)), len(rewritten.of(Sqrt))) == (2, 0, root)
    inputs = random_inputs(program)
    expected = run_tensor(program, inputs, CLIENTS)
    np.testing.assert_allclose(run_tensor(rewritten, inputs, CLIENTS)["result"], expected["result"])


KEPT = {
    "used otherwise": lambda b, x, y: b.add(Add, b.add(Mul, x, b.add(Rsqrt, y)), b.add(Rsqrt, y)),
    "a square": lambda b, x, y: b.add(Mul, x, b.add(Mul, b.add(Rsqrt, y), b.add(Rsqrt, y))),
    "many products": lambda b, x, y: b.add(Mul, x, b.add(Reciprocal, b.add(Sum, y, axes=(0,)))),
    "large": lambda b, x, y: b.add(Mul, b.clients("z", 50), b.add(Reshape, b.add(Rsqrt, y), shape=("n", 1))),
}


@pytest.mark.parametrize("name", KEPT)
def test_inverses_that_quotients_would_not_replace_stay(name):
    program = Simplify().run(inverse_program(KEPT[name]))
    assert not divided(program).of(Div)
