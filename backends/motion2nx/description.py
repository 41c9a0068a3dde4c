"""What MOTION2NX has, what it lacks, and what its products cost (measured: branch motion2nx, head 975a80d).

The legalisation is driven by this page: an operation of the mpc level that is not in ``NATIVE`` must be rewritten.
"""

from __future__ import annotations

import math
from typing import Any

from ezprivsecfl.ir.circuits.circuit import GateKind
from ezprivsecfl.ir.mpc import io, linear, protocol, structure
from ezprivsecfl.ir.mpc.opening import bits_for
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import Shape, resolve
from ezprivsecfl.runtime import _duet

NATIVE: tuple[type[Op], ...] = (
    *(
        io.Share,
        io.ProvedProduct,
        io.Public,
        io.Constant,
        io.Output,
        protocol.CheckZero,
        protocol.CheckClients,
        protocol.Open,
    ),
    *(protocol.Mask, protocol.Product, protocol.SquareSum, protocol.ToYao, protocol.Circuit, protocol.FromYao),
    *(linear.Add, linear.Sub, linear.Neg, linear.Widen, linear.MulPublic, linear.MatMulPublic, linear.AsShares),
    *(structure.Sum, structure.Reshape, structure.Transpose, structure.Broadcast, structure.Slice, structure.Take),
    structure.Concat,
)
"""What the framework or our support library computes. Truncation is not among them: the framework's is wrong with a
probability that grows with the value; programs rescale in circuits or after opening."""

GATES = frozenset({GateKind.XOR, GateKind.AND, GateKind.INV})
"""What the garbling takes: neither OR nor copies nor constants."""

LABEL_BYTES = 16
AND_BYTES = 32
"""Half gates."""

RING_BITS = 64


def elements(shape: Shape, clients: int) -> int:
    """How many numbers a value of a shape has in a round."""
    total = 1
    for d in resolve(shape, clients):
        total *= d
    return total


def product_bytes(op: Op, clients: int) -> int:
    """Bytes of what the engine's kernels compute, both directions together, as the engine declares them."""
    shape = resolve(op.operands[0].type.shape, clients)
    kernel, sizes = "product", dict[str, Any](method="auto")
    match op:
        case protocol.Mask():
            kernel, sizes = "mask", {"elements": elements(op.result.type.shape, clients)}
        case protocol.SquareSum():
            kernel, sizes = "square", sizes | {"batch": math.prod(shape[:-1]), "k": shape[-1]}
        case _:
            columns = resolve(op.operands[1].type.shape, clients)[-1]
            sizes |= {"batch": math.prod(shape[:-2]), "m": shape[-2], "k": shape[-1], "n": columns}
    cost = _duet.cost(kernel, **sizes)
    return int(sum(cost["setup_bytes"]) + sum(cost["online_bytes"]))


def conversion_bytes(op: Op, clients: int) -> int:
    """Bytes of a conversion or a garbled circuit, without headers.

    To Yao, the framework adds the two shares in a circuit; the evaluator's labels come by oblivious transfer (IKNP, 16
    bytes each). From Yao, it subtracts a mask in one.
    """
    size = elements(op.operands[0].type.shape, clients)
    if isinstance(op, protocol.ToYao):
        return size * (RING_BITS * (16 + 3 * LABEL_BYTES) + (RING_BITS - 1) * AND_BYTES)
    assert isinstance(op, protocol.FromYao)
    return size * (RING_BITS * LABEL_BYTES + (RING_BITS - 1) * AND_BYTES)


def total_bytes(program: Program, clients: int) -> int:
    """About what a legalised program sends, both directions together; base oblivious transfers come on top."""
    total = 0
    for op in program.ops:
        match op:
            case protocol.Mask() | protocol.Product() | protocol.SquareSum():
                total += product_bytes(op, clients)
            case protocol.ToYao() | protocol.FromYao():
                total += conversion_bytes(op, clients)
            case protocol.Circuit():
                gates = program.circuits[op.circuit].and_count
                total += AND_BYTES * gates * elements(op.operands[0].type.shape, clients)
            case protocol.Open():
                total += 2 * elements(op.result.type.shape, clients) * bits_for(op.significant, op.highest) // 8
    return total
