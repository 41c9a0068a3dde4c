"""What the kernels that evaluate circuits have in common: several results, and a file with the circuit."""

from __future__ import annotations

from ezprivsecfl.backends.duet.kernels.member import MemberKernel, Scope, value_type
from ezprivsecfl.ir.circuits.circuit import Circuit
from ezprivsecfl.ir.mpc import protocol


class CircuitKernel(MemberKernel[protocol.Circuit]):
    """Evaluates a circuit for every element."""

    operation = protocol.Circuit
    member = "circuit"
    more_headers = ("duet/circuit.h",)

    @property
    def circuit(self) -> Circuit:
        """The circuit."""
        return self.program.circuits[self.op.circuit]

    def loaded(self, scope: Scope) -> str:
        """The circuit, read from its file."""
        return f'Circuit::load(CIRCUITS_DIR "/{scope.circuits[self.op.circuit]}")'

    def given(self, scope: Scope) -> str:
        """All operands as one list."""
        return f"{{{', '.join(scope.values[o] for o in self.op.operands)}}}"

    def results(self, scope: Scope, expression: str) -> list[str]:
        """Takes all results apart."""
        kind, everything = value_type(self.op.results[0]), f"results_of_{scope.member}"
        return [
            f"const std::vector<{kind}> {everything} = {expression};",
            *(f"const {kind}& {scope.values[r]} = {everything}[{r.index}];" for r in self.op.results),
        ]
