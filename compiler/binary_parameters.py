"""Parameters of which a user says that every client's entries are 0 or 1, or one-hot vectors."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.compiler.by_parameter import ByParameter, covers
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import CLIENTS_DIM


class BinaryParameters(ByParameter[bool]):
    """Declared to be binary: entries are 0 or 1; and whether exactly one of every vector is 1.

    The vectors of a parameter are what lies along its last axis.
    """

    @classmethod
    def of(cls, binary: Sequence[str], one_hot: Sequence[str]) -> BinaryParameters:
        """As a user declares them, by paths; vectors that are one-hot are binary, too.

        Raises:
            CompileError: Either is no list of paths.
        """
        for option, given in (("binary", binary), ("one_hot", one_hot)):
            if isinstance(given, str) or not all(isinstance(path, str) for path in given):
                raise CompileError(f"{option}={given!r}: expected a list of parameters, such as {option}=['votes']")
        return cls({**dict.fromkeys(binary, False), **dict.fromkeys(one_hot, True)})

    def option(self, key: str) -> str:
        """The stronger one, where both are given."""
        return "--one-hot" if self.by_key[key] else "--binary"

    def check(self, program: Program) -> None:
        """Raises CompileError for a declaration that applies to no parameter, or to one that cannot be so."""
        inputs = program.of(Input)
        for key, one_hot in self.by_key.items():
            said = f"{self.option(key)} {key}".rstrip()
            covered = [op for op in inputs if covers(key, op)]
            if not covered:
                known = ", ".join(sorted(op.path for op in inputs if op.placement is Placement.CLIENTS))
                raise CompileError(f"{said} names no parameter of {program.name}; its clients have {known}")
            for op in covered:
                if op.placement is not Placement.CLIENTS:
                    raise CompileError(f"{said}: {op.path} is the server's, and this is what clients prove")
                if one_hot and self.of_input(op) and op.type.shape[-1] in (CLIENTS_DIM, 0):
                    raise CompileError(
                        f"{said}: {op.path} has no vectors: at a client it has the shape {list(op.type.shape[1:])}. "
                        "--binary says that numbers are 0 or 1"
                    )
