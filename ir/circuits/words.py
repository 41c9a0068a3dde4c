"""Integers as words of wires, lowest bit first, in two's complement if signed.

Operations work at any width; operands of one operation have equal widths unless said otherwise. A full adder costs
one AND: with carry c the next carry is ``c + (x + c)(y + c)`` modulo 2 (Boyar, Peralta and Pochuev, "On the
multiplicative complexity of Boolean functions over the basis (and, xor, 1)", 2000).
"""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires


def constant(b: CircuitBuilder, value: int, width: int) -> Wires:
    """A constant modulo 2^width."""
    return tuple(b.constant(bool((value >> i) & 1)) for i in range(width))


def sign_extend(x: Wires, width: int) -> Wires:
    """The same signed number with more wires (or the low wires if there are fewer)."""
    return (x + (x[-1],) * (width - len(x)))[:width]


def zero_extend(b: CircuitBuilder, x: Wires, width: int) -> Wires:
    """The same unsigned number with more wires (or the low wires if there are fewer)."""
    return (x + (b.constant(False),) * (width - len(x)))[:width]


def add(b: CircuitBuilder, x: Wires, y: Wires, carry: int = 0) -> Wires:
    """x + y + carry modulo 2^width; one AND per bit but the last."""
    result = []
    for i, (p, q) in enumerate(zip(x, y, strict=True)):
        result.append(b.xor(b.xor(p, q), carry))
        if i + 1 < len(x):
            carry = _majority(b, p, q, carry)
    return tuple(result)


def add_shallow(b: CircuitBuilder, x: Wires, y: Wires) -> Wires:
    """x + y modulo 2^width with a depth of about log2(width) ANDs, for more ANDs than ``add`` has.

    A block of bits generates a carry, or propagates one. Blocks of twice the size follow from two halves (J. Sklansky,
    "Conditional-sum addition logic", IRE Transactions on Electronic Computers EC-9, 1960).
    """
    generate = [b.and_(p, q) for p, q in zip(x, y, strict=True)]
    propagate = [b.xor(p, q) for p, q in zip(x, y, strict=True)]
    bits = propagate.copy()
    half = 1
    while half < len(x):
        for i in range(len(x)):
            if i & half:
                below = (i & -half) - 1  # the highest bit of the lower half
                generate[i] = b.xor(generate[i], b.and_(propagate[i], generate[below]))
                propagate[i] = b.and_(propagate[i], propagate[below])
        half *= 2
    return (bits[0], *(b.xor(bit, carry) for bit, carry in zip(bits[1:], generate, strict=False)))


def carry_out(b: CircuitBuilder, x: Wires, y: Wires, carry: int = 0) -> int:
    """The carry of x + y + carry out of the highest bit."""
    for p, q in zip(x, y, strict=True):
        carry = _majority(b, p, q, carry)
    return carry


def _majority(b: CircuitBuilder, p: int, q: int, c: int) -> int:
    return b.xor(c, b.and_(b.xor(p, c), b.xor(q, c)))


def invert(b: CircuitBuilder, x: Wires) -> Wires:
    """Every bit negated."""
    return tuple(b.inv(w) for w in x)


def sub(b: CircuitBuilder, x: Wires, y: Wires) -> Wires:
    """x - y modulo 2^width."""
    return add(b, x, invert(b, y), b.constant(True))


def neg(b: CircuitBuilder, x: Wires) -> Wires:
    """-x modulo 2^width."""
    return negate_if(b, b.constant(True), x)


def negate_if(b: CircuitBuilder, condition: int, x: Wires) -> Wires:
    """-x where the condition holds, else x."""
    flipped = tuple(b.xor(w, condition) for w in x)
    return add(b, flipped, constant(b, 0, len(x)), condition)


def less_unsigned(b: CircuitBuilder, x: Wires, y: Wires) -> int:
    """x < y of unsigned numbers: no carry out of x - y."""
    return b.inv(carry_out(b, x, invert(b, y), b.constant(True)))


def less(b: CircuitBuilder, x: Wires, y: Wires) -> int:
    """x < y of signed numbers: unsigned after flipping the sign bits."""
    return less_unsigned(b, (*x[:-1], b.inv(x[-1])), (*y[:-1], b.inv(y[-1])))


def all_of(b: CircuitBuilder, x: Sequence[int]) -> int:
    """Whether all bits are one, as a balanced tree."""
    if not x:
        return b.constant(True)
    while len(x) > 1:
        x = [b.and_(x[i], x[i + 1]) if i + 1 < len(x) else x[i] for i in range(0, len(x), 2)]
    return x[0]


def nonzero(b: CircuitBuilder, x: Wires) -> int:
    """Whether any bit is one."""
    return b.inv(all_of(b, invert(b, x)))


def equal(b: CircuitBuilder, x: Wires, y: Wires) -> int:
    """x = y."""
    return all_of(b, [b.inv(b.xor(p, q)) for p, q in zip(x, y, strict=True)])


def mux(b: CircuitBuilder, condition: int, x: Wires, y: Wires) -> Wires:
    """x where the condition holds, else y; one AND per bit."""
    return tuple(b.mux(condition, p, q) for p, q in zip(x, y, strict=True))


def mask(b: CircuitBuilder, condition: int, x: Wires) -> Wires:
    """x where the condition holds, else 0."""
    return tuple(b.and_(condition, w) for w in x)


def relu(b: CircuitBuilder, x: Wires) -> Wires:
    """max(x, 0): the exact ReLU of a signed number."""
    return (*mask(b, b.inv(x[-1]), x[:-1]), b.constant(False))


def abs_(b: CircuitBuilder, x: Wires) -> Wires:
    """|x| modulo 2^width."""
    return negate_if(b, x[-1], x)


def max_(b: CircuitBuilder, x: Wires, y: Wires) -> Wires:
    """The larger of two signed numbers."""
    return mux(b, less(b, x, y), y, x)


def min_(b: CircuitBuilder, x: Wires, y: Wires) -> Wires:
    """The smaller of two signed numbers."""
    return mux(b, less(b, x, y), x, y)


def toward_zero(b: CircuitBuilder, x: Wires, dropped: int) -> Wires:
    """x / 2^dropped rounded toward zero: negative numbers are biased before the low bits go."""
    if dropped == 0:
        return x
    x = sign_extend(x, max(len(x), dropped + 1))
    bias = (x[-1],) * dropped + constant(b, 0, len(x) - dropped)
    return add(b, x, bias)[dropped:]


def sum_columns(b: CircuitBuilder, columns: Sequence[Sequence[int]], width: int) -> Wires:
    """Adds up bits by weight (column i counts 2^i) modulo 2^width, with full and half adders of one AND each."""
    stacks = [list(c) for c in columns[:width]] + [[] for _ in range(width - len(columns))]
    result = []
    for i, stack in enumerate(stacks):
        while len(stack) > 1:
            p, q, c = (*stack[:2], stack[2] if len(stack) > 2 else b.constant(False))
            del stack[:3]
            stack.append(b.xor(b.xor(p, q), c))
            if i + 1 < width:
                stacks[i + 1].append(_majority(b, p, q, c))
        result.append(stack[0] if stack else b.constant(False))
    return tuple(result)


def normalise(b: CircuitBuilder, x: Wires, kept: int, *, smallest: int = 1) -> tuple[Wires, Wires]:
    """Shifts an unsigned number to the left until its highest bit is one.

    Args:
        b: The builder.
        x: The number.
        kept: How many of the highest bits are wanted.
        smallest: The shift is a multiple of this power of two, so the highest one is among the ``smallest`` highest
            bits.

    Returns:
        The highest ``kept`` bits, and the shift (of no meaning if x is 0) in units of ``smallest``.
    """
    places: list[int] = []
    width = len(x)
    step = 1 << (max(width - 1, 1).bit_length() - 1)
    while step >= smallest:
        split = max(width - step, 0)
        empty = b.inv(nonzero(b, x[split:]))
        # Before a shift the highest bits are zero, so moving a bit costs one AND for both its places.
        moved = mask(b, empty, x[:split])
        stay = zero_extend(b, moved, width)
        arrive = (constant(b, 0, step) + moved)[:width]
        # Bits that later, smaller steps cannot bring into the kept ones are dropped.
        dropped = max(0, width - kept - step + smallest)
        shifted = tuple(b.xor(b.xor(p, q), r) for p, q, r in zip(x, stay, arrive, strict=True))
        x = constant(b, 0, dropped) + shifted[dropped:]
        places.append(empty)
        step >>= 1
    return (constant(b, 0, kept) + x)[-kept:], tuple(reversed(places))
