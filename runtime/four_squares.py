"""Every non-negative integer as a sum of four squares (Lagrange), as Rabin and Shallit find it.

"Randomized algorithms in number theory", Communications on Pure and Applied Mathematics 39 (1986): two squares are
guessed until what is left is a prime that is 1 modulo 4, which is a sum of two squares that Euclid's algorithm finds.
How long that takes depends on the number: it is done by the client, for itself.
"""

from __future__ import annotations

import math
import secrets

BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
"""Miller and Rabin's test with the first 13 primes fails for no number below 3·10^24 (Sorenson, Webster 2017).

For larger ones a composite only means that no two squares are found, and another guess.
"""

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
    largest = math.isqrt(number)
    while True:
        a = secrets.randbelow(largest + 1)
        b = secrets.randbelow(math.isqrt(number - a * a) + 1)
        rest = number - a * a - b * b
        if rest % 4 == 1 and (found := _two_squares(rest)) is not None:
            return a, b, *found


def _two_squares(prime: int) -> tuple[int, int] | None:
    """Of a prime that is 1 modulo 4; None for most other numbers that are."""
    if prime == 1:
        return 1, 0
    if not _is_prime(prime):
        return None
    # A root of -1: half of all numbers are no squares, and their power by (p - 1)/2 is -1.
    powers = (pow(base, (prime - 1) // 4, prime) for base in BASES)
    root = next((r for r in powers if r * r % prime == prime - 1), None)
    if root is None:
        return None
    a, b = prime, root
    while b * b > prime:
        a, b = b, a % b
    other = math.isqrt(prime - b * b)
    return (b, other) if b * b + other * other == prime else None


def _is_prime(number: int) -> bool:
    if any(number % base == 0 for base in BASES):
        return number in BASES
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    for base in BASES:
        x = pow(base, (number - 1) >> twos, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True
