"""The compile report: what is computed, who learns what, how precisely, and what it costs."""

from __future__ import annotations

import html
from dataclasses import dataclass

from ezprivsecfl.backends.duet.description import CostTable, cost
from ezprivsecfl.compiler.analyses.leakage import leakage
from ezprivsecfl.compiler.passes.relu import approximations
from ezprivsecfl.compiler.passes.simplify import Simplify
from ezprivsecfl.compiler.pipeline import Compiled
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.types import shape_text


@dataclass(frozen=True)
class Report:
    """A compiled program, explained; ``str`` gives text, a notebook shows HTML."""

    compiled: Compiled

    @property
    def and_gates(self) -> dict[str, int]:
        """AND gates per garbled circuit; a circuit is evaluated once per element."""
        return {name: circuit.and_count for name, circuit in self.compiled.secure.circuits.items()}

    def cost(self, clients: int | None = None) -> CostTable:
        """Expected traffic for a number of clients (by default the largest)."""
        return cost(self.compiled.secure, clients or self.compiled.options.clients)

    def sections(self) -> list[tuple[str, list[str]]]:
        """Titles and lines."""
        secure, clients = self.compiled.secure, self.compiled.options.clients
        computed = [
            f"{len(self.compiled.optimised.ops)} tensor operations, {len(secure.ops)} secure ones, "
            f"for 2 to {clients} clients"
        ]
        precision = [
            f"{op.path} {shape_text(op.type.shape)}: |x| < {op.bound:g}, {op.type.frac} fractional bits"
            for op in secure.of(io.Share)
        ]
        degree = self.compiled.options.relu.partition(":")[2]
        precision += [
            f"ReLU ({where}): polynomial of degree {degree} on [-{bound:g}, {bound:g}], worst error {error:.3g}"
            for where, bound, error in approximations(Simplify().run(self.compiled.tensor), self.compiled.options.relu)
        ]
        circuits = [
            f"{op.circuit}: {secure.circuits[op.circuit].and_count} AND gates, "
            f"once per element of {shape_text(op.operands[0].type.shape)}"
            for op in secure.of(protocol.Circuit)
        ] or ["none"]
        table = self.cost()
        traffic = [
            f"setup {_megabytes(sum(table.setup_bytes))}, online {_megabytes(sum(table.online_bytes))} "
            f"(both directions together, {clients} clients), {table.rounds} rounds online"
        ]
        return [
            ("Computes", computed),
            ("Who learns what", leakage(self.compiled).lines()),
            ("Precision", precision),
            ("Garbled circuits", circuits),
            ("Expected traffic", traffic),
        ]

    def __str__(self) -> str:
        lines = [self.compiled.name]
        for title, body in self.sections():
            lines.append(f"  {title}")
            lines += [f"    {line}" for line in body]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<h4>{html.escape(self.compiled.name)}</h4>"]
        for title, body in self.sections():
            items = "".join(f"<li>{html.escape(line)}</li>" for line in body)
            parts.append(f"<b>{html.escape(title)}</b><ul>{items}</ul>")
        return "".join(parts)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
