"""Where ring elements come from and go to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.mpc.base import LocalOp, MpcOp, Requirement
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.proved_parts import Product
from ezprivsecfl.ir.types import CLIENTS_DIM, ArithType, RingType, Type, within_client


class Share(LocalOp, name="share"):
    """A CLIENTS-placed input: every client shares its entry of the first axis between the two servers.

    Args:
        path: The parameter's name, as at the tensor level.
        bound: Entries x must satisfy |x| < bound; the client checks that before it shares them.
        type: Type of all clients' values together.
        lowest: Entries x must satisfy x >= lowest, if that says more than the bound; checked by the client, too.
        norm: The L2 norm of one client's entries together is at most that; the client proves it. None: it proves
            nothing, or the bound of every single entry.
        vector: The vector that it is a part of, together with all other inputs of the same name here, if clients share
            an image of that; they prove how long that is.
        image: Which.
    """

    path: str
    bound: float
    type: ArithType
    lowest: float | None = None
    norm: float | None = None
    vector: str | None = None
    image: Image | None = None

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """The attribute."""
        self.expect_operands(0)
        return (self.type,)


class Private(LocalOp, name="private"):
    """A value that its owner computes in the clear of what it alone knows, and both servers have shares of.

    Args:
        path: The output of the owner's part of the program.
        owner: Who that is.
        bound: Entries x must satisfy |x| < bound; the owner checks that.
        type: Type of the value.
        lowest: Entries x must satisfy x >= lowest, if that says more than the bound; checked by the owner, too.
        norm: The L2 norm of all entries is at most that; a third party proves it.
    """

    path: str
    owner: Owner
    bound: float
    type: ArithType
    lowest: float | None = None
    norm: float | None = None

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """The attribute; it is no client's."""
        self.expect_operands(0)
        if CLIENTS_DIM in self.type.shape:
            raise self.fail(f"{self.path}: what an owner shares has no clients axis, as {self.type} has")
        return (self.type,)


class ProvedProduct(LocalOp, name="proved_product"):
    """Every client's inner product of parts of two CLIENTS-placed inputs, entry by entry in order.

    Of one with itself, it is its squared norm. It has the fractional bits of both. The servers have shares of it before
    a round begins: they come out of the client's proof (``runtime/proofs.py``).

    Args:
        starts: The first entry of either part.
        entries: How many entries both parts have; None: all of the inputs.
    """

    starts: tuple[int, ...] = (0, 0)
    entries: int | None = None

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """A number for each client; the operands must be inputs, and have the entries."""
        x, y = self.linear_types(2)
        if not all(isinstance(o.op, Share) for o in self.operands):
            raise self.fail("only a client's own inputs come with a proof")
        sizes = [within_client(t.shape) for t in (x, y)]
        if self.entries is None and sizes[0] != sizes[1]:
            raise self.fail("the inputs have different numbers of entries")
        count = sizes[0] if self.entries is None else self.entries
        if len(self.starts) != 2 or any(
            not 0 <= start <= start + count <= size for start, size in zip(self.starts, sizes, strict=True)
        ):
            raise self.fail(f"{count} entries from {self.starts} are not within the inputs")
        return (ArithType((CLIENTS_DIM,), x.frac + y.frac),)

    @property
    def product(self) -> Product:
        """The same, with the inputs' names."""
        x, y = (o.op for o in self.operands)
        assert isinstance(x, Share)
        assert isinstance(y, Share)
        count = within_client(x.type.shape) if self.entries is None else self.entries
        return Product(x.path, y.path, (self.starts[0], self.starts[1]), count)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        count = self.product.entries
        x, y = (a.reshape((len(a), -1))[:, s : s + count] for a, s in zip(args, self.starts, strict=True))
        return (np.asarray(np.sum(x * y, axis=-1, dtype=np.uint64)),)


class Public(LocalOp, name="public"):
    """A value that both servers computed in the clear (in the prologue), encoded in fixed point.

    Args:
        path: The prologue's output.
        bound: Entries x must satisfy |x| < bound.
        type: Type of the encoded value.
        least: Entries other than 0 must be at least so large in magnitude.
    """

    path: str
    bound: float
    type: RingType
    least: float = 0.0

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """The attribute."""
        self.expect_operands(0)
        return (self.type,)


class Constant(LocalOp, name="constant"):
    """A public constant, already encoded.

    Args:
        value: Ring elements (uint64).
        frac: Their fractional bits.
    """

    value: Array
    frac: int

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """The array's shape."""
        self.expect_operands(0)
        return (RingType(tuple(int(d) for d in self.value.shape), self.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The array."""
        return (np.asarray(self.value, dtype=np.uint64),)


class Output(LocalOp, name="output"):
    """Hands an opened value to the epilogue, and nothing else of the secure part may use it.

    Args:
        path: The epilogue's input.
        hidden: A prologue's output, a number. What is opened is shown next to that magnitude only, so places that are
            not significant there stay closed.
    """

    path: str
    hidden: str | None = None

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """No results; the operand must be open."""
        (t,) = self.linear_types(1)
        if not isinstance(t, RingType):
            raise self.fail("only opened values leave the secure part")
        return ()

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Nothing: the interpreter collects the operand."""
        return ()

    def requirement(self, number: Array) -> Requirement | None:
        """That it can be decoded."""
        return Requirement.within(number, -(2**63), 2**63, "is decoded, so below 2^63")
