"""Rounds in which what is opened can be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.mpc.fixed_point import decode
from ezprivsecfl.ir.mpc.io import Output
from ezprivsecfl.ir.mpc.protocol import Open
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
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
    fracs = [output.frac for output in program.manifest.outputs]
    numbers = [decode(v, f).astype(np.float64) for v, f in zip(opened, fracs, strict=True)]
    return Round(round_.outputs, numbers, round_.statistics)


def as_opened(secure: Program, opened: list[dict[str, Any]]) -> Program:
    """The program with ranges as large as the results of a round were, for its costs.

    Args:
        secure: The mpc program.
        opened: Of the round's statistics, in the program's order.
    """
    bits = iter(o["bits"] for o in opened)
    wanted = {op.operands[0].op: next(bits) for op in secure.of(Output)}

    def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        if not isinstance(op, Open) or op.significant is None or op not in wanted:
            return None
        return b.append(replace(op, operands=operands, highest=64 - wanted[op] + op.significant)).result

    return rewrite(secure, rule)


def assert_as_opened(got: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Outputs of servers against simulated ones: float32 within a unit of the last opened place, integers exact."""
    assert got.keys() == expected.keys()
    for path, value in expected.items():
        value = np.asarray(value)
        unit = np.max(np.abs(value), initial=0) * 2.0**-23 if value.dtype.kind == "f" else 0
        assert np.max(np.abs(got[path] - value), initial=0) <= unit, path
