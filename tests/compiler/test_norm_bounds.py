"""Which parameters have a norm that clients prove, how large it is, and declarations that are refused."""

from __future__ import annotations

import pytest
from small_programs import TensorProgram, weighted_layers

from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Norms, Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.passes.relu import ApproximateRelu, approximations
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Constant, Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType


def model() -> Program:
    b = TensorProgram("model")
    leaves = [b.clients("model/kernel", 3, 3), b.clients("model/bias", 8), b.clients("count")]
    leaves += [b.clients("bins", 16, dtype=DType.I32)]
    for i, leaf in enumerate(leaves):
        b.returns(b.add(Sum, leaf, axes=(0,)), str(i))
    flags = b.add(ew.Cast, b.clients("flags", 16, dtype=DType.BOOL), dtype=DType.F32)
    b.returns(b.add(Sum, flags, axes=(0,)), "flags")
    b.server("state", 16)
    return b.build()


def norms(declared: NormBounds | None, **bounds: float) -> dict[str, float | None]:
    bounded = DeclareBounds(4, ParameterBounds.of(bounds), declared).run(model())
    return {op.path: op.norm for op in bounded.of(Input)}


def test_more_than_eight_numbers_of_a_client_have_a_norm():
    assert norms(NormBounds()) == {
        "model/kernel": 24.0,
        "model/bias": None,
        "count": None,
        "bins": 4.0 * 2**20,
        "flags": None,
        "state": None,
    }
    assert norms(NormBounds(), model=1.0)["model/kernel"] == 3.0


def test_without_proofs_nothing_has_a_norm():
    assert set(norms(None).values()) == {None}


def test_the_smaller_of_what_is_declared_and_what_follows_counts():
    found = norms(NormBounds.of({"": 100.0, "model": 10.0}))
    assert (found["model/kernel"], found["bins"], found["model/bias"]) == (10.0, 100.0, None)
    assert norms(NormBounds.of({"model/kernel": 25.0}))["model/kernel"] == 24.0


def test_what_is_no_norm_in_the_api():
    assert NormBounds.of({"a": 2}) == NormBounds({"a": 2.0})
    with pytest.raises(CompileError, match=r"norm_bounds\['a'\]: a norm must be positive and finite, not -1"):
        NormBounds.of({"a": -1})
    with pytest.raises(CompileError, match=r"norm_bounds\['a'\]: expected .* not \(0, 1\)"):
        NormBounds.of({"a": (0, 1)})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("mode", "--norm-bound names no parameter of model: mode; its clients have bins, count, flags, model/bias"),
        ("model/bias", r"model/bias has at most 8 entries.* of every single one: declare that instead \(--bound\)"),
        ("count", "count has at most 8 entries"),
        ("flags", "every entry of flags is 0 or 1"),
        ("state", "state is the server's"),
    ],
)
def test_norms_that_fit_nothing_are_refused(key, message):
    with pytest.raises(CompileError, match=message):
        norms(NormBounds.of({key: 1.0}))


def test_norms_without_proofs_are_refused():
    with pytest.raises(CompileError, match="with --proofs off nobody enforces it"):
        Options(proofs=False, norm_bounds=NormBounds.of({"a": 1.0}))


@pytest.mark.parametrize(("proofs", "norm"), [(True, 24.0), (False, None)])
def test_shares_have_the_norm_and_the_bound(proofs, norm):
    shares = {op.path: op for op in compile_program(model(), Options(proofs=proofs)).secure.of(Share)}
    assert (shares["model/kernel"].norm, shares["model/kernel"].bound) == (norm, 8.0)
    assert shares["model/bias"].norm is None


def test_formats_are_made_precise_for_the_bound_of_entries():
    """Where there is room for the norm, an entry has as many bits as without proofs, up to what shares hide."""
    fracs = [
        next(op.type.frac for op in compile_program(model(), Options(proofs=proofs)).secure.of(Share))
        for proofs in (True, False)
    ]
    assert (24 - 3, fracs[0]) < (fracs[0], fracs[1])  # entries are below 2^3


def test_polynomials_are_for_entries_as_declared():
    b = TensorProgram("rectified")
    b.returns(b.add(Sum, b.add(ew.Relu, b.clients("x", 9)), axes=(0,)))
    bounded = DeclareBounds(4, ParameterBounds(), NormBounds()).run(b.build())
    assert [bound for _, bound, _ in approximations(bounded, 2, Norms())] == [8.0]
    constants = {float(op.value) for op in ApproximateRelu(2).run(bounded).of(Constant)}
    assert 8.0 in constants
    assert 24.0 not in constants


def test_inputs_with_a_common_factor_have_the_same_fractional_bits():
    """Else their products could not become one; a norm alone would give a short tensor more than a long one."""
    for bias, same in ((8.0, True), (2.0**-10, False)):  # not at the price of bits that entries need
        options = Options(bounds=ParameterBounds.of({"bias": bias}))
        shares = compile_program(weighted_layers(64), options).secure.of(Share)
        found = {op.path: op.type.frac for op in shares}
        assert (found["kernel"] == found["bias"]) == same


def test_what_lacks_room_names_the_norms():
    """Products of four entries of four vectors, each of which may be as long as all of its million entries together."""
    b = TensorProgram("products")
    size = 1_000_000
    w, x, y, z = (b.clients(path, size) for path in "wxyz")
    b.returns(b.add(Sum, b.add(ew.Mul, b.add(ew.Mul, w, x), b.add(ew.Mul, y, z)), axes=(0,)))
    program = b.build()
    with pytest.raises(CompileError, match=r"Of w \(\|x\|_2 <= 8000\), x .* clients prove the norm, but no bound"):
        compile_program(program, Options(clients=2))
    compile_program(program, Options(clients=2, proofs=False))
    compile_program(program, Options(clients=2, norm_bounds=NormBounds.of({"": 16.0})))
