"""Programs with sketched norms: what is sketched, and how close results are."""

from __future__ import annotations

import numpy as np
import pytest
from rounds import random_round
from small_programs import TensorProgram, fltrust

from ezprivsecfl.backends.motion2nx.legalise import Legalise
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.analyses.norms import largest_error
from ezprivsecfl.compiler.options import Norms, Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import PrecisionError, UnsupportedError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.io import ProvedProduct, Share
from ezprivsecfl.ir.mpc.protocol import SquareSum
from ezprivsecfl.ir.mpc.sketch import Coins, Sketch
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Greater, Mul, Sub
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType


def layers() -> Program:
    """Squared norms of a long, a longer and a short vector, and of a long difference."""
    b = TensorProgram("layers")
    total = None
    for path, size in (("long", 500), ("longer", 900), ("short", 64)):
        x = b.clients(path, size)
        squares = b.add(Sum, b.add(Mul, x, x), axes=(1,))
        total = squares if total is None else b.add(Add, total, squares)
        if path == "long":
            difference = b.add(Sub, x, b.server("root", size))
    assert total is not None
    distances = b.add(Sum, b.add(Mul, difference, difference), axes=(1,))
    b.returns(b.add(Sum, b.add(Add, total, distances), axes=(0,)))
    return b.build()


def test_long_vectors_are_sketched_with_one_draw():
    secure = compile_program(layers(), Options(clients=5, norms=Norms(64), proofs=False)).secure
    assert [op.operands[0].type.shape for op in secure.of(Sketch)] == [("n", 500), ("n", 900), ("n", 500)]
    assert len(secure.of(Coins)) == 1
    assert [op.operands[0].type.shape for op in secure.of(SquareSum)].count(("n", 64)) == 4
    exact = compile_program(layers(), Options(clients=5, proofs=False)).secure
    assert not exact.of(Sketch)
    assert not exact.of(Coins)


def test_what_clients_prove_of_short_vectors_is_neither_sketched_nor_computed():
    secure = compile_program(layers(), Options(clients=5, norms=Norms(64))).secure
    assert [op.operands[0].type.shape for op in secure.of(Sketch)] == [("n", 500), ("n", 900), ("n", 500)]
    assert [op.operands[0].type.shape for op in secure.of(ProvedProduct)] == [("n", 64)]


def test_directions_need_no_sketches():
    compiled = compile_program(fltrust(1_000_000_000), Options(clients=100, norms=Norms(64)))
    assert not compiled.secure.of(Sketch)
    assert not compiled.secure.of(Coins)


@pytest.mark.parametrize(("make", "sums"), [(layers, 256), (lambda: fltrust(3000), 1024)], ids=["layers", "fltrust"])
def test_results_are_close(make, sums):
    program = make()
    compiled = compile_program(program, Options(clients=12, norms=Norms(sums), proofs=False))
    given, server, stacked = random_round(program, 12)
    expected = run_tensor(program, stacked, 12)["result"]
    plain = PlainProgram(compiled)
    results = [plain.run(given, server).outputs["result"] for _ in range(3)]
    errors = [np.max(np.abs(r - expected)) / np.max(np.abs(expected)) for r in results]
    assert max(errors) < largest_error(Norms(sums))  # ten deviations of a single norm
    assert min(errors) > 1e-6
    assert len(set(errors)) == 3  # another map every time


def test_a_million_parameters_fit_the_default_bound():
    compiled = compile_program(fltrust(1_000_000), Options(clients=100, norms=Norms(4096), proofs=False))
    assert [op.type.frac for op in compiled.secure.of(Share)] == [16]
    with pytest.raises(PrecisionError, match="matmul does not fit the 64-bit ring"):
        compile_program(fltrust(1_000_000_000), Options(clients=100, norms=Norms(64), proofs=False))


def test_the_longest_vectors_do_not_wrap_around():
    """A limit compares with a sum of squares in a circuit, which must hold that of entries at their bound."""
    b = TensorProgram("count")
    x, limit = b.clients("x", 500), b.server("limit")
    long = b.add(Greater, b.add(Sum, b.add(Mul, x, x), axes=(1,)), limit)
    b.returns(b.add(Sum, b.add(Cast, long, dtype=DType.F32), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=5, norms=Norms(64)))
    plain = PlainProgram(compiled)
    rows = [np.full(500, sign * 7.999) for sign in (1, -1, 1)]
    for _ in range(5):
        assert plain.run({"x": rows}, {"limit": np.array(7.9**2 * 500 / 4)}).outputs["result"] == 3


def test_motion2nx_refuses():
    compiled = compile_program(fltrust(100), Options(clients=5, norms=Norms(64), proofs=False))
    with pytest.raises(UnsupportedError, match=r"MOTION2NX cannot sketch norms .* Take --norms exact"):
        Legalise().run(compiled.secure)
