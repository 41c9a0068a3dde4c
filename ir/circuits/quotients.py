"""Quotients of integers: restoring division while remainders are short, then non-restoring division.

A restoring step on j bits costs a subtraction and a selection, 2 j ANDs; a non-restoring one adds or subtracts the
whole divisor, which costs one AND per bit of the divisor, so it is better from the middle on. (D. E. Knuth, "The Art
of Computer Programming", volume 2, section 4.3.1; I. Koren, "Computer Arithmetic Algorithms", section 3.2.)
"""

from __future__ import annotations

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires


def divide_unsigned(b: CircuitBuilder, x: Wires, y: Wires) -> tuple[Wires, Wires]:
    """Quotient and remainder of unsigned numbers; y = 0 gives quotient 2^width - 1."""
    width = len(x)
    short = width // 2
    remainder, upper = _restoring(b, x[width - short :], y)
    remainder, lower = _non_restoring(b, remainder, x[: width - short], y)
    return lower + upper, remainder


def divide(b: CircuitBuilder, x: Wires, y: Wires) -> Wires:
    """Quotient of signed numbers, rounded toward zero."""
    quotient, _ = divide_unsigned(b, words.abs_(b, x), words.abs_(b, y))
    return words.negate_if(b, b.xor(x[-1], y[-1]), quotient)


def divide_down(b: CircuitBuilder, x: Wires, y: Wires) -> tuple[Wires, Wires]:
    """Quotient of signed numbers, rounded down, and remainder, with the sign of y."""
    quotient, remainder = divide_unsigned(b, words.abs_(b, x), words.abs_(b, y))
    differ = b.xor(x[-1], y[-1])
    rest = words.nonzero(b, remainder)
    # -q - 1 is q with all bits inverted.
    flipped = tuple(b.xor(wire, differ) for wire in quotient)
    down = words.add(b, flipped, words.constant(b, 0, len(flipped)), b.and_(differ, b.inv(rest)))
    signed = words.negate_if(b, x[-1], remainder)
    return down, words.add(b, signed, words.mask(b, b.and_(differ, rest), y))


def _restoring(b: CircuitBuilder, x: Wires, y: Wires) -> tuple[Wires, Wires]:
    """Remainder and quotient of x by y, where x is shorter than y: the remainder after j bits of x has j bits."""
    longer = [b.constant(False)]  # whether y has a one at this position or above, from the highest position down
    for wire in reversed(y):
        longer.append(b.or_(longer[-1], wire))
    longer.reverse()
    remainder: Wires = ()
    quotient: list[int] = []
    for bit in reversed(x):
        trial = (bit, *remainder)
        *difference, below = words.sub(b, (*trial, b.constant(False)), (*y[: len(trial)], b.constant(False)))
        fits = b.and_(b.inv(below), b.inv(longer[len(trial)]))
        remainder = words.mux(b, fits, tuple(difference), trial)
        quotient.append(fits)
    return remainder, tuple(reversed(quotient))


def _non_restoring(b: CircuitBuilder, remainder: Wires, x: Wires, y: Wires) -> tuple[Wires, Wires]:
    """Goes on with the lower bits x; the remainder is signed in between and as wide as y in the end."""
    width = len(y)
    divisor = words.zero_extend(b, y, width + 1)
    residual = words.zero_extend(b, remainder, width + 1)
    quotient: list[int] = []
    for bit in reversed(x):
        subtract = b.inv(residual[-1])
        row = tuple(b.xor(wire, subtract) for wire in divisor)
        residual = words.add(b, (bit, *residual[:-1]), row, subtract)
        quotient.append(b.inv(residual[-1]))
    correction = words.mask(b, residual[-1], y)
    return words.add(b, residual[:-1], correction), tuple(reversed(quotient))
