"""What the user chooses for operations, for experiments: for those at each line of the program one of a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Program


@dataclass(frozen=True)
class ByLine:
    """The choices for one kind of operation.

    Args:
        what: What is chosen for, in messages: ``product``.
        words: What there is to choose from; the first is taken where nothing is chosen.
        chosen: By line of the user's program one of the words; line 0 stands for all others.

    Raises:
        CompileError: Something else is chosen.
    """

    what: str
    words: tuple[str, ...]
    chosen: Mapping[int, str]

    def __post_init__(self) -> None:
        for word in self.chosen.values():
            if word not in self.words:
                raise CompileError(f"{self.what}s={word!r}: choose from {', '.join(self.words)}")

    def at(self, line: int) -> str:
        """The choice for operations at a line."""
        return self.chosen.get(line, self.chosen.get(0, self.words[0]))

    def check(self, program: Program, ops: Iterable[Op]) -> None:
        """Raises CompileError if something is chosen for a line at which none of the program's operations is."""
        lines = sorted({op.location.line for op in ops})
        for line in self.chosen:
            if line and line not in lines:
                found = f"its {self.what}s are at {', '.join(map(str, lines))}" if lines else "it has none"
                raise CompileError(f"{self.what}s: {program.name} has no {self.what} at line {line}; {found}")
