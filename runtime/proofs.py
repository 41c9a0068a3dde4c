"""What clients prove about what they upload: from a program's manifest to the statements that servers check.

All statements are about integers, in units of the last place. What follows from a client's values is exact: four slack
entries make an inequality an equation (Lagrange's theorem). docs/client-proofs.md has the protocol and its theorems.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import accumulate, pairwise, permutations

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.images import Image, tolerance
from ezprivsecfl.ir.mpc.hiding import share_bits
from ezprivsecfl.ir.proved_parts import Product, cuts
from ezprivsecfl.ir.widths import SHARE_BITS
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.four_squares import four_squares
from ezprivsecfl.runtime.manifest import Manifest, Proof, SharedInput

RING_BITS = 64

FEWEST_IN_ROW = 16
"""Entries of the rows of a vector: with more, proofs are longer, and servers send less."""

SLACK = 4
CONSTANT_BYTES = 32

PRIME_BITS = 61
PRIMES = 2.738e16
"""There are at least so many primes of 61 bits: by Dusart's bounds of pi(x) (arXiv 1002.0442, theorem 6.9)."""

BAD_PRIMES = 4
"""Of these, so many at most divide an integer below 2^256 in magnitude."""

BLIND_BITS = 128
MASK_BYTES = 31

Vector = tuple[int, int, int, int]
"""Entries, bits of a share, entries of a row (0: no squares), and what all entries' magnitudes add up to at most."""

Shape = tuple[int, int, int]
"""The same without the bits."""

LaidOut = tuple[int, int, int]
"""The same without the sum: what the engine takes."""

Term = tuple[int, int, int]
"""Of a statement: a vector, and how often its squared norm and the sum of its entries count."""

Statement = tuple[list[Term], bytes]

VectorPair = tuple[int, int]
"""Two vectors of whose inner product servers get shares; of one with itself, its squared norm."""

UnitSums = tuple[int, int]
"""A vector, and how many of its entries, one after the other, are to add up to 1."""


@dataclass(frozen=True)
class Limits:
    """What must hold of a client's value of one parameter, in units of the last place.

    Args:
        path: The parameter's name.
        entries: Entries per client.
        proof: What is proved.
        lowest: The lowest entry, for ``Proof.ENTRIES``.
        highest: The largest entry.
        squares: The largest sum of all entries' squares.
        frac: Fractional bits: a unit is 2^-frac.
        vector: The vector that it is a part of, or says something of.
        image: What of that it is.
        radius: Of what is clipped, to which length; None before a round.
        length: Entries of each of the vectors that are to be one-hot, for ``Proof.ONE_HOT``.
    """

    path: str
    entries: int
    proof: Proof
    lowest: int
    highest: int
    squares: int
    frac: int
    vector: str | None
    image: Image | None
    radius: float | None
    length: int = 0

    @staticmethod
    def of(share: SharedInput) -> Limits:
        """Those of a parameter, in units of its last place."""
        unit, entries, proof = Fraction(2) ** share.frac, math.prod(share.client_shape), Proof(share.proof)
        image = share.vector, share.image, share.radius
        if proof is Proof.BITS:
            return Limits(share.path, entries, proof, 0, 1, entries, share.frac, *image)
        if proof is Proof.ONE_HOT:
            length = share.client_shape[-1]
            return Limits(share.path, entries, proof, 0, 1, entries // length, share.frac, *image, length)
        highest = math.ceil(Fraction(share.bound) * unit)  # what is below the bound may be rounded to that
        lowest = -highest if share.lowest is None else math.floor(Fraction(share.lowest) * unit)
        squares = entries * highest**2
        if share.norm is not None and share.norm < share.bound * math.sqrt(entries):
            squares = math.floor((Fraction(share.norm) * unit) ** 2)
        return Limits(share.path, entries, proof, lowest, highest, squares, share.frac, *image)

    def largest_sum(self, entries: int) -> int:
        """The largest sum of so many entries' magnitudes (Cauchy-Schwarz)."""
        return math.isqrt(entries * self.squares) + 1

    def slack(self, values: NDArray[np.int64]) -> list[int]:
        """The entries that make the statements about a client's encoded value equations.

        Raises:
            InputError: They do not hold.
        """
        if self.proof is Proof.NORM:
            return list(_below(squared_norm(values), self.squares, self.path))
        if self.proof is Proof.ENTRIES:
            if np.any((values < self.lowest) | (values > self.highest)):
                raise InputError(f"{self.path!r} has an entry beyond what the program was compiled for")
            each = ((int(x) - self.lowest, self.highest - int(x)) for x in values)
            return [y for pair in each for rest in pair for y in four_squares(rest)]
        return []


def squared_norm(values: NDArray[np.int64]) -> int:
    """The sum of squares, exactly: of pieces of 21 bits, in chunks whose sums of products fit 64 bits."""
    total = 0
    for begin in range(0, len(values), 1 << 18):
        chunk = values[begin : begin + (1 << 18)]
        pieces = [chunk & 0x1FFFFF, chunk >> 21 & 0x1FFFFF, chunk >> 42]
        total += sum(int(np.dot(p, q)) << 21 * (i + j) for i, p in enumerate(pieces) for j, q in enumerate(pieces))
    return total


def _below(found: int, most: int, path: str) -> tuple[int, int, int, int]:
    """Slack for a squared norm below a limit; raises InputError if it is not."""
    if found > most:
        raise InputError(
            f"{path!r} has an L2 norm {math.sqrt(found / max(most, 1)):.6g} times as large as the program was "
            f"compiled for. If such values are legitimate, raise its bound: --norm-bound {path}=... (in Python: "
            f"norm_bounds={{{path!r}: ...}}), or --bound"
        )
    return four_squares(most - found)


@dataclass(frozen=True)
class ImageLimits:
    """What must hold of the image of a vector that clients share: lengths, in units of the last place of its parts.

    Args:
        parts: The parameters that it consists of.
        claims: Truth values: whether the vector was longer before it was cut.
    """

    parts: tuple[Limits, ...]
    claims: tuple[Limits, ...]

    @staticmethod
    def of(limits: Sequence[Limits]) -> list[ImageLimits]:
        """Those of all vectors."""
        found = []
        for vector in dict.fromkeys(x.vector for x in limits if x.vector is not None):
            mine = [x for x in limits if x.vector == vector]
            parts = tuple(x for x in mine if x.image is not None and x.image.is_vector)
            found.append(ImageLimits(parts, tuple(x for x in mine if x not in parts)))
        return found

    @property
    def places(self) -> int:
        """Fractional bits: a unit is 2^-places, and one of squared lengths 4^-places."""
        return max(x.frac for x in self.parts)

    def squared(self, length: int, part: Limits) -> int:
        """A squared length of a part, in the units of the vector."""
        return length << (2 * (self.places - part.frac))

    @property
    def _is_direction(self) -> bool:
        return self.parts[0].image is Image.DIRECTION

    @property
    def _limit(self) -> int:
        """The largest squared length in any round."""
        return 1 << 2 * self.places if self._is_direction else max(self.squared(x.squares, x) for x in self.parts)

    @property
    def longest(self) -> int:
        """The largest squared length; none that there is before the radius is known."""
        if self._is_direction:
            return self._limit
        radius = self.parts[0].radius
        return -1 if radius is None else min(self._limit, math.floor((Fraction(radius) * (1 << self.places)) ** 2))

    @property
    def shortest(self) -> int | None:
        """The smallest squared length, if there is one."""
        return math.floor(self._shorter(1.0) ** 2 * (1 << 2 * self.places)) if self._is_direction else None

    @property
    def claimed(self) -> int:
        """The smallest length of what is claimed to have been longer than the radius."""
        radius = self.parts[0].radius or 0.0
        return min(math.floor(self._shorter(radius) * (1 << self.places)), math.isqrt(self._limit) + 1)

    @property
    def room(self) -> int:
        """How much two squared lengths differ by at most, in any round: slack is as large as that."""
        return self._limit - (self.shortest or 0)

    def slack(self, values: Mapping[str, NDArray[np.int64]]) -> list[int]:
        """What makes the statements about a client's encoded values equations.

        Raises:
            InputError: They do not hold.
        """
        found = sum(self.squared(squared_norm(values[x.path]), x) for x in self.parts)
        slack = [] if self.shortest is None else list(four_squares(found - self.shortest))
        slack += _below(found, self.longest, self.parts[0].path)
        for claim in self.claims:
            least = self.claimed * int(values[claim.path][0])
            slack += [least, *four_squares(found - least**2)]
        return slack

    def _shorter(self, length: float) -> Fraction:
        """A length, less what rounding may take of it."""
        entries, frac = sum(x.entries for x in self.parts), min(x.frac for x in self.parts)
        return Fraction(length) * (1 - Fraction(tolerance(entries, frac, length)))


@dataclass(frozen=True)
class ProofPlan:
    """What all clients of a program upload and prove.

    Args:
        limits: Of each parameter.
        share_bits: Of a share. ``SHARE_BITS`` stands for as many more as values need to stay within ``PRIVACY``.
        products: The inner products of which the servers get shares.
    """

    limits: tuple[Limits, ...]
    share_bits: int
    products: tuple[Product, ...]

    @cached_property
    def layout(self) -> _duet.ProofLayout:
        """The same, as the engine takes it."""
        return _duet.ProofLayout(*self.layout_parts)

    @property
    def layout_parts(self) -> tuple[list[LaidOut], list[Statement], list[VectorPair], list[UnitSums]]:
        """What the layout is made of: its vectors (entries, bits, row), statements, products and unit sums."""
        return [(entries, bits, row) for entries, bits, row, _ in self._vectors], *self._parts[1:]

    @property
    def _vectors(self) -> list[Vector]:
        return self._parts[0]

    @cached_property
    def _parts(self) -> tuple[list[Vector], list[Statement], list[VectorPair], list[UnitSums]]:
        """All vectors, in the order of the parameters and then those of slack entries; statements about these; products
        of vectors that are wanted; and of which vectors all parts add up to 1."""
        own: list[Shape] = []
        slack: list[Shape] = []
        unit_sums: list[UnitSums] = []
        statements: list[Statement] = []
        count = sum(map(len, self.vectors.values()))

        def state(terms: list[Term], sign: int, constant: int, room: int) -> None:
            """That the terms, and ``sign`` times the squares of four slack entries, add up to a constant."""
            statements.append(([*terms, (count + len(slack), sign, 0)], _constant(constant)))
            slack.append((SLACK, 1, SLACK * math.isqrt(room)))

        for x in self.limits:
            if x.proof is Proof.ENTRIES:
                for _ in range(x.entries):
                    state([(len(own), 0, -1)], 1, -x.lowest, x.highest - x.lowest)
                    state([(len(own), 0, 1)], 1, x.highest, x.highest - x.lowest)
                    own.append((1, 0, max(-x.lowest, x.highest)))
                continue
            parts = self.vectors[x.path]
            if x.proof is Proof.NORM:
                state([(len(own) + i, 1, 0) for i in range(len(parts))], 1, x.squares, x.squares)
            if x.proof in (Proof.BITS, Proof.ONE_HOT):
                statements.append(([(len(own), 1, -1)], _constant(0)))
            if x.proof is Proof.ONE_HOT:
                unit_sums.append((len(own), x.length))
            own += [(n, 0 if x.proof is Proof.NONE else row_length(n), x.largest_sum(n)) for n in parts]
        for vector in self._images:
            squares = [
                (self.first_vector(x.path) + i, vector.squared(1, x), 0)
                for x in vector.parts
                for i in range(len(self.vectors[x.path]))
            ]
            if vector.shortest is not None:
                state(squares, -1, vector.shortest, vector.room)
            state(squares, 1, vector.longest, vector.room)
            for claim in vector.claims:
                least = count + len(slack)
                slack.append((1, 1, math.isqrt(vector.room)))
                statements.append(([(least, 0, 1), (self.first_vector(claim.path), 0, -vector.claimed)], _constant(0)))
                state([*squares, (least, -1, 0)], -1, 0, vector.room)
        wanted = list(dict.fromkeys(pair for product in self.products for pair in self._vectors_of(product)))
        return self._with_bits([*own, *slack]), statements, wanted, unit_sums

    @cached_property
    def vectors(self) -> dict[str, list[int]]:
        """By parameter the entries of the vectors that it is shared as, one after the other."""
        places = cuts(self.products, {x.path: x.entries for x in self.limits})
        return {
            x.path: [1] * x.entries if x.proof is Proof.ENTRIES else [b - a for a, b in pairwise(places[x.path])]
            for x in self.limits
        }

    def _vectors_of(self, product: Product) -> list[VectorPair]:
        """The pairs of vectors whose inner products add up to one that is wanted."""
        first, second = (
            [i for i, begin in enumerate(self._begins(path)) if start <= begin < start + product.entries]
            for path, start in zip((product.first, product.second), product.starts, strict=True)
        )
        of_first, of_second = self.first_vector(product.first), self.first_vector(product.second)
        return [(of_first + i, of_second + j) for i, j in zip(first, second, strict=True)]

    def _begins(self, path: str) -> list[int]:
        """The first entry of each vector of a parameter."""
        return [0, *accumulate(self.vectors[path])][:-1]

    def summed(self, shares: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Shares of the wanted products, of those that clients have proved of vectors: [clients, products] of both."""
        found = np.empty((len(shares), len(self.columns)), np.uint64)
        for i, parts in enumerate(self.columns):
            found[:, i] = np.sum(shares[:, parts], axis=1, dtype=np.uint64)
        return found

    @cached_property
    def columns(self) -> list[list[int]]:
        """Of every wanted product, which of those that are proved of vectors add up to it."""
        place = {pair: i for i, pair in enumerate(self._parts[2])}
        return [[place[pair] for pair in self._vectors_of(product)] for product in self.products]

    @cached_property
    def _images(self) -> list[ImageLimits]:
        """What clients share of vectors."""
        return ImageLimits.of(self.limits)

    def _with_bits(self, shapes: Sequence[Shape]) -> list[Vector]:
        """The vectors with the bits of their shares."""
        chosen = self.share_bits if self.share_bits != SHARE_BITS or not self.has_statements else None
        everything = sum(entries for entries, _, _ in shapes)
        return [
            (entries, chosen or share_bits(largest + entries, entries, everything, len(shapes)), row, largest)
            for entries, row, largest in shapes
        ]

    @property
    def has_statements(self) -> bool:
        """Whether clients prove anything."""
        return any(x.proof is not Proof.NONE for x in self.limits)

    @property
    def soundness(self) -> float:
        """The probability with which a client's false statement may be accepted, at most (docs/client-proofs.md)."""
        if not self.has_statements:
            return 1.0
        return BAD_PRIMES / PRIMES + (self.layout.coefficients - 1) / 2.0 ** (PRIME_BITS - 1)

    @property
    def privacy(self) -> float:
        """What one upload tells a server: the statistical distance from what tells nothing, at most."""
        if not self.has_statements:
            return 0.0
        rows, shares, masks = 0, 0.0, 0.0
        for entries, bits, row, largest_sum in self._vectors:
            count = -(-entries // row) if row else 0
            rows += count
            shares += (largest_sum + entries) / 2.0**bits
            masks += _beyond_masks(row, count, largest_sum, bits)
        for x, y in self._parts[2]:
            if x != y:
                for first, second in permutations((self._vectors[x], self._vectors[y])):
                    (_, bits, row, _), (entries, _, _, largest_sum) = first, second
                    masks += _beyond_masks(row, -(-entries // row), largest_sum, bits)
        return shares + masks + rows * 2.0 ** (PRIME_BITS - 2 - BLIND_BITS)

    def values(self, encoded: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64]:
        """Everything that a client shares.

        Args:
            encoded: By parameter a client's value in fixed point.

        Raises:
            InputError: A statement does not hold.
        """
        own = [np.asarray(encoded[x.path], dtype=np.int64).reshape(-1) for x in self.limits]
        slack = [y for x, value in zip(self.limits, own, strict=True) for y in x.slack(value)]
        of_path = {x.path: value for x, value in zip(self.limits, own, strict=True)}
        slack += [y for vector in self._images for y in vector.slack(of_path)]
        return np.concatenate([*own, np.asarray(slack, dtype=np.int64)])

    def first_entry(self, path: str) -> int:
        """How many entries come before those of a parameter."""
        return sum(x.entries for x in self.limits[: self._position(path)])

    def first_vector(self, path: str) -> int:
        """How many vectors of the layout come before those of a parameter."""
        return sum(len(self.vectors[x.path]) for x in self.limits[: self._position(path)])

    def _position(self, path: str) -> int:
        return [x.path for x in self.limits].index(path)

    def parts(self, shares: NDArray[np.uint64]) -> dict[str, NDArray[np.uint64]]:
        """A server's shares of each parameter, of all that a client has shared."""
        found, begin = {}, 0
        for x in self.limits:
            found[x.path] = shares[begin : begin + x.entries]
            begin += x.entries
        return found


def _beyond_masks(row: int, count: int, largest_sum: int, bits: int) -> float:
    """What the masked coefficients of a product of one vector with shares of another tell, at most.

    Args:
        row: Entries of a row of both.
        count: Rows.
        largest_sum: What the magnitudes of the one's entries add up to at most.
        bits: Of a share of the other.
    """
    size = largest_sum * 2.0**bits + count * 2.0 ** (PRIME_BITS + bits)
    return 2 * row * size / 2.0 ** (8 * MASK_BYTES)


def row_length(entries: int) -> int:
    """Entries of a row: about half as many as there are rows, so that proofs and what servers send stay short."""
    wanted = math.sqrt(entries) / 2
    row = FEWEST_IN_ROW
    while row < min(wanted, _duet.LONGEST_ROW):
        row *= 2
    return row


def _constant(value: int) -> bytes:
    return value.to_bytes(CONSTANT_BYTES, "little", signed=True)


@cache
def plan_of(manifest: Manifest) -> ProofPlan:
    """What a program's clients upload and prove."""
    return ProofPlan(tuple(map(Limits.of, manifest.shares)), manifest.share_bits, manifest.products)


def upload_context(program_hash: bytes, round_id: bytes, client: int) -> bytes:
    """What an upload is bound to: in another round, or as another client's, it makes other shares."""
    return program_hash + round_id + client.to_bytes(8, "little")


def round_id(nonce: bytes, number: int) -> bytes:
    """Of a session's round: no other has the same."""
    return hashlib.sha256(b"duet round" + nonce + number.to_bytes(8, "little")).digest()[:16]
