"""Wires with a meaning, which the circuits of tensor operations take and give.

Comparisons, selections, ReLU and the like work on fixed point; products, quotients and roots on normalised numbers.
Operands are converted where an operation needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ezprivsecfl.ir.circuits import floats, rounding, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.circuits.floats import FLOAT, Float
from ezprivsecfl.ir.types import BitFormat, FixedFormat, FloatFormat, WireFormat

OnWords = Callable[[CircuitBuilder, Wires], Wires]
OnFloats = Callable[[CircuitBuilder, Float], Float]
OnTwoWords = Callable[[CircuitBuilder, Wires, Wires], Wires]
OnTwoFloats = Callable[[CircuitBuilder, Float, Float], Float]
WordsHold = Callable[[CircuitBuilder, Wires, Wires], int]
FloatsHold = Callable[[CircuitBuilder, Float, Float], int]


@dataclass(frozen=True)
class Bundle:
    """The wires of one value; ``format`` says what they mean."""

    format: WireFormat
    wires: Wires

    @property
    def frac(self) -> int:
        """Fractional bits of a fixed-point bundle."""
        assert isinstance(self.format, FixedFormat)
        return self.format.frac

    @property
    def is_fixed(self) -> bool:
        """Whether it is a fixed-point number."""
        return isinstance(self.format, FixedFormat)

    @property
    def is_bit(self) -> bool:
        """Whether it is a truth value."""
        return isinstance(self.format, BitFormat)


@dataclass(frozen=True)
class Limited:
    """A number as a short word, for functions that do not need it where it is large.

    Args:
        word: Signed, and of no meaning if the number is not below the limit.
        beyond: Whether the magnitude is not below the limit.
        sign: Whether the number is negative.
        nan: Whether it is not a number.
    """

    word: Wires
    beyond: int
    sign: int
    nan: int


def fixed(wires: Wires, frac: int) -> Bundle:
    """A two's complement number."""
    return Bundle(FixedFormat(len(wires), frac), wires)


def normalised(x: Float) -> Bundle:
    """A normalised number."""
    return Bundle(FLOAT, floats.pack(x))


def bit(wire: int) -> Bundle:
    """A truth value."""
    return Bundle(BitFormat(), (wire,))


@dataclass
class Gates:
    """Adds gates to a circuit: what the circuit rules of operations are made of.

    Args:
        b: The builder.
        invalid: Wires that say that an operation's operands have no result, which its format cannot say.
    """

    b: CircuitBuilder
    invalid: list[int] = field(default_factory=list)

    def constant(self, value: float, *, boolean: bool) -> Bundle:
        """A compile-time constant: a truth value, fixed point if exact with few bits, else a normalised number."""
        if boolean:
            return bit(self.b.constant(bool(value)))
        frac = exact_frac(value)
        if frac is not None and abs(value) < (2**40 if frac else 2**62):
            return fixed(words.constant(self.b, round(value * 2**frac), 64), frac)
        return normalised(floats.constant(self.b, value))

    def number(self, x: Bundle) -> Float:
        """The bundle as a normalised number."""
        if isinstance(x.format, FloatFormat):
            return floats.unpack(x.wires)
        return floats.from_fixed(self.b, x.wires, x.frac)

    def integer(self, x: Bundle) -> Wires:
        """An integer as a word; what a normalised number is not, becomes ``invalid``."""
        if x.is_fixed:
            # Fractional bits of an integer are no part of it: they hold what was lost on the way.
            return rounding.round_fixed(self.b, rounding.to_even, x.wires, x.frac) if x.frac > 0 else self.widened(x, 0)
        word, invalid = floats.to_fixed(self.b, self.number(x), 64, 0, 62)
        self.invalid.append(invalid)
        return word

    def widened(self, x: Bundle, frac: int) -> Wires:
        """A fixed-point bundle with ``frac`` fractional bits, as many as it has or more: zeros below."""
        return (self.b.constant(False),) * (frac - x.frac) + x.wires

    def limited(self, x: Bundle, whole: int, frac: int) -> Limited:
        """A number with ``frac`` fractional bits if its magnitude is below 2^whole; what is below them is dropped."""
        highest = whole + frac
        if not x.is_fixed:
            number = self.number(x)
            word, beyond = floats.to_fixed(self.b, number, highest + 1, frac, highest - 1)
            return Limited(word, beyond, self.b.or_(word[-1], self.b.and_(number.sign, beyond)), number.nan)
        word = words.sign_extend(x.wires, max(len(x.wires), x.frac - frac + 2))
        word = word[x.frac - frac :] if x.frac > frac else self.widened(x, frac)
        sign = word[-1]
        beyond = words.nonzero(self.b, tuple(self.b.xor(wire, sign) for wire in word[highest:-1]))
        return Limited((*word[:-1][:highest], sign), beyond, sign, self.b.constant(False))

    def aligned(self, x: Bundle, y: Bundle) -> tuple[Wires, Wires, int]:
        """Two fixed-point bundles with the same fraction, which is the third result, and the same width."""
        frac = max(x.frac, y.frac)
        a, c = self.widened(x, frac), self.widened(y, frac)
        width = max(len(a), len(c))
        return words.sign_extend(a, width), words.sign_extend(c, width), frac

    def unary(self, x: Bundle, on_words: OnWords, on_floats: OnFloats) -> Bundle:
        """A function whose result has the operand's format."""
        if x.is_fixed:
            return fixed(on_words(self.b, x.wires), x.frac)
        return normalised(on_floats(self.b, self.number(x)))

    def binary(self, x: Bundle, y: Bundle, on_words: OnTwoWords, on_floats: OnTwoFloats) -> Bundle:
        """A function of two numbers whose result has their format: fixed point if both are."""
        if x.is_fixed and y.is_fixed:
            a, c, frac = self.aligned(x, y)
            return fixed(on_words(self.b, a, c), frac)
        return normalised(on_floats(self.b, self.number(x), self.number(y)))

    def relation(self, x: Bundle, y: Bundle, on_words: WordsHold, on_floats: FloatsHold) -> Bundle:
        """Whether two numbers, or two truth values, are in a relation."""
        if x.is_bit and y.is_bit:
            return bit(on_words(self.b, x.wires, y.wires))
        if x.is_fixed and y.is_fixed:
            a, c, _ = self.aligned(x, y)
            return bit(on_words(self.b, a, c))
        return bit(on_floats(self.b, self.number(x), self.number(y)))

    def shared(self, x: Bundle, frac: int, highest: int | None) -> tuple[Bundle, int | None]:
        """A bundle as it leaves for arithmetic shares, and the wire that says it is not a finite number.

        Args:
            x: The bundle.
            frac: Fractional bits of the shares.
            highest: The highest bit that a number within its range has, if it has a range.
        """
        if isinstance(x.format, FloatFormat):
            width = 64 if highest is None else max(2, min(64, highest + 2))
            word, invalid = floats.to_fixed(self.b, self.number(x), width, frac, highest)
            return fixed(word, frac), invalid
        if x.is_bit:
            return self.truth(x), None
        if frac <= x.frac:
            dropped = x.frac - frac
            return fixed(words.sign_extend(x.wires, max(len(x.wires), dropped + 1))[dropped:][:64], frac), None
        return fixed(self.widened(x, frac)[:64], frac), None

    def truth(self, x: Bundle) -> Bundle:
        """A truth value as the number 0 or 1."""
        return fixed((x.wires[0], self.b.constant(False)), 0)


def exact_frac(value: float) -> int | None:
    """The few fractional bits that hold a number exactly, if there are such."""
    for frac in range(13):
        if value * 2.0**frac == np.rint(value * 2.0**frac):
            return frac
    return None
