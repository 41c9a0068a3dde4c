"""Lowers the secure part of a tensor program to the mpc level."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ezprivsecfl.compiler.analyses.client_axes import client_axes
from ezprivsecfl.compiler.analyses.norms import is_sketched
from ezprivsecfl.compiler.analyses.signs import non_negative
from ezprivsecfl.compiler.analyses.squares import is_row_times_itself
from ezprivsecfl.compiler.analyses.stages import Stages, hiding_path, unrepeated
from ezprivsecfl.compiler.compiled import Lost
from ezprivsecfl.compiler.lowering.checks import Checks
from ezprivsecfl.compiler.lowering.domains import ROOM, Domains, Strategy
from ezprivsecfl.compiler.lowering.formats import in_one_format
from ezprivsecfl.compiler.lowering.lost_places import lost_places
from ezprivsecfl.compiler.lowering.products import entrywise_product, matrix_product, squares, squares_of_rows
from ezprivsecfl.compiler.lowering.proved import proved_product
from ezprivsecfl.compiler.lowering.region_circuits import Incoming, RegionCircuit, build_circuit
from ezprivsecfl.compiler.lowering.regions import Region, find_regions
from ezprivsecfl.compiler.lowering.scales import Scales
from ezprivsecfl.compiler.lowering.shapes import broadcast, ranked, reshaped
from ezprivsecfl.ir.mpc import KEPT, io, linear, protocol, sketch, structure
from ezprivsecfl.ir.mpc.fixed_point import encode
from ezprivsecfl.ir.mpc.noise import LEAST_DEVIATION, AddNoise
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import drop_unused
from ezprivsecfl.ir.structural import StructuralOp
from ezprivsecfl.ir.tensor import Constant, Input, TensorOp
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.noise import Noised
from ezprivsecfl.ir.tensor.values import tensor_op, tensor_type
from ezprivsecfl.ir.types import (
    ArithType,
    FixedFormat,
    MaskedType,
    RingType,
    Shape,
    YaoType,
)


@dataclass(frozen=True)
class Lowered:
    """The secure part on the mpc level.

    Args:
        program: The mpc program.
        publics: By path of its ``public`` operations what the prologue has to compute; one value may have several
            paths, one for each number of fractional bits that it is needed with.
        holders: For values of the tensor program those of the mpc program that hold them, in the same shape: as wires,
            as shares, or both. A value that only exists inside a circuit has none.
        lost: What truncation loses.
    """

    program: Program
    publics: Mapping[str, Value]
    holders: Mapping[Value, tuple[Value, ...]]
    lost: Lost


def lower(stages: Stages, domains: Domains, scales: Scales) -> Lowered:
    """Lowers the secure part."""
    lowering = _Lowering(stages, domains, scales)
    program = lowering.run()
    kept = {result for op in program.ops for result in op.results}
    holders: dict[Value, tuple[Value, ...]] = {}
    for value, holder in (*lowering.wires.items(), *lowering.shares.items()):
        if holder in kept:
            holders[value] = (*holders.get(value, ()), holder)
    return Lowered(program, lowering.publics, holders, lost_places(stages, domains, scales))


@dataclass
class _Lowering:
    stages: Stages
    domains: Domains
    scales: Scales
    shares: dict[Value, Value] = field(default_factory=dict)
    entering: dict[Value, Value] = field(default_factory=dict)
    masks: dict[Value, Value] = field(default_factory=dict)
    wires: dict[Value, Value] = field(default_factory=dict)
    rings: dict[tuple[Value, int], Value] = field(default_factory=dict)
    publics: dict[str, Value] = field(default_factory=dict)
    coins: Value | None = None

    def __post_init__(self) -> None:
        program = self.stages.program
        self.non_negative = non_negative(program)
        self.owners = client_axes(program)
        self.b = ProgramBuilder(program.name, Level.MPC, program.max_clients)
        self.checks = Checks(self.b, self.scales.ranges.clients)

    def run(self) -> Program:
        regions, depth = find_regions(self.stages.secure, self.domains)
        for level in range(max(depth.values(), default=0) + 1):
            for region in regions:
                if region.depth == level:
                    self._region(region)
            for op in self.stages.secure:
                if depth[op] == level and self.domains.strategy[op] is not Strategy.CIRCUIT:
                    assert isinstance(op, TensorOp)
                    with self.b.at(op.location):
                        self._op(op)
        self.checks.finish()
        for value, path in self.stages.opened.items():
            with self.b.at(value.op.location):
                shares = self._shared(value)
                opened = self.b.add(
                    protocol.Open,
                    shares,
                    significant=self.stages.significant(value),
                    highest=self.scales.magnitudes.highest(value, _frac(shares)) or ROOM,
                )
                hidden = hiding_path(path) if self.stages.hides(value) else None
                self.b.append(io.Output(operands=(opened,), path=path, hidden=hidden, location=value.op.location))
        return drop_unused(self.b.build(), KEPT)

    # Operations outside circuits.

    def _op(self, op: TensorOp) -> None:
        strategy = self.domains.strategy[op]
        value = op.result
        if strategy is Strategy.SHARE:
            assert isinstance(op, Input)
            assert op.bound is not None
            type_ = ArithType(op.type.shape, self.scales.frac(value))
            if op.owner is not None:
                self.shares[value] = self.b.add(
                    io.Private, path=op.path, owner=op.owner, bound=op.bound, type=type_, lowest=op.lowest, norm=op.norm
                )
                return
            self.shares[value] = self.b.add(
                io.Share,
                path=op.path,
                bound=op.bound,
                type=type_,
                lowest=op.lowest,
                norm=op.norm,
                vector=op.vector,
                image=op.image,
            )
        elif strategy is Strategy.MOVE:
            self._move(op)
        elif strategy is Strategy.LINEAR:
            self.shares[value] = self._linear(op)
        elif strategy is Strategy.PUBLIC_PRODUCT:
            assert op.on_shares is not None
            self.shares[value] = self.b.add(op.on_shares, *(self._factor(op, o) for o in op.operands))
        elif strategy is Strategy.PRODUCT:
            self.shares[value] = self._matmul(op) if isinstance(op, st.MatMul) else self._product(*op.operands)
        if value in self.scales.rescaled:
            self.entering[value] = self.shares[value]
            self.shares[value] = self._rescaled(value)

    def _move(self, op: TensorOp) -> None:
        if self.domains.needed_in_circuits(op.result):
            wires = self._joined(op) if isinstance(op, st.Concat) else self._moved(op, self.wires[op.operands[0]])
            self.wires[op.result] = wires
        if self.domains.needed_in_shares(op.result, list(self.stages.opened)):
            self.shares[op.result] = self._linear(op)

    def _joined(self, op: st.Concat) -> Value:
        """Wires of several values side by side in one format; what is public or on shares becomes wires here."""
        parts = [self._wires(op, o, o.type.shape) for o in op.operands]
        return self.b.add(structure.Concat, *in_one_format(self.b, parts), axis=op.axis)

    def _moved(self, op: TensorOp, operand: Value) -> Value:
        """An operation on one operand, on shares or wires."""
        if op.on_shares is None:
            return operand
        if isinstance(op, st.Reshape):
            return reshaped(self.b, operand, op.shape)
        return self.b.add(op.on_shares, operand, **op.attributes())

    def _linear(self, op: TensorOp) -> Value:
        if isinstance(op, Noised):
            return self._noised(op)
        if len(op.operands) == 1:
            return self._moved(op, self._shared(op.operands[0]))
        assert op.on_shares is not None
        frac = self.scales.raw_frac(op.result)
        aligned = [self._aligned(op, o, frac) for o in op.operands]
        return self.b.add(op.on_shares, *aligned, **op.attributes())

    def _noised(self, op: Noised) -> Value:
        """Noise on the grid of the result, which is as fine as that of the value: no place of that is without noise."""
        value, deviation = op.operands
        frac = self.scales.raw_frac(op.result)
        shares = self._aligned(op, value, frac)
        return self.b.add(AddNoise, shares, self._deviation(deviation, frac), **op.attributes())

    def _deviation(self, value: Value, frac: int) -> Value:
        """A standard deviation in units of the last place; of a constant there are enough (``Scales``)."""
        if value in self.stages.public:
            return self._public(value, frac, least=LEAST_DEVIATION * 2.0**-frac)
        assert isinstance(value.op, Constant)
        return self.b.add(io.Constant, value=encode(value.op.value, frac), frac=frac)

    def _aligned(self, op: Op, value: Value, frac: int) -> Value:
        """A secret or public operand with ``frac`` fractional bits."""
        if not tensor_type(value).is_secret:
            return self._public_shares(value, frac) if isinstance(op, st.Concat) else self._ring(value, frac)
        shares = self._shared(value)
        missing = frac - _frac(shares)
        return self.b.add(linear.Widen, shares, bits=missing) if missing else shares

    def _public_shares(self, value: Value, frac: int) -> Value:
        """A public value as shares; it is repeated for every client here, since the prologue does not know them."""
        once, shape = unrepeated(value), value.type.shape
        shares = self.b.add(linear.AsShares, self._ring(once, frac))
        return broadcast(self.b, ranked(self.b, shares, len(shape)), shape)

    def _factor(self, op: Op, value: Value) -> Value:
        if tensor_type(value).is_secret:
            return self._shared(value)
        return self._ring(value, self.scales.public_frac(op, value))

    def _matmul(self, op: Op) -> Value:
        """A matrix product of two shared values; of a row with itself, a sum of squares."""
        norms = self.scales.ranges.norms
        if norms.sums is not None and is_sketched(op, norms):
            return self._sketched_squares(op, norms.sums)
        shape = op.result.type.shape
        first, second = op.operands
        squares = is_row_times_itself(op)
        if first.type.shape[-2:-1] == second.type.shape[-1:] == (1,):
            proved = proved_product(self.b, self._shared(first), self._shared(first if squares else second), shape)
            if proved is not None:
                return proved
        if squares:
            return squares_of_rows(self.b, self._masked(first), shape)
        return matrix_product(self.b, self._masked(first), self._masked(second), shape)

    def _sketched_squares(self, op: Op, sums: int) -> Value:
        """Sums of squares, estimated from a few random sums; all sketches of a round use the same coins."""
        if self.coins is None:
            self.coins = self.b.add(sketch.Coins)
        rows = self._shared(op.operands[0])
        shape = rows.type.shape
        sketched = self.b.add(sketch.Sketch, reshaped(self.b, rows, (*shape[:-2], shape[-1])), self.coins, sums=sums)
        squares = self.b.add(protocol.SquareSum, self.b.add(protocol.Mask, sketched))
        return reshaped(self.b, squares, op.result.type.shape)

    def _product(self, x: Value, y: Value) -> Value:
        """An element-wise product of two shared values."""
        a, b = self._masked(x), self._masked(y)
        return squares(self.b, a) if x is y else entrywise_product(self.b, a, b)

    def _rescaled(self, value: Value) -> Value:
        """Fewer fractional bits."""
        shares = self.shares[value]
        dropped = _frac(shares) - self.scales.frac(value)
        if dropped <= 0:
            return self.b.add(linear.Widen, shares, bits=-dropped) if dropped else shares
        return self.b.add(protocol.Truncate, shares, bits=dropped)

    # Circuits.

    def _region(self, region: Region) -> None:
        location = region.ops[0].location
        with self.b.at(location):
            built = build_circuit(
                region, self.domains, self.scales, list(self.stages.opened), self.owners, self._format
            )
            name = self._unused_name(region.name)
            self.b.circuits[name] = built.circuit
            inputs = [self._wires(op, value, region.shape) for op, value in built.inputs]
            outputs = self.b.append(
                protocol.Circuit(operands=tuple(inputs), circuit=name, formats=built.formats, location=location)
            ).results
        self._take_outputs(built, outputs)

    def _unused_name(self, name: str) -> str:
        numbered = (f"{name}_{i}" for i in itertools.count(2))
        return next(n for n in itertools.chain([name], numbered) if n not in self.b.circuits)

    def _take_outputs(self, built: RegionCircuit, outputs: tuple[Value, ...]) -> None:
        for value, index in built.wires.items():
            self.wires[value] = outputs[index]
        for value, index in built.shared.items():
            with self.b.at(value.op.location):
                self.shares[value] = self.b.add(protocol.FromYao, outputs[index])
        for flag in built.invalid:
            with self.b.at(next(iter(flag.places))):
                self.checks.add(self.b.add(protocol.FromYao, outputs[flag.output]), flag.places, flag.along)

    def _format(self, op: Op, value: Value) -> Incoming:
        """How a value from outside a region comes in."""
        if value in self.wires:
            type_ = self.wires[value].type
            assert isinstance(type_, YaoType)
            return Incoming(type_, self._constant_bits(self.wires[value]))
        frac = self._incoming_frac(op, value)
        width = self.scales.entering_width(value, frac)
        sign = False if value in self.non_negative else None
        return Incoming(YaoType(value.type.shape, FixedFormat(width, frac)), (*(None,) * (width - 1), sign))

    def _constant_bits(self, value: Value) -> tuple[bool | None, ...]:
        """What is known of a value's wires from the circuits that it comes out of."""
        assert isinstance(value.type, YaoType)
        if isinstance(value.op, StructuralOp):
            return self._constant_bits(value.op.operands[0])
        if isinstance(value.op, protocol.Circuit):
            return self.b.circuits[value.op.circuit].constant_bits(value.op.results.index(value))
        return (None,) * value.type.format.width

    def _incoming_frac(self, op: Op, value: Value) -> int:
        secret = tensor_type(value).is_secret
        return self.scales.entering_frac(value) if secret else self.scales.public_frac(op, value)

    def _wires(self, op: Op, value: Value, shape: Shape) -> Value:
        """Garbled wires of a region's input, with the region's shape."""
        if value in self.wires:
            wires = self.wires[value]
        else:
            secret, frac = tensor_type(value).is_secret, self._incoming_frac(op, value)
            entering = self._entering(value) if secret else self._ring(unrepeated(value), frac)
            wires = self.b.add(protocol.ToYao, entering, width=self.scales.entering_width(value, frac))
            if secret:
                self.wires[value] = wires
        return broadcast(self.b, ranked(self.b, wires, len(shape)), shape)

    # Values in the form an operation needs.

    def _shared(self, value: Value) -> Value:
        return self.shares[value]

    def _entering(self, value: Value) -> Value:
        """The shares that enter circuits: those from before a rescaling."""
        if value not in self.entering:
            op, entering = tensor_op(value), self._shared(value)
            if isinstance(op, st.Move):
                below = self._entering(op.operands[0])
                entering = entering if below is self._shared(op.operands[0]) else self._moved(op, below)
            self.entering[value] = entering
        return self.entering[value]

    def _masked(self, value: Value) -> Value:
        """The value in ABY2.0 form; one mask serves all views of a value."""
        if value not in self.masks:
            op = tensor_op(value)
            if isinstance(op, st.View) and value not in self.scales.rescaled:
                self.masks[value] = self._moved(op, self._masked(op.operands[0]))
            else:
                self.masks[value] = self.b.add(protocol.Mask, self._shared(value))
        return self.masks[value]

    def _ring(self, value: Value, frac: int) -> Value:
        """A public value in fixed point: a constant, or computed by the prologue; repeated here, not there."""
        if (once := unrepeated(value)) is not value:
            return broadcast(self.b, ranked(self.b, self._ring(once, frac), len(value.type.shape)), value.type.shape)
        if (value, frac) not in self.rings:
            op = value.op
            with self.b.at(op.location):
                if isinstance(op, Constant) and value not in self.stages.public:
                    ring = self.b.add(io.Constant, value=encode(op.value, frac), frac=frac)
                else:
                    ring = self._public(value, frac)
            self.rings[value, frac] = ring
        return self.rings[value, frac]

    def _public(self, value: Value, frac: int, least: float = 0.0) -> Value:
        """A public value that the prologue computes; ``least`` as ``Public`` has it."""
        path = self.stages.public[value]
        others = sum(v is value for v in self.publics.values())
        path += f"_{others}" if others else ""
        self.publics[path] = value
        bound = _above(self.scales.magnitudes.largest(value))
        return self.b.add(io.Public, path=path, bound=bound, type=RingType(value.type.shape, frac), least=least)


def _frac(value: Value) -> int:
    assert isinstance(value.type, ArithType | MaskedType | RingType)
    return value.type.frac


def _above(magnitude: float) -> float:
    """What a public value stays below: its magnitude, and room for the rounding of float64; of 0, every other number.

    No more than that: of values without a bound the magnitude is a working range, which only the encoder checks.
    """
    return magnitude * (1 + 2.0**-20) if magnitude > 0 else math.ulp(0.0)
