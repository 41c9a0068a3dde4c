"""What a checking evaluation reports: claims about values, made when a program was compiled, that a run refutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ezprivsecfl.ir.op import Array, Op


@dataclass(frozen=True)
class Violation:
    """A claim about every entry of an operation's operand or result, and an entry for which it is false.

    Args:
        op: The operation.
        claim: What the compiler relies on, for people.
        found: The entry, as a number or as text where it has none.
        entries: For how many entries the claim is false.
    """

    op: Op
    claim: str
    found: object
    entries: int

    def __str__(self) -> str:
        return f"{self.op.name} at {self.op.location}: {self.claim}, but {self.entries} entries are not: {self.found}"


@dataclass
class Findings:
    """Collects what a checking evaluation finds.

    Args:
        violations: Claims that turned out to be false, in the order of the program.
        operations: Operations evaluated.
        elements: Entries of their results.
    """

    violations: list[Violation] = field(default_factory=list)
    operations: int = 0
    elements: int = 0

    def count(self, results: Array) -> None:
        """Counts an operation with its result."""
        self.operations += 1
        self.elements += int(np.size(results))

    def require(self, op: Op, value: Array, holds: Array | bool, claim: str | Callable[[], str]) -> None:
        """Notes a violation unless ``holds`` is true for every entry of ``value``."""
        false = np.broadcast_to(~np.asarray(holds, dtype=np.bool_), np.shape(value))
        if false.any():
            text = claim if isinstance(claim, str) else claim()
            self.violations.append(Violation(op, text, np.asarray(value)[false].flat[0], int(false.sum())))
