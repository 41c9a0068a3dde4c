"""What the Duet back end costs, per operation: read from the engine's own declarations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ezprivsecfl.compiler.passes.schedule import schedule
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.types import ArithType, FixedFormat, Shape, YaoType, resolve
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.statistics import size_text


@dataclass(frozen=True)
class OpCost:
    """What one operation sends, both servers' bytes and messages per phase."""

    op: Op
    setup_bytes: tuple[int, int]
    setup_messages: tuple[int, int]
    online_bytes: tuple[int, int]
    online_messages: tuple[int, int]


@dataclass(frozen=True)
class CostTable:
    """Declared costs of a program for a number of clients (base OTs, once per session, not included)."""

    clients: int
    ops: tuple[OpCost, ...]
    rounds: int

    @property
    def setup_bytes(self) -> tuple[int, int]:
        """Bytes that server 0 and server 1 send in the setup phase."""
        return sum(c.setup_bytes[0] for c in self.ops), sum(c.setup_bytes[1] for c in self.ops)

    @property
    def online_bytes(self) -> tuple[int, int]:
        """Bytes that server 0 and server 1 send online."""
        return sum(c.online_bytes[0] for c in self.ops), sum(c.online_bytes[1] for c in self.ops)

    @property
    def total_bytes(self) -> int:
        """Everything, both directions together."""
        return sum(self.setup_bytes) + sum(self.online_bytes)


def cost(program: Program, clients: int) -> CostTable:
    """Adds up what the engine's kernels declare."""
    rows = []
    for op in program.ops:
        sizes = _sizes(program, op, clients)
        if sizes is not None:
            name, arguments = sizes
            declared: dict[str, Any] = _duet.cost(name, **arguments)
            rows.append(
                OpCost(
                    op,
                    *(
                        (int(declared[f"{phase}_{what}"][0]), int(declared[f"{phase}_{what}"][1]))
                        for phase in ("setup", "online")
                        for what in ("bytes", "messages")
                    ),
                )
            )
    return CostTable(clients, tuple(rows), schedule(program).rounds)


def traffic(program: Program, clients: int) -> list[str]:
    """The declared costs in words."""
    table = cost(program, clients)
    phases = [
        ("setup", table.setup_bytes, [c.setup_messages for c in table.ops]),
        ("online", table.online_bytes, [c.online_messages for c in table.ops]),
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
