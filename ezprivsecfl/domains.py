"""Where values are: what people call that, and the colour that it has in every drawing."""

from __future__ import annotations

from enum import Enum

from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import BooleanType, RingType, TensorType, YaoType


class Domain(Enum):
    """A domain: its class in the drawings' style, its name for people, its colour."""

    CLIENTS = ("clients", "clients' shares", "#0e9f6e")
    PRIVATE = ("private", "one owner's shares", "#0891b2")
    SECRET = ("secret", "secret", "#3f83f8")
    ARITHMETIC = ("arith", "arithmetic shares", "#3f83f8")
    BOOLEAN = ("boolean", "Boolean shares", "#9061f9")
    YAO = ("yao", "garbled", "#e3a008")
    PUBLIC = ("public", "public", "#8b949e")
    OPENED = ("opened", "opened", "#f05252")

    def __init__(self, style: str, text: str, colour: str) -> None:
        self.style = style
        self.text = text
        self.colour = colour

    @property
    def pale(self) -> str:
        """The colour on white, where nothing translucent can be had: dark text on it is legible."""
        levels = (255 - round(0.35 * (255 - int(self.colour[i : i + 2], 16))) for i in (1, 3, 5))
        return "#" + "".join(f"{level:02x}" for level in levels)


def domain_of(op: Op) -> Domain:
    """Where the results of an operation of either level are; where it has none, what it shows of its operands.

    Values that are masked (ABY2.0) are arithmetic shares in another form. Values of the tensor level are in no domain
    yet: they are secret or public.
    """
    match op:
        case io.Share():
            return Domain.CLIENTS
        case io.Private():
            return Domain.PRIVATE
        case protocol.Check() | io.Output():
            return Domain.OPENED
    match (op.results or op.operands)[0].type:
        case TensorType() as type_:
            return Domain.SECRET if type_.is_secret else Domain.PUBLIC
        case YaoType():
            return Domain.YAO
        case BooleanType():
            return Domain.BOOLEAN
        case RingType():
            # What turns into a public value was opened, whatever a back end calls the operation.
            opens = any(not isinstance(operand.type, RingType) for operand in op.operands)
            return Domain.OPENED if opens else Domain.PUBLIC
    return Domain.ARITHMETIC
