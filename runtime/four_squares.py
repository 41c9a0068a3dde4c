"""Every non-negative integer as a sum of four squares (Lagrange), as Rabin and Shallit find it.

"Randomized algorithms in number theory", Communications on Pure and Applied Mathematics 39 (1986): two squares are
guessed until what is left is a prime that is 1 modulo 4, which is a sum of two squares that Euclid's algorithm finds.
How long that takes depends on the number: it is done by the client, for itself.
"""

from __future__ import annotations

import math
import secrets

BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
"""Of a prime that is 1 modulo 4, each gives a root of -1 with probability 1/2; without one there is another guess."""

SMALL_FACTORS = math.prod(p for p in range(3, 212, 2) if all(p % q for q in range(3, p, 2)))
"""Most numbers that are no primes have one, which costs less to see than a power."""

FEW = 1 << 12
"""Below, all squares are tried."""


def four_squares(number: int) -> tuple[int, int, int, int]:
    """Four integers, not negative, whose squares add up to a number that is not negative."""
    if number < 0:
        raise ValueError(f"{number} is no sum of squares")
    scale = 1
    while number and number % 4 == 0:  # then all four are even: too few guesses would do
        number //= 4
        scale *= 2
    a, b, c, d = _small(number) if number < FEW else _guessed(number)
    return scale * a, scale * b, scale * c, scale * d


def _small(number: int) -> tuple[int, int, int, int]:
    for a in range(math.isqrt(number), -1, -1):
        for b in range(min(a, math.isqrt(number - a * a)), -1, -1):
            rest = number - a * a - b * b
            for c in range(min(b, math.isqrt(rest)), -1, -1):
                d = math.isqrt(rest - c * c)
                if d * d == rest - c * c:
                    return a, b, c, d
    raise AssertionError("every number is a sum of four squares")


def _guessed(number: int) -> tuple[int, int, int, int]:
    # Squares are 0 or 1 modulo 4: with as many odd ones what is left is 1 modulo 4, for numbers that 4 does not divide.
    odd = number % 4 - 1
    while True:
        a = _below(math.isqrt(number - 1), odd > 0)
        b = _below(math.isqrt(number - a * a), odd > 1)
        if (found := _two_squares(number - a * a - b * b)) is not None:
            return a, b, *found


def _below(most: int, odd: bool) -> int:
    """An even or odd number that is not larger."""
    return 2 * secrets.randbelow((most - odd) // 2 + 1) + odd


def _two_squares(number: int) -> tuple[int, int] | None:
    """Of most primes that are 1 modulo 4; None for most other numbers that are."""
    if math.gcd(number, SMALL_FACTORS) > 1:
        return None
    for base in BASES:
        root = pow(base, (number - 1) // 4, number)
        square = root * root % number
        if square == number - 1:
            break
        if square != 1:
            return None  # no prime: of one, that power is 1 or -1
    else:
        return None
    a, b = number, root
    while b * b > number:
        a, b = b, a % b
    other = math.isqrt(number - b * b)
    return (b, other) if b * b + other * other == number else None
