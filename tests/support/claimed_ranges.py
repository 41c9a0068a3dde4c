"""Whether the values of a program lie within the ranges that are claimed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.signs import non_negative
from ezprivsecfl.ir.op import Environment, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input


def check_ranges(
    program: Program, inputs: Mapping[str, np.ndarray], clients: int, ranges: Ranges | None = None
) -> None:
    """Evaluates a program and asserts that all its finite values lie within their ranges and have their signs.

    A checked value may exceed its working range: the round would end with an error, so nothing is asserted of what
    depends on it. The same holds for what depends on a value that is not finite.
    """
    never_negative = non_negative(program)
    values: dict[Value, np.ndarray] = {}
    spoiled: set[Value] = set()
    for op in program.ops:
        args = [values[o] for o in op.operands]
        with np.errstate(all="ignore"):
            results = (inputs[op.path],) if isinstance(op, Input) else op.evaluate(args, Environment(clients))
        for value, array in zip(op.results, results, strict=True):
            values[value] = array
            finite = np.asarray(array, dtype=np.float64)
            finite = finite[np.isfinite(finite)]
            slack = 1e-9 * (1.0 + np.abs(finite))
            found = ranges[value]
            fits = np.all(finite >= found.lo - slack) and np.all(finite <= found.hi + slack)
            if finite.size < np.size(array) or (not fits and value in ranges.checked):
                spoiled.add(value)
            elif any(o in spoiled for o in op.operands):
                if not fits:
                    spoiled.add(value)
            else:
                assert fits, f"{op.name}: {np.min(finite)} to {np.max(finite)} is not within {found}\n{program}"
                assert value not in never_negative or np.all(finite >= 0), f"{op.name} is negative\n{program}"
