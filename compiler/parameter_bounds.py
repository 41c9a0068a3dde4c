"""Bounds that a user declares for the entries of parameters, or that are assumed of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ezprivsecfl.compiler.by_parameter import ByParameter
from ezprivsecfl.compiler.grammar import Interval, check_bound
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.types import DType


@dataclass(frozen=True)
class Bound:
    """Entries x of a parameter satisfy ``|x| < highest`` and, if that says more, ``x >= lowest``.

    Raises:
        CompileError: There are no such numbers, or more than can be encoded exactly.
    """

    highest: float
    lowest: float | None = None

    def __post_init__(self) -> None:
        check_bound(self.highest, self.lowest)

    @staticmethod
    def of(given: Declared) -> Bound:
        """What a user has declared: ``B`` stands for (-B, B), a pair for [lowest, highest)."""
        if isinstance(given, Bound):
            return given
        lowest: float | None = None
        try:
            if isinstance(given, tuple):
                lowest, highest = map(float, given)
            else:
                highest = float(given)
        except (TypeError, ValueError):
            raise CompileError(f"a bound is a number or a pair of numbers, not {given!r}") from None
        return Bound(highest, None if lowest == -highest else lowest)

    def __str__(self) -> str:
        return f"|x| < {self.highest:g}" if self.lowest is None else f"{self.lowest:g} <= x < {self.highest:g}"


Declared = Bound | Interval

TENSOR_BOUND = Bound(8.0)
"""Default for entries of float tensors: model updates."""

SCALAR_BOUND = Bound(float(1 << 20))
"""Default for integers, and for scalars of the server."""

COUNT_BOUND = Bound(float(1 << 20), 0.0)
"""Default for scalars of clients: weights, example counts, losses."""


TRUTH_BOUND = Bound(2.0, 0.0)
"""Of truth values, which are 0 or 1 whatever is declared."""


class ParameterBounds(ByParameter[Bound]):
    """Declared bounds. Those of all CLIENTS parameters are about numbers, not about truth values."""

    def option(self, key: str) -> str:
        """There is only one."""
        return "--bound"

    def bound(self, op: Input, *, truth: bool) -> Bound:
        """What every entry of an input satisfies: as declared, or by default.

        Args:
            op: The input.
            truth: Whether entries are 0 or 1, by its type or because a user says so: then that is its bound.

        Raises:
            CompileError: A bound is declared for a parameter of truth values that excludes one of these.
        """
        key, declared = self.key_of(op), self.of_input(op)
        if not truth:
            return declared or default_bound(op)
        if key and declared is not None and not (declared.highest > 1 and (declared.lowest or 0.0) <= 0):
            raise CompileError(f"--bound {key}: entries of {op.path} are 0 or 1, and {declared} excludes one of these")
        return TRUTH_BOUND

    @classmethod
    def of(cls, given: Mapping[str, Declared]) -> ParameterBounds:
        """As a user of the API declares them; raises CompileError if one is no bound."""
        found = {}
        for key, declared in given.items():
            try:
                found[key] = Bound.of(declared)
            except CompileError as e:
                raise CompileError(f"bounds[{key!r}]: {e}") from None
        return cls(found)


def default_bound(op: Input) -> Bound:
    """What is assumed of an input that no bound is declared for; a front end may know it."""
    if op.type.dtype is DType.BOOL:
        return TRUTH_BOUND
    if op.bound is not None:
        return Bound(op.bound, op.lowest)
    at_clients = op.placement is Placement.CLIENTS
    scalar = len(op.type.shape) == (1 if at_clients else 0)
    if scalar and at_clients:
        return COUNT_BOUND
    return TENSOR_BOUND if op.type.dtype.is_float and not scalar else SCALAR_BOUND
