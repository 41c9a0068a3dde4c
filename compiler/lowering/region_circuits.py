"""Builds the circuit of a region: the circuits of its operations, with what comes in and what leaves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ezprivsecfl.compiler.analyses.client_axes import Along, Owner
from ezprivsecfl.compiler.lowering.domains import Domains
from ezprivsecfl.compiler.lowering.regions import Region
from ezprivsecfl.compiler.lowering.scales import Scales
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.circuits.builder import Circuit, CircuitBuilder
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, bit
from ezprivsecfl.ir.tensor.values import constant_value, tensor_op, tensor_type
from ezprivsecfl.ir.types import DType, FixedFormat, WireFormat, YaoType


class Incoming(NamedTuple):
    """A value from outside a region: its type, and per wire its value if that is always the same."""

    type: YaoType
    constants: tuple[bool | None, ...]


@dataclass(frozen=True)
class Flag:
    """An output of a circuit that says "not a finite number".

    Args:
        output: The output's index.
        places: Where in the program that may come from, each with the largest magnitude that a number has there.
        along: Which clients are to blame, each for its own elements; None if all are together.
    """

    output: int
    places: dict[Location, float]
    along: Along | None


@dataclass
class RegionCircuit:
    """A region's circuit and what its inputs and outputs are.

    Args:
        circuit: The circuit.
        inputs: Per circuit input the value and the operation that takes it.
        formats: Per circuit output its meaning.
        wires: Values that other circuits take, with the output's index.
        shared: Values needed as arithmetic shares, with the output's index.
        invalid: What says that values are not finite, or beyond their ranges: one flag for all places whose elements
            are clients' along an axis, and one for each other place.
    """

    circuit: Circuit
    inputs: list[tuple[Op, Value]]
    formats: tuple[WireFormat, ...]
    wires: dict[Value, int]
    shared: dict[Value, int]
    invalid: list[Flag]


def build_circuit(
    region: Region,
    domains: Domains,
    scales: Scales,
    opened: Sequence[Value],
    owners: Mapping[Value, Owner],
    incoming: Callable[[Op, Value], Incoming],
) -> RegionCircuit:
    """The circuit of a region; ``incoming`` tells in which form a value from outside comes in."""
    return _Build(region, domains, scales, opened, owners, incoming).run()


@dataclass
class _Build:
    region: Region
    domains: Domains
    scales: Scales
    opened: Sequence[Value]
    owners: Mapping[Value, Owner]
    incoming: Callable[[Op, Value], Incoming]
    values: dict[Value, Bundle] = field(default_factory=dict)
    inputs: list[tuple[Op, Value]] = field(default_factory=list)
    formats: list[WireFormat] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.b = CircuitBuilder()
        self.gates = Gates(self.b)

    def run(self) -> RegionCircuit:
        wires: dict[Value, int] = {}
        shared: dict[Value, int] = {}
        flags: dict[tuple[Along | None, Location], int] = {}
        places: dict[tuple[Along | None, Location], float] = {}

        def note(culprit: Op, value: Value, invalid: int) -> None:
            where = Location(culprit.location.file, culprit.location.line, culprit.location.op or culprit.name)
            owner = self.owners.get(value)
            key = (owner if isinstance(owner, Along) and owner.is_known else None), where
            before = flags.get(key)
            flags[key] = invalid if before is None else self.b.or_(before, invalid)
            places[key] = max(self.scales.magnitudes.largest(value), places.get(key, 0.0))

        for op in self.region.ops:
            operands = [self._operand(op, o) for o in op.operands]
            self.values[op.result] = tensor_op(op.result).on_wires(self.gates, operands)
            while self.gates.invalid:
                note(op, op.result, self.gates.invalid.pop())
        for op in self.region.ops:
            value = op.result
            if any(user not in self.region.ops for user in self.domains.needed_in_circuits(value)):
                wires[value] = self._output(self.values[value])
            if self.domains.needed_in_shares(value, self.opened):
                frac = self.scales.frac(value)
                highest = self.scales.magnitudes.highest_leaving(value, frac)
                bundle, invalid = self.gates.shared(self.values[value], frac, highest)
                shared[value] = self._output(bundle)
                if invalid is not None:
                    note(_partial(value, self.domains) or value.op, value, invalid)
        invalid_outputs = self._grouped(flags, places)
        circuit = self.b.build()
        return RegionCircuit(circuit, self.inputs, tuple(self.formats), wires, shared, invalid_outputs)

    def _grouped(
        self, flags: Mapping[tuple[Along | None, Location], int], places: Mapping[tuple[Along | None, Location], float]
    ) -> list[Flag]:
        """One flag for all places where clients along an axis are to blame, and one for each other place."""
        found = [self._flag(f, {key[1]: places[key]}, None) for key, f in flags.items() if key[0] is None]
        for along in dict.fromkeys(along for along, _ in flags if along is not None):
            blamed = [key for key in flags if key[0] == along]
            flag = functools.reduce(self.b.or_, (flags[key] for key in blamed))
            found.append(self._flag(flag, {key[1]: places[key] for key in blamed}, along))
        return found

    def _flag(self, flag: int, places: dict[Location, float], along: Along | None) -> Flag:
        return Flag(self._output(Bundle(FixedFormat(2, 0), (flag, self.b.constant(False)))), places, along)

    def _operand(self, op: Op, value: Value) -> Bundle:
        """Wires of an operand: computed in this region, a constant, or a new circuit input."""
        if value not in self.values:
            constant = constant_value(value)
            boolean = tensor_type(value).dtype is DType.BOOL
            if constant is not None:
                self.values[value] = self.gates.constant(constant, boolean=boolean)
            else:
                incoming = self.incoming(op, value)
                format_ = incoming.type.format
                known = [None if c is None else self.b.constant(c) for c in incoming.constants]
                inputs = self.b.input(format_.width)
                wires = tuple(i if k is None else k for i, k in zip(inputs, known, strict=True))
                self.inputs.append((op, value))
                is_bit = boolean and isinstance(format_, FixedFormat)
                self.values[value] = bit(wires[0]) if is_bit else Bundle(format_, wires)
        return self.values[value]

    def _output(self, bundle: Bundle) -> int:
        self.b.output(bundle.wires)
        self.formats.append(bundle.format)
        return len(self.formats) - 1


def _partial(value: Value, domains: Domains) -> Op | None:
    """The nearest operation above that may have produced an infinity or NaN."""
    seen: set[Value] = set()
    stack = [value]
    while stack:
        one = stack.pop()
        if one in seen or not domains.is_in_circuit(one):
            continue
        seen.add(one)
        if tensor_op(one).partial:
            return one.op
        stack += [o for o in reversed(one.op.operands) if tensor_type(o).is_secret]
    return None
