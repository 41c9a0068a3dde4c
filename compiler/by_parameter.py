"""What a user declares of parameters, and which of it applies to which parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from typing_extensions import Self

from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement

Declared = TypeVar("Declared")


@dataclass(frozen=True)
class ByParameter(Generic[Declared]):
    """Declarations of one kind.

    Args:
        by_key: A key is the path of a parameter or of a part of it, such as one tensor of a model; ``""`` stands for
            all CLIENTS parameters. Of several keys that cover a parameter the longest counts.
    """

    by_key: Mapping[str, Declared] = field(default_factory=dict)

    def key_of(self, op: Input) -> str | None:
        """Under which key that is declared which applies to an input; None if nothing does."""
        return max((key for key in self.by_key if covers(key, op)), key=len, default=None)

    def of_input(self, op: Input) -> Declared | None:
        """What applies to an input; None if nothing does."""
        key = self.key_of(op)
        return None if key is None else self.by_key[key]

    def option(self, key: str) -> str:
        """The option of the command line that declares it."""
        raise NotImplementedError

    def fitting(self, program: Program) -> Self:
        """Those whose key covers an input of a program."""
        inputs = program.of(Input)
        return type(self)({key: d for key, d in self.by_key.items() if any(covers(key, op) for op in inputs)})

    def unused(self, programs: Iterable[Program]) -> list[str]:
        """The keys that cover no input of any of these programs, in alphabetical order."""
        used = {key for program in programs for key in self.fitting(program).by_key}
        return sorted(key for key in self.by_key if key not in used)


def covers(key: str, op: Input) -> bool:
    """Whether what is declared under a key is about an input."""
    if not key:
        return op.placement is Placement.CLIENTS
    return op.path == key or op.path.startswith(f"{key}/")
