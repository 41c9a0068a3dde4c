"""What all operations of the tensor level share: their base class, secrecy and dtype rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import DType, Secrecy, TensorType

if TYPE_CHECKING:  # circuits stand below the IR and load only where they are used
    from ezprivsecfl.ir.tensor.bundles import Bundle, Gates

NUMPY_DTYPE = {
    DType.F32: np.dtype(np.float64),
    DType.F64: np.dtype(np.float64),
    DType.I32: np.dtype(np.int64),
    DType.I64: np.dtype(np.int64),
    DType.BOOL: np.dtype(np.bool_),
}
"""How the interpreters hold each element type: reals as float64, integers as int64."""

DEMANDED = {
    "interval": "needs a rule for the interval of its results",
    "non_negative": "must say when its results are non_negative",
    "integral": "must say when its results are integral",
    "partial": "must say whether it is partial: whether some numbers give an infinity or NaN",
    "computed": "must say how it is computed on secret values",
    "jumps": "must say where it jumps: where a small change of an operand makes a large one of the result",
}
"""Facts that every operation states, with what an error says where one is missing.

A forgotten one would be wrong rather than merely coarse. The others have defaults that claim nothing.
"""

ON_SHARES = {Computed.LOCALLY, Computed.ANYWHERE, Computed.AS_PRODUCT}


class TensorOp(Op):
    """Base of the tensor level's operations; ``REGISTRY`` finds them by name.

    An operation states all that the compiler must know of it: class attributes and rules, some of which an operation
    whose attributes matter gives as properties. A class that leaves out a fact that is demanded raises TypeError.

    Attributes:
        non_negative: When no entry of the result is negative, not even by a rounding.
        integral: When all entries of the result are integers.
        partial: Whether the result of some numbers is infinite or not a number, overflow aside.
        computed: How it is computed where an operand is secret. For circuits, it needs a rule ``on_wires``; for shares,
            it names the operation that does it, ``on_shares``.
        jumps: Where a small change of an operand makes a large one of the result.
        on_shares: The operation of the mpc level that computes it locally on shares, with the same attributes; of a
            product, with a public factor. None if the result has the operand's shares.
        powers: If the result's absolute value is a product of powers of those of the operands, their exponents.
        largest: The working range of results whose operands have no useful bound; larger ones are never results.
        circuit_error: Absolute error of its circuit; any other is relative.
    """

    REGISTRY: ClassVar[dict[str, type[TensorOp]]] = {}
    non_negative: ClassVar[Holds]
    integral: ClassVar[Holds]
    partial: ClassVar[bool]
    on_shares: ClassVar[type[Op] | None]
    largest: ClassVar[float] = math.inf
    circuit_error: ClassVar[float] = 0.0

    def __init_subclass__(cls, name: str = "") -> None:
        super().__init_subclass__(name)
        if name:
            _demand_facts(cls)
            TensorOp.REGISTRY[name] = cls

    @property
    def computed(self) -> Computed:
        """How it is computed where an operand is secret."""
        raise NotImplementedError

    @property
    def jumps(self) -> Jumps:
        """Where a small change of an operand makes a large one of the result."""
        raise NotImplementedError

    @property
    def powers(self) -> tuple[float, ...]:
        """The exponents of the operands, if the result's absolute value is a product of such powers of theirs."""
        return ()

    @property
    def poles(self) -> tuple[int, ...]:
        """Operands near whose zero the result grows without limit."""
        return tuple(i for i, power in enumerate(self.powers) if power < 0)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """The interval of all entries of the result; every registered operation states its rule.

        Args:
            operands: The intervals of the operands' entries.
            clients: The largest number of clients of a round; it has at least one.
        """
        raise NotImplementedError

    def typical(self, operands: Sequence[float], clients: int) -> float:
        """How large the result is for operands of typical magnitudes; infinite if nothing is known beyond its interval.

        Precision depends on it, correctness does not.

        Args:
            operands: How large the operands are.
            clients: The largest number of clients of a round.
        """
        return math.inf

    def carried(self, lost: Sequence[float], typical: Sequence[float], lowest: Sequence[float]) -> float:
        """The place of the result that shows what operands have lost by rounding, such as 2^-20; 0 if none does.

        By default the largest of the operands'. Where the operation jumps or has poles, it is 0: what is wrong then is
        not a place of the result, and a run tells it of the operation itself (``analyses`` say which).

        Args:
            lost: The place that each operand has lost.
            typical: How large the operands are, for inputs near their bounds.
            lowest: The same for the smallest inputs that formats are made for.
        """
        return 0.0 if self.jumps is not Jumps.NOWHERE or self.poles else max(lost, default=0.0)

    def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
        """The operation on wires, of one entry."""
        raise NotImplementedError

    @property
    def has_circuit(self) -> bool:
        """Whether there is a rule for circuits."""
        return type(self).on_wires is not TensorOp.on_wires

    @property
    def is_product(self) -> bool:
        """Whether it is a product of its operands, entry by entry, that circuits can compute, too."""
        return self.computed is Computed.AS_PRODUCT and self.has_circuit

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


def _demand_facts(cls: type[TensorOp]) -> None:
    """Raises TypeError if a registered operation leaves out a fact that may not be forgotten."""
    for fact, demand in DEMANDED.items():
        if not hasattr(cls, fact) or getattr(cls, fact) is getattr(TensorOp, fact, None):
            raise TypeError(f"{cls.__name__} {demand}")
    # One that depends on attributes may be any.
    ways = {cls.computed} if isinstance(cls.computed, Computed) else set(Computed)
    if Computed.IN_CIRCUITS in ways and cls.on_wires is TensorOp.on_wires:
        raise TypeError(f"{cls.__name__} is computed in circuits, so it needs a rule for these: a method on_wires")
    if ways & ON_SHARES and not hasattr(cls, "on_shares"):
        raise TypeError(f"{cls.__name__} is computed on shares, so it must name the operation that does it: on_shares")


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


def require_integers(op: TensorOp, dtype: DType) -> DType:
    """The element type, which must be an integer."""
    if not dtype.is_integer:
        raise op.fail("needs integers")
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
