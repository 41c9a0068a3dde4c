"""The execution context that runs aggregations on two servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.api import Program, compile_traced
from ezprivsecfl.backend import Backend, choose
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.frontends.tff import Handler, SecureContext, install_source_tracking, reference_context, trace
from ezprivsecfl.ir.tensor import Input, Placement

FIRST_CLIENTS = 32
"""Programs are compiled for at least this many clients, so that rounds of different sizes share one build."""

Observer = Callable[[Program, Any, Any, Any], None]
Progress = Callable[[str], AbstractContextManager[None]]


@dataclass(repr=False)
class SecureRunner:
    """Compiles every aggregation on its first call and runs it; shown in a notebook, it says what it has compiled.

    Args:
        backend: Where aggregations run.
        relu: ``exact`` or ``poly:DEGREE``.
        norms: ``exact`` or ``sketch:K``.
        bounds: Declared bounds by parameter.
        clients: The largest number of clients; None lets it grow as needed.
        observer: Told after every call: the program, the computation, the argument, the result.
        progress: Wraps what may take a while, with a description.
        announce: Told after a computation was compiled, before it is run: the program, the number of clients.
    """

    backend: Backend
    relu: str = "exact"
    norms: str = "exact"
    bounds: Mapping[str, float] = field(default_factory=dict)
    clients: int | None = None
    observer: Observer | None = None
    progress: Progress = lambda what: nullcontext()
    announce: Callable[[Program, int], None] = lambda program, clients: None
    _programs: dict[int, tuple[Any, Program]] = field(default_factory=dict)

    @property
    def programs(self) -> list[Program]:
        """What has been compiled so far; the report of each says who learns what."""
        return [program for _, program in self._programs.values()]

    def unused_bounds(self) -> list[str]:
        """Parameters with a declared bound that no aggregation has had so far."""
        used = {key for program in self.programs for key in program.compiled.options.bounds}
        return sorted(key for key in self.bounds if key and key not in used)

    def __repr__(self) -> str:
        names = ", ".join(program.compiled.name for program in self.programs) or "nothing yet"
        return f"<TFF aggregations run on {self.backend.where}; compiled: {names}>"

    def __call__(self, computation: Any, argument: Any) -> Any:
        """The result of a call of an aggregation."""
        program = self._program(computation, argument)
        with self.progress(f"building and running {program.compiled.name}"):
            result = program.invoke(argument)
        if self.observer is not None:
            self.observer(program, computation, argument, result)
        return result

    def _program(self, computation: Any, argument: Any) -> Program:
        # TFF computations compare by identity; the entry keeps the computation alive, so ids stay unique.
        entry = self._programs.get(id(computation))
        traced = entry[1].traced if entry else trace(computation)
        given = traced.signature.flatten(argument)
        options = entry[1].compiled.options if entry else self._options(traced.program)
        wanted = options
        if self.clients is None and given.clients > options.clients:
            wanted = replace(wanted, clients=_power_of_two(given.clients))
        wanted = replace(wanted, bounds={**wanted.bounds, **_raised(traced.program, given.values, wanted)})
        if entry is None or wanted != options:
            with self.progress(f"compiling {traced.program.name}"):
                entry = (computation, compile_traced(traced, wanted, self.backend))
            self._programs[id(computation)] = entry
            self.announce(entry[1], given.clients)
        return entry[1]

    def _options(self, program: Any) -> Options:
        """Declared bounds of parameters that this computation has."""
        paths = {op.path for op in program.of(Input)}
        fitting = {k: v for k, v in self.bounds.items() if not k or any(_covers(k, p) for p in paths)}
        clients = FIRST_CLIENTS if self.clients is None else self.clients
        return Options(clients=clients, relu=self.relu, norms=self.norms, bounds=fitting)


def _covers(key: str, path: str) -> bool:
    return path == key or path.startswith(f"{key}/")


def _raised(program: Any, values: Mapping[str, Any], options: Options) -> dict[str, float]:
    """Bounds of SERVER inputs that are larger than declared so far: what is public needs no declaration."""
    raised = {}
    for op in DeclareBounds(options.clients, options.bounds).run(program).of(Input):
        if op.placement is Placement.SERVER and op.bound is not None:
            magnitude = float(np.max(np.abs(np.asarray(values[op.path], dtype=np.float64)), initial=0.0))
            if np.isfinite(magnitude) and magnitude >= op.bound:
                raised[op.path] = float(_power_of_two(magnitude + 1))
    return raised


def _power_of_two(x: float) -> int:
    return 1 << max(1, int(np.ceil(np.log2(x))))


def set_secure_execution_context(
    *,
    backend: str | Backend = "duet",
    relu: str = "exact",
    norms: str = "exact",
    bounds: Mapping[str, float] | None = None,
    clients: int | None = None,
) -> SecureRunner:
    """From here on, calling an aggregation runs it in secure two-party computation.

    Calls of TFF computations that have CLIENTS-placed parameters run on two servers; all others run in TFF as usual.

    Args:
        backend: ``duet`` (two server processes; ``ez.Duet(link="wan")`` emulates a network between them),
            ``motion2nx`` (the same with the MOTION2NX framework; choose its protocol with ``ez.Motion2nx``), or
            ``plain`` (exact simulation in this process).
        relu: ``exact``, or ``poly:DEGREE`` for a polynomial.
        norms: ``exact``, or ``sketch:K`` to estimate norms of vectors longer than K.
        bounds: Entries x of a parameter satisfy |x| < bounds[parameter]; ``""`` stands for all CLIENTS parameters.
        clients: The largest number of clients; by default programs are compiled anew as rounds get larger.
    """
    install_source_tracking()
    runner = SecureRunner(choose(backend), relu, norms, dict(bounds or {}), clients)
    install(runner)
    return runner


class RunnerContext(SecureContext):
    """The TFF context that hands aggregations to a runner.

    Args:
        runner: Computes them.
        plain: Computes everything else; by default TFF.
    """

    def __init__(self, runner: SecureRunner, plain: Handler | None = None) -> None:
        super().__init__(runner, plain)
        self.runner = runner


def install(runner: SecureRunner) -> None:
    """Makes a runner TFF's default context."""
    tff.framework.set_default_context(RunnerContext(runner))


def leave_to_tff() -> None:
    """Makes TFF's own execution the default, with its worker process tamed."""
    tff.framework.set_default_context(reference_context())
