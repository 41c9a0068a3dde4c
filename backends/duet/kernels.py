"""Which kernel of the engine carries out an operation, and what it declares to send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ezprivsecfl.ir.mpc import boolean, io, protocol, shares, sketch
from ezprivsecfl.ir.mpc.opening import bits_for
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import ArithType, BooleanType, Shape, WiresType, resolve
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.participants import agreement_bytes


@dataclass(frozen=True)
class PhaseCost:
    """What one operation sends in a phase: both servers' bytes and messages, and rounds."""

    bytes: tuple[int, int]
    messages: tuple[int, int]
    rounds: int


@dataclass(frozen=True)
class Kernel:
    """A kernel with the sizes that it is used with.

    Args:
        name: As the engine calls it.
        sizes: By name.
        method: What computes products of masks, where that is asked.
        layers: AND gates of every layer, where circuits are evaluated layer by layer.
    """

    name: str
    sizes: dict[str, int]
    method: str | None = None
    layers: tuple[int, ...] | None = None

    def declared(self) -> dict[str, Any]:
        """What the engine declares."""
        more: dict[str, Any] = {"method": self.method, "layers": self.layers}
        chosen = {name: value for name, value in more.items() if value is not None}
        declared: dict[str, Any] = _duet.cost(self.name, **self.sizes, **chosen)
        return declared

    def costs(self) -> tuple[PhaseCost, PhaseCost]:
        """Setup and online phase."""
        declared = self.declared()
        return _phase(declared, "setup"), _phase(declared, "online")

    def cpu_seconds(self) -> float:
        """An estimate of one server's processor time."""
        seconds: float = self.declared()["cpu_seconds"]
        return seconds

    def flooding(self) -> tuple[float, float]:
        """How far its answers by lattice encryption are from what tells nothing, under server 0's and server 1's key."""
        first, second = self.declared()["flooding"]
        return first, second

    def total_bytes(self) -> int:
        """Both phases, both directions together."""
        return sum(sum(phase.bytes) for phase in self.costs())


def _phase(declared: dict[str, Any], phase: str) -> PhaseCost:
    sent, messages = declared[f"{phase}_bytes"], declared[f"{phase}_messages"]
    return PhaseCost((sent[0], sent[1]), (messages[0], messages[1]), declared[f"{phase}_rounds"])


def kernel(program: Program, op: Op, clients: int) -> Kernel | None:
    """The kernel of an operation; None if it sends nothing."""
    match op:
        case protocol.Mask():
            return Kernel("mask", {"elements": count(op.result.type.shape, clients)})
        case protocol.Open() if op.significant is not None:
            bits = bits_for(op.significant, op.highest)
            return Kernel("open_top", {"elements": count(op.result.type.shape, clients), "bits": bits})
        case protocol.Open():
            return Kernel("open_arith", {"elements": count(op.result.type.shape, clients)})
        case protocol.Product() | shares.Gemm():
            method = op.method if isinstance(op, protocol.Product) else None
            a, b = (resolve(o.type.shape, clients) for o in op.operands)
            batch = count(op.operands[0].type.shape[:-2], clients)
            name = "product" if isinstance(op, protocol.Product) else "share_product"
            return Kernel(name, {"batch": batch, "m": a[-2], "k": a[-1], "n": b[-1]}, method)
        case protocol.SquareSum() | shares.SquareSumOfShares():
            method = op.method if isinstance(op, protocol.SquareSum) else None
            shape = op.operands[0].type.shape
            name = "square" if isinstance(op, protocol.SquareSum) else "share_square"
            return Kernel(name, {"batch": count(shape[:-1], clients), "k": resolve(shape, clients)[-1]}, method)
        case protocol.ToYao():
            elements = count(op.result.type.shape, clients)
            shared = isinstance(op.operands[0].type, ArithType)
            return Kernel("to_yao" if shared else "public_to_yao", {"elements": elements, "width": op.width})
        case protocol.Circuit():
            circuit, elements = program.circuits[op.circuit], count(op.operands[0].type.shape, clients)
            if isinstance(op.operands[0].type, BooleanType):
                return Kernel("evaluate_boolean", {"elements": elements}, layers=circuit.layers)
            return Kernel("evaluate", {"and_gates": circuit.and_count, "elements": elements})
        case protocol.FromYao():
            return Kernel("from_yao", {"elements": count(op.result.type.shape, clients)})
        case boolean.FromBoolean():
            t = op.operands[0].type
            assert isinstance(t, WiresType)
            return Kernel("from_boolean", {"elements": count(t.shape, clients), "width": t.format.width})
        case sketch.Coins():
            return Kernel("coins", {})
        case protocol.Truncate():
            return Kernel("truncate", {"elements": count(op.result.type.shape, clients), "bits": op.bits})
        case io.Public() if op is program.of(io.Public)[0]:
            return Kernel("agreement", {})
        case io.Share() if op is program.of(io.Share)[0]:
            return Kernel("exchange", {"bytes": agreement_bytes(clients)})  # on who takes part
    return None


def count(shape: Shape, clients: int) -> int:
    """How many elements a value of a shape has in a round."""
    total = 1
    for d in resolve(shape, clients):
        total *= d
    return total
