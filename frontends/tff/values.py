"""What a traced program computes with: tensors known at trace time, tensors of the IR, and structures of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ezprivsecfl.ir.op import Array, Value
from ezprivsecfl.ir.types import DType, TensorType


@dataclass(frozen=True)
class Origin:
    """How a value is computed in the clear.

    Args:
        block: The value as a TFF building block, in terms of the program's parameters.
        at_client: Whether it takes a client's arguments; otherwise the server's are enough.
        after: Whether it takes what is opened, so that it is there in the end only.
    """

    block: Any
    at_client: bool
    after: bool = False


@dataclass(frozen=True, eq=False)
class Known:
    """A tensor whose value is known while tracing: a constant, a shape, or what follows from these alone."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return tuple(int(d) for d in self.array.shape)


@dataclass(frozen=True, eq=False)
class Traced:
    """A tensor of the IR.

    Args:
        value: The IR's value; with the clients axis first if ``batched``.
        batched: Whether it differs from client to client. What is the same at every client has no clients axis.
        origin: How it can be computed in the clear, too; None if only on shares.
    """

    value: Value
    batched: bool
    origin: Origin | None = None

    @property
    def type(self) -> TensorType:
        """The IR type."""
        type_ = self.value.type
        assert isinstance(type_, TensorType)
        return type_

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.type.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that TensorFlow sees: at a single client, or at the server."""
        dims = self.type.shape[1:] if self.batched else self.type.shape
        return tuple(int(d) for d in dims)


class Broken:
    """What no operation of the IR can take.

    This class itself stands for the result of an unsupported operation, so that tracing goes on and finds the other
    ones.
    """


BROKEN = Broken()

STAYS = "of a data set, a string or a tensor of unknown shape; it stays where it is, in the clear"
"""Why an operation cannot take a ``Local``."""


@dataclass(frozen=True, eq=False)
class Local(Broken):
    """A value that the IR cannot hold, such as a data set: it stays where it is computed, in the clear."""

    origin: Origin


@dataclass(eq=False)
class Variable(Broken):
    """A variable of a graph that is being evaluated.

    Args:
        initial: Gives the value that it is initialised with.
        content: What it was set to; None before.
    """

    initial: Callable[[], Leaf]
    content: Leaf | None = None

    def read(self) -> Leaf:
        """The value that it has now."""
        if self.content is None:
            self.content = self.initial()
        return self.content


Tensor: TypeAlias = Known | Traced


@dataclass(frozen=True, eq=False)
class Pair(Broken):
    """A complex tensor, as two real ones of the same shape."""

    real: Tensor
    imaginary: Tensor


@dataclass(frozen=True, eq=False)
class TensorList(Broken):
    """A list of tensors.

    Args:
        elements: None for one that is not set yet.
    """

    elements: tuple[Leaf | None, ...]


@dataclass(frozen=True, eq=False)
class Rows(Broken):
    """A tensor that has the values of all clients, one after the other along its first axis.

    Args:
        row: One client's; None while a fold is traced: whatever the clients before have appended.
    """

    row: Traced | None


Leaf: TypeAlias = Known | Traced | Broken


@dataclass(frozen=True, eq=False)
class Struct:
    """A structure, with or without names; one of CLIENTS-placed values is held as structure of batched leaves."""

    elements: tuple[tuple[str | None, Node], ...]

    def at(self, index: int) -> Node:
        """The element at a position."""
        return self.elements[index][1]

    def named(self, name: str) -> Node:
        """The element of that name."""
        return next(value for key, value in self.elements if key == name)


@dataclass(frozen=True, eq=False)
class Function:
    """Something that can be called with one argument or none.

    Args:
        call: Gives the result.
        block: The function as a TFF building block; None if it refers to values outside of it.
    """

    call: Callable[[Node | None], Node]
    block: Any = None


Node: TypeAlias = Known | Traced | Broken | Struct | Function


def has_local(node: Node) -> bool:
    """Whether a structure has a value that stays where it is."""
    if isinstance(node, Struct):
        return any(has_local(value) for _, value in node.elements)
    return isinstance(node, Local)


def map_leaves(function: Callable[[Leaf], Node], node: Node) -> Node:
    """The structure with every leaf replaced."""
    if isinstance(node, Struct):
        return Struct(tuple((name, map_leaves(function, value)) for name, value in node.elements))
    if isinstance(node, Function):
        return BROKEN
    return function(node)


def leaves(node: Node) -> Iterator[Leaf]:
    """All leaves of a structure, in order."""
    if isinstance(node, Struct):
        for _, element in node.elements:
            yield from leaves(element)
    else:
        yield BROKEN if isinstance(node, Function) else node


def with_leaves(node: Node, replaced: Sequence[Leaf]) -> Node:
    """The structure with other leaves, in the same order."""
    rest = iter(replaced)
    return map_leaves(lambda _: next(rest), node)
