"""What all operations of the tensor level share: their base class, secrecy and dtype rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.types import CLIENTS_DIM, Dim, DType, Secrecy, Shape, TensorType, shape_text

from ezprivsecfl.errors import VerifyError


class TensorOp(Op):
    """Base of the tensor level's operations; ``REGISTRY`` finds them by name."""

    REGISTRY: ClassVar[dict[str, type[TensorOp]]] = {}

    def __init_subclass__(cls, name: str = "") -> None:
        super().__init_subclass__(name)
        if name:
            TensorOp.REGISTRY[name] = cls

    def types(self) -> tuple[TensorType, ...]:
        """Operand types, checked to be tensor types."""
        for operand in self.operands:
            if not isinstance(operand.type, TensorType):
                raise VerifyError(f"{self.name}: operand of type {operand.type} is not a tensor")
        return tuple(o.type for o in self.operands if isinstance(o.type, TensorType))

    def expect(self, count: int) -> tuple[TensorType, ...]:
        """Operand types after checking that there are ``count`` of them."""
        if len(self.operands) != count:
            raise VerifyError(f"{self.name} takes {count} operands, not {len(self.operands)}")
        return self.types()

    def fail(self, why: str) -> VerifyError:
        """An error that names this operation and its operand types."""
        shown = ", ".join(str(o.type) for o in self.operands)
        return VerifyError(f"{self.name}({shown}): {why} [{self.location}]")


def join_secrecy(types: Sequence[TensorType]) -> Secrecy:
    """A result is secret if anything it is computed from is."""
    return Secrecy.SECRET if any(t.is_secret for t in types) else Secrecy.PUBLIC


def broadcast_shapes(a: Shape, b: Shape) -> Shape:
    """Numpy's broadcasting rule on shapes with the symbolic clients axis; raises ValueError if they do not fit."""
    rank = max(len(a), len(b))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in (a, b)]
    result: list[Dim] = []
    for x, y in zip(*padded, strict=True):
        if x == y or y == 1:
            result.append(x)
        elif x == 1:
            result.append(y)
        else:
            raise ValueError(f"shapes {shape_text(a)} and {shape_text(b)} do not broadcast")
    return tuple(result)


def check_axes(op: TensorOp, axes: Sequence[int], rank: int) -> None:
    """Axes must be distinct and within the operand's rank (no negative axes in the IR)."""
    if len(set(axes)) != len(axes) or any(not 0 <= a < rank for a in axes):
        raise op.fail(f"axes {list(axes)} of a tensor of rank {rank}")


def same_dtype(op: TensorOp, types: Sequence[TensorType]) -> DType:
    """The common element type of the operands."""
    if len({t.dtype for t in types}) != 1:
        raise op.fail("operands differ in dtype")
    return types[0].dtype


__all__ = [
    "CLIENTS_DIM",
    "TensorOp",
    "broadcast_shapes",
    "check_axes",
    "join_secrecy",
    "same_dtype",
]
