"""One program compiled for the bounds of a round."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ezprivsecfl.backends.base import Backend, Costs, Lowered
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.dependences import results_by_input
from ezprivsecfl.ir.mpc.io import Public, Share
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.runtime.session import Runnable


@dataclass
class Variant:
    """A program compiled for some bounds, and built on first use.

    Args:
        compiled: What the compiler has made of it.
        backend: Where it runs.
        compile_seconds: How long compiling took.
    """

    compiled: Compiled
    backend: Backend
    compile_seconds: float

    @staticmethod
    def compile(program: Program, options: Options, backend: Backend) -> Variant:
        """Compiles a traced program; raises CompileError if that is not possible."""
        started = time.perf_counter()
        compiled = compile_program(program, options)
        return Variant(compiled, backend, time.perf_counter() - started)

    def serves(self, bounds: Mapping[str, Bound]) -> bool:
        """Whether it is for these bounds. Those of inputs that no share depends on do not matter."""
        return all(bounds[path] == bound for path, bound in self._bounds.items())

    @cached_property
    def _bounds(self) -> dict[str, Bound]:
        """Of the inputs that are shared or that public values of the secure part are computed from."""
        needed = {op.path for op in self.compiled.secure.of(Share)}
        encoded = {op.path for op in self.compiled.secure.of(Public)}
        needed |= {
            path for path, uses in results_by_input(self.compiled.prologue).items() if encoded.intersection(uses)
        }
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
        return self.lowered.cost(clients or self.compiled.options.clients, network)
