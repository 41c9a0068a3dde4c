"""Every kernel of the engine alone: declared against measured bytes, and CPU time per byte.

    uv run python benchmarks/kernels.py

The CPU figures (the slower server, setup and online) are where the constants in cpp/src/calibration.h come from.
"""

import numpy as np

from ezprivsecfl.backends.duet.backend import Duet, DuetProgram
from ezprivsecfl.backends.duet.passes import legal
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.ir import tensor
from ezprivsecfl.ir.circuits import products, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.summands import on_summands
from ezprivsecfl.ir.mpc import boolean, io, protocol, structure
from ezprivsecfl.ir.mpc.noise import AddNoise
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.types import ArithType, DType, FixedFormat, Secrecy, TensorType
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.session import TwoServerProgram

CLIENTS = 4


def product(b, x):
    row = b.add(
        structure.Reshape, b.add(structure.Slice, x, starts=(0, 0), sizes=("n", 1), strides=(1, 1)), shape=(1, "n")
    )
    return b.add(protocol.Product, b.add(protocol.Mask, row), b.add(protocol.Mask, x))


def square(b, x):
    return b.add(protocol.SquareSum, b.add(protocol.Mask, x))


def conversions(b, x):
    return b.add(protocol.FromYao, b.add(protocol.ToYao, x, width=64))


def truncation(b, x):
    return b.add(protocol.Truncate, x, bits=33)


def noise(b, x):
    deviation = b.add(io.Constant, value=np.array(1 << 20, dtype=np.uint64), frac=0)
    return b.add(AddNoise, x, deviation, full=True, draw=0)


def garbling(b, x):
    c = CircuitBuilder()
    wires = c.input(64)
    c.output(products.mul_low(c, wires, wires))
    b.circuits = {"square": c.build()}
    yao = b.add(protocol.ToYao, x, width=64)
    squared = protocol.Circuit(operands=(yao,), circuit="square", formats=(FixedFormat(64, 0),))
    return b.add(protocol.FromYao, b.append(squared).result)


def boolean_shares(b, x):
    c = CircuitBuilder()
    wires = c.input(64)
    c.output(words.relu(c, wires))
    b.circuits = {"relu": on_summands(c.build(), [0], shallow=False)}
    summands = b.add(boolean.ToBoolean, x, width=64)
    relu = protocol.Circuit(operands=(summands,), circuit="relu", formats=(FixedFormat(64, 0),))
    return b.add(boolean.FromBoolean, b.append(relu).result)


def compiled(name, kernel, size, clients=CLIENTS):
    b, whole, epilogue = (ProgramBuilder(name, level, clients) for level in (Level.MPC, Level.TENSOR, Level.TENSOR))
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n", size), 0))
    result = kernel(b, x)
    total = b.add(structure.Sum, result, axes=tuple(range(len(result.type.shape))))
    b.append(io.Output(operands=(b.add(protocol.Open, total),), path="y"))
    secure = b.build()
    given = TensorType(("n", size), DType.F64, Secrecy.SECRET)
    whole.add(tensor.Input, path="x", placement=tensor.Placement.CLIENTS, bound=8.0, type=given)
    opened = TensorType((), DType.F64, Secrecy.PUBLIC)
    y = epilogue.add(tensor.Input, path="y", placement=tensor.Placement.SERVER, bound=None, type=opened)
    epilogue.append(tensor.Output(operands=(y,), path="y"))
    nothing = ProgramBuilder(name, Level.TENSOR, clients).build()
    traced = whole.build()
    return Compiled(name, traced, traced, nothing, secure, epilogue.build(), Options(clients=clients))


if __name__ == "__main__":
    cluster = LocalCluster()
    print(f"{'kernel':12s} {'declared MB':>12s} {'measured MB':>12s} {'CPU s':>8s} {'CPU ns per byte':>16s}")
    for name, kernel, size in (
        ("product", product, 50_000),
        ("square", square, 20_000),
        ("conversions", conversions, 5_000),
        ("truncation", truncation, 200_000),
        ("noise", noise, 200_000),
        ("garbling", garbling, 100),
        ("boolean", boolean_shares, 5_000),
    ):
        program = compiled(name, kernel, size)
        lowered = DuetProgram(program, program.secure, legal(program.secure), Duet())
        on_servers = TwoServerProgram(cluster, lowered.build())
        for _ in range(3):
            values = {"x": list(np.random.default_rng(0).integers(-4, 4, (CLIENTS, size)).astype(float))}
            statistics = on_servers.run(values, {}).statistics
        cluster.settle()
        declared, sent, cpu = (
            lowered.cost(CLIENTS).total_bytes,
            sum(statistics.bytes_sent),
            max(statistics.cpu_seconds),
        )
        print(f"{name:12s} {declared / 1e6:12.1f} {sent / 1e6:12.1f} {cpu:8.3f} {cpu / sent * 1e9:16.2f}")
    cluster.stop()
