"""Operations that need a protocol: masking, products, garbled circuits, conversions, opening."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.errors import DivisionError
from ezprivsecfl.ir.circuits.evaluate import evaluate as evaluate_circuit
from ezprivsecfl.ir.mpc.base import LocalOp, MpcOp, ProtocolOp, Requirement
from ezprivsecfl.ir.mpc.opening import OPENED, WINDOW_BITS
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.types import (
    CLIENTS_DIM,
    ArithType,
    BooleanType,
    FixedFormat,
    MaskedType,
    RingType,
    Type,
    WireFormat,
    YaoType,
)

METHODS = ("auto", "transfer", "lattice", "shares")
"""How products are computed: with masks whose products come from oblivious transfer or from lattice encryption, or
unmasked, by lattice encryption of the shares; ``auto`` leaves it to the back end."""

TRUNCATED_BITS = 62
"""Magnitudes of what is truncated have so many bits at most."""


def _check_method(op: MpcOp, method: str) -> None:
    if method not in METHODS:
        raise op.fail(f"method {method!r} is none of {', '.join(METHODS)}")


def bits_of(numbers: Array, width: int) -> Array:
    """The low bits of ring elements, lowest first, along a new last axis."""
    shifts = np.arange(width, dtype=np.uint64)
    return ((np.asarray(numbers)[..., None] >> shifts) & np.uint64(1)).astype(np.bool_)


def number_of(bits: Array) -> Array:
    """Two's complement numbers as ring elements; bits are along the last axis, lowest first."""
    weights = np.uint64(1) << np.arange(bits.shape[-1], dtype=np.uint64)
    weights[-1] = np.negative(weights[-1])
    return np.asarray(np.sum(bits * weights, axis=-1, dtype=np.uint64))


def enters_circuit(number: Array, width: int) -> Requirement:
    """That a ring element fits the wires of a circuit.

    Counts are without sign; what has one and is cut nevertheless is wrong when it leaves the circuit.
    """
    return Requirement.within(number, -(2 ** (width - 1)), 2**width, f"enters a circuit with {width} bits")


class Mask(ProtocolOp, name="mask"):
    """Additive shares to ABY2.0 sharing: one round, 8 bytes per element and direction."""

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """The same value in the masked domain."""
        (t,) = self.linear_types(1)
        if not isinstance(t, ArithType):
            raise self.fail("a public value needs no mask")
        return (MaskedType(t.shape, t.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The value does not change."""
        return (args[0],)


class Product(ProtocolOp, name="product"):
    """Batched matrix product ``[..., m, k] x [..., k, r] -> [..., m, r]`` of masked values; fractional bits add up.

    The leading (batch) axes of both operands are equal. Online it is local (Patra, Schneider, Suresh, Yalame,
    "ABY2.0", USENIX Security 2021, section 3.1), with shares of the products of masks from the setup phase.

    Args:
        method: Where a back end has a choice: one of ``METHODS``.
    """

    method: str = "auto"

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """Checks batch axes and the inner dimension."""
        self.expect_operands(2)
        _check_method(self, self.method)
        a, b = (o.type for o in self.operands)
        if not (isinstance(a, MaskedType) and isinstance(b, MaskedType)):
            raise self.fail("operands must be masked")
        if len(a.shape) < 2 or a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
            raise self.fail("needs shapes [..., m, k] and [..., k, r] with equal leading axes")
        return (ArithType((*a.shape[:-1], b.shape[-1]), a.frac + b.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.matmul(args[0], args[1]),)


class SquareSum(ProtocolOp, name="square_sum"):
    """Sum of squares over the last axis of a masked ``[..., k]`` value: half the setup of a product.

    Args:
        method: Where a back end has a choice: one of ``METHODS``.
    """

    method: str = "auto"

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """One axis less, twice the fractional bits."""
        self.expect_operands(1)
        _check_method(self, self.method)
        t = self.operands[0].type
        if not isinstance(t, MaskedType) or not t.shape:
            raise self.fail("needs a masked value of shape [..., k]")
        return (ArithType(t.shape[:-1], 2 * t.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Modulo 2^64."""
        return (np.asarray(np.sum(args[0] * args[0], axis=-1, dtype=args[0].dtype)),)


class Truncate(ProtocolOp, name="truncate"):
    """Fewer fractional bits: shares of x / 2^bits from additive shares of a raw value |x| < 2^62.

    An engine rounds each element up or down: an error below one unit of the last place at every magnitude. The
    reference rounds down.

    Args:
        bits: How many, 1 to 62.
    """

    bits: int

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """Fewer fractional bits."""
        (t,) = self.linear_types(1)
        if not isinstance(t, ArithType):
            raise self.fail("a public value is encoded with the fractional bits that it is to have")
        if not 1 <= self.bits <= 62:
            raise self.fail(f"{self.bits} bits are not within 1 to 62")
        return (ArithType(t.shape, t.frac - self.bits),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The arithmetic shift."""
        return (np.asarray((args[0].view(np.int64) >> np.int64(self.bits)).view(np.uint64)),)

    def requirement(self, number: Array) -> Requirement | None:
        """The result is right for raw values below 2^62 only."""
        limit = 2**TRUNCATED_BITS
        return Requirement.within(number, -limit, limit, f"is truncated, so below 2^{TRUNCATED_BITS}")


class ToYao(ProtocolOp, name="to_yao"):
    """The low bits of an additively shared value as garbled wires, in two's complement.

    Args:
        width: How many bits, 1 to 64.
    """

    width: int

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """Fixed point of ``width`` bits."""
        (t,) = self.linear_types(1)
        if not 1 <= self.width <= 64:
            raise self.fail(f"width {self.width} is not within 1 to 64")
        return (YaoType(t.shape, FixedFormat(self.width, t.frac)),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Bits of the ring element, lowest first."""
        return (bits_of(args[0], self.width),)

    def requirement(self, number: Array) -> Requirement | None:
        """That it fits the width."""
        return enters_circuit(number, self.width)


class FromYao(ProtocolOp, name="from_yao"):
    """A garbled two's complement number as additive shares: sign-extended to 64 bits, no online traffic."""

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """The format's fractional bits."""
        self.expect_operands(1)
        t = self.operands[0].type
        if not isinstance(t, YaoType) or not isinstance(t.format, FixedFormat) or t.format.width > 64:
            raise self.fail("needs a garbled fixed-point value of at most 64 bits")
        return (ArithType(t.shape, t.format.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The highest bit counts negative."""
        return (number_of(args[0]),)


class Circuit(ProtocolOp, name="circuit"):
    """Evaluates a Boolean circuit on garbled values or on Boolean shares, element by element (all of one shape).

    Args:
        circuit: Name in the program's table of circuits.
        formats: What the circuit's outputs mean.
    """

    circuit: str
    formats: tuple[WireFormat, ...]

    exact = MpcOp.shown

    def infer(self) -> tuple[Type, ...]:
        """One result per output of the circuit."""
        types = [o.type for o in self.operands]
        for kind in (YaoType, BooleanType):
            if types and all(isinstance(t, kind) and t.shape == types[0].shape for t in types):
                return tuple(kind(types[0].shape, f) for f in self.formats)
        raise self.fail("needs operands of one shape, all garbled or all Boolean shares")

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Every gate, in the clear."""
        shape = args[0].shape[:-1]
        outputs = evaluate_circuit(env.circuits[self.circuit], [a.reshape((-1, a.shape[-1])) for a in args])
        return tuple(o.reshape((*shape, o.shape[-1])) for o in outputs)


class Open(ProtocolOp, name="open"):
    """Opens additive shares |x| < 2^62 to both servers.

    Results of a program (see ``results``) are opened when everything else is done and the checks have passed. The
    reference leaves the value as it is; servers open one that is within one unit of the last place they open
    (``opening.py``).

    Args:
        significant: How many bits of the tensor's largest magnitude; None for all that there are.
        highest: Bits that the largest magnitude has at most as the ranges say, for cost tables.
    """

    significant: int | None = None
    highest: int = 62

    exact = MpcOp.evaluated

    def infer(self) -> tuple[Type, ...]:
        """The same value, public."""
        (t,) = self.linear_types(1)
        if self.significant is not None and not 1 <= self.significant <= 62:
            raise self.fail(f"{self.significant} significant bits are not within 1 to 62")
        return (RingType(t.shape, t.frac),)

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """The value does not change."""
        return (args[0],)

    def requirement(self, number: Array) -> Requirement | None:
        """The first exchange shows a window of the highest bits, which must not wrap around (``opening.py``)."""
        return Requirement.within(number, -OPENED, OPENED, f"is opened, so below 2^63 - 2^{WINDOW_BITS}")


class Check(LocalOp):
    """Base of the operations that look at opened bits before anything else is opened.

    Args:
        what: What of the user's program went wrong where a bit is set, for messages.
    """

    exact = MpcOp.shown

    what: str


class CheckZero(Check, name="check_zero"):
    """Ends the round with DivisionError if an opened bit is set."""

    def infer(self) -> tuple[Type, ...]:
        """No results."""
        (t,) = self.linear_types(1)
        if not isinstance(t, RingType) or t.shape != ():
            raise self.fail("needs one opened number")
        return ()

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Raises DivisionError."""
        if np.any(args[0]):
            raise DivisionError(division_message(f"{self.what} at {self.location}"))
        return ()


class CheckClients(Check, name="check_clients"):
    """Ends the round, before anything else is opened, if a client's opened bit is set; it starts anew without them."""

    def infer(self) -> tuple[Type, ...]:
        """No results."""
        (t,) = self.linear_types(1)
        if not isinstance(t, RingType) or t.shape != (CLIENTS_DIM,):
            raise self.fail("needs one opened number per client")
        return ()

    def evaluate(self, args: Sequence[Array], env: Environment) -> tuple[Array, ...]:
        """Raises DivisionError that says which."""
        found = invalid_clients(self.what, args[0])
        if found:
            raise DivisionError(client_message(self.what), found)
        return ()


def invalid_clients(what: str, bits: Array) -> tuple[int, ...]:
    """Positions of the clients whose bits are set.

    Raises:
        DivisionError: All are: then it is a value of all together (the divisor, say), and no client's own.
    """
    if np.all(bits):
        raise DivisionError(division_message(what))
    return tuple(int(c) for c in np.flatnonzero(bits))


def division_message(what: str) -> str:
    """The text of a DivisionError: names the operation and its place, and what to do."""
    return (
        f"{what}: the result is infinite or not a number, because a secret divisor or norm is zero (or a root's "
        "operand is negative), or beyond the range that the program was compiled for. Use tf.math.divide_no_nan, or "
        "guard the division with tf.where or a small positive constant."
    )


def client_message(what: str) -> str:
    """Why a client's values cannot be used."""
    return f"{what} is not finite for its values, or beyond the range that the program was compiled for"
