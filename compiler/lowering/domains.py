"""Domain assignment: which values are arithmetic shares, and which are wires of circuits.

Linear operations and products of large operands are arithmetic. Comparisons, roots, quotients and everything else that
is not a polynomial runs in a circuit. A product of per-client numbers of which one is on wires already stays in the
circuit: there it is computed on normalised numbers, with a relative error that does not depend on their magnitude.
Whether a circuit is garbled or evaluated on Boolean shares is left to the back end.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from enum import Enum

from ezprivsecfl.compiler.analyses.ranges import SMALL, Ranges
from ezprivsecfl.compiler.analyses.terms import source
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.tensor import Input, TensorOp
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.facts import Computed
from ezprivsecfl.ir.tensor.ranks import SumOfRanks
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, count

ROOM = 62
"""Bits of a ring element for magnitude and fraction together: 64 less the sign and one for accumulated rounding."""

INPUT_BITS = 19
"""Significant bits that an input has at least: fractional bits and those of its bound."""

FEWEST_BITS = 14
"""Significant bits that an input must have, such as one that is added to something much larger: an error of 2^-11 at
most where the clients' largest entry is in the lowest part of its class."""

COMFORTABLE_BITS = 24
"""Significant bits that an input should have: some entries are far below the largest one."""

FRACTIONAL_BITS = 16
"""Fractional bits that an input has as well, where the ring has room: it may be far below its bound."""

INVERSE_BITS = 12
"""Bits of the inverse of a number at its bound, so an error of 2^-13 there; the inverse of a smaller one has more.

What is multiplied with it gets the bits that are left: they count for small weights.
"""

PRECISE_INVERSE_BITS = 22
"""The same where what is multiplied with it comes out of circuits, as precise as one likes."""

MANY = 16
"""From so many clients on it is worth two rounds more to have one inverse in a circuit instead of quotients for all."""


class Strategy(Enum):
    """How an operation of a program is computed; which of these its class may be, ``Computed`` says."""

    SHARE = "input shared by the clients, or by its owner"
    LINEAR = "local on arithmetic shares"
    PUBLIC_PRODUCT = "local product with a public value"
    PRODUCT = "product of two shared values"
    MOVE = "wires moved"
    CIRCUIT = "circuit"


class Domains:
    """The strategy of every operation of the secure part, and what follows from it.

    Args:
        secure: The operations of the secure part, in order.
        ranges: Ranges of all values.
        in_circuits: Products that are computed in circuits although none of their operands is on wires.

    Raises:
        UnsupportedError: Lists all operations that no strategy takes.
    """

    def __init__(self, secure: Sequence[Op], ranges: Ranges, in_circuits: Collection[Op] = ()) -> None:
        self.ranges = ranges
        self.in_circuits = in_circuits
        self.strategy: dict[Op, Strategy] = {}
        self.inverses: dict[Value, int] = {}
        """Inverses that shares are multiplied with, and how many fractional bits each needs."""
        self.users: dict[Value, list[Op]] = {}
        unsupported = []
        for op in secure:
            assert isinstance(op, TensorOp)
            strategy = self._choose(op)
            if strategy is None:
                unsupported.append(op)
                continue
            self.strategy[op] = strategy
            for operand in dict.fromkeys(op.operands):
                self.users.setdefault(operand, []).append(op)
        if unsupported:
            names = ", ".join(dict.fromkeys(op.user_name for op in unsupported))
            raise UnsupportedError(
                f"not supported on secret values: {names}. Supported are arithmetic, matrix products, sums, maxima, "
                "roots, quotients, exponentials, logarithms, sigmoids, bits of integers, comparisons, selection, "
                "rounding and operations on shapes.",
                [op.location for op in unsupported],
            )

    def is_in_circuit(self, value: Value) -> bool:
        """Whether the value is computed inside circuits."""
        return self.strategy.get(value.op) in (Strategy.CIRCUIT, Strategy.MOVE)

    def takes_wires(self, op: Op) -> bool:
        """Whether the operation works on wires."""
        return self.strategy[op] in (Strategy.CIRCUIT, Strategy.MOVE)

    def needs_wires(self, op: Op) -> bool:
        """Whether the operation works on wires in any case; moves only do if a circuit takes the result."""
        moves = self.strategy[op] is Strategy.MOVE
        return bool(self.needed_in_circuits(op.result)) if moves else self.strategy[op] is Strategy.CIRCUIT

    def only_ranked(self, value: Value) -> bool:
        """Whether a value on shares, or what is computed of it on shares, only enters circuits that find ranks."""
        seen, pending = {value}, [value]
        while pending:
            users = self.users.get(pending.pop(), ())
            others = [op for op in users if not isinstance(op, SumOfRanks)]
            if not users or any(self.strategy[op] not in (Strategy.LINEAR, Strategy.MOVE) for op in others):
                return False
            pending += [op.result for op in others if op.result not in seen]
            seen.update(op.result for op in others)
        return True

    def needed_in_shares(self, value: Value, opened: Sequence[Value]) -> bool:
        """Whether a value on wires is also needed as arithmetic shares, directly or after moves."""
        moved, users = self._moved(value)
        return any(v in opened for v in moved) or any(self.strategy[op] is not Strategy.CIRCUIT for op in users)

    def needed_in_circuits(self, value: Value) -> list[Op]:
        """The circuit operations that take the value, directly or after moves."""
        return [op for op in self._moved(value)[1] if self.strategy[op] is Strategy.CIRCUIT]

    def _moved(self, value: Value) -> tuple[list[Value], list[Op]]:
        """The value and all that it is moved to, and the other operations that take any of these."""
        found = {value: None}
        users: dict[Op, None] = {}
        pending = [value]
        while pending:
            for user in self.users.get(pending.pop(), ()):
                if self.strategy[user] is not Strategy.MOVE:
                    users[user] = None
                elif user.result not in found:
                    found[user.result] = None
                    pending.append(user.result)
        return list(found), list(users)

    def _choose(self, op: TensorOp) -> Strategy | None:
        secret = [o for o in op.operands if tensor_type(o).is_secret]
        on_wires = [o for o in secret if self.is_in_circuit(o)]
        match op.computed:
            case Computed.BY_CLIENTS:
                return Strategy.SHARE
            case Computed.LOCALLY:
                return Strategy.CIRCUIT if on_wires and op.has_circuit else Strategy.LINEAR
            case Computed.ANYWHERE:
                return Strategy.MOVE if on_wires else Strategy.LINEAR
            case Computed.AS_PRODUCT:
                return self._product(op, secret, on_wires)
            case Computed.IN_CIRCUITS:
                return Strategy.CIRCUIT
        return None

    def _divides_all(self, op: TensorOp, on_wires: list[Value]) -> bool:
        """Whether numbers of many clients are multiplied with the same inverse, and a ring element holds the result.

        Such as example counts with the inverse of their sum: one inverse in a circuit and products of shares cost much
        less than a product in a circuit for every client.
        """
        if self.ranges.clients < MANY or CLIENTS_DIM not in op.result.type.shape:
            return False
        inverses = [o for o in on_wires if count(o.type.shape) == 1 and _divisor(source(o)) is not None]
        others = [o for o in op.operands if o not in inverses]
        if len(inverses) != 1 or len(others) != 1:
            return False
        inverse, other = source(inverses[0]), source(others[0])
        if not isinstance(other.op, Input) and others[0] not in on_wires:
            return False
        dividing = _divisor(inverse)
        assert dividing is not None
        divisor, quotient = self.ranges[dividing].magnitude, self.ranges[op.result].magnitude
        if not 0 < divisor < math.inf or not 0 < quotient < math.inf:
            return False
        bits = math.ceil(math.log2(divisor)) + (INVERSE_BITS if isinstance(other.op, Input) else PRECISE_INVERSE_BITS)
        if bits + FRACTIONAL_BITS + math.ceil(math.log2(quotient)) > ROOM:
            return False
        self.inverses[inverse] = bits
        return True

    def _product(self, op: TensorOp, secret: list[Value], on_wires: list[Value]) -> Strategy:
        if op.has_circuit:
            if op in self.in_circuits or op.result in self.ranges.checked:
                return Strategy.CIRCUIT
            if on_wires and count(op.result.type.shape) <= SMALL and not self._divides_all(op, on_wires):
                return Strategy.CIRCUIT
        return Strategy.PRODUCT if len(secret) == 2 else Strategy.PUBLIC_PRODUCT


def _divisor(value: Value) -> Value | None:
    """What a value is the inverse of; None if it is none."""
    op = value.op
    if isinstance(op, ew.Reciprocal):
        return op.operands[0]
    if isinstance(op, ew.Div | ew.DivNoNan) and constant_value(op.operands[0]) == 1.0:
        return op.operands[1]
    return None
