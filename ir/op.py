"""Values and operations in static single assignment form; one operation is one small class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import dataclass_transform

from ezprivsecfl.errors import UNKNOWN, Location, VerifyError
from ezprivsecfl.ir.types import Type

if TYPE_CHECKING:  # circuits stand below the IR and load only where they are used
    from ezprivsecfl.ir.circuits.builder import Circuit

Array = NDArray[Any]


@dataclass(eq=False)
class Value:
    """The result of an operation; compared by identity."""

    type: Type
    op: Op = field(repr=False)
    index: int = 0


@dataclass(frozen=True)
class Environment:
    """What an evaluation must know besides operands.

    Args:
        clients: The number of clients.
        circuits: The program's circuits.
        coins: What sketches are drawn with; fresh random numbers by default.
        noise: Whether noise is drawn; without it, all noise is 0.
    """

    clients: int
    circuits: Mapping[str, Circuit] = field(default_factory=dict)
    coins: Array | None = None
    noise: bool = True


@dataclass_transform(frozen_default=True, eq_default=False, kw_only_default=True)
@dataclass(frozen=True, eq=False, kw_only=True)
class Op:
    """Base of all operations.

    A subclass ``class Sum(TensorOp, name="sum")`` becomes a frozen dataclass: it adds its attributes as
    fields and defines ``infer`` and ``evaluate``.
    """

    name: ClassVar[str] = ""
    operands: tuple[Value, ...] = ()
    location: Location = UNKNOWN
    results: tuple[Value, ...] = field(init=False, repr=False)

    def __init_subclass__(cls, name: str = "") -> None:
        dataclass(frozen=True, eq=False, kw_only=True)(cls)
        cls.name = name

    def __post_init__(self) -> None:
        types = self.infer()
        object.__setattr__(self, "results", tuple(Value(t, self, i) for i, t in enumerate(types)))

    def infer(self) -> tuple[Type, ...]:
        """Result types from operand types and attributes; raises VerifyError if they do not fit."""
        raise NotImplementedError

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Reference semantics: numpy arrays in, numpy arrays out."""
        raise NotImplementedError

    def expect_operands(self, count: int) -> None:
        """Raises VerifyError unless there are ``count`` operands."""
        if len(self.operands) != count:
            raise VerifyError(f"{self.name} takes {count} operands, not {len(self.operands)}")

    def fail(self, why: str) -> VerifyError:
        """An error that names this operation and its operand types."""
        shown = ", ".join(str(o.type) for o in self.operands)
        return VerifyError(f"{self.name}({shown}): {why} [{self.location}]")

    @property
    def user_name(self) -> str:
        """What the user calls the operation that this one has been made of."""
        return self.location.op or self.name

    @property
    def result(self) -> Value:
        """The only result."""
        (value,) = self.results
        return value

    def attributes(self) -> dict[str, Any]:
        """The operation's own fields, in order, without operands, location and results."""
        base = {f.name for f in fields(Op)}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in base}

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Those of its attributes that have a default value."""
        base = {f.name for f in fields(Op)}
        return {f.name: f.default for f in fields(cls) if f.name not in base and f.default is not MISSING}

    def rebuild(self, operands: Sequence[Value]) -> Op:
        """The same operation on other operands, with types inferred anew."""
        return type(self)(operands=tuple(operands), location=self.location, **self.attributes())


def as_float(a: Array) -> NDArray[np.float64]:
    """The array as float64, the number type of the tensor level's reference semantics."""
    return np.asarray(a, dtype=np.float64)
