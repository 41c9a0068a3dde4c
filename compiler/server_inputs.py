"""Which SERVER-placed parameters are private, and who knows them."""

from __future__ import annotations

from collections.abc import Mapping

from ezprivsecfl.compiler.by_parameter import ByParameter, covers
from ezprivsecfl.compiler.choices import PUBLIC
from ezprivsecfl.compiler.grammar import check_owner
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement


class ServerInputs(ByParameter[Owner | None]):
    """Declared owners; None: public, which is also what parameters are that nothing is declared of."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> ServerInputs:
        """As a user of the API declares them, by paths; raises CompileError for anything else."""
        if not isinstance(given, Mapping):
            raise CompileError(f"server_inputs={given!r}: expected a mapping, such as {{'root_update': 'server0'}}")
        return cls({key: _owner(key, choice, f"server_inputs[{key!r}]") for key, choice in given.items()})

    def option(self, key: str) -> str:
        """There is only one."""
        return "--server-input"

    def owner(self, path: str) -> Owner | None:
        """Who alone knows an input of the server, given by its path; None: it is public."""
        key = max((key for key in self.by_key if path == key or path.startswith(f"{key}/")), key=len, default=None)
        return None if key is None else self.by_key[key]

    def check(self, program: Program) -> None:
        """Raises CompileError for a declaration of what is no tensor of the server, or that the program contradicts."""
        inputs = program.of(Input)
        for key in self.by_key:
            covered = [op for op in inputs if covers(key, op)]
            if not covered:
                known = ", ".join(sorted(op.path for op in inputs if op.placement is Placement.SERVER)) or "none"
                raise CompileError(
                    f"--server-input {key}: {program.name} takes no such tensor from the server; it takes {known}"
                )
            for op in covered:
                if op.placement is Placement.CLIENTS:
                    raise CompileError(
                        f"--server-input {key}: {op.path} is the clients', which is secret in any case; this is about "
                        "parameters of the server"
                    )
                if op.owner is not self.owner(op.path):
                    raise CompileError(
                        f"--server-input {key}: the program's text says who knows {op.path} (owner = ...): change that"
                    )


def _owner(key: str, choice: object, said: str) -> Owner | None:
    check_owner(key, choice, said)
    return None if choice == PUBLIC else Owner(str(choice))
