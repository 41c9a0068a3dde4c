"""Fixed point: how many fractional bits every shared value gets.

Each shared input, each encoded public value and each value that leaves a circuit has a number of fractional bits to
choose; products add them up, sums take the larger. Arithmetic modulo 2^64 is exact, so a value must fit its range only
where its magnitude counts: where it enters a circuit and where it is opened. The choice starts high and takes bits
from the contributor of a violated limit that has most to spare until all limits hold, then gives back what is left.
Nothing is truncated unless the limits cannot hold otherwise.

What a value needs is relative to its bound: so many *significant* bits, counted from the highest bit that it can have.
Fractional bits are therefore negative where bounds are large enough.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ezprivsecfl.compiler.analyses.norms import is_sketched
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.stages import Stages, unrepeated
from ezprivsecfl.compiler.analyses.terms import source
from ezprivsecfl.compiler.lowering.domains import FRACTIONAL_BITS, INPUT_BITS, ROOM, Domains, Strategy
from ezprivsecfl.compiler.lowering.hidden_places import is_only_added_up, most_hidden
from ezprivsecfl.compiler.lowering.level import with_common_factor
from ezprivsecfl.compiler.lowering.magnitudes import Magnitudes, bits_before_point
from ezprivsecfl.compiler.lowering.unproved import unproved
from ezprivsecfl.errors import PrecisionError
from ezprivsecfl.ir.images import Image, most_fractional_bits
from ezprivsecfl.ir.mpc.sketch import SCALE_BITS
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Constant, Input, TensorOp
from ezprivsecfl.ir.tensor.bundles import exact_frac
from ezprivsecfl.ir.tensor.elementwise import Cast
from ezprivsecfl.ir.tensor.noise import Noised
from ezprivsecfl.ir.tensor.ranks import SumOfRanks
from ezprivsecfl.ir.tensor.structure import Move
from ezprivsecfl.ir.tensor.values import tensor_op, tensor_type
from ezprivsecfl.ir.types import NOMINAL_CLIENTS, DType, count, within_client

MOST_INPUT_BITS = 35
"""Significant bits of an input and of a public value at most: what a float32 has, and room for smaller entries."""

NUMBER_BITS = 28
"""The same for a public factor that is one number."""

LOST_BITS = 8
"""Powers of entries there are many times smaller still: so many significant bits fewer will do for them."""

TRUNCATED_ROOM = ROOM - 1
"""Room of a value that is truncated. ``Truncate`` takes raw values below 2^62, which is 2^ROOM.

A magnitude that is a power of two fills its bits, and accumulated rounding may take it above: one bit holds that.
"""


@dataclass
class Variable:
    """Fractional bits to choose, within a minimum and a maximum."""

    value: Value
    bits: int
    minimum: int
    maximum: int

    @property
    def spare(self) -> int:
        """How many could be taken."""
        return self.bits - self.minimum


class SmallProduct(Exception):  # noqa: N818 - no error: another strategy is taken
    """A product of a number per client does not fit the ring: a circuit on normalised numbers can hold it.

    Args:
        op: The product.
    """

    def __init__(self, op: Op) -> None:
        super().__init__(op)
        self.op = op


@dataclass(frozen=True)
class Limit:
    """``frac(value) + magnitude_bits <= room``."""

    value: Value
    magnitude_bits: int
    room: int = ROOM


@dataclass
class Scales:
    """Chooses fractional bits; ``frac[value]`` of every shared value and ``public_frac`` hold the result.

    Args:
        stages: The divided program.
        domains: The strategies of the secure part.
        ranges: Ranges of all values.
        input_bits: How many significant bits inputs have at least.

    Raises:
        SmallProduct: A product is to be computed in a circuit instead.
        PrecisionError: No choice leaves every value enough significant bits; names the operation.
    """

    stages: Stages
    domains: Domains
    ranges: Ranges
    input_bits: int = INPUT_BITS
    variables: dict[tuple[Op | None, Value], Variable] = field(default_factory=dict)
    rescaled: dict[Value, None] = field(default_factory=dict)
    relaxed: set[Value] = field(default_factory=set)
    """Inputs with enough significant bits, but fewer than ``FRACTIONAL_BITS`` after the point."""
    _exact_fracs: dict[Value, int | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.magnitudes = Magnitudes(self.ranges)
        while True:
            self.variables = {}
            limits = self._limits()
            broken = self._reduce(limits)
            if broken is None:
                break
            self._make_room(broken)
        self._grow(limits)
        self._level()

    # What the lowering asks for.

    def frac(self, value: Value) -> int:
        """Fractional bits of a secret value as arithmetic shares."""
        return self._expression(value)[0]

    def raw_frac(self, value: Value) -> int:
        """Fractional bits before a rescaling of this value."""
        return self._raw(value)[0]

    def entering_frac(self, value: Value) -> int:
        """Fractional bits with which a secret value enters circuits: they take it as it was before a rescaling.

        On shares its last places would not matter next to its largest entries, in a root or an inverse they do.
        """
        if value in self.rescaled:
            return self.raw_frac(value)
        return self.entering_frac(value.op.operands[0]) if isinstance(value.op, Move) else self.frac(value)

    def entering_width(self, value: Value, frac: int) -> int:
        """Bits with which a value enters circuits, its sign included.

        Circuits that find ranks take entries as they are declared, modulo a power of two: one that is beyond, though
        its client has proved its norm, counts as one that is not.
        """
        users = self.domains.needed_in_circuits(value)
        if not all(isinstance(op, SumOfRanks) for op in users):
            return self.magnitudes.width(value, frac)
        return self.magnitudes.declared_width(value, frac)

    def public_frac(self, op: Op, value: Value) -> int:
        """Fractional bits of a public operand of an operation."""
        return self._public(op, value)[0]

    # Fractional bits as a function of the variables.

    def _expression(self, value: Value) -> tuple[int, Counter[tuple[Op | None, Value]]]:
        if value in self.rescaled:
            return self._variable(None, value, *self._significant(value, min(20, self.input_bits), 44))
        return self._raw(value)

    def _significant(self, value: Value, fewest: int, most: int) -> tuple[int, int]:
        """The fewest and most fractional bits for a number of significant bits of a value of typical size.

        Raises:
            PrecisionError: The ring has no room for the fewest beside the value's range.
        """
        sizes = self.magnitudes
        largest, typical, lowest = sizes.largest(value), sizes.typical(value), sizes.lowest(value)
        bits = bits_before_point(typical)
        fewest = max(fewest, fewest - LOST_BITS + bits - bits_before_point(lowest))
        room = ROOM - bits_before_point(largest) if math.isfinite(largest) else ROOM
        if fewest - bits > room:
            raise PrecisionError(
                f"{value.op.user_name} does not fit the 64-bit ring: its values lie within {sizes.shown(value)}, "
                f"and to be precise about {lowest:.3g} as well as about {typical:.3g} they need {fewest - bits} "
                f"fractional bits, {fewest - bits - room} more than there are. Bound it or its operands, e.g. with "
                f"tf.clip_by_value.{unproved(value)}",
                [value.op.location],
            )
        return fewest - bits, min(most - bits, room)

    def _raw(self, value: Value) -> tuple[int, Counter[tuple[Op | None, Value]]]:
        op, dtype = tensor_op(value), tensor_type(value).dtype
        strategy = self.domains.strategy[op]
        if strategy is Strategy.SHARE:
            if not dtype.is_float:
                return 0, Counter()
            is_direction = isinstance(op, Input) and op.image is Image.DIRECTION
            by_norm = isinstance(op, Input) and op.norm is not None and not is_direction
            hidden = by_norm and is_only_added_up(value, self.domains)
            bits = min(INPUT_BITS, self.input_bits) if hidden else self.input_bits
            fewest, most = self._significant(value, bits, MOST_INPUT_BITS)
            room = ROOM - bits_before_point(self.magnitudes.largest(value))
            generous = fewest if value in self.relaxed else min(max(fewest, FRACTIONAL_BITS), room)
            most = max(most, min(2 * FRACTIONAL_BITS, room))
            if self.domains.only_ranked(value):  # every bit that is compared costs
                generous = most = self._significant(value, min(INPUT_BITS, self.input_bits), INPUT_BITS)[0]
            if is_direction:
                most = max(generous, min(most, most_fractional_bits(within_client(value.type.shape))))
            elif hidden:
                most = max(fewest, min(most, most_hidden(value, self.stages, self.magnitudes, generous)))
                generous = min(generous, most)
            return self._variable(None, value, generous, most)
        if strategy is Strategy.CIRCUIT and not isinstance(op, SumOfRanks):
            if not dtype.is_float or op.integral.given([tensor_type(o).dtype is DType.BOOL for o in op.operands]):
                return 0, Counter()
            if value in self.domains.inverses:
                # It grows where there is room: what the weights that it is multiplied with need comes first.
                bits = self.domains.inverses[value]
                return self._variable(None, value, bits, ROOM, start=bits)
            return self._variable(None, value, *self._significant(value, min(20, self.input_bits), 50))
        if strategy in (Strategy.PRODUCT, Strategy.PUBLIC_PRODUCT):
            parts = [self._operand(op, o) for o in op.operands]
            sketch = 2 * SCALE_BITS if is_sketched(op, self.ranges.norms) else 0
            return sum(p[0] for p in parts) + sketch, sum((p[1] for p in parts), Counter())
        return max((self._operand(op, o) for o in op.operands), key=lambda p: p[0])

    def _operand(self, op: Op, value: Value) -> tuple[int, Counter[tuple[Op | None, Value]]]:
        return self._expression(value) if tensor_type(value).is_secret else self._public(op, value)

    def _exact_frac(self, value: Value) -> int | None:
        """``_public_exact_frac``, looked for once: a constant may have millions of entries."""
        if value not in self._exact_fracs:
            self._exact_fracs[value] = _public_exact_frac(value)
        return self._exact_fracs[value]

    def _public(self, op: Op, value: Value) -> tuple[int, Counter[tuple[Op | None, Value]]]:
        value = unrepeated(value)
        if not tensor_type(value).dtype.is_float:
            return 0, Counter()
        if isinstance(value.op, Constant) and not np.all(np.isfinite(value.op.value)):
            raise PrecisionError(
                f"{op.user_name} computes with a secret value and {value.op.value[~np.isfinite(value.op.value)][0]}, "
                "such as of a division by the constant 0: only maxima, minima, comparisons and tf.where take that",
                [op.location],
            )
        exact = None if isinstance(op, Noised) else self._exact_frac(value)
        if exact is not None:
            return exact, Counter()
        most = ROOM if self.domains.takes_wires(op) else MOST_INPUT_BITS
        if math.prod(value.type.shape) == 1 and most == MOST_INPUT_BITS:
            most = NUMBER_BITS
        return self._variable(op, value, *self._significant(value, INPUT_BITS, most))

    def _variable(
        self, op: Op | None, value: Value, minimum: int, maximum: int, start: int | None = None
    ) -> tuple[int, Counter[tuple[Op | None, Value]]]:
        key = (op, value)
        if key not in self.variables:
            self.variables[key] = Variable(value, maximum if start is None else start, minimum, maximum)
        return self.variables[key].bits, Counter({key: 1})

    # Limits and the choice.

    def _limits(self) -> list[Limit]:
        counted = list(self.stages.opened)
        for op in self.stages.secure:
            if self.domains.needs_wires(op):
                counted += [o for o in op.operands if tensor_type(o).is_secret and not self.domains.is_in_circuit(o)]
        limits = []
        for value in dict.fromkeys([*counted, *self.rescaled]):
            magnitude = self.magnitudes.largest(value)
            if not math.isfinite(magnitude):
                raise PrecisionError(
                    f"{value.op.user_name} has no bound: it is divided by (or multiplied with the reciprocal of) "
                    "something that may be arbitrarily small. Bound the divisor from below, e.g. with "
                    f"tf.maximum(divisor, 1e-3).{unproved(value)}",
                    [value.op.location],
                )
            limits.append(
                Limit(value, bits_before_point(magnitude), TRUNCATED_ROOM if value in self.rescaled else ROOM)
            )
        return limits

    def _excess(self, limit: Limit) -> int:
        raw = self._raw(limit.value) if limit.value in self.rescaled else self._expression(limit.value)
        excess = raw[0] + limit.magnitude_bits - limit.room
        if limit.value in self.rescaled or not self.domains.is_in_circuit(limit.value):
            return excess
        return max(excess, self._expression(limit.value)[0] + limit.magnitude_bits - limit.room)

    def _contributors(self, limit: Limit) -> Counter[tuple[Op | None, Value]]:
        raw = self._raw(limit.value) if limit.value in self.rescaled else self._expression(limit.value)
        return raw[1]

    def _reduce(self, limits: Iterable[Limit]) -> Limit | None:
        """Takes bits until all limits hold; returns a limit that cannot be made to hold."""
        for limit in limits:
            while self._excess(limit) > 0:
                options = [self.variables[k] for k in self._contributors(limit)]
                options = [v for v in options if v.spare > 0]
                if not options:
                    return limit
                max(options, key=lambda v: v.spare).bits -= 1
        return None

    def _grow(self, limits: list[Limit]) -> None:
        """Gives back bits that no limit needs."""
        growing = True
        while growing:
            growing = False
            for variable in sorted(self.variables.values(), key=lambda v: v.spare):
                if variable.bits < variable.maximum:
                    variable.bits += 1
                    if any(self._excess(limit) > 0 for limit in limits):
                        variable.bits -= 1
                    else:
                        growing = True

    def _level(self) -> None:
        """Takes the bits with which inputs exceed others that have a factor in common, but for those that they need."""
        products = [op for op in self.stages.secure if self.domains.strategy[op] is Strategy.PRODUCT]
        for group in with_common_factor(products):
            variables = [self.variables[None, value] for value in group if (None, value) in self.variables]
            fewest = min((v.bits for v in variables), default=0)
            for variable in variables:
                if fewest >= variable.minimum:
                    variable.bits = fewest

    def _make_room(self, broken: Limit) -> None:
        """Truncates the cheapest product below a broken limit, or has it computed in a circuit if it is small.

        Where there is none, inputs must do with fewer fractional bits. A small product that enters a circuit is always
        computed in one instead: truncated operands would be precise about the largest client only.
        """
        entering = tensor_op(source(broken.value))
        if broken.value not in self.stages.opened and self._fits_circuit(entering):
            raise SmallProduct(entering)
        below = [o for o in broken.value.op.operands if tensor_type(o).is_secret]
        candidates = [v for o in below for v in self._products_below(o, set())]
        if not candidates:
            inputs = {v.value for v in self._below(broken) if isinstance(v.value.op, Input)} - self.relaxed
            if not inputs:
                raise self._refusal(broken)
            self.relaxed |= inputs
            return
        chosen = max(candidates, key=lambda v: (-count(v.type.shape), self._expression(v)[0]))
        if self._fits_circuit(tensor_op(chosen)):
            raise SmallProduct(chosen.op)
        self.rescaled[chosen] = None

    def _fits_circuit(self, op: TensorOp) -> bool:
        """Whether an operation is a product on shares of at most a number per client, which circuits can compute."""
        if self.domains.strategy[op] not in (Strategy.PRODUCT, Strategy.PUBLIC_PRODUCT) or not op.has_circuit:
            return False
        return count(op.result.type.shape) <= NOMINAL_CLIENTS and not self._by_inverse(op)

    def _by_inverse(self, op: Op) -> bool:
        """Whether it multiplies with an inverse for all clients, or what was multiplied with it: that is on shares."""
        seen, pending = set[Value](), [source(o) for o in op.operands]
        while pending:
            value = pending.pop()
            if value in self.domains.inverses:
                return True
            if value not in seen and self.domains.strategy.get(value.op) is Strategy.PRODUCT:
                pending += [source(o) for o in value.op.operands]
            seen.add(value)
        return False

    def _products_below(self, value: Value, seen: set[Value]) -> list[Value]:
        if value in seen or not tensor_type(value).is_secret or value in self.rescaled:
            return []
        seen.add(value)
        strategy = self.domains.strategy[value.op]
        if strategy in (Strategy.SHARE, Strategy.CIRCUIT):
            return []
        found = [value] if strategy in (Strategy.PRODUCT, Strategy.PUBLIC_PRODUCT) else []
        for operand in value.op.operands:
            found += self._products_below(operand, seen)
        return found

    def _refusal(self, broken: Limit) -> PrecisionError:
        noised = any(isinstance(op, Noised) for op, _ in self._contributors(broken))
        fine = " Take more noise: what is added must be fine enough for its standard deviation." if noised else ""
        missing = self._excess(broken)
        return PrecisionError(
            f"{broken.value.op.user_name} does not fit the 64-bit ring: its values lie within "
            f"{self.magnitudes.shown(broken.value)}, and to be precise enough they need "
            f"{self._raw(broken.value)[0]} fractional bits, {missing} more than there are."
            f"{fine}{unproved(broken.value)}",
            [broken.value.op.location],
            self._widest(broken.value),
            missing,
        )

    def _widest(self, value: Value) -> list[str]:
        """The parameters that may make a range as wide as it is: of what is added up those of the largest term."""
        seen, pending, paths = set[Value](), [value], set[str]()
        while pending:
            one = pending.pop()
            if one in seen:
                continue
            seen.add(one)
            if isinstance(one.op, Input):
                paths.add(one.op.path)
            elif self.domains.strategy.get(tensor_op(one)) in (Strategy.LINEAR, Strategy.MOVE):
                pending.append(max(one.op.operands, key=self.magnitudes.largest))
            else:
                pending += one.op.operands
        return sorted(paths)

    def _below(self, limit: Limit) -> list[Variable]:
        return [self.variables[k] for k in self._contributors(limit)]


def _public_exact_frac(value: Value) -> int | None:
    """The few fractional bits that hold a constant (or a cast integer or truth value) exactly, if there are such."""
    if isinstance(value.op, Cast):
        return None if tensor_type(value.op.operands[0]).dtype.is_float else 0
    if not isinstance(value.op, Constant):
        return None
    fracs = [exact_frac(float(x)) for x in np.unique(value.op.value)[:64]]
    if len(fracs) == 64 or any(f is None for f in fracs):
        return None
    return max((f for f in fracs if f is not None), default=0)
