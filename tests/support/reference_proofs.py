"""Clients' proofs once more, in Python's integers: what a server's half of an upload is, and what must hold of both.

Written from the description of the protocol (docs/client-proofs.md, cpp/include/duet/proof.h), not from the engine; the
randomness that a seed stands for is the same, so that uploads of either can be taken apart by the other. An attacker's
``forge`` makes uploads of values that no honest client has.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ezprivsecfl.ir.mpc.hiding import PRIVACY
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.proofs import Limits, ProofPlan, row_length
from ezprivsecfl.runtime.sharing import SEED_BYTES, Uploads

BLIND_BYTES, MASK_BYTES, COEFFICIENT_BYTES = 16, 31, 32
MASKS = 2**64 - 1
PRIME_BITS = 61

Vector = tuple[int, int, int]
Statement = tuple[list[tuple[int, int, int]], bytes]
Polynomial = list[int]


def stream(key: bytes, number: int, size: int) -> bytes:
    """AES-128 of counter blocks, the counter in the low half and the stream's number in the high one."""
    blocks = b"".join(
        i.to_bytes(8, "little") + number.to_bytes(8, "little") for i in range((size + BLIND_BYTES - 1) // BLIND_BYTES)
    )
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(blocks)[:size]


def key_of(seed: bytes, context: bytes) -> bytes:
    """What a seed stands for on an occasion."""
    return hashlib.sha256(b"duet upload\0" + seed + context).digest()[:16]


def numbers(data: bytes, size: int) -> list[int]:
    """Unsigned numbers of so many bytes each."""
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]


def product(p: Polynomial, q: Polynomial) -> Polynomial:
    """Of two polynomials over the integers."""
    result = [0] * (len(p) + len(q) - 1)
    for i, x in enumerate(p):
        for j, y in enumerate(q):
            result[i + j] += x * y
    return result


@dataclass(frozen=True)
class Layout:
    """What a ``_duet.ProofLayout`` is made of."""

    vectors: Sequence[Vector]
    statements: Sequence[Statement] = ()
    products: Sequence[tuple[int, int]] = ()
    unit_sums: Sequence[tuple[int, int]] = ()

    @cached_property
    def made(self) -> _duet.ProofLayout:
        """For the engine."""
        return _duet.ProofLayout(list(self.vectors), list(self.statements), list(self.products), list(self.unit_sums))

    def parts(self, of_vectors: Sequence[Sequence[int]]) -> list[tuple[int, list[int]]]:
        """The vector and the numbers of every part that is to add up to 1, given numbers for all vectors' entries."""
        return [
            (v, list(of_vectors[v][begin : begin + length]))
            for v, length in self.unit_sums
            for begin in range(0, self.vectors[v][0], length)
        ]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The products of two vectors, each of which has a polynomial of its own."""
        return [(x, y) for x, y in self.products if x != y]

    @property
    def polynomials(self) -> list[tuple[int, int]]:
        """The vectors of whose products there are polynomials, in order: those with themselves come first."""
        return [*((v, v) for v in range(len(self.vectors))), *self.pairs]

    @cached_property
    def begins(self) -> list[int]:
        """The place of each vector's first entry, and that of the end."""
        return [sum(v[0] for v in self.vectors[:i]) for i in range(len(self.vectors) + 1)]


def layout_of(made: ProofPlan) -> Layout:
    """What a plan's engine layout should be, from what docs/client-proofs.md says of statements."""
    vectors: list[Vector] = []
    statements: list[Statement] = []
    slack: list[Vector] = []
    unit_sums: list[tuple[int, int]] = []
    of: dict[str, int] = {}
    units: dict[str | None, list[tuple[list[int], Limits]]] = {}
    borders = borders_of(made)
    own = sum(x.entries if x.proof is Proof.ENTRIES else len(borders[x.path]) - 1 for x in made.limits)

    def number(value: int) -> bytes:
        return (value % 2**256).to_bytes(32, "little")

    for x in made.limits:
        of[x.path] = len(vectors)
        parts = [end - begin for begin, end in zip(borders[x.path], borders[x.path][1:], strict=False)]
        here = list(range(len(vectors), len(vectors) + len(parts)))
        shapes = [(n, math.isqrt(n * x.squares) + 1 + n, row_length(n)) for n in parts]
        match x.proof:
            case Proof.ENTRIES:
                for _ in range(x.entries):
                    entry, span = len(vectors), math.isqrt(x.highest - x.lowest)
                    # y1 + ... = x - lowest, and z1 + ... = highest - x
                    statements.append(([(own + len(slack), 1, 0), (entry, 0, -1)], number(-x.lowest)))
                    statements.append(([(own + len(slack) + 1, 1, 0), (entry, 0, 1)], number(x.highest)))
                    slack += [(4, 4 * span + 4, 1)] * 2
                    vectors.append((1, max(x.highest, -x.lowest) + 1, 0))
            case Proof.NORM:
                statements.append(([*((v, 1, 0) for v in here), (own + len(slack), 1, 0)], number(x.squares)))
                slack.append((4, 4 * math.isqrt(x.squares) + 4, 1))
                vectors += shapes
            case Proof.BITS | Proof.ONE_HOT:  # x² = x
                if x.proof is Proof.ONE_HOT:  # and, for each vector, x1 + ... = 1
                    unit_sums.append((len(vectors), x.length))
                statements.append(([(len(vectors), 1, -1)], number(0)))
                vectors += shapes
            case Proof.UNIT | Proof.CLIPPED:
                units.setdefault(x.vector, []).append((here, x))
                vectors += shapes
            case Proof.NONE:
                vectors += [(entries, largest, 0) for entries, largest, _ in shapes]
    for parts in units.values():
        places = max(x.frac for _, x in parts)
        squares = [(v, 4 ** (places - x.frac), 0) for here, x in parts for v in here]
        first = parts[0][1]
        if first.proof is Proof.CLIPPED:
            most = max(x.squares * 4 ** (places - x.frac) for _, x in parts)
            assert first.radius is not None
            radius = Fraction(first.radius) * 2**places
            statements.append(([*squares, (own + len(slack), 1, 0)], number(min(most, math.floor(radius**2)))))
            slack.append((4, 4 * math.isqrt(most) + 4, 1))
            coarsest, entries = min(x.frac for _, x in parts), sum(x.entries for _, x in parts)
            shorter = max(2.0**-20, 2 * math.sqrt(entries) * 2.0**-coarsest / first.radius)
            least = math.floor((1 - Fraction(shorter)) * radius)
            for claim in made.limits:
                if claim.vector == first.vector and claim.proof is Proof.BITS:
                    # w = least·b, and |x|² - w² - z1... = 0
                    statements.append(([(own + len(slack), 0, 1), (of[claim.path], 0, -least)], number(0)))
                    slack.append((1, math.isqrt(most) + 1, 1))
                    statements.append(([*squares, (own + len(slack) - 1, -1, 0), (own + len(slack), -1, 0)], number(0)))
                    slack.append((4, 4 * math.isqrt(most) + 4, 1))
            continue
        shortest, longest = lengths([x for _, x in parts])
        # |x|² - y1... = shortest, and |x|² + z1... = longest
        for sign, constant in ((-1, shortest), (1, longest)):
            statements.append(([*squares, (own + len(slack), sign, 0)], number(constant)))
            slack.append((4, 4 * math.isqrt(longest - shortest) + 4, 1))
    wanted = [
        (
            of[x.first] + borders[x.first].index(at),
            of[x.second] + borders[x.second].index(at - x.starts[0] + x.starts[1]),
        )
        for x in made.products
        for at in borders[x.first]
        if x.starts[0] <= at < x.starts[0] + x.entries
    ]
    return Layout(with_widths(made, [*vectors, *slack]), statements, list(dict.fromkeys(wanted)), unit_sums)


def borders_of(made: ProofPlan) -> dict[str, list[int]]:
    """Where each parameter is cut: at the ends of factors, and where the other factor of a product is."""
    found = {x.path: {0, x.entries} for x in made.limits}
    for product in made.products:
        found[product.first] |= {product.starts[0], product.starts[0] + product.entries}
        found[product.second] |= {product.starts[1], product.starts[1] + product.entries}
    before = -1
    while before != (before := sum(map(len, found.values()))):
        for product in made.products:
            for i in range(product.entries):
                one, other = product.starts[0] + i, product.starts[1] + i
                if one in found[product.first] or other in found[product.second]:
                    found[product.first].add(one)
                    found[product.second].add(other)
    return {path: sorted(places) for path, places in found.items()}


def with_widths(made: ProofPlan, vectors: Sequence[Vector]) -> list[Vector]:
    """Vectors that have what their magnitudes add up to in the place of their bits."""
    everything = sum(entries for entries, _, _ in vectors)

    def width(entries: int, largest: int) -> int:
        if made.share_bits != 80 or all(x.proof is Proof.NONE for x in made.limits):
            return made.share_bits
        told = 2 * largest * min(Fraction(everything, entries), len(vectors))
        return next((b for b in range(80, 104, 8) if told <= PRIVACY * 2**b), 104)

    return [(entries, width(entries, largest), row) for entries, largest, row in vectors]


def lengths(parts: list[Limits]) -> tuple[int, int]:
    """The least and largest squared norm of a unit vector, in units of the last place of its finest part."""
    coarsest, places = min(x.frac for x in parts), max(x.frac for x in parts)
    shorter = max(2.0**-20, 2 * math.sqrt(sum(x.entries for x in parts)) * 2.0**-coarsest)
    return math.floor((1 - Fraction(shorter)) ** 2 * 4**places), 4**places


class Half0:
    """Server 0's half of an upload."""

    def __init__(self, layout: Layout, seed: bytes, context: bytes) -> None:
        key = key_of(seed, context)
        self.shares: list[list[int]] = []
        self.blinds: list[list[int]] = []
        for v, (entries, bits, row) in enumerate(layout.vectors):
            extra = (bits - 64) // 8
            low = numbers(stream(key, 3 * v, 8 * entries), 8)
            high = numbers(stream(key, 3 * v + 1, extra * entries), extra) if extra else [0] * entries
            self.shares.append([x + (y << 64) for x, y in zip(low, high, strict=True)])
            rows = -(-entries // row) if row else 0
            self.blinds.append(numbers(stream(key, 3 * v + 2, BLIND_BYTES * rows), BLIND_BYTES))
        count = sum(2 * layout.vectors[v][2] for v, _ in layout.polynomials)
        self.masks = numbers(stream(key, MASKS, MASK_BYTES * count), MASK_BYTES)


class Half1:
    """Server 1's half."""

    def __init__(self, layout: Layout, uploads: Uploads) -> None:
        high, proof = uploads.high.tobytes(), uploads.proof.tobytes()
        self.shares: list[list[int]] = []
        entry = place = 0
        for entries, bits, _ in layout.vectors:
            extra = (bits - 64) // 8
            tops = numbers(high[place : place + extra * entries], extra) if extra else [0] * entries
            lows = [int(x) for x in uploads.low[entry : entry + entries]]
            self.shares.append([x + (y << 64) for x, y in zip(lows, tops, strict=True)])
            entry, place = entry + entries, place + extra * entries
        assert (entry, place) == (len(uploads.low), len(high))
        signed = range(0, len(proof), COEFFICIENT_BYTES)
        self.polynomial = [int.from_bytes(proof[i : i + COEFFICIENT_BYTES], "little", signed=True) for i in signed]


@dataclass(frozen=True)
class Opened:
    """An upload of which both halves are known.

    Args:
        layout: What was to be uploaded.
        first: Server 0's half.
        second: Server 1's half.
    """

    layout: Layout
    first: Half0
    second: Half1

    @staticmethod
    def of(layout: Layout, uploads: Uploads, context: bytes) -> Opened:
        """Takes an upload apart."""
        return Opened(layout, Half0(layout, uploads.seed, context), Half1(layout, uploads))

    def values(self, vector: int) -> list[int]:
        """The integers that the two shares stand for."""
        pairs = zip(self.first.shares[vector], self.second.shares[vector], strict=True)
        return [a + b - 2 ** self.layout.vectors[vector][1] for a, b in pairs]

    @cached_property
    def right_polynomials(self) -> list[Polynomial]:
        """By vector, and then by product of two, what the proof has to be a sharing of."""
        return right_polynomials(self.layout, self.first, self.second.shares)

    @cached_property
    def polynomials(self) -> list[Polynomial]:
        """The same, of what it is a sharing of."""
        shared = [p + q for p, q in zip(self.first.masks, self.second.polynomial, strict=True)]
        lengths = [2 * self.layout.vectors[v][2] for v, _ in self.layout.polynomials]
        return [shared[sum(lengths[:v]) : sum(lengths[: v + 1])] for v in range(len(lengths))]

    def left_side(self, statement: int) -> int:
        """Of a statement, over the integers, of the values themselves."""
        terms, _ = self.layout.statements[statement]
        return sum(
            square * sum(x * x for x in self.values(vector)) + factor * sum(self.values(vector))
            for vector, square, factor in terms
        )

    @property
    def accepted(self) -> bool:
        """What servers find that check at a random point, but for their error."""
        identity = self.polynomials == self.right_polynomials
        constants = [int.from_bytes(c, "little", signed=True) for _, c in self.layout.statements]
        parts = self.layout.parts([self.values(v) for v in range(len(self.layout.vectors))])
        unit = all(sum(part) == 1 for _, part in parts)
        return identity and unit and all(self.left_side(s) == c for s, c in enumerate(constants))


def right_polynomials(layout: Layout, first: Half0, second: Sequence[list[int]]) -> list[Polynomial]:
    """Those that hold of server 0's half of an upload and of server 1's shares."""

    def of(v: int, w: int) -> Polynomial:
        return polynomial_of(layout.vectors[v], first.shares[v], first.blinds[v], second[w])

    crossed = [[x + y for x, y in zip(of(v, w), of(w, v), strict=True)] for v, w in layout.pairs]
    return [*(of(v, v) for v in range(len(layout.vectors))), *crossed]


def polynomial_of(shape: Vector, a: list[int], blinds: list[int], b: list[int]) -> Polynomial:
    """The sum of the products of all rows' polynomials."""
    entries, _, row = shape
    total = [0] * (2 * row)
    for c, blind in enumerate(blinds):
        begin, end = c * row, min((c + 1) * row, entries)
        missing = [0] * (row - (end - begin))
        first = [*a[begin:end], *missing, blind]
        second = [*b[begin:end], *missing][::-1]
        total = [x + y for x, y in zip(total, product(first, second), strict=True)]
    return total


def forge(layout: Layout, values: Sequence[int], context: bytes, seed: bytes | None = None) -> Uploads:
    """An upload of any integers, with a proof whose polynomials are right: whether statements hold is another matter.

    Args:
        layout: Whose shares are modulo 2^bits: of larger values something else arrives.
        values: Of all vectors.
        context: The occasion's.
        seed: Server 0's; a fresh one if it is not given.
    """
    seed = os.urandom(SEED_BYTES) if seed is None else seed
    first = Half0(layout, seed, context)
    low: list[int] = []
    high, second = b"", []
    for v, (begin, shape) in enumerate(zip(layout.begins, layout.vectors, strict=False)):
        entries, bits, _ = shape
        own = values[begin : begin + entries]
        b = [(x - a) % 2**bits for x, a in zip(own, first.shares[v], strict=True)]
        low += [x % 2**64 for x in b]
        high += b"".join((x >> 64).to_bytes((bits - 64) // 8, "little") for x in b)
        second.append(b)
    coefficients = [x for polynomial in right_polynomials(layout, first, second) for x in polynomial]
    proof = b"".join(
        (p - mask).to_bytes(COEFFICIENT_BYTES, "little", signed=True)
        for p, mask in zip(coefficients, first.masks, strict=True)
    )
    as_bytes = (np.frombuffer(data, np.uint8) for data in (high, proof))
    return Uploads(seed, np.array(low, np.uint64), *as_bytes)


def is_prime(number: int) -> bool:
    """By the test of Miller and Rabin with enough bases below 2^64."""
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if any(number % base == 0 for base in bases):
        return number in bases
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(
        pow(base, odd, number) == 1 or any(pow(base, odd << i, number) == number - 1 for i in range(twos))
        for base in bases
    )


def point_of(coins: bytes) -> tuple[int, int]:
    """The prime and the point that coins stand for."""
    words = iter(numbers(stream(coins, 0, 1 << 16), 8))
    top = 1 << (PRIME_BITS - 1)
    prime = next(x for word in words if is_prime(x := top | word & (top - 1) | 1))
    return prime, next(x for word in words if 0 < (x := word & (2 * top - 1)) < prime)


def message_of(layout: Layout, half: Half0, prime: int, point: int) -> bytes:
    """What server 0 sends of one client: its rows' values, its polynomial's, and its shares of the statements."""
    words: list[int] = []
    sums: list[tuple[int, int]] = []
    value, place = 0, 0
    for v, (entries, bits, row) in enumerate(layout.vectors):
        a = half.shares[v]
        for c, blind in enumerate(half.blinds[v]):
            terms = [x * pow(point, i, prime) for i, x in enumerate(a[c * row : (c + 1) * row])]
            words.append((sum(terms) + blind * pow(point, row, prime)) % prime)
        masks = half.masks[place : place + 2 * row]
        value += sum(mask * pow(point, place + i, prime) for i, mask in enumerate(masks))
        inner = masks[row - 1] if row else 0
        total = sum(a)
        squares = sum(x * x for x in a) - (total << (bits + 1)) + (entries << (2 * bits)) + 2 * inner
        sums.append((squares, total - (entries << bits)))
        place += 2 * row
    for v, _ in layout.pairs:
        masks = half.masks[place : place + 2 * layout.vectors[v][2]]
        value += sum(mask * pow(point, place + i, prime) for i, mask in enumerate(masks))
        place += len(masks)
    shares = [
        sum(square * sums[v][0] + factor * sums[v][1] for v, square, factor in terms) for terms, _ in layout.statements
    ]
    shares += [sum(part) - (len(part) << layout.vectors[v][1]) for v, part in layout.parts(half.shares)]
    numbers_ = b"".join(word.to_bytes(8, "little") for word in (*words, value % prime))
    return numbers_ + b"".join((s % 2**256).to_bytes(32, "little") for s in shares)
