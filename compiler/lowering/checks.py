"""What is opened before any result: whether values are numbers, and within the ranges the program was compiled for.

One bit for each client says whether a value of its own is not: then it is dropped, and the round starts anew without
it. A bit for each place where values belong to no single client fails the round; it is set only if no client's is, so
that nothing is learned about a round that is not finished. How often or where something went wrong at a client is
not opened: flags are counted on shares, and circuits say which counts are not zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ezprivsecfl.compiler.analyses.client_axes import Along
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import Circuit, CircuitBuilder
from ezprivsecfl.ir.mpc import io, linear, protocol, structure
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import ProgramBuilder
from ezprivsecfl.ir.types import CLIENTS_DIM, FixedFormat, resolve


@dataclass(frozen=True)
class _Count:
    """Shares of a number of flags that are set, and how many there are at most."""

    value: Value
    most: int

    @property
    def width(self) -> int:
        return self.most.bit_length()


@dataclass
class Checks:
    """Collects flags, and at the end adds to the program what is opened about them.

    Args:
        b: Builds the program.
        clients: The largest number of clients.
    """

    b: ProgramBuilder
    clients: int
    _of_clients: list[_Count] = field(default_factory=list)
    _places: dict[Location, float] = field(default_factory=dict)
    _largest: dict[Location, float] = field(default_factory=dict)
    _of_all: dict[Location, list[_Count]] = field(default_factory=dict)

    def add(self, flags: Value, places: Mapping[Location, float], along: Along | None) -> None:
        """Takes in shares of flags (0 or 1), with the places that they are about and the largest magnitudes there.

        Args:
            flags: One for each element.
            places: The places; one if it is nobody's own.
            along: Whose elements they are about; None if it is nobody's.
        """
        shape = flags.type.shape
        if along is None:
            ((where, largest),) = places.items()
            self._largest[where] = max(largest, self._largest.get(where, 0.0))
            most = math.prod(resolve(shape, self.clients))
            self._of_all.setdefault(where, []).append(_Count(self._summed(flags, range(len(shape))), most))
            return
        others = [axis for axis in range(len(shape)) if axis != along.axis]
        counts = self._of_each(self._summed(flags, others), along.order)
        self._of_clients.append(replace(counts, most=counts.most * math.prod(int(shape[axis]) for axis in others)))
        self._places |= {where: max(size, self._places.get(where, 0.0)) for where, size in places.items()}

    def _of_each(self, counts: Value, order: Sequence[int] | None) -> _Count:
        """Of every client, in order, the sum of the numbers [k] that are its own; with how many these are."""
        (size,) = counts.type.shape
        if order is None:
            return _Count(counts if size == CLIENTS_DIM else self.b.add(structure.Unstack, counts), 1)
        whose = np.eye(self.clients, dtype=np.uint64)[list(order)]
        matrix = self.b.add(io.Constant, value=whose, frac=0)
        row = self.b.add(linear.MatMulPublic, self.b.add(structure.Reshape, counts, shape=(1, size)), matrix)
        each = self.b.add(structure.Reshape, row, shape=(self.clients,))
        return _Count(self.b.add(structure.Unstack, each), int(whose.sum(0).max()))

    def finish(self) -> None:
        """Opens one bit per client, and one for each place that is nobody's own."""
        invalid: list[_Count] = []
        if self._of_clients:
            with self.b.at(next(iter(self._places))):
                counts = self._total(self._of_clients)
                self._open(protocol.CheckClients, self._bits(counts), self._what())
                invalid = [_Count(self._summed(counts.value, [0]), counts.most * self.clients)]
        for where, several in self._of_all.items():
            with self.b.at(where):
                self._open(
                    protocol.CheckZero,
                    self._bits(self._total(several), unless=invalid),
                    where.op + _range(self._largest[where]),
                )

    def _open(self, check: type[protocol.Check], bits: Value, what: str) -> None:
        opened = self.b.add(protocol.Open, bits)
        self.b.append(check(operands=(opened,), what=what, location=self.b.location))

    def _what(self) -> str:
        places = [_described(where, size) for where, size in self._places.items()]
        return places[0] if len(places) == 1 else f"one of {', '.join(places)}"

    def _summed(self, value: Value, axes: Sequence[int]) -> Value:
        return self.b.add(structure.Sum, value, axes=tuple(axes)) if axes else value

    def _total(self, counts: Sequence[_Count]) -> _Count:
        total = counts[0].value
        for count in counts[1:]:
            total = self.b.add(linear.Add, total, count.value)
        return _Count(total, sum(count.most for count in counts))

    def _bits(self, count: _Count, unless: Sequence[_Count] = ()) -> Value:
        """Whether counts are not zero, and those that they do not matter beside all are."""
        if count.most == 1 and not unless:
            return count.value
        counts = (count, *unless)
        name = "_".join(["any", str(count.width), *(f"unless_{other.width}" for other in unless)])
        self.b.circuits.setdefault(name, _any_circuit(count.width, [other.width for other in unless]))
        wires = tuple(self.b.add(protocol.ToYao, c.value, width=c.width) for c in counts)
        found = protocol.Circuit(operands=wires, circuit=name, formats=(FixedFormat(2, 0),), location=self.b.location)
        return self.b.add(protocol.FromYao, self.b.append(found).result)


def _any_circuit(width: int, unless: Sequence[int]) -> Circuit:
    """The number 1 if the first word is not zero and all others are, else 0."""
    b = CircuitBuilder()
    found = words.nonzero(b, b.input(width))
    for other in unless:
        found = b.and_(found, b.inv(words.nonzero(b, b.input(other))))
    b.output((found, b.constant(False)))
    return b.build()


def _described(where: Location, largest: float) -> str:
    place = f"{where.op} at {Path(where.file).name}:{where.line}" if where.line else where.op
    return place + _range(largest)


def _range(largest: float) -> str:
    """The largest magnitude that the program was compiled for."""
    return f" (|x| <= {largest:.3g})" if math.isfinite(largest) else ""
