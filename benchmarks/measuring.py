"""What a round costs on Duet, with processes of its own: their peak memory is that of one point alone."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class PointError(RuntimeError):
    """A point could not be measured; the message says why."""


@dataclass(frozen=True)
class Figures:
    """One computation at one grid point on one system; pairs are for party 0 and party 1.

    Where nothing else is said, figures are of the round that took least processor time, the first one excepted: it
    includes what a session needs once, and of the others every one takes as much, but for other programs' noise.

    Args:
        system: What ran.
        computation: A key of ``COMPUTATIONS``.
        clients: n.
        size: d.
        bytes_sent: By each party.
        messages: By each party.
        setup_seconds: What does not depend on the inputs; 0 for systems that do not tell.
        online_seconds: The rest.
        cpu_seconds: Processor time of each party, setup and online.
        peak_memory_bytes: Largest resident memory of each party.
        error: Relative L-infinity error against float64.
        rounds: Of the online phase, for systems that tell.
        first_bytes: Of both parties in the first round of a session, with what that needs once.
        first_cpu_seconds: Of the busier party in the first round.
        point_seconds: All of the point's rounds.
        point_memory_bytes: All processes together.
    """

    system: str
    computation: str
    clients: int
    size: int
    bytes_sent: list[int]
    messages: list[int]
    setup_seconds: float
    online_seconds: float
    cpu_seconds: list[float]
    peak_memory_bytes: list[int]
    error: float
    rounds: int | None
    first_bytes: int
    first_cpu_seconds: float
    point_seconds: float
    point_memory_bytes: int

    @property
    def total_bytes(self) -> int:
        """Both directions."""
        return sum(self.bytes_sent)

    @property
    def cpu(self) -> float:
        """Processor seconds of the busier party."""
        return max(self.cpu_seconds)

    @property
    def wall_seconds(self) -> float:
        """From shares of the inputs to the result, setup included."""
        return self.setup_seconds + self.online_seconds

    @property
    def memory(self) -> int:
        """Bytes of the larger party."""
        return max(self.peak_memory_bytes)


def measure(name: str, clients: int, size: int, rounds: int) -> Figures:
    """Runs a computation of ``COMPUTATIONS`` for some rounds, in a process that does nothing else."""
    import tensorflow_federated as tff
    from computations import COMPUTATIONS, inputs_for, relative_error

    import ezprivsecfl as ez
    from ezprivsecfl.frontends.tff import reference_context
    from ezprivsecfl.runtime.statistics import peak_memory_bytes

    tff.framework.set_default_context(reference_context())
    before, started = peak_memory_bytes(), time.perf_counter()
    computation, inputs = COMPUTATIONS[name], inputs_for(clients, size)
    source = computation.program(size)
    program = ez.compile(source, clients=clients, name=name)
    arguments = computation.arguments(source, inputs)
    statistics = []
    for _ in range(rounds):
        result = program.run(*arguments)
        assert program.last_statistics is not None
        statistics.append(program.last_statistics)
    first, steady = statistics[0], min(statistics[1:], key=lambda s: max(s.cpu_seconds))
    seconds = time.perf_counter() - started
    return Figures(
        system="Duet",
        computation=name,
        clients=clients,
        size=size,
        bytes_sent=steady.bytes_sent,
        messages=steady.messages,
        setup_seconds=steady.setup_seconds,
        online_seconds=steady.online_seconds,
        cpu_seconds=steady.cpu_seconds,
        peak_memory_bytes=statistics[-1].peak_memory_bytes,
        error=relative_error(computation.outputs(result), computation.reference(inputs)),
        rounds=steady.rounds,
        first_bytes=sum(first.bytes_sent),
        first_cpu_seconds=max(first.cpu_seconds),
        point_seconds=seconds,
        point_memory_bytes=sum(statistics[-1].peak_memory_bytes) + peak_memory_bytes() - before,
    )


def measure_apart(name: str, clients: int, size: int, rounds: int, timeout: float) -> Figures:
    """``measure`` in a process of its own.

    Raises:
        PointError: It failed, or took longer than ``timeout`` seconds.
    """
    command = [sys.executable, __file__, name, str(clients), str(size), "--rounds", str(rounds)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise PointError(f"stopped after {timeout:g} s") from None
    if done.returncode:
        raise PointError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return Figures(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("computation")
    parser.add_argument("clients", type=int)
    parser.add_argument("size", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(json.dumps(asdict(measure(options.computation, options.clients, options.size, options.rounds))))
