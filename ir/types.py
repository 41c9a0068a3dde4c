"""Types of the two IR levels: tensors with a secrecy, and ring elements or wires with a protocol domain."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from typing_extensions import Self

from ezprivsecfl.ir.circuits.floats import FloatFormat as FloatFormat

CLIENTS_DIM: Literal["n"] = "n"
"""The symbolic size of an axis that runs over the clients; its value is known when a round starts."""

Dim = int | Literal["n"]
Shape = tuple[Dim, ...]


class DType(Enum):
    """Element type of a tensor-level value."""

    F32 = "f32"
    F64 = "f64"
    I32 = "i32"
    I64 = "i64"
    BOOL = "bool"

    @property
    def is_float(self) -> bool:
        """Whether values of this type are real numbers."""
        return self in (DType.F32, DType.F64)

    @property
    def is_integer(self) -> bool:
        """Whether values of this type are integers."""
        return self in (DType.I32, DType.I64)


NOMINAL_CLIENTS = 32
"""What the clients axis counts as when sizes are compared at compile time."""


class Secrecy(Enum):
    """Who may know a tensor-level value: both servers (public), or nobody alone (secret)."""

    PUBLIC = "public"
    SECRET = "secret"


def shape_text(shape: Shape) -> str:
    """Prints a shape the way the text form has it, e.g. ``[n, 3372]``."""
    return "[" + ", ".join(str(d) for d in shape) + "]"


def resolve(shape: Shape, clients: int) -> tuple[int, ...]:
    """Replaces the symbolic clients dimension by the number of clients of a round."""
    return tuple(clients if d == CLIENTS_DIM else int(d) for d in shape)


def count(shape: Shape) -> int:
    """Number of elements, with a nominal number of clients."""
    total = 1
    for d in shape:
        total *= NOMINAL_CLIENTS if d == CLIENTS_DIM else int(d)
    return total


def within_client(shape: Shape) -> int:
    """Number of elements of one client: of all, where the shape has no clients axis."""
    return math.prod(int(d) for d in shape if d != CLIENTS_DIM)


@dataclass(frozen=True)
class Type:
    """Base of all types; every value is a tensor of some shape."""

    shape: Shape

    def with_shape(self, shape: Shape) -> Self:
        """The same type with another shape."""
        return replace(self, shape=shape)


@dataclass(frozen=True)
class TensorType(Type):
    """A real, integer or Boolean tensor, e.g. ``secret<f32[n, 3372]>``."""

    dtype: DType
    secrecy: Secrecy

    @property
    def is_secret(self) -> bool:
        """Whether the value must stay hidden from both servers."""
        return self.secrecy is Secrecy.SECRET

    def __str__(self) -> str:
        return f"{self.secrecy.value}<{self.dtype.value}{shape_text(self.shape)}>"


@dataclass(frozen=True)
class RingType(Type):
    """A public tensor over Z_2^64 in fixed point with ``frac`` fractional bits, e.g. ``ring<20>[3372]``."""

    frac: int

    def __str__(self) -> str:
        return f"ring<{self.frac}>{shape_text(self.shape)}"


@dataclass(frozen=True)
class ArithType(Type):
    """Additive shares over Z_2^64, e.g. ``arith<20>[n, 3372]``."""

    frac: int

    def __str__(self) -> str:
        return f"arith<{self.frac}>{shape_text(self.shape)}"


@dataclass(frozen=True)
class MaskedType(Type):
    """ABY2.0 sharing: a public masked value and shares of its mask, e.g. ``masked<20>[n, 3372]``."""

    frac: int

    def __str__(self) -> str:
        return f"masked<{self.frac}>{shape_text(self.shape)}"


@dataclass(frozen=True)
class FixedFormat:
    """Two's complement fixed point of ``width`` bits inside a circuit."""

    width: int
    frac: int

    def __str__(self) -> str:
        return f"fixed {self.width} {self.frac}"


@dataclass(frozen=True)
class BitFormat:
    """A truth value inside a circuit."""

    width: int = 1

    def __str__(self) -> str:
        return "bit"


@dataclass(frozen=True)
class SummandsFormat:
    """Two words of ``word`` bits, one after the other, whose sum modulo 2^word is a fixed-point number."""

    word: int
    frac: int

    @property
    def width(self) -> int:
        """Wires of both words."""
        return 2 * self.word

    def __str__(self) -> str:
        return f"summands {self.word} {self.frac}"


WireFormat = FixedFormat | FloatFormat | BitFormat | SummandsFormat


@dataclass(frozen=True)
class WiresType(Type):
    """Values that circuits take and give; the subclasses say how their wires are hidden."""

    format: WireFormat


@dataclass(frozen=True)
class YaoType(WiresType):
    """Garbled values, e.g. ``yao<fixed 64 40>[n]`` or ``yao<bit>[n]``."""

    def __str__(self) -> str:
        return f"yao<{self.format}>{shape_text(self.shape)}"


@dataclass(frozen=True)
class BooleanType(WiresType):
    """Wires shared by exclusive or, e.g. ``boolean<fixed 64 40>[n]`` or ``boolean<summands 64 40>[n]``."""

    def __str__(self) -> str:
        return f"boolean<{self.format}>{shape_text(self.shape)}"
