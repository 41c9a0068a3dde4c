"""Finds the lowering of a TensorFlow operation by its type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import Broken, Known, Leaf, Tensor
from ezprivsecfl.ir.op import Array


class FunctionCaller(Protocol):
    """Traces a function of a TensorFlow graph's library."""

    def __call__(self, name: str, args: Sequence[Leaf]) -> list[Leaf]:
        """The function's results."""


@dataclass(frozen=True)
class Call:
    """One operation of a TensorFlow graph with what its inputs were traced to.

    Args:
        op: The ``tf.Operation``.
        leaves: Its inputs; only lowerings of control flow meet broken ones.
        emit: Adds operations to the IR.
        function: Traces a function of the graph's library.
    """

    op: Any
    leaves: Sequence[Leaf]
    emit: Emitter
    function: FunctionCaller

    @property
    def args(self) -> list[Tensor]:
        """The inputs of an operation that never meets broken ones."""
        return [leaf for leaf in self.leaves if not isinstance(leaf, Broken)]

    def attr(self, name: str) -> Any:
        """An attribute of the operation."""
        return self.op.get_attr(name)

    def known(self, index: int, what: str) -> Array:
        """An input that must be known while tracing; ``what`` names it in the error."""
        leaf = self.leaves[index]
        if not isinstance(leaf, Known):
            raise Unsupported(f"its {what} must be constant")
        return leaf.array

    def integers(self, index: int, what: str) -> tuple[int, ...]:
        """A known input of one or no axis, as a tuple."""
        return tuple(int(i) for i in np.atleast_1d(self.known(index, what)))

    def axis(self, index: int, rank: int) -> int:
        """A known input that names one of ``rank`` axes."""
        return normalised(self.integers(index, "axis"), rank)[0]


Lowering = Callable[[Call], Leaf | Sequence[Leaf]]
AnyLowering = TypeVar("AnyLowering", bound=Lowering)

LOWERINGS: dict[str, Lowering] = {}
"""Lowerings by operation type."""

CONTROL: dict[str, Lowering] = {}
"""Lowerings that are never folded and take broken inputs: they call functions, use variables or lists of tensors."""


def lowering(*names: str) -> Callable[[AnyLowering], AnyLowering]:
    """Registers the lowering of one or several operations."""

    def register(function: AnyLowering) -> AnyLowering:
        LOWERINGS.update(dict.fromkeys(names, function))
        return function

    return register


def control(*names: str) -> Callable[[AnyLowering], AnyLowering]:
    """Registers the lowering of operations that call functions."""

    def register(function: AnyLowering) -> AnyLowering:
        CONTROL.update(dict.fromkeys(names, function))
        return function

    return register


def normalised(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes counted from the front, in order and each once."""
    return tuple(sorted({a % rank if rank else 0 for a in axes}))
