"""Where values come from and go to: inputs, constants, outputs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import numpy as np

from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.interval import TRUTH, UNBOUNDED, Interval
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.tensor.base import NUMPY_DTYPE, TensorOp
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Secrecy, TensorType


class Placement(Enum):
    """Where a program's value lives, as in TFF."""

    CLIENTS = "clients"
    SERVER = "server"


class Input(TensorOp, name="input"):
    """A parameter of the program, or one leaf of a structured parameter.

    Args:
        path: Name of the parameter, with ``/`` between the levels of a structure: ``updates/dense/kernel``.
        placement: A CLIENTS-placed input is secret and has the clients axis first; a SERVER-placed one is public unless
            it has an owner.
        bound: Entries x must satisfy |x| < bound; None until the compiler has chosen the default.
        type: Type of the value.
        lowest: Entries x must satisfy x >= lowest, if that says more than the bound.
        norm: Of an input whose entries are not proved one by one: the L2 norm of one client's entries together (or of
            all, of an owner's) is at most that. The bound and the lowest value are then what a client checks of itself.
        vector: The vector that it is a part of, together with all other inputs of the same name here, if clients share
            an image of that.
        image: Which. Of what is cut to a length, that radius is the operand: one public number.
        one_hot: Of truth values at clients: along the last axis exactly one entry is true.
        owner: Of a SERVER-placed input that is secret: who alone knows it.
    """

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.BY_CLIENTS
    jumps = Jumps.NOWHERE

    path: str
    placement: Placement
    bound: float | None
    type: TensorType
    lowest: float | None = None
    norm: float | None = None
    vector: str | None = None
    image: Image | None = None
    one_hot: bool = False
    owner: Owner | None = None

    def infer(self) -> tuple[TensorType, ...]:
        """The attribute; CLIENTS-placed means secret with a leading clients axis, an owner just secret."""
        radius = self.expect(0 if self.image in (None, Image.DIRECTION) else 1)
        if any(r.is_secret or r.shape != () for r in radius):
            raise self.fail(f"{self.path}: a radius is one public number, not {radius[0]}")
        if self.one_hot and (self.type.dtype is not DType.BOOL or self.type.shape[1:][-1:] in ((), (0,))):
            raise self.fail(f"{self.path}: {self.type} has no one-hot vectors")
        at_clients = self.placement is Placement.CLIENTS
        if at_clients and self.owner is not None:
            raise self.fail(f"{self.path}: every client owns its own value, and nobody all of them")
        secret = at_clients or self.owner is not None
        if secret != self.type.is_secret or at_clients != (self.type.shape[:1] == (CLIENTS_DIM,)):
            raise self.fail(f"{self.path}: a {self.placement.value} input cannot have type {self.type}")
        return (self.type,)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """What is declared: |x| < bound, and x >= lowest; or |x| <= norm, where clients prove that alone."""
        if self.type.dtype is DType.BOOL:
            return TRUTH
        return self.declared if self.norm is None else Interval.within(self.norm)

    @property
    def declared(self) -> Interval:
        """What every entry that its owner may share lies in, whether that is proved or not."""
        if self.bound is None:
            return UNBOUNDED
        return Interval(-self.bound if self.lowest is None else max(self.lowest, -self.bound), self.bound)


class Constant(TensorOp, name="constant"):
    """A compile-time constant (public).

    Args:
        value: The elements.
        dtype: Their type.
    """

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.IN_CLEAR
    jumps = Jumps.NOWHERE

    value: Array
    dtype: DType

    def infer(self) -> tuple[TensorType, ...]:
        """The array's shape."""
        self.expect(0)
        return (TensorType(tuple(int(d) for d in self.value.shape), self.dtype, Secrecy.PUBLIC),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The array."""
        return (np.asarray(self.value, dtype=NUMPY_DTYPE[self.dtype]),)

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """From the smallest to the largest entry; infinities and NaN have no place in an interval."""
        if self.value.size == 0:
            return Interval(0.0, 0.0)
        if not np.all(np.isfinite(self.value)):
            return UNBOUNDED
        return Interval(float(np.min(self.value)), float(np.max(self.value)))


class Output(TensorOp, name="output"):
    """Returns a value to the caller; a secret one is opened to both servers.

    Args:
        path: Name of this leaf in the structure the program returns.
    """

    non_negative = Holds.UNKNOWN
    integral = Holds.UNKNOWN
    partial = False
    computed = Computed.IN_CLEAR
    jumps = Jumps.NOWHERE

    path: str

    def infer(self) -> tuple[TensorType, ...]:
        """No results."""
        (t,) = self.expect(1)
        if CLIENTS_DIM in t.shape:
            raise self.fail(f"{self.path}: an output cannot have a clients axis")
        return ()

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Nothing: the interpreter collects the operand."""
        return ()

    def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
        """What is returned is the operand."""
        return operands[0]
