"""The compile report: what is computed, who learns what, how precisely, and what it costs."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from functools import cached_property

from ezprivsecfl.backends.base import Backend
from ezprivsecfl.compiler.analyses.leakage import leakage
from ezprivsecfl.compiler.analyses.norms import CONFIDENCE, Norms
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import CLASS_FACTOR, FIXED, Bound
from ezprivsecfl.compiler.passes.relu import approximations
from ezprivsecfl.compiler.passes.simplify import Simplify
from ezprivsecfl.ir.mpc import io, protocol, sketch
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.types import CLIENTS_DIM, BooleanType, DType, RingType, TensorType, Type, resolve, shape_text


@dataclass(frozen=True)
class Report:
    """A compiled program, explained; ``str`` gives text, a notebook shows HTML.

    Args:
        compiled: The program.
        backend: Where it will run: that decides what it sends.
    """

    compiled: Compiled
    backend: Backend

    @property
    def and_gates(self) -> dict[str, int]:
        """AND gates per circuit; a circuit is evaluated once per element."""
        return {name: circuit.and_count for name, circuit in self.secure.circuits.items()}

    @cached_property
    def secure(self) -> Program:
        """The program on shares as the back end computes it."""
        return self.backend.secure(self.compiled)

    def sections(self) -> list[tuple[str, list[str]]]:
        """Titles and lines."""
        clients = self.compiled.options.clients
        return [
            ("Computes", self._computed()),
            ("Who learns what", [*leakage(self.compiled).lines(), *self._magnitudes()]),
            ("Precision", self._precision()),
            ("Boolean circuits", self._circuits()),
            (f"Expected traffic of a round of {clients} clients", self.backend.traffic(self.compiled)),
        ]

    def _computed(self) -> list[str]:
        inputs = self.compiled.tensor.of(Input)
        from_clients = [_typed(op.path, op.type) for op in inputs if op.placement is Placement.CLIENTS]
        from_server = [_typed(op.path, op.type) for op in inputs if op.placement is Placement.SERVER]
        results = [_typed(op.path, op.operands[0].type) for op in self.compiled.tensor.of(Output)]
        tensor, secure = len(self.compiled.optimised.ops), len(self.compiled.secure.ops)
        options = self.compiled.options
        return [
            f"From each of {options.min_clients} to {options.clients} clients: {', '.join(from_clients)}",
            *([f"From the server: {', '.join(from_server)}"] if from_server else []),
            f"Results: {', '.join(results)}",
            f"{tensor} tensor operations; {secure} operations on shares, garbled and public values",
        ]

    def _magnitudes(self) -> list[str]:
        """What the clients declare so that formats can follow it."""
        if self.compiled.options.scale == FIXED:
            return []
        numbers = [
            op.path
            for op in self.compiled.tensor.of(Input)
            if op.placement is Placement.CLIENTS and op.type.dtype is not DType.BOOL
        ]
        return (
            [
                f"Both servers learn, for every parameter ({', '.join(numbers)}), the magnitude class (a factor of "
                f"{CLASS_FACTOR:g}) of the largest entry over all clients of the round, and whether all its entries "
                f"are non-negative; with --scale {FIXED} clients declare nothing"
            ]
            if numbers
            else []
        )

    def _precision(self) -> list[str]:
        secure, relu = self.compiled.secure, self.compiled.options.relu
        norms = Norms.parse(self.compiled.options.norms)
        lines = [
            f"{op.path} {shape_text(op.type.shape)}: {Bound(op.bound, op.lowest)}, {op.type.frac} fractional bits"
            for op in secure.of(io.Share)
        ]
        lines += [
            f"opened for {' and '.join(o.results)}: {o.type.frac} fractional bits"
            for o in leakage(self.compiled).opened
            if isinstance(o.type, RingType)
        ]
        lines += self._sketches(norms)
        degree = relu.partition(":")[2]
        return lines + [
            f"ReLU ({where}): polynomial of degree {degree} on [-{bound:g}, {bound:g}], worst error {error:.3g}"
            for where, bound, error in approximations(Simplify().run(self.compiled.tensor), relu, norms)
        ]

    def _sketches(self, norms: Norms) -> list[str]:
        sketches = self.compiled.secure.of(sketch.Sketch)
        if norms.sums is None:
            return []
        if not sketches:
            return [f"squared norms: all exact, since none is of more than {norms.sums} secret values"]
        return [
            *(
                f"squared norms ({op.location}) of {shape_text(op.operands[0].type.shape)}: sketched to {op.sums} "
                f"sums; relative error at most {norms.error():.3g} with probability {CONFIDENCE:.0%} each (deviation "
                f"{norms.deviation():.3g}), that of norms about half of it"
                for op in sketches
            ),
            "what goes into which sum is random, public, and drawn after the clients have uploaded",
        ]

    def _circuits(self) -> list[str]:
        clients = self.compiled.options.clients
        lines, total = [], 0
        for op in self.secure.of(protocol.Circuit):
            circuit, type_ = self.secure.circuits[op.circuit], op.operands[0].type
            often = f"once per element of {shape_text(type_.shape)}" if type_.shape else "once"
            how = f"on Boolean shares in {circuit.depth} layers" if isinstance(type_, BooleanType) else "garbled"
            lines.append(f"{op.circuit}: {circuit.and_count} AND gates, {often}, {how}")
            total += circuit.and_count * math.prod(resolve(type_.shape, clients))
        if not lines:
            return ["none"]
        return [*lines, f"in all {total} AND gates in a round of {clients} clients"]

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


def _typed(path: str, type_: Type) -> str:
    """A parameter or result with its type at one client, or at the server."""
    assert isinstance(type_, TensorType)
    shape = tuple(d for d in type_.shape if d != CLIENTS_DIM)
    return f"{path} {type_.dtype.value}{shape_text(shape) if shape else ''}"
