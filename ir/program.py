"""A program: a list of operations in the order they are evaluated, and the builder that makes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from ezprivsecfl.errors import UNKNOWN, Location
from ezprivsecfl.ir.op import Op, Value

if TYPE_CHECKING:  # circuits stand below the IR and load only where they are used
    from ezprivsecfl.ir.circuits.builder import Circuit

AnyOp = TypeVar("AnyOp", bound=Op)


class Level(Enum):
    """The two levels of the IR."""

    TENSOR = "tensor"
    MPC = "mpc"


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """A straight-line program in SSA form.

    Args:
        name: The computation's name.
        level: Which set of operations it uses.
        max_clients: The largest number of clients a round may have, or None while that is not decided.
        ops: All operations; each uses only results of earlier ones.
        circuits: The Boolean circuits that ``circuit`` operations of the mpc level name.
    """

    name: str
    level: Level
    max_clients: int | None
    ops: tuple[Op, ...]
    circuits: Mapping[str, Circuit] = field(default_factory=dict)

    def of(self, kind: type[AnyOp]) -> list[AnyOp]:
        """All operations of one class (or of a common base), in order."""
        return [op for op in self.ops if isinstance(op, kind)]

    def uses(self) -> dict[Value, list[Op]]:
        """For every value the operations that take it, in order."""
        users: dict[Value, list[Op]] = {r: [] for op in self.ops for r in op.results}
        for op in self.ops:
            for operand in dict.fromkeys(op.operands):
                users[operand].append(op)
        return users

    def __repr__(self) -> str:
        count = len(self.circuits)
        circuits = f", {count} circuit{'' if count == 1 else 's'}" if count else ""
        return f"<program {self.name}, {self.level.value} level: {len(self.ops)} operations{circuits}>"

    def __str__(self) -> str:
        from ezprivsecfl.ir.text import print_program  # the text form knows programs, not the other way round

        return print_program(self)


@dataclass
class ProgramBuilder:
    """Collects operations; ``add`` returns the new operation's result."""

    name: str
    level: Level
    max_clients: int | None = None
    ops: list[Op] = field(default_factory=list)
    circuits: dict[str, Circuit] = field(default_factory=dict)
    location: Location = UNKNOWN

    @contextmanager
    def at(self, location: Location) -> Iterator[None]:
        """Operations added inside carry this place of the user's program."""
        before, self.location = self.location, location
        try:
            yield
        finally:
            self.location = before

    def append(self, op: AnyOp) -> AnyOp:
        """Adds a finished operation."""
        self.ops.append(op)
        return op

    def add(self, kind: type[Op], *operands: Value, **attributes: Any) -> Value:
        """Makes an operation with one result and returns that."""
        return self.append(kind(operands=operands, location=self.location, **attributes)).result

    def build(self) -> Program:
        """The finished program."""
        return Program(self.name, self.level, self.max_clients, tuple(self.ops), dict(self.circuits))
