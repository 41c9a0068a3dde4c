"""Rounds in which what is opened can be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.ir.mpc.fixed_point import decode
from ezprivsecfl.runtime.statistics import Statistics


@dataclass(frozen=True)
class Round:
    """What came out, and the real numbers that were opened, in the program's order."""

    outputs: dict[str, NDArray[Any]]
    opened: list[NDArray[np.float64]]
    statistics: Statistics


def run_plain(
    compiled: Compiled, clients: Mapping[str, Any], server: Mapping[str, Any], seen: list[Any] | None = None
) -> Round:
    """A round in exact simulation; ``clients`` has all clients stacked. ``seen`` gets what is opened, as it is."""
    program = PlainProgram(compiled)
    opened: list[Any] = [] if seen is None else seen
    results = program.clear.results

    def spy(values, *rest):
        opened.extend(values)
        return results(values, *rest)

    program.clear.results = spy  # type: ignore[method-assign]
    round_ = program.run({path: list(value) for path, value in clients.items()}, server)
    fracs = [output["frac"] for output in program.clear.manifest["outputs"]]
    numbers = [decode(v, f).astype(np.float64) for v, f in zip(opened, fracs, strict=True)]
    return Round(round_.outputs, numbers, round_.statistics)
