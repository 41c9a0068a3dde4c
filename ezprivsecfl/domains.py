"""Where values are, and the colours for that."""

from __future__ import annotations

from enum import Enum

from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import BooleanType, RingType, YaoType


class Domain(Enum):
    """A domain, with the colour of its boxes: light enough for dark text, whatever the background of the page."""

    CLIENTS = ("clients' shares", "#bfe3c0")
    PRIVATE = ("one owner's shares", "#d9e8a8")
    PUBLIC = ("public", "#dddddd")
    ARITHMETIC = ("arithmetic shares", "#bcd7f5")
    BOOLEAN = ("Boolean shares", "#d8c8f2")
    YAO = ("garbled circuit", "#f6d5a8")
    OPENED = ("opened", "#f5b7b1")

    @property
    def text(self) -> str:
        """Its name for people."""
        return self.value[0]

    @property
    def colour(self) -> str:
        """Of its boxes."""
        return self.value[1]


def domain_of(op: Op) -> Domain:
    """Where the results of an operation of the mpc level are."""
    match op:
        case io.Share():
            return Domain.CLIENTS
        case io.Private():
            return Domain.PRIVATE
        case protocol.Open() | protocol.Check() | io.Output():
            return Domain.OPENED
    match op.results[0].type if op.results else None:
        case YaoType():
            return Domain.YAO
        case BooleanType():
            return Domain.BOOLEAN
        case RingType():
            return Domain.PUBLIC
    return Domain.ARITHMETIC
