"""One program compiled for the bounds of a round."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ezprivsecfl.backends.base import Backend, Costs, Lowered
from ezprivsecfl.compiler.choices import FIXED
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.compiler.remedies import compile_or_advise
from ezprivsecfl.errors import PrecisionError, UnsupportedError
from ezprivsecfl.ir.dependences import results_by_input
from ezprivsecfl.ir.images import Image, radius_path
from ezprivsecfl.ir.mpc.io import Public, Share
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.rounds import state_bounds
from ezprivsecfl.runtime.session import Runnable

InitialState = Callable[[], Mapping[str, Any]]
"""Computes the values of a process's first state, by path of the input."""


@dataclass
class Variant:
    """A program compiled for some bounds, and built on first use.

    Args:
        compiled: What the compiler has made of it.
        backend: Where it runs.
        compile_seconds: How long compiling took.
        of_initial_state: Whether bounds are those of a process's first state, since it has none for all states.
        round_seconds: How long the last round took; None before the first.
    """

    compiled: Compiled
    backend: Backend
    compile_seconds: float
    of_initial_state: bool = False
    round_seconds: float | None = None

    @staticmethod
    def compile(program: Program, options: Options, backend: Backend, *, advise: bool = True) -> Variant:
        """Compiles a traced program.

        Args:
            program: As traced.
            options: What it is compiled with.
            backend: Where it runs.
            advise: Whether errors say which options would help; finding them takes some compilations more.

        Raises:
            CompileError: It cannot be compiled.
        """
        started = time.perf_counter()
        compiled = (compile_or_advise if advise else compile_program)(program, options)
        return Variant(compiled, backend, time.perf_counter() - started)

    @staticmethod
    def first(program: Program, initial_state: InitialState, options: Options, backend: Backend) -> Variant:
        """The variant that a program shows of itself before any round.

        It is for the largest bounds; where these are too wide to compile for, it is for the first state of a process,
        unless the user has fixed the bounds of all rounds.

        Args:
            program: As traced.
            initial_state: Computes the values of a process's first state, by path; empty if it is no process.
            options: What it is compiled with.
            backend: Where it runs.

        Raises:
            CompileError: It cannot be compiled for either.
        """
        try:
            return Variant.compile(program, options, backend, advise=False)
        except (PrecisionError, UnsupportedError):
            bounds = {} if options.scale == FIXED else state_bounds(program, initial_state(), options)
        known = ParameterBounds({**options.bounds.by_key, **bounds})
        return replace(Variant.compile(program, replace(options, bounds=known), backend), of_initial_state=True)

    def serves(self, bounds: Mapping[str, Bound]) -> bool:
        """Whether it is for these bounds. Those of inputs that no share depends on do not matter."""
        return all(bounds[path] == bound for path, bound in self._bounds.items())

    @cached_property
    def _bounds(self) -> dict[str, Bound]:
        """Of the inputs that are shared, and of those that public values of the secure part, or owners' follow from."""
        needed = {op.path for op in self.compiled.secure.of(Share) if op.image is not Image.DIRECTION}  # which has none
        encoded = {op.path for op in self.compiled.secure.of(Public)}
        encoded |= {radius_path(op.vector) for op in self.compiled.secure.of(Share) if op.vector is not None}
        needed |= {
            path for path, uses in results_by_input(self.compiled.prologue).items() if encoded.intersection(uses)
        }
        needed |= {op.path for part in self.compiled.owned.values() for op in part.of(Input)}
        return {
            op.path: Bound(op.bound, op.lowest)
            for op in self.compiled.tensor.of(Input)
            if op.path in needed and op.bound is not None
        }

    @cached_property
    def lowered(self) -> Lowered:
        """As its back end computes it; made on first use, and what its report, sources, costs and rounds are of."""
        return self.backend.lower(self.compiled)

    @cached_property
    def _built(self) -> tuple[Runnable, float]:
        return self.lowered.runnable()

    @property
    def is_built(self) -> bool:
        """Whether it has been used."""
        return "_built" in self.__dict__

    @property
    def runnable(self) -> Runnable:
        """The program on its back end; the first use emits and builds it."""
        return self._built[0]

    @property
    def build_seconds(self) -> float:
        """How long building took."""
        return self._built[1]

    def cost(self, network: str = "lan", clients: int | None = None) -> Costs:
        """What every operation costs: see ``SecureProgram.cost``."""
        return self.lowered.cost(clients or self.compiled.options.most_clients, network)
