"""What a round took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from ezprivsecfl.cells import with_cells
from ezprivsecfl.drawing.page import Bars, framed, statements, table

Number = TypeVar("Number", int, float)

TIMING = "motion2nx"
"""How back ends are called whose number of rounds depends on timing."""


@dataclass(frozen=True, repr=False)
class Statistics:
    """One call; pairs are for server 0 and server 1.

    ``str`` says it in a line or a few; a notebook shows a table.

    Args:
        computation: Name of the computation.
        backend: Where it ran: ``duet``, ``motion2nx-gmw``, ``motion2nx-beavy`` or ``plain``.
        clients: How many clients the results are of.
        dropped: The others, each with its number (``client``; None if an upload names no client) and the ``reason``.
        bytes_sent: Everything each server sent to the other, setup and online.
        messages: Messages each server sent.
        rounds: Rounds of the online phase, with that in which the servers agree on the clients. With MOTION2NX, whose
            threads send and receive side by side, it depends on timing, and what people read says "about".
        compile_seconds: Compiling and building; 0 from the second call on.
        setup_seconds: Setup phase (the slower server).
        online_seconds: Online phase (the slower server).
        cpu_seconds: Processor time of each server, setup and online.
        peak_memory_bytes: Largest resident memory of each server so far.
        opened: What both servers have learned of each opened value: the results that it is for, how many numbers it is,
            and how many bits of each number every server has sent, from the highest down. Checks open a bit each on
            top, or one for each client.
        setup_bytes_sent: What of ``bytes_sent`` was sent in the setup phase, before the inputs were there.
        imprecise: Where formats were coarse for the values of this round: ``what`` it is, and its ``relative_error``
            (of the largest entry, which may be off by as much).
        max_relative_error: Largest error relative to TFF's result, if that was computed too.
    """

    computation: str
    backend: str
    clients: int
    dropped: list[dict[str, Any]]
    bytes_sent: list[int]
    messages: list[int]
    rounds: int
    compile_seconds: float
    setup_seconds: float
    online_seconds: float
    cpu_seconds: list[float]
    peak_memory_bytes: list[int]
    opened: list[dict[str, Any]]
    setup_bytes_sent: list[int] = field(default_factory=lambda: [0, 0])
    imprecise: list[dict[str, Any]] = field(default_factory=list)
    max_relative_error: float | None = None

    def after(self, ended: Statistics) -> Statistics:
        """With what a round took that had to be run anew, as this one."""
        return replace(
            self,
            bytes_sent=_added(self.bytes_sent, ended.bytes_sent),
            setup_bytes_sent=_added(self.setup_bytes_sent, ended.setup_bytes_sent),
            messages=_added(self.messages, ended.messages),
            rounds=self.rounds + ended.rounds,
            setup_seconds=self.setup_seconds + ended.setup_seconds,
            online_seconds=self.online_seconds + ended.online_seconds,
            cpu_seconds=_added(self.cpu_seconds, ended.cpu_seconds),
        )

    @property
    def rounds_are_exact(self) -> bool:
        """Whether another run of the round would have as many rounds."""
        return not self.backend.startswith(TIMING)

    def __repr__(self) -> str:
        about = "" if self.rounds_are_exact else "about "
        lines = [
            f"{self.computation} on {self.backend}: {self.clients} clients, {size_text(sum(self.bytes_sent))} in "
            f"{about}{self.rounds} rounds, setup {self.setup_seconds:.3g} s, online {self.online_seconds:.3g} s"
        ]
        lines += [f"  dropped {dropped_text(one)}" for one in self.dropped]
        lines += [f"  imprecise: {imprecise_text(one)}" for one in self.imprecise]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            (
                f"server {party}",
                Bars({"arith": self.bytes_sent[party]}, size_text(self.bytes_sent[party])),
                Bars({"accent": self.messages[party]}, str(self.messages[party])),
                Bars({"yao": self.cpu_seconds[party]}, f"{self.cpu_seconds[party]:.3g} s"),
                Bars({"public": self.peak_memory_bytes[party]}, size_text(self.peak_memory_bytes[party])),
            )
            for party in range(len(self.bytes_sent))
        ]
        opened = [f"{o['output']}: {o['elements']} numbers of {o['bits']} bits" for o in self.opened]
        head, *notes = repr(self).splitlines()
        shown = table(("", "sent", "messages", "CPU", "memory at most"), rows)
        return framed(shown, statements(head, notes), statements("Opened", opened))

    def to_json(self) -> dict[str, Any]:
        """The fields; without ``max_relative_error`` where there was nothing to compare with."""
        return {k: v for k, v in asdict(self).items() if v is not None}


def _added(first: Sequence[Number], second: Sequence[Number]) -> list[Number]:
    return [x + y for x, y in zip(first, second, strict=True)]


def imprecise_text(one: Mapping[str, Any]) -> str:
    """One entry of ``Statistics.imprecise`` for people to read."""
    return with_cells(f"{one['what']}: relative error of up to {one['relative_error']:.1e}")


def size_text(count: int) -> str:
    """A number of bytes for people to read."""
    if count < 1000:
        return f"{count} B"
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def seconds_text(seconds: float) -> str:
    """A time for people to read: ``12 µs``, ``3.4 ms``, ``0.56 s``, ``78 s``."""
    if seconds >= 0.1:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds >= 1e-4:
        return f"{1e3 * seconds:.1f} ms" if seconds < 1e-2 else f"{1e3 * seconds:.0f} ms"
    return f"{1e6 * seconds:.0f} µs" if seconds else "0 s"


def peak_memory_bytes() -> int:
    """Largest resident memory of this process since it was started, in bytes."""
    # Not getrusage: that also counts what the process was before it became this program.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM: the servers need Linux")


def described(dropped: Mapping[int | None, str]) -> list[dict[str, Any]]:
    """Dropped clients as reports list them, in the order of their numbers."""
    order = sorted(dropped, key=lambda client: (client is None, client))
    return [{"client": client, "reason": dropped[client]} for client in order]


def dropped_text(one: Mapping[str, Any]) -> str:
    """One entry of ``Statistics.dropped`` for people to read."""
    who = "an unknown client" if one["client"] is None else f"client {one['client']}"
    return f"{who}: {one['reason']}"


NOTHING = dict.fromkeys(("bytes_sent", "messages_sent", "rounds", "wall_seconds", "cpu_seconds"), 0)
"""What a phase took that a round did not come to."""


def from_servers(
    name: str, backend: str, clients: int, dropped: Mapping[int | None, str], replies: Sequence[dict[str, Any]]
) -> Statistics:
    """Statistics from both servers' replies to a round."""
    phases = [[reply["stats"].get(phase, NOTHING) for phase in ("agreement", "setup", "online")] for reply in replies]
    return Statistics(
        computation=name,
        backend=backend,
        clients=clients,
        dropped=described(dropped),
        bytes_sent=[sum(p["bytes_sent"] for p in server) for server in phases],
        messages=[sum(p["messages_sent"] for p in server) for server in phases],
        rounds=max(server[0]["rounds"] + server[2]["rounds"] for server in phases),
        compile_seconds=0.0,
        setup_seconds=max(server[1]["wall_seconds"] for server in phases),
        online_seconds=max(server[0]["wall_seconds"] + server[2]["wall_seconds"] for server in phases),
        cpu_seconds=[sum(p["cpu_seconds"] for p in server) for server in phases],
        peak_memory_bytes=[reply["peak_memory_bytes"] for reply in replies],
        opened=replies[0]["opened"],
        setup_bytes_sent=[server[1]["bytes_sent"] for server in phases],
    )
