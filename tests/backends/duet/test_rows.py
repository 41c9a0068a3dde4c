"""What servers read row by row, and never have in memory; and what is added up before it is moved for that."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from on_duet import as_compiled
from small_programs import TensorProgram, fltrust, weighted_layers

from ezprivsecfl.backends.duet.rows import values_in_rows
from ezprivsecfl.backends.duet.sum_first import SumFirst
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.mpc import io, linear, protocol, shares, structure
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import ArithType, RingType
from ezprivsecfl.ir.verifier import verify

CLIENTS = 4
FRAC = 8


class Shares(ProgramBuilder):
    """Programs on clients' shares x [n, 3, 4], y [n, 2, 4] and weights w [1, n]."""

    def __init__(self) -> None:
        super().__init__("rows", Level.MPC, CLIENTS)
        self.x, self.y = self.share("x", "n", 3, 4), self.share("y", "n", 2, 4)
        self.w = self.share("w", 1, "n")

    def share(self, path: str, *shape: Any) -> Value:
        return self.add(io.Share, path=path, bound=8.0, type=ArithType(shape, FRAC))

    def public(self, *shape: int, frac: int = 0) -> Value:
        path = "_".join(["public", *map(str, shape)])
        return self.add(io.Public, path=path, bound=8.0, type=RingType(shape, frac), least=0.0)

    def flat(self, value: Value) -> Value:
        return self.add(structure.Reshape, value, shape=("n", int(np.prod(value.type.shape[1:]))))

    def total(self, value: Value, axes: tuple[int, ...] = (0,)) -> Value:
        return self.add(structure.Sum, value, axes=axes)

    def opens(self, *values: Value) -> Program:
        for i, value in enumerate(values):
            self.append(io.Output(operands=(self.add(protocol.Open, value),), path=f"result{i}"))
        program = self.build()
        verify(program)
        return program


def paths_in_rows(program: Program) -> set[str]:
    uses = program.uses()
    return {v.op.path for v in values_in_rows(program) if isinstance(v.op, io.Share) and uses[v]}


def chain(b: Shares) -> Value:
    """x and y of each client side by side, each changed entry by entry; a piece of that."""
    x = b.add(linear.Widen, b.add(linear.Sub, b.x, b.public(3, 1, frac=FRAC)), bits=1)
    y = b.add(linear.Neg, b.add(linear.Widen, b.y, bits=1))
    joined = b.add(structure.Concat, x, y, axis=1)
    return b.add(structure.Slice, joined, starts=(0, 1, 0), sizes=("n", 3, 4), strides=(1, 1, 1))


def test_what_is_computed_entry_by_entry_is_in_rows_as_a_whole():
    b = Shares()
    found = chain(b)
    program = b.opens(b.total(found), b.add(shares.Gemm, b.w, b.flat(found)))
    rows = values_in_rows(program)
    assert paths_in_rows(program) == {"x", "y"}  # not the weights, of which all are needed
    linear_ones = [
        op
        for op in program.ops
        if op.results and op.result.type.shape[0] == "n" and isinstance(op.result.type, ArithType)
    ]
    assert {op.result for op in linear_ones} == rows


@pytest.mark.parametrize(
    "use",
    [
        lambda b, x: b.total(x, (0,)),
        lambda b, x: b.total(x, (1,)),
        lambda b, x: b.total(x, (0, 1)),
        lambda b, x: b.add(shares.Gemm, b.w, x),
        lambda b, x: b.add(linear.MatMulPublic, x, b.public(12, 1)),
        lambda b, x: b.total(b.add(structure.Take, x, axis=1, positions=np.array([11, 0]))),  # before SumFirst
    ],
    ids=["over clients", "within a client", "over all", "weighted", "product with a public matrix", "entries"],
)
def test_what_reads_rows(use):
    b = Shares()
    assert paths_in_rows(b.opens(use(b, b.flat(b.x)))) == {"x"}


@pytest.mark.parametrize(
    "use",
    [
        lambda b: b.add(shares.SquareSumOfShares, b.x),
        lambda b: b.total(b.add(structure.Transpose, b.x, permutation=(0, 2, 1))),  # before SumFirst
        lambda b: b.total(b.add(linear.MulPublic, b.x, b.add(structure.Broadcast, b.public(3, 1), shape=("n", 3, 1)))),
        lambda b: b.total(b.add(structure.Slice, b.x, starts=(0, 0, 1), sizes=("n", 3, 2), strides=(1, 1, 1))),
        lambda b: b.total(b.add(structure.Slice, b.x, starts=(0, 2, 0), sizes=("n", 3, 4), strides=(1, -1, 1))),
        lambda b: b.total(b.add(structure.Take, b.x, axis=1, positions=np.array([2, 0]))),
        lambda b: b.total(b.add(structure.Concat, b.x, b.x, axis=2)),
        lambda b: b.add(shares.Gemm, b.add(structure.Transpose, b.flat(b.x), permutation=(1, 0)), b.flat(b.x)),
        lambda b: b.total(b.add(linear.Add, b.x, b.x)),
    ],
    ids=["squares", "transpose", "of a client", "columns", "backwards", "some rows", "join within", "gram", "two rows"],
)
def test_what_needs_a_tensor(use):
    b = Shares()
    assert not paths_in_rows(b.opens(use(b)))


def test_one_that_needs_a_tensor_is_enough():
    """But only values that it needs: the others are still read."""
    b = Shares()
    squares = b.add(shares.SquareSumOfShares, b.add(linear.Neg, b.x))
    assert paths_in_rows(b.opens(squares, b.total(b.x), b.total(b.y))) == {"y"}
    b = Shares()
    joined = b.add(structure.Concat, b.x, b.y, axis=1)
    assert not paths_in_rows(b.opens(b.total(joined), b.add(shares.SquareSumOfShares, joined)))


def moved(b: Shares) -> list[Value]:
    """Sums over the clients of what is moved in every way."""
    transposed = b.add(structure.Transpose, b.x, permutation=(0, 2, 1))
    columns = b.add(structure.Slice, b.x, starts=(0, 2, 1), sizes=("n", 3, 2), strides=(1, -1, 2))
    taken = b.add(structure.Take, columns, axis=1, positions=np.array([2, 0, 0]))
    joined = b.add(structure.Concat, columns, b.add(linear.Neg, taken), axis=2)
    products = b.add(linear.MatMulPublic, b.add(linear.Widen, b.x, bits=2), b.public(4, 2))
    of_rows = b.add(linear.MatMulPublic, b.flat(b.add(structure.Concat, b.x, b.y, axis=1)), b.public(20, 3))
    return [
        b.total(b.flat(transposed)),
        b.total(joined),
        b.total(transposed, (0, 2)),
        b.total(b.flat(products)),
        b.total(of_rows),
        b.total(b.total(b.x, (1,))),
    ]


def test_sums_come_first():
    """Exactly the same bits, and all that is left to add up are shares as they came in."""
    b = Shares()
    program = b.opens(*moved(b))
    first = SumFirst().run(program)
    verify(first)
    assert paths_in_rows(program) == set()
    assert paths_in_rows(first) == {"x", "y"}
    sums = [op for op in first.of(structure.Sum) if 0 in op.axes and op.operands[0].type.shape[0] == "n"]
    assert sum(not isinstance(op.operands[0].op, io.Share) for op in sums) == 1  # the one of sums within each client
    rng = np.random.default_rng(0)
    for clients in (2, 3):
        inputs = {
            op.path: rng.integers(
                2**64, size=[clients if d == "n" else d for d in op.result.type.shape], dtype=np.uint64
            )
            for op in (*program.of(io.Share), *program.of(io.Public))
        }
        before, after = run_mpc(program, inputs, clients), run_mpc(first, inputs, clients)
        assert all(np.array_equal(before[path], after[path]) for path in before)


def test_sums_of_what_mixes_clients_stay():
    b = Shares()
    row = b.add(
        structure.Reshape, b.add(structure.Slice, b.w, starts=(0, 0), sizes=(1, "n"), strides=(1, 1)), shape=("n",)
    )
    products = b.add(shares.Gemm, b.flat(b.x), b.add(structure.Transpose, b.flat(b.x), permutation=(1, 0)))
    program = b.opens(b.total(row), b.total(products, (1,)))
    assert str(SumFirst().run(program)) == str(program)


def sources(program: Program) -> str:
    return as_compiled(compile_program(program, Options(clients=9))).sources()["program.cpp"]


def test_clients_shares_that_are_only_read_are_never_all_in_memory():
    """Products with a public value, weighted sums and sums take rows, of several tensors, too."""
    read = sources(fltrust(3372))
    assert "const SharedRows v0 = shares.rows(0);" in read
    assert "shares.at(" not in read
    masked = sources(fltrust(6))  # a small product masks its values
    assert "const Tensor<Ring> v0 = shares.at(0);" in masked
    assert "shares.rows(" not in masked
    layers = sources(weighted_layers(10_000))
    assert "const SharedRows v" in layers
    assert " = concat(1, " in layers
    assert re.findall(r"shares\.at\((\d)\)", layers) == ["0", "3"]  # a number of each client: masked
    assert len(set(re.findall(r"shares\.rows\((\d)\)", layers))) == 2


def test_plain_sums_are_never_in_memory():
    b = TensorProgram("total")
    b.returns(b.add(Sum, b.clients("x", 30, 4), axes=(0,)))
    assert "shares.at(" not in sources(b.build())
