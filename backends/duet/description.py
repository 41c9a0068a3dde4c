"""What the Duet back end costs, per operation: read from the engine's own declarations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ezprivsecfl.backends.network import NETWORKS, Network
from ezprivsecfl.compiler.passes.schedule import schedule
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import ArithType, FixedFormat, Shape, YaoType, resolve
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.statistics import size_text

SECONDS_PER_TRANSFER = 24e-9
SECONDS_PER_BYTE = 0.95e-9
"""What an oblivious transfer and a byte on the wire take of one server's processor (`benchmarks/kernels.py`)."""

RING_BITS = 64


@dataclass(frozen=True)
class PhaseCost:
    """What one operation sends in a phase: both servers' bytes and messages, and rounds."""

    bytes: tuple[int, int]
    messages: tuple[int, int]
    rounds: int


@dataclass(frozen=True)
class OpCost:
    """What one operation costs.

    Args:
        op: The operation.
        setup: Declared by the engine.
        online: Declared by the engine.
        transfers: Oblivious transfers.
    """

    op: Op
    setup: PhaseCost
    online: PhaseCost
    transfers: int

    @property
    def cpu_seconds(self) -> float:
        """Estimated processor time of one server."""
        return SECONDS_PER_TRANSFER * self.transfers + SECONDS_PER_BYTE * sum((*self.setup.bytes, *self.online.bytes))


@dataclass(frozen=True)
class CostTable:
    """Declared costs of a program for a number of clients (base OTs, once per session, not included).

    ``str`` gives a table with one line per operation that sends anything.

    Args:
        clients: Clients of the round.
        ops: In the program's order.
        rounds: Rounds of the online phase, in which independent operations share messages.
        network: What seconds are estimated for.
    """

    clients: int
    ops: tuple[OpCost, ...]
    rounds: int
    network: Network

    @property
    def setup_bytes(self) -> tuple[int, int]:
        """Bytes that server 0 and server 1 send in the setup phase."""
        return sum(c.setup.bytes[0] for c in self.ops), sum(c.setup.bytes[1] for c in self.ops)

    @property
    def online_bytes(self) -> tuple[int, int]:
        """Bytes that server 0 and server 1 send online."""
        return sum(c.online.bytes[0] for c in self.ops), sum(c.online.bytes[1] for c in self.ops)

    @property
    def total_bytes(self) -> int:
        """Everything, both directions together."""
        return sum(self.setup_bytes) + sum(self.online_bytes)

    @property
    def setup_seconds(self) -> float:
        """Estimated: setups come one after the other."""
        rounds = sum(c.setup.rounds for c in self.ops)
        return self._seconds(rounds, self.setup_bytes) + sum(c.cpu_seconds for c in self.ops)

    @property
    def online_seconds(self) -> float:
        """Estimated; computing is little there."""
        return self._seconds(self.rounds, self.online_bytes)

    def _seconds(self, rounds: int, sent: tuple[int, int]) -> float:
        return rounds * self.network.round_trip_seconds + max(sent) / self.network.bytes_per_second

    def __str__(self) -> str:
        title = f"{'operation':13s} {'where':28s} {'setup':>9s} {'online':>9s} {'CPU ms':>8s}"
        lines = [f"cost of a round of {self.clients} clients, both directions together", title]
        for c in self.ops:
            place = c.op.location
            where = f"{Path(place.file).name}:{place.line} {place.op}" if place.line else ""
            sizes = f"{size_text(sum(c.setup.bytes)):>9s} {size_text(sum(c.online.bytes)):>9s}"
            lines.append(f"{c.op.name:13s} {where[:28]:28s} {sizes} {1e3 * c.cpu_seconds:8.1f}")
        sizes = f"{size_text(sum(self.setup_bytes)):>9s} {size_text(sum(self.online_bytes)):>9s}"
        lines.append(f"{'all':13s} {'':28s} {sizes} {1e3 * sum(c.cpu_seconds for c in self.ops):8.1f}")
        lines.append(
            f"estimated for {self.network.name} ({self.network.bytes_per_second / 1e6:g} MB/s, "
            f"{1e3 * self.network.round_trip_seconds:g} ms round trip): setup {self.setup_seconds:.2f} s, "
            f"online {self.online_seconds:.3f} s in {self.rounds} rounds"
        )
        return "\n".join(lines)


def cost(program: Program, clients: int, network: Network = NETWORKS["lan"]) -> CostTable:
    """Adds up what the engine's kernels declare."""
    rows = []
    for op in program.ops:
        sizes = _sizes(program, op, clients)
        if sizes is not None:
            name, arguments = sizes
            declared: dict[str, Any] = _duet.cost(name, **arguments)
            setup, online = (_phase(declared, phase) for phase in ("setup", "online"))
            rows.append(OpCost(op, setup, online, _transfers(name, arguments)))
    return CostTable(clients, tuple(rows), schedule(program).rounds, network)


def _phase(declared: dict[str, Any], phase: str) -> PhaseCost:
    sent, messages = declared[f"{phase}_bytes"], declared[f"{phase}_messages"]
    return PhaseCost((sent[0], sent[1]), (messages[0], messages[1]), declared[f"{phase}_rounds"])


def _transfers(kernel: str, sizes: dict[str, int]) -> int:
    """Oblivious transfers of a kernel."""
    match kernel:
        case "product":
            return 2 * RING_BITS * sizes["batch"] * sizes["k"] * min(sizes["m"], sizes["n"])
        case "square":
            return (RING_BITS - 1) * sizes["batch"] * sizes["k"]
        case "to_yao":
            return sizes["width"] * sizes["elements"]
    return 0


def traffic(program: Program, clients: int) -> list[str]:
    """The declared costs in words."""
    table = cost(program, clients)
    phases = [
        ("setup", table.setup_bytes, [c.setup.messages for c in table.ops]),
        ("online", table.online_bytes, [c.online.messages for c in table.ops]),
    ]
    lines = [
        f"{phase}: server 0 sends {size_text(sent[0])} in {sum(m[0] for m in messages)} messages, "
        f"server 1 {size_text(sent[1])} in {sum(m[1] for m in messages)}"
        for phase, sent, messages in phases
    ]
    lines[1] += f"; {table.rounds} round{'' if table.rounds == 1 else 's'}"
    return [*lines, "(once per session, base oblivious transfers come on top)"]


def _count(shape: Shape, clients: int) -> int:
    total = 1
    for d in resolve(shape, clients):
        total *= d
    return total


def _sizes(program: Program, op: Op, clients: int) -> tuple[str, dict[str, int]] | None:
    """The engine's name of an operation's kernel, and its sizes."""
    match op:
        case protocol.Mask():
            return "mask", {"elements": _count(op.result.type.shape, clients)}
        case protocol.Open():
            return "open_arith", {"elements": _count(op.result.type.shape, clients)}
        case protocol.Product():
            a, b = (resolve(o.type.shape, clients) for o in op.operands)
            batch = _count(op.operands[0].type.shape[:-2], clients)
            return "product", {"batch": batch, "m": a[-2], "k": a[-1], "n": b[-1]}
        case protocol.SquareSum():
            shape = op.operands[0].type.shape
            return "square", {"batch": _count(shape[:-1], clients), "k": resolve(shape, clients)[-1]}
        case protocol.ToYao():
            elements = _count(op.result.type.shape, clients)
            shared = isinstance(op.operands[0].type, ArithType)
            return ("to_yao" if shared else "public_to_yao"), {"elements": elements, "width": op.width}
        case protocol.Circuit():
            gates = program.circuits[op.circuit].and_count
            return "evaluate", {"and_gates": gates, "elements": _count(op.operands[0].type.shape, clients)}
        case protocol.FromYao():
            t = op.operands[0].type
            assert isinstance(t, YaoType)
            assert isinstance(t.format, FixedFormat)
            return "from_yao", {"elements": _count(t.shape, clients)}
        case io.Public() if op is program.of(io.Public)[0]:
            return "agreement", {}
    return None
