"""Which protocol computes a product: what sends less, or what the user asks for."""

from __future__ import annotations

import pytest
from on_duet import as_compiled
from small_programs import fltrust, weighted_mean

from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.duet.legalise import Legalise
from ezprivsecfl.backends.duet.select_products import SelectProducts
from ezprivsecfl.backends.registry import choose
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError, Location
from ezprivsecfl.ir.mpc import io, protocol, shares, structure
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.ir.types import ArithType


def compiled(size: int) -> Compiled:
    """With squared norms that the servers compute."""
    return compile_program(fltrust(size), Options(clients=30, proofs=False))


def products_at(first: int, second: int, size: int = 4) -> Program:
    """A weighted sum and squares of the same values, on two lines."""
    b = ProgramBuilder("two_products", Level.MPC, 9)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n", size), 0))
    masked = b.add(protocol.Mask, x)
    with b.at(Location("user.py", first, "MatMul")):
        row = b.add(
            structure.Reshape,
            b.add(structure.Slice, masked, starts=(0, 0), sizes=("n", 1), strides=(1, 1)),
            shape=(1, "n"),
        )
        product = b.add(protocol.Product, row, masked)
    with b.at(Location("user.py", second, "Square")):
        squares = b.add(structure.Sum, b.add(protocol.SquareSum, masked), axes=(0,))
    for path, value in (("product", product), ("squares", squares)):
        b.append(io.Output(operands=(b.add(protocol.Open, value),), path=path))
    return b.build()


def one_square() -> Program:
    """Of a single element."""
    b = ProgramBuilder("one_square", Level.MPC, 9)
    x = b.add(structure.Sum, b.add(io.Share, path="x", bound=8.0, type=ArithType(("n",), 0)), axes=(0,))
    masked = b.add(protocol.Mask, b.add(structure.Reshape, x, shape=(1,)))
    b.append(io.Output(operands=(b.add(protocol.Open, b.add(protocol.SquareSum, masked)),), path="y"))
    return b.build()


def methods(program: Program) -> list[str]:
    return [op.method for op in program.ops if isinstance(op, protocol.Product | protocol.SquareSum)]


def test_long_vectors_are_multiplied_as_they_are_and_short_ones_masked():
    long, short = Legalise().run(compiled(3372).secure), Legalise().run(compiled(3).secure)
    assert [len(list(long.of(kind))) for kind in (shares.Gemm, shares.SquareSumOfShares)] == [1, 1]
    assert not list(short.of(shares.Gemm))
    assert len(list(short.of(protocol.Product))) == 1


def test_every_method_can_be_asked_for_and_auto_sends_least():
    program = compiled(3372)
    sent = {m: Duet(m).lower(program).cost(30).total_bytes for m in protocol.METHODS}
    assert sent["auto"] == sent["shares"] < sent["lattice"] < sent["transfer"]
    sources = {m: Duet(m).lower(program).sources()["program.cpp"] for m in protocol.METHODS}
    assert "Square squares0{Products::kTransfer};" in sources["transfer"]
    assert "Product product0{Products::kLattice};" in sources["lattice"]
    assert "ShareSquare squares0;" in sources["shares"]
    assert sources["auto"] == as_compiled(program).sources()["program.cpp"]


def test_one_line_can_be_chosen():
    program = products_at(3, 5)
    chosen = SelectProducts({5: "lattice"}).run(program)
    assert methods(chosen) == ["auto", "lattice"]
    assert methods(SelectProducts({3: "transfer", 0: "lattice"}).run(program)) == ["transfer", "lattice"]
    assert str(parse_program(str(chosen))) == str(chosen)


def test_shares_for_one_product_are_shares_for_all_of_the_same_values():
    chosen = SelectProducts({5: "shares"}).run(products_at(3, 5))
    assert not methods(Legalise().run(chosen))


def test_impossible_choices_are_refused():
    with pytest.raises(CompileError, match=r"user.py:5 .* of shares, but those at user.py:3 .* masked"):
        Legalise().run(SelectProducts({3: "transfer", 5: "shares"}).run(products_at(3, 5)))
    with pytest.raises(CompileError, match="products='ot': choose from auto, transfer, lattice, shares"):
        Duet("ot")
    with pytest.raises(CompileError, match="two_products has no product at line 4; its products are at 3, 5"):
        SelectProducts({4: "shares"}).run(products_at(3, 5))
    with pytest.raises(CompileError, match="nothing to divide between the servers"):
        Legalise().run(SelectProducts({0: "shares"}).run(one_square()))
    with pytest.raises(CompileError, match="the back end plain has no setting products"):
        choose("plain", products={0: "shares"})


def test_prediction_of_processor_time_follows_the_method():
    program = compile_program(weighted_mean(20_000), Options(clients=10))
    tables = {m: Duet(m).lower(program).cost(10) for m in ("transfer", "shares")}
    seconds = {m: sum(c.cost.cpu_seconds for c in table.ops) for m, table in tables.items()}
    assert 0 < seconds["transfer"] < 10
    assert 0 < seconds["shares"] < 10
