"""Duet and SPU 0.9.5 on the same inputs, pair by pair.

    uv run python benchmarks/peers.py [--computations fltrust ...] [--clients 10 30 100] [--sizes 3372 100000]
                                      [--systems SPU-CHEETAH ...] [--rounds 3]

Runs Duet and then every chosen way of SPU at each point, one after the other, and prints what each took and, for SPU,
how many times Duet's bytes, processor time and wall time that is. Saves the table and the raw figures. SPU does not
install next to TensorFlow Federated: on first use uv makes an environment of its own for spu/party.py.

For both systems: two processes on loopback; inputs are shared already, so what clients upload is not counted; both
parties know FLTrust's root update; the result is opened to both. Figures are of the session's cheapest round after the
first: bytes of both directions, processor time of the busier party, wall time from shares to result (Duet: setup and
online together), peak memory of the larger party (SPU: with the Python packages it imports). SPU has a 64-bit ring and
otherwise its defaults.

CHEETAH needs as little trust as Duet; "matrices" is the same with sums of squares computed as matrix products (see
spu/formulas.py). SEMI2K's correlated randomness is made by rank 0, the dealer, who knows all masks: it protects nothing
from rank 0, and is here to show what that trust would save.

Points too large for this machine are skipped, by the rule of grid.py.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from computations import COMPUTATIONS, inputs_for, relative_error
from measuring import Figures, PointError, measure_apart
from sweep import Sweep, arguments
from tables import megabytes, ratio, significant

PARTY = Path(__file__).with_name("spu") / "party.py"
HEADINGS = ["MB", "CPU s", "wall s", "memory MB", "error", "bytes", "CPU", "wall", "first MB", "first CPU s"]


@dataclass(frozen=True)
class Spu:
    """A way to run SPU.

    Args:
        protocol: CHEETAH or SEMI2K.
        squares: How sums of squares are computed, see spu/formulas.py.
    """

    protocol: str
    squares: str


SYSTEMS = {
    "SPU-CHEETAH": Spu("CHEETAH", "elements"),
    "SPU-CHEETAH-matrices": Spu("CHEETAH", "matrices"),
    "SPU-SEMI2K-dealer": Spu("SEMI2K", "elements"),
}
SQUARING = {"fltrust", "norm_clipping"}
"""Computations with sums of squares; for the others it makes no difference how those are computed."""


def systems_for(name: str, chosen: Sequence[str]) -> list[str]:
    """Duet, and of the chosen keys of ``SYSTEMS`` those that differ on a computation."""
    return ["Duet", *(key for key in chosen if name in SQUARING or SYSTEMS[key].squares == "elements")]


def write_inputs(folder: Path, name: str, clients: int, size: int) -> list[np.ndarray]:
    """Puts a computation's inputs where party.py looks for them; returns what it should compute."""
    computation, inputs = COMPUTATIONS[name], inputs_for(clients, size)
    values = [(getattr(inputs, field), "secret") for field in computation.secret]
    values += [(getattr(inputs, field), "public") for field in computation.public]
    values += [(np.float32(value), "public") for value in computation.constants(size).values()]
    np.savez(folder / "inputs.npz", **{f"{i}_{kind}": value for i, (value, kind) in enumerate(values)})
    return computation.reference(inputs)


def free_ports() -> list[str]:
    """Two ports that nobody listens on."""
    with socket.socket() as first, socket.socket() as second:
        for s in (first, second):
            s.bind(("127.0.0.1", 0))
        return [str(s.getsockname()[1]) for s in (first, second)]


def run_together(commands: list[list[str]], folder: Path, timeout: float) -> None:
    """Runs commands at the same time; when one fails or time is up, all are ended.

    Raises:
        PointError: One failed, or time was up.
    """
    outputs = [folder / f"output_{i}" for i in range(len(commands))]
    processes: list[subprocess.Popen[bytes]] = []
    deadline = time.monotonic() + timeout
    try:
        for command, path in zip(commands, outputs, strict=True):
            with path.open("wb") as out:
                null = subprocess.DEVNULL
                processes.append(subprocess.Popen(command, stdin=null, stdout=out, stderr=out, start_new_session=True))
        while any(codes := [p.poll() for p in processes]) or None in codes:
            for code, output in zip(codes, outputs, strict=True):
                if code:
                    raise PointError(last_line(output))
            if time.monotonic() > deadline:
                raise PointError(f"stopped after {timeout:g} s")
            time.sleep(0.05)
    finally:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # uv and what it runs
                process.wait()


def last_line(output: Path) -> str:
    """The end of what a process has printed."""
    return (output.read_text(errors="replace").strip().splitlines() or ["failed without a message"])[-1]


def measure_spu(system: str, name: str, clients: int, size: int, calls: int, timeout: float) -> Figures:
    """Runs a computation on SPU.

    Raises:
        PointError: It failed, or took longer than ``timeout`` seconds.
    """
    way = SYSTEMS[system]
    party = ["uv", "run", "--quiet", "--script", str(PARTY)]
    with tempfile.TemporaryDirectory(prefix="ezprivsecfl-spu-") as path:
        folder = Path(path)
        expected = write_inputs(folder, name, clients, size)
        how = ["--protocol", way.protocol]
        formula = ["--computation", name, "--squares", way.squares]
        run_together([[*party, "share", path, *how, *formula]], folder, timeout)
        started = time.perf_counter()
        job = [*party, "compute", path, *how, "--ports", *free_ports(), "--calls", str(calls)]
        run_together([[*job, "--rank", str(rank)] for rank in (0, 1)], folder, timeout)
        seconds = time.perf_counter() - started
        reports = [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)]
        with np.load(folder / "0.npz") as results:
            error = relative_error([results[f"arr_{i}"] for i in range(len(expected))], expected)
    first, *others = zip(*(report["calls"] for report in reports), strict=True)
    steady = min(others, key=lambda calls: max(call["cpu_seconds"] for call in calls))
    memory = [report["peak_memory_bytes"] for report in reports]
    return Figures(
        system=system,
        computation=name,
        clients=clients,
        size=size,
        bytes_sent=[call["bytes_sent"] for call in steady],
        messages=[call["messages"] for call in steady],
        setup_seconds=0.0,
        online_seconds=max(call["wall_seconds"] for call in steady),
        cpu_seconds=[call["cpu_seconds"] for call in steady],
        peak_memory_bytes=memory,
        error=error,
        rounds=None,
        first_bytes=sum(call["bytes_sent"] for call in first),
        first_cpu_seconds=max(call["cpu_seconds"] for call in first),
        point_seconds=seconds,
        point_memory_bytes=sum(memory),
    )


def cells(f: Figures, duet: Figures | None) -> list[str]:
    """A row; the ratios are to Duet's figures, if there are any to compare with."""
    ratios = ["", "", ""]
    if duet is not None and duet is not f:
        pairs = (f.total_bytes, duet.total_bytes), (f.cpu, duet.cpu), (f.wall_seconds, duet.wall_seconds)
        ratios = [ratio(*pair) for pair in pairs]
    return [
        megabytes(f.total_bytes),
        significant(f.cpu),
        significant(f.wall_seconds),
        megabytes(f.memory),
        f"{f.error:.0e}",
        *ratios,
        megabytes(f.first_bytes),
        significant(f.first_cpu_seconds),
    ]


def measure(system: str, computation: str, clients: int, size: int, rounds: int, timeout: float) -> Figures:
    """Runs a computation on Duet or a key of ``SYSTEMS``."""
    if system == "Duet":
        return measure_apart(computation, clients, size, rounds, timeout)
    return measure_spu(system, computation, clients, size, rounds, timeout)


if __name__ == "__main__":
    parser = arguments(__doc__ or "")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.set_defaults(clients=[10, 30, 100], sizes=[3372, 100_000])
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # in place of dying: what was started is ended, too
    Sweep("peers", options, lambda name: systems_for(name, options.systems), measure, HEADINGS, cells).run()
