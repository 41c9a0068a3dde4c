"""What operations of the tensor level state about themselves, for whoever analyses or lowers them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum


class Holds(Enum):
    """When something is true of all entries of an operation's result."""

    ALWAYS = "always"
    OF_ALL = "if it is of all operands"
    OF_ANY = "if it is of any operand"
    OF_BRANCHES = "if it is of all operands but the first, a condition"
    UNKNOWN = "not known"

    def given(self, operands: Sequence[bool]) -> bool:
        """Whether it is true, given for each operand whether it is of that."""
        match self:
            case Holds.ALWAYS:
                return True
            case Holds.OF_ALL:
                return all(operands)
            case Holds.OF_ANY:
                return any(operands)
            case Holds.OF_BRANCHES:
                return all(operands[1:])
        return False


class Computed(Enum):
    """How an operation is computed where an operand is secret."""

    BY_CLIENTS = "clients, or its owner, share it"
    LOCALLY = "each server on its own shares; on wires, too, if it has a circuit"
    ANYWHERE = "each server by itself, be it on shares or on wires"
    AS_PRODUCT = "a product of shares; on wires, too, if it has a circuit"
    IN_CIRCUITS = "a circuit"
    IN_CLEAR = "not at all: it is replaced by other operations, or left to the clear, or refused"


class Jumps(Enum):
    """Where the result changes by much although an operand changes by little."""

    NOWHERE = "nowhere"
    AT_ZERO = "where the operand is 0"
    AT_INTEGERS = "where the operand is an integer, such as 0"
    BEYOND_ZERO = "where the operand is one of some numbers other than 0"
    WHERE_EQUAL = "where operands are equal"
