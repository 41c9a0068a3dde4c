"""What all operations of the tensor level share: their base class, secrecy and dtype rules."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import DType, Secrecy, TensorType


class Holds(Enum):
    """When something is true of all entries of an operation's result."""

    ALWAYS = "always"
    OF_ALL = "if it is of all operands"
    OF_ANY = "if it is of any operand"
    UNKNOWN = "not known"

    def given(self, operands: Sequence[bool]) -> bool:
        """Whether it is true, given for each operand whether it is of that."""
        return (
            self is Holds.ALWAYS or (self is Holds.OF_ALL and all(operands)) or (self is Holds.OF_ANY and any(operands))
        )


class TensorOp(Op):
    """Base of the tensor level's operations; ``REGISTRY`` finds them by name.

    Attributes:
        non_negative: When no entry of the result is negative, not even by a rounding.
        integral: When all entries of the result are integers.
    """

    REGISTRY: ClassVar[dict[str, type[TensorOp]]] = {}
    non_negative: ClassVar[Holds]
    integral: ClassVar[Holds]

    def __init_subclass__(cls, name: str = "") -> None:
        super().__init_subclass__(name)
        if name:
            if cls.interval is TensorOp.interval:
                raise TypeError(f"{cls.__name__} needs a rule for the interval of its results")
            for rule in ("non_negative", "integral"):
                if not hasattr(cls, rule):
                    raise TypeError(f"{cls.__name__} must say when its results are {rule}")
            TensorOp.REGISTRY[name] = cls

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The interval of all entries of the result; every registered operation states its rule.

        Args:
            operands: The intervals of the operands' entries.
            clients: The largest number of clients of a round; it has at least one.
        """
        raise NotImplementedError

    def types(self) -> tuple[TensorType, ...]:
        """Operand types, checked to be tensor types."""
        for operand in self.operands:
            if not isinstance(operand.type, TensorType):
                raise VerifyError(f"{self.name}: operand of type {operand.type} is not a tensor")
        return tuple(o.type for o in self.operands if isinstance(o.type, TensorType))

    def expect(self, count: int) -> tuple[TensorType, ...]:
        """Operand types after checking that there are ``count`` of them."""
        self.expect_operands(count)
        return self.types()


def require_numbers(op: TensorOp, dtype: DType) -> DType:
    """The element type, which must not be Boolean."""
    if dtype is DType.BOOL:
        raise op.fail("needs numbers")
    return dtype


def require_bool(op: TensorOp, dtype: DType) -> DType:
    """The element type, which must be Boolean."""
    if dtype is not DType.BOOL:
        raise op.fail("needs bool")
    return dtype


def require_float(op: TensorOp, dtype: DType) -> DType:
    """The element type, which must be a float."""
    if not dtype.is_float:
        raise op.fail("needs a float")
    return dtype


def join_secrecy(types: Sequence[TensorType]) -> Secrecy:
    """A result is secret if anything it is computed from is."""
    return Secrecy.SECRET if any(t.is_secret for t in types) else Secrecy.PUBLIC


def same_dtype(op: TensorOp, types: Sequence[TensorType]) -> DType:
    """The common element type of the operands."""
    if len({t.dtype for t in types}) != 1:
        raise op.fail("operands differ in dtype")
    return types[0].dtype
