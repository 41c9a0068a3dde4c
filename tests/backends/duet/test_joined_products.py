"""Products with a factor in common become one, where that is worth it."""

from __future__ import annotations

import numpy as np
from on_duet import declared_cost

from ezprivsecfl.backends.duet.join import WORTH, JoinProducts
from ezprivsecfl.backends.duet.legalise import Legalise
from ezprivsecfl.backends.duet.rounds import scheduled
from ezprivsecfl.backends.duet.select_products import SelectProducts
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.mpc import io, linear, protocol, shares, structure
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.types import ArithType

CLIENTS = 40


class Sums(ProgramBuilder):
    """Weighted sums of clients' tensors, opened in the order in which they are made."""

    def __init__(self) -> None:
        super().__init__("sums", Level.MPC, CLIENTS)
        weights = self.share("w")
        self.row = self.add(structure.Reshape, self.add(protocol.Mask, weights), shape=(1, "n"))

    def share(self, path: str, *shape: int, frac: int = 8) -> Value:
        return self.add(io.Share, path=path, bound=8.0, type=ArithType(("n", *shape), frac))

    def weighted(self, value: Value, line: int = 0) -> Value:
        """The weighted sum of a tensor of shares."""
        columns = int(np.prod(value.type.shape[1:]))
        masked = self.add(protocol.Mask, value)
        with self.at(Location("user.py", line, "MatMul")):
            return self.add(
                protocol.Product, self.row, self.add(structure.Reshape, masked, shape=("n", columns)), method="auto"
            )

    def opens(self, value: Value, path: str) -> None:
        self.append(io.Output(operands=(self.add(protocol.Open, value),), path=path))


def of_widths(*widths: int, fracs: tuple[int, ...] = (8,)) -> Program:
    b = Sums()
    for i, width in enumerate(widths):
        frac = fracs[i % len(fracs)]
        b.opens(b.weighted(b.share(f"x{i}", width, frac=frac), line=i + 1), f"y{i}")
    return b.build()


def widths_of(program: Program) -> list[int]:
    """Columns of the products, after the pass."""
    joined = run_passes(program, [JoinProducts()])
    return [int(op.result.type.shape[-1]) for op in joined.of(protocol.Product)]


def results(program: Program, clients: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {op.path: (clients, *op.type.shape[1:]) for op in program.of(io.Share)}
    return run_mpc(program, {p: rng.integers(2**64, size=s, dtype=np.uint64) for p, s in shapes.items()}, clients)


def assert_same_results(program: Program) -> Program:
    joined = run_passes(program, [JoinProducts()])
    for clients in (2, 7):
        before, after = results(program, clients), results(joined, clients)
        assert before.keys() == after.keys()
        for path, value in before.items():
            np.testing.assert_array_equal(after[path], value)
    return joined


def test_a_models_tensors_are_weighted_in_one_product():
    b = Sums()
    for path, shape in (("kernel", (16, 30)), ("bias", (30,)), ("scale", (1,))):
        b.opens(b.weighted(b.share(path, *shape)), path)
    program = b.build()
    joined = assert_same_results(program)
    assert [op.result.type.shape for op in Legalise().run(joined).of(shares.Gemm)] == [(1, 511)]
    apart = sum(declared_cost(of_widths(width), CLIENTS).total_bytes for width in (480, 30, 1))
    assert declared_cost(program, CLIENTS).total_bytes < 0.6 * apart


def test_batches_and_rows_are_kept():
    b = ProgramBuilder("batches", Level.MPC, CLIENTS)
    left = b.add(protocol.Mask, b.add(io.Share, path="w", bound=8.0, type=ArithType(("n", 2, 50), 8)))
    for path, columns in (("x", 70), ("y", 30)):
        right = b.add(protocol.Mask, b.add(io.Share, path=path, bound=8.0, type=ArithType(("n", 50, columns), 8)))
        opened = b.add(protocol.Open, b.add(protocol.Product, left, right, method="lattice"))
        b.append(io.Output(operands=(opened,), path=path))
    joined = assert_same_results(b.build())
    assert [op.result.type.shape for op in joined.of(protocol.Product)] == [("n", 2, 100)]


def test_what_depends_on_a_product_comes_after_the_joined_one():
    b = Sums()
    first = b.weighted(b.share("x", 300))
    b.opens(b.add(linear.Neg, first), "negated")
    b.opens(b.weighted(b.share("y", 200)), "y")
    joined = assert_same_results(b.build())
    assert len(joined.of(protocol.Product)) == 1


def test_products_that_depend_on_each_other_stay_apart():
    b = Sums()
    first = b.weighted(b.share("x", 300))
    b.opens(first, "first")
    spread = b.add(structure.Broadcast, first, shape=("n", 300))
    b.opens(b.weighted(b.add(protocol.Truncate, spread, bits=8)), "second")
    program = b.build()
    assert widths_of(program) == [300, 300]


def test_no_round_is_added():
    """The one factor is late, and the other one's product is needed early."""

    def later(b: Sums, value: Value) -> Value:
        for _ in range(2):
            value = b.add(protocol.Truncate, b.add(linear.Widen, value, bits=4), bits=4)
        return value

    b = Sums()
    early = b.weighted(b.share("x", 300))
    late = b.weighted(later(b, b.share("y", 300)))
    b.opens(later(b, early), "early")
    b.opens(late, "late")
    program = b.build()
    assert widths_of(program) == [300, 300]
    assert scheduled(run_passes(program, [JoinProducts()])).rounds == scheduled(program).rounds


def test_different_fractional_bits_stay_apart():
    assert sorted(widths_of(of_widths(300, 200, 100, fracs=(8, 9)))) == [200, 400]


def test_only_products_of_one_method_are_joined():
    chosen = SelectProducts({1: "lattice", 3: "lattice", 0: "transfer"}).run(of_widths(300, 8, 100, 7))
    joined = run_passes(chosen, [JoinProducts()])
    assert {(op.method, op.result.type.shape[-1]) for op in joined.of(protocol.Product)} == {
        *(("lattice", 400), ("transfer", 15)),
    }


def test_a_large_tensor_is_not_copied_for_a_small_saving():
    large = of_widths(100_000, 20)
    assert widths_of(large) == [100_000, 20]
    sent = declared_cost(large, CLIENTS).total_bytes
    whole = declared_cost(of_widths(100_020), CLIENTS).total_bytes
    assert 0 < sent - whole <= WORTH * sent


def test_small_tensors_are_joined_without_a_large_one():
    joined = assert_same_results(of_widths(100_000, 400, 300, 200))
    assert sorted(op.result.type.shape[-1] for op in joined.of(protocol.Product)) == [900, 100_000]
