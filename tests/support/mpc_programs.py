"""Small mpc programs, built by hand, for the tests of back ends and of the runtime."""

from __future__ import annotations

from typing import Any

import numpy as np

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.errors import Location
from ezprivsecfl.ir import tensor
from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.summands import on_summands
from ezprivsecfl.ir.mpc import boolean, io, linear, noise, protocol, shares, sketch, structure
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Placement
from ezprivsecfl.ir.types import (
    ArithType,
    BitFormat,
    DType,
    FixedFormat,
    RingType,
    Secrecy,
    TensorType,
)
from ezprivsecfl.ir.verifier import verify

Array = np.ndarray[Any, Any]
FRAC = 8
FORBIDDEN = 7.0
"""An entry of ``x`` that the checks of ``every_op`` find: in the last column it is the client's own fault."""


def relu_circuit() -> Any:
    """ReLU and sign bit of a 20-bit number."""
    b = CircuitBuilder()
    x = b.input(20)
    b.output(words.relu(b, x))
    b.output([x[-1]])
    return b.build()


def max_circuit() -> Any:
    """The larger of two 20-bit numbers, and 1 where the first is ``FORBIDDEN`` and the bit is not set."""
    b = CircuitBuilder()
    x, y, bit = b.input(20), b.input(20), b.input(1)
    b.output(words.max_(b, x, y))
    found = words.equal(b, x, words.constant(b, int(FORBIDDEN * 2**FRAC), 20))
    b.output(words.mask(b, b.and_(b.inv(bit[0]), found), words.constant(b, 1, 20)))
    return b.build()


def every_op(clients: int = 6, *, sketched: bool = True) -> Program:
    """A program that uses every operation of the mpc level (sketches or not), in every domain that takes it."""
    b = ProgramBuilder("every_op", Level.MPC, clients)
    b.circuits = {"relu": relu_circuit(), "max": max_circuit()}
    fixed = FixedFormat(20, FRAC)
    with b.at(Location("user.py", 3, "Input")):
        x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n", 4), FRAC), norm=16.0)
        w = b.add(io.Share, path="w", bound=8.0, type=ArithType(("n",), FRAC))
        g = b.add(io.Public, path="g", bound=8.0, type=RingType((4,), FRAC))
    with b.at(Location("user.py", 5, "Linear")):
        c = b.add(io.Constant, value=np.array([1, 2, 2**64 - 3, 4], dtype=np.uint64), frac=FRAC)
        gc = b.add(linear.Sub, b.add(linear.Add, g, c), b.add(linear.Neg, c))  # public, all of it
        y = b.add(linear.Add, b.add(linear.Sub, gc, x), b.add(linear.Neg, x))  # public and shared mixed
        z = b.add(linear.Sub, y, c)
        as_shares = b.add(linear.AsShares, gc)
        u = b.add(linear.Add, z, b.add(linear.Widen, as_shares, bits=0))
        scaled = b.add(linear.MulPublic, u, g)  # frac 2F
        dots = b.add(linear.MatMulPublic, x, b.add(structure.Reshape, g, shape=(4, 1)))  # [n, 1], frac 2F
    with b.at(Location("user.py", 7, "Product")):
        mx = b.add(protocol.Mask, x)
        mw = b.add(protocol.Mask, w)
        squares = b.add(protocol.SquareSum, mx)  # [n], frac 2F
        row = b.add(structure.Reshape, mw, shape=(1, "n"))
        weighted = b.add(protocol.Product, row, mx)  # [1, 4], frac 2F
        column = b.add(structure.Transpose, mx, permutation=(1, 0))  # [4, n]
        both = b.add(structure.Concat, column, column, axis=0)  # [8, n]
        taken = b.add(structure.Take, both, axis=0, positions=np.array([5, 0, 6, 5, 3, 2, 4, 1]))
        part = b.add(structure.Slice, taken, starts=(6, 0), sizes=(3, "n"), strides=(-2, 1))  # [3, n]
        spread = b.add(structure.Broadcast, b.add(structure.Reshape, row, shape=(1, 1, "n")), shape=(2, 1, "n"))
        stacked = b.add(
            structure.Broadcast,
            b.add(structure.Reshape, b.add(structure.Transpose, part, permutation=(1, 0)), shape=(1, "n", 3)),
            shape=(2, "n", 3),
        )
        batched = b.add(protocol.Product, spread, stacked)  # [2, 1, 3], frac 2F
        unmasked = b.add(shares.Gemm, b.add(structure.Reshape, w, shape=(1, "n")), x)  # [1, 4], frac 2F
        unmasked_squares = b.add(shares.SquareSumOfShares, x)  # [n], frac 2F
    with b.at(Location("user.py", 9, "Relu")):
        yx = b.add(protocol.ToYao, x, width=20)  # [n, 4]
        yg = b.add(protocol.ToYao, g, width=20)  # [4], public
        ygn = b.add(structure.Broadcast, yg, shape=("n", 4))
        positive, sign = b.append(
            protocol.Circuit(operands=(yx,), location=b.location, circuit="relu", formats=(fixed, BitFormat()))
        ).results
        flipped = b.add(structure.Slice, positive, starts=(0, 3), sizes=("n", 4), strides=(1, -1))
        larger, marks = b.append(
            protocol.Circuit(
                operands=(flipped, ygn, sign), location=b.location, circuit="max", formats=(fixed, FixedFormat(20, 0))
            )
        ).results
        larger_t = b.add(structure.Transpose, larger, permutation=(1, 0))
        doubled = b.add(structure.Concat, larger_t, larger_t, axis=0)  # [8, n]
        mixed = b.add(structure.Take, doubled, axis=0, positions=np.array([7, 2, 0, 2]))
        back = b.add(protocol.FromYao, mixed)
        found = b.add(protocol.FromYao, marks)
        first = b.add(structure.Slice, found, starts=(0, 0), sizes=("n", 1), strides=(1, 1))
        own = b.add(structure.Reshape, first, shape=("n",))
        others = b.add(structure.Slice, found, starts=(0, 1), sizes=("n", 3), strides=(1, 1))
        count = b.add(structure.Sum, others, axes=(0, 1))
    with b.at(Location("user.py", 11, "Sum")):
        sums = {
            "scaled": b.add(structure.Sum, scaled, axes=(0,)),
            "dots": b.add(structure.Sum, dots, axes=(0, 1)),
            "squares": b.add(structure.Sum, squares, axes=(0,)),
            "proved_squares": b.add(structure.Sum, b.add(io.ProvedProduct, x, x), axes=(0,)),
            "proved_parts": b.add(structure.Sum, b.add(io.ProvedProduct, x, x, starts=(0, 1), entries=3), axes=(0,)),
            "weighted": weighted,
            "batched": batched,
            "unmasked": unmasked,
            "unmasked_squares": b.add(structure.Sum, unmasked_squares, axes=(0,)),
            "relu": b.add(structure.Sum, back, axes=(1,)),
            "truncated": b.add(protocol.Truncate, weighted, bits=5),
        }
        if sketched:
            coins = b.add(sketch.Coins)
            sums["sketch"] = b.add(structure.Sum, b.add(sketch.Sketch, x, coins, sums=12), axes=(0,))
            b.append(io.Output(operands=(coins,), location=b.location, path="coins"))
            sums["gram"] = b.add(shares.Gram, b.add(structure.Transpose, x, permutation=(1, 0)))  # [4, 4], frac 2F
            nothing = b.add(io.Constant, value=np.array(0, dtype=np.uint64), frac=2 * FRAC)
            sums["noised"] = b.add(noise.AddNoise, weighted, nothing, full=True, draw=0)  # of no deviation
            sums["boolean"] = _on_boolean_shares(b, x, g)
            from_garbled = b.add(boolean.FromBoolean, b.add(boolean.ToBoolean, positive, width=20))
            sums["from_garbled"] = b.add(structure.Sum, from_garbled, axes=(0,))
        for path, value in sums.items():
            b.append(io.Output(operands=(b.add(protocol.Open, value),), location=b.location, path=path))
        b.append(io.Output(operands=(gc,), location=b.location, path="public"))
    with b.at(Location("user.py", 13, "RealDiv")):
        b.append(protocol.CheckClients(operands=(b.add(protocol.Open, own),), location=b.location, what="root"))
        b.append(protocol.CheckZero(operands=(b.add(protocol.Open, count),), location=b.location, what="division"))
    program = b.build()
    verify(program)
    return program


def _on_boolean_shares(b: ProgramBuilder, x: Value, g: Value) -> Value:
    """The larger of relu(x), backwards, and g, on Boolean shares; summed over the clients."""
    fixed = FixedFormat(20, FRAC)
    summands = b.add(structure.Transpose, b.add(boolean.ToBoolean, x, width=20), permutation=(1, 0))
    row = b.add(structure.Broadcast, b.add(boolean.ToBoolean, g, width=20), shape=("n", 4))
    b.circuits["relu_of_shares"] = on_summands(b.circuits["relu"], [0], shallow=True)
    positive, sign = b.append(
        protocol.Circuit(operands=(summands,), circuit="relu_of_shares", formats=(fixed, BitFormat()))
    ).results
    rows = [b.add(structure.Transpose, value, permutation=(1, 0)) for value in (positive, sign)]
    flipped = b.add(structure.Take, rows[0], axis=1, positions=np.arange(3, -1, -1))
    larger, _ = b.append(
        protocol.Circuit(operands=(flipped, row, rows[1]), circuit="max", formats=(fixed, FixedFormat(20, 0)))
    ).results
    return b.add(structure.Sum, b.add(boolean.FromBoolean, larger), axes=(0,))


def compiled_every_op(clients: int = 6, *, sketched: bool = True) -> Compiled:
    """``every_op`` with clear parts that hand everything on as it is."""
    secure = every_op(clients, sketched=sketched)
    whole, prologue, epilogue = (ProgramBuilder("every_op", Level.TENSOR, clients) for _ in range(3))
    for op in secure.of(io.Share):
        type_ = TensorType(op.type.shape, DType.F64, Secrecy.SECRET)
        whole.add(tensor.Input, path=op.path, placement=Placement.CLIENTS, bound=op.bound, type=type_)
    public = TensorType((4,), DType.F64, Secrecy.PUBLIC)
    for b in (whole, prologue):
        g = b.add(tensor.Input, path="g", placement=Placement.SERVER, bound=8.0, type=public)
        b.append(tensor.Output(operands=(g,), path="g"))
    for op in secure.of(io.Output):
        opened = TensorType(op.operands[0].type.shape, DType.F64, Secrecy.PUBLIC)
        value = epilogue.add(tensor.Input, path=op.path, placement=Placement.SERVER, bound=None, type=opened)
        epilogue.append(tensor.Output(operands=(value,), path=op.path))
    traced = whole.build()
    return Compiled("every_op", traced, traced, prologue.build(), secure, epilogue.build(), Options(clients=clients))


def inputs_of_every_op(clients: int, seed: int = 0) -> dict[str, Array]:
    """Real-valued inputs; ``w`` and ``x`` have all clients stacked."""
    rng = np.random.default_rng(seed)
    draw = {"x": (clients, 4), "w": (clients,), "g": (4,)}
    return {path: rng.integers(-1500, 1500, shape) / 2**FRAC for path, shape in draw.items()}
