"""Compiled programs as Python objects."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import tensorflow_federated as tff

from ezprivsecfl.backend import Backend, choose
from ezprivsecfl.backends.duet.description import CostTable, cost
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import DEFAULT_CLIENTS, MIN_CLIENTS, Options
from ezprivsecfl.compiler.pipeline import Compiled, compile_program
from ezprivsecfl.errors import InputError
from ezprivsecfl.frontends.tff import TracedComputation, trace
from ezprivsecfl.report import Report
from ezprivsecfl.runtime.session import Runnable
from ezprivsecfl.runtime.statistics import Statistics


def compile(
    computation: Any,
    *,
    clients: int = DEFAULT_CLIENTS,
    backend: str | Backend = "duet",
    relu: str = "exact",
    norms: str = "exact",
    bounds: Mapping[str, float] | None = None,
    min_clients: int = MIN_CLIENTS,
    name: str | None = None,
) -> Program:
    """Compiles an aggregation to secure two-party computation.

    Args:
        computation: A ``tff.federated_computation`` with CLIENTS-placed parameters, or a
            ``tff.templates.AggregationProcess`` (its ``next``).
        clients: The largest number of clients that a round may have.
        backend: ``duet`` (two server processes; ``ez.Duet(link="wan")`` emulates a network between them),
            ``motion2nx`` (the same with the MOTION2NX framework; choose its protocol with ``ez.Motion2nx``), or
            ``plain`` (exact simulation in this process).
        relu: ``exact``, or ``poly:DEGREE`` for a polynomial.
        norms: ``exact``, or ``sketch:K`` to estimate norms of vectors longer than K; the report gives the error.
        bounds: Entries x of a parameter satisfy |x| < bounds[parameter]; ``""`` stands for all CLIENTS parameters.
        min_clients: The smallest number of clients that a round may have; smaller ones are refused with InputError.
        name: The program's name; by default the computation's.

    Raises:
        CompileError: The program cannot be compiled; the message names the operations and source lines.
    """
    options = Options(clients=clients, relu=relu, norms=norms, bounds=dict(bounds or {}), min_clients=min_clients)
    return compile_traced(trace(computation, name), options, choose(backend))


def compile_traced(traced: TracedComputation, options: Options, backend: Backend) -> Program:
    """Compiles what the front end has traced."""
    started = time.perf_counter()
    compiled = compile_program(traced.program, options)
    return Program(traced, compiled, backend, time.perf_counter() - started)


@dataclass
class Program:
    """A compiled aggregation; shown in a notebook, it explains itself.

    Args:
        traced: What the front end has traced.
        compiled: What the compiler has made of it.
        backend: Where it runs.
        compile_seconds: How long compiling took (building comes on top, on first use).
    """

    traced: TracedComputation
    compiled: Compiled
    backend: Backend
    compile_seconds: float
    last_statistics: Statistics | None = field(default=None, repr=False)

    @cached_property
    def _built(self) -> tuple[Runnable, float]:
        return self.backend.runnable(self.compiled)

    @property
    def runnable(self) -> Runnable:
        """The program on its back end; the first use emits and builds it."""
        return self._built[0]

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Runs a round on the same arguments that the TFF computation takes, and returns what it returns.

        Raises:
            InputError: The arguments are not what the program was compiled for.
            RunError: The servers failed; the message says whether they are usable.
        """
        return self.invoke(self._argument(args, kwargs))

    def simulate(self, *args: Any, **kwargs: Any) -> Any:
        """The same round in exact ring arithmetic, without servers.

        Integers and truth values are what ``run`` returns, bit for bit. Of floats the servers open no more bits than
        the result shows: each entry of ``run`` is within one unit of the last opened place of what this returns.
        With sketched norms it draws a random map of its own, as every round does. Where the program truncates, Duet
        rounds up or down by chance: then results may differ by what the last place of those values amounts to.
        """
        return self._on(PlainProgram(self.compiled), self._argument(args, kwargs))[0]

    def prepare(self, clients: int) -> None:
        """Does now what the next round of this many clients needs that does not depend on its inputs."""
        self.runnable.prepare(clients)

    def invoke(self, argument: Any) -> Any:
        """``run`` for the argument as a TFF context gets it; keeps the statistics in ``last_statistics``."""
        first = "_built" not in self.__dict__
        runnable, build_seconds = self._built
        result, statistics = self._on(runnable, argument)
        seconds = self.compile_seconds + build_seconds if first else 0.0
        self.last_statistics = replace(statistics, compile_seconds=seconds)
        return result

    def _on(self, runnable: Runnable, argument: Any) -> tuple[Any, Statistics]:
        values = self.traced.signature.flatten(argument).values
        clients = {path: value for path, value in values.items() if isinstance(value, list)}
        server = {path: value for path, value in values.items() if not isinstance(value, list)}
        round_ = runnable.run(clients, server)
        return self.traced.signature.unflatten(round_.outputs), round_.statistics

    def _argument(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments of a call as TFF packs them."""
        signature = self.traced.signature
        several = not signature.parameter_path
        elements = tff.structure.to_elements(signature.parameter) if several else [(signature.parameter_path, None)]
        names = [name or f"argument_{i}" for i, (name, _) in enumerate(elements)]
        if several and len(args) == 1 and not kwargs and isinstance(args[0], Mapping | tuple | tff.structure.Struct):
            return args[0]  # TFF takes all arguments in one structure, too
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        try:
            bound = inspect.Signature(parameters).bind(*args, **kwargs)
        except TypeError as e:
            raise InputError(f"{self.compiled.name}({', '.join(names)}): {e}") from None
        values = list(bound.arguments.values())
        return tff.structure.Struct((None, v) for v in values) if several else values[0]

    @property
    def ir(self) -> str:
        """The program at both levels of the intermediate representation."""
        return f"{self.compiled.optimised}\n{self.backend.secure(self.compiled)}"

    @property
    def sources(self) -> dict[str, str]:
        """The emitted source tree: path to text."""
        return self.backend.sources(self.compiled)

    @property
    def report(self) -> Report:
        """What is computed, who learns what, precision, circuits, expected traffic."""
        return Report(self.compiled, self.backend)

    def cost(self, network: str = "lan", clients: int | None = None) -> CostTable:
        """What every operation costs on Duet, before anything is run; ``print`` shows a table.

        Args:
            network: ``lan``, ``wan`` or ``measured`` (between the servers): what seconds are estimated for. Bytes and
                rounds are exact for results as large as their ranges say: of smaller ones, more bits are opened.
            clients: Clients of a round, by default the largest number.

        Raises:
            CompileError: There is no such network.
        """
        secure, n = self.backend.secure(self.compiled), clients or self.compiled.options.clients
        return cost(secure, n, self.backend.estimated(network))

    def __repr__(self) -> str:
        return str(self.report)

    def _repr_html_(self) -> str:
        return self.report._repr_html_()
