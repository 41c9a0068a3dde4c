"""Which parameters are binary or one-hot, what follows for formats and proofs, and declarations that are refused."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import TensorProgram

from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.binary_parameters import BinaryParameters
from ezprivsecfl.compiler.choices import FIXED
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.mpc.protocol import Circuit, Mask
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType
from ezprivsecfl.rounds import round_bounds
from ezprivsecfl.runtime.manifest import Proof


def answers() -> Program:
    b = TensorProgram("answers")
    leaves = [b.clients("form/seen", 20), b.clients("form/vote", 2, 12, dtype=DType.I32), b.clients("flag")]
    leaves += [b.clients("counts", 20, dtype=DType.I32), b.clients("few", 3)]
    for i, leaf in enumerate(leaves):
        b.returns(b.add(Sum, leaf, axes=(0,)), str(i))
    b.returns(b.add(ew.Add, b.add(Sum, b.clients("other", 16), axes=(0,)), b.server("state", 16)), "other")
    return b.build()


DECLARED = BinaryParameters.of(["form", "flag", "few"], ["form/vote"])


def compiled(**options: object) -> Compiled:
    return compile_program(answers(), Options(**{"clients": 4, "binary": DECLARED, **options}))  # type: ignore[arg-type]


def test_what_is_declared_is_shared_as_integers_and_proved():
    shares = {s.path: s for s in manifest(compiled(), compiled().secure, "").shares}
    assert {path: s.proof for path, s in shares.items()} == {
        "form/seen": Proof.BITS,
        "form/vote": Proof.ONE_HOT,
        "flag": Proof.BITS,
        "few": Proof.BITS,
        "counts": Proof.NORM,
        "other": Proof.NORM,
    }
    for path in ("form/seen", "form/vote", "flag", "few"):
        found = shares[path]
        assert (found.frac, found.bound, found.lowest, found.norm, found.binary) == (0, 2.0, 0.0, None, True), path
    assert [path for path, s in shares.items() if s.one_hot] == ["form/vote"]
    assert not shares["counts"].binary


def test_without_proofs_clients_check_themselves():
    shares = {s.path: s for s in manifest(compiled(proofs=False), compiled().secure, "").shares}
    assert {s.proof for s in shares.values()} == {Proof.NONE}
    assert (shares["form/seen"].binary, shares["form/seen"].one_hot, shares["form/vote"].one_hot) == (True, False, True)
    assert shares["form/seen"].frac == 0


def test_sums_of_what_is_declared_take_neither_products_nor_circuits():
    secure = compiled().secure
    assert not secure.of(Mask)
    assert not secure.of(Circuit)


def test_the_range_of_a_sum_is_the_number_of_clients():
    b = TensorProgram("count")
    b.returns(b.add(Sum, b.clients("seen", 9), axes=(0,)))
    found = compile_program(b.build(), Options(clients=4, binary=BinaryParameters.of(["seen"], [])))
    (opened,) = [op for op in found.secure.ops if op.name == "open"]
    assert opened.attributes()["highest"] == 2  # 4 has three bits, from 0 to 2
    assert {op.path: op.type.frac for op in found.secure.of(Share)} == {"seen": 0}


def test_bounds_of_a_round_have_no_classes_of_0_and_1():
    values = {op.path: [np.zeros(op.type.shape[1:])] * 2 for op in answers().of(Input)}
    for scale in ("declared", FIXED):
        options = Options(clients=4, binary=DECLARED, scale=scale, bounds=ParameterBounds.of({"": 0.25}))
        bounds = round_bounds(answers(), values, options)
        assert {bounds[path] for path in ("form/seen", "form/vote", "flag", "few")} == {Bound(2.0, 0.0)}
        assert bounds["other"].highest <= 0.25
        again = compile_program(answers(), Options(clients=4, binary=DECLARED, bounds=ParameterBounds(bounds)))
        assert {s.proof for s in manifest(again, again.secure, "").shares if s.binary} == {Proof.BITS, Proof.ONE_HOT}


def test_of_a_user():
    assert BinaryParameters.of(["a", "b"], ["c", "a"]) == BinaryParameters({"a": True, "b": False, "c": True})
    assert BinaryParameters.of((), ()) == BinaryParameters()
    for option, given in (("binary", ("votes", [])), ("one_hot", ([], "votes"))):
        with pytest.raises(
            CompileError, match=rf"^{option}='votes': expected a list of parameters, such as {option}=\["
        ):
            BinaryParameters.of(*given)
    with pytest.raises(CompileError, match=r"^binary=\[1\]: expected a list"):
        BinaryParameters.of([1], [])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("binary", "one_hot", "message"),
    [
        (["for"], [], "--binary for names no parameter of answers; its clients have counts, few, flag, form/seen"),
        ([], ["vote"], "--one-hot vote names no parameter of answers"),
        (["state"], [], "--binary state: state is the server's, and this is what clients prove"),
        ([], ["state"], "--one-hot state: state is the server's"),
        ([], ["flag"], r"--one-hot flag: flag has no vectors: at a client it has the shape \[\]"),
        ([], [""], "--one-hot: flag has no vectors"),
    ],
)
def test_declarations_that_fit_nothing_are_refused(binary, one_hot, message):
    with pytest.raises(CompileError, match=message):
        compiled(binary=BinaryParameters.of(binary, one_hot))


@pytest.mark.parametrize("bound", [1.0, 0.5, (0.5, 2.0), (-0.5, 1.0)])
@pytest.mark.parametrize("path", ["form/seen", "form"])
def test_bounds_that_exclude_0_or_1_contradict(bound, path):
    bounds = ParameterBounds.of({path: bound})
    with pytest.raises(CompileError, match=rf"--bound {path}: entries of form/seen are 0 or 1, and .* excludes one"):
        compiled(bounds=bounds)
    values = {op.path: [np.zeros(op.type.shape[1:])] * 2 for op in answers().of(Input)}
    with pytest.raises(CompileError, match=rf"--bound {path}: entries of form/seen"):
        round_bounds(answers(), values, Options(clients=4, binary=DECLARED, bounds=bounds))


@pytest.mark.parametrize("bounds", [{"form": 2.0}, {"form": (-1.0, 8.0)}, {"": 0.5}])
def test_wider_bounds_and_those_of_all_parameters_do_not(bounds):
    shares = compiled(bounds=ParameterBounds.of(bounds)).secure.of(Share)
    assert {(op.bound, op.lowest) for op in shares if op.path.startswith("form")} == {(2.0, 0.0)}


def test_a_norm_of_what_is_0_or_1_is_refused():
    with pytest.raises(
        CompileError, match="clients prove that every entry of form/seen is 0 or 1, so its norm needs no"
    ):
        compiled(norm_bounds=NormBounds.of({"form/seen": 2.0}))


def test_a_one_hot_vector_of_nothing_is_refused():
    b = TensorProgram("empty")
    b.returns(b.add(Sum, b.clients("vote", 2, 0), axes=(0,)), "votes")
    b.returns(b.add(Sum, b.clients("x"), axes=(0,)), "x")
    with pytest.raises(
        CompileError, match=r"--one-hot vote: vote has no vectors: at a client it has the shape \[2, 0\]"
    ):
        compile_program(b.build(), Options(clients=4, binary=BinaryParameters.of([], ["vote"])))
