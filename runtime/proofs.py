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

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.mpc.unit_vectors import tolerance
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.four_squares import four_squares
from ezprivsecfl.runtime.manifest import Manifest, Proof, SharedInput

SHARE_BITS = 80
"""Of a share, unless values are so large that it takes more to hide them."""

MOST_SHARE_BITS = 104
RING_BITS = 64

PRIVACY = 2.0**-40
"""What an upload may tell a server about its client's values: the statistical distance from what tells nothing."""

FEWEST_IN_ROW, MOST_IN_ROW = 16, 4096
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

Term = tuple[int, int, int]
"""Of a statement: a vector, and how often its squared norm and the sum of its entries count."""

Statement = tuple[list[Term], bytes]

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
        unit: The vector that it is a part of, if that is to be 1 long.
        length: Entries of each of the vectors that are to be one-hot, for ``Proof.ONE_HOT``.
    """

    path: str
    entries: int
    proof: Proof
    lowest: int
    highest: int
    squares: int
    frac: int
    unit: str | None
    length: int = 0

    @staticmethod
    def of(share: SharedInput) -> Limits:
        """Those of a parameter, in units of its last place."""
        unit, entries, proof = Fraction(2) ** share.frac, math.prod(share.client_shape), Proof(share.proof)
        if proof is Proof.BITS:
            return Limits(share.path, entries, proof, 0, 1, entries, share.frac, None)
        if proof is Proof.ONE_HOT:
            length = share.client_shape[-1]
            return Limits(share.path, entries, proof, 0, 1, entries // length, share.frac, None, length)
        highest = math.ceil(Fraction(share.bound) * unit)  # what is below the bound may be rounded to that
        lowest = -highest if share.lowest is None else math.floor(Fraction(share.lowest) * unit)
        squares = entries * highest**2
        if share.norm is not None and share.norm < share.bound * math.sqrt(entries):
            squares = math.floor((Fraction(share.norm) * unit) ** 2)
        return Limits(share.path, entries, proof, lowest, highest, squares, share.frac, share.unit)

    @property
    def vectors(self) -> int:
        """How many vectors of the layout it is: what is proved entry by entry is as many."""
        return self.entries if self.proof is Proof.ENTRIES else 1

    @property
    def largest_sum(self) -> int:
        """The largest sum of all entries' magnitudes (Cauchy-Schwarz)."""
        return math.isqrt(self.entries * self.squares) + 1

    def slack(self, values: NDArray[np.int64], whose: str) -> list[int]:
        """The entries that make the statements about a client's encoded value equations.

        Raises:
            InputError: They do not hold.
        """
        if self.proof is Proof.NORM:
            found = squared_norm(values)
            if found > self.squares:
                raise InputError(
                    f"{self.path!r}{whose} has an L2 norm {math.sqrt(found / self.squares):.6g} times as large as the "
                    f"program was compiled for. If such values are legitimate, raise its bound: --norm-bound "
                    f"{self.path}=... (in Python: norm_bounds={{{self.path!r}: ...}}), or --bound"
                )
            return list(four_squares(self.squares - found))
        if self.proof is Proof.ENTRIES:
            if np.any((values < self.lowest) | (values > self.highest)):
                raise InputError(f"{self.path!r}{whose} has an entry beyond what the program was compiled for")
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


@dataclass(frozen=True)
class ProofPlan:
    """What all clients of a program upload and prove.

    Args:
        limits: Of each parameter.
        share_bits: Of a share. ``SHARE_BITS`` stands for as many more as values need to stay within ``PRIVACY``.
        squares: The parameters of whose squared norms the servers get shares.
    """

    limits: tuple[Limits, ...]
    share_bits: int
    squares: tuple[str, ...]

    @cached_property
    def layout(self) -> _duet.ProofLayout:
        """The same, as the engine takes it."""
        vectors = [(entries, bits, row) for entries, bits, row, _ in self._vectors]
        return _duet.ProofLayout(vectors, *self._parts[1:])

    @property
    def _vectors(self) -> list[Vector]:
        return self._parts[0]

    @cached_property
    def _parts(self) -> tuple[list[Vector], list[Statement], list[int], list[UnitSums]]:
        """All vectors, in the order of the parameters and then those of slack entries; statements about these; wanted
        squares; and of which vectors all parts add up to 1."""
        own: list[Vector] = []
        slack: list[Vector] = []
        unit_sums: list[UnitSums] = []
        statements: list[Statement] = []
        units: dict[str, list[tuple[int, Limits]]] = {}
        count = sum(x.vectors for x in self.limits)

        def state(terms: list[Term], sign: int, constant: int, room: int) -> None:
            """That the terms, and ``sign`` times the squares of four slack entries, add up to a constant."""
            statements.append(([*terms, (count + len(slack), sign, 0)], _constant(constant)))
            slack.append(self._vector(SLACK, 1, SLACK * math.isqrt(room)))

        for x in self.limits:
            if x.proof is Proof.ENTRIES:
                for _ in range(x.entries):
                    state([(len(own), 0, -1)], 1, -x.lowest, x.highest - x.lowest)
                    state([(len(own), 0, 1)], 1, x.highest, x.highest - x.lowest)
                    own.append(self._vector(1, 0, max(-x.lowest, x.highest)))
                continue
            if x.proof is Proof.NORM:
                state([(len(own), 1, 0)], 1, x.squares, x.squares)
            if x.proof in (Proof.BITS, Proof.ONE_HOT):
                statements.append(([(len(own), 1, -1)], _constant(0)))
            if x.proof is Proof.ONE_HOT:
                unit_sums.append((len(own), x.length))
            if x.unit is not None:
                units.setdefault(x.unit, []).append((len(own), x))
            own.append(self._vector(x.entries, 0 if x.proof is Proof.NONE else row_length(x.entries), x.largest_sum))
        for parts in units.values():
            shortest, longest, places = _lengths([x for _, x in parts])
            squares = [(vector, 1 << 2 * (places - x.frac), 0) for vector, x in parts]
            state(squares, -1, shortest, longest - shortest)
            state(squares, 1, longest, longest - shortest)
        return [*own, *slack], statements, [self.first_vector(path) for path in self.squares], unit_sums

    def _vector(self, entries: int, row: int, largest_sum: int) -> Vector:
        return entries, self._bits(largest_sum + entries), row, largest_sum

    @property
    def has_statements(self) -> bool:
        """Whether clients prove anything."""
        return any(x.proof is not Proof.NONE for x in self.limits)

    def _bits(self, largest_sum: int) -> int:
        """Bits of the shares of a vector whose magnitudes, and 1 for each, add up to so much."""
        if self.share_bits != SHARE_BITS or not self.has_statements:
            return self.share_bits
        vectors = sum(3 * x.entries if x.proof is Proof.ENTRIES else 2 for x in self.limits)
        needed = math.log2(largest_sum * vectors / PRIVACY) + 0.01  # and a little for blinds and masks
        return min(max(SHARE_BITS, 8 * math.ceil(needed / 8)), MOST_SHARE_BITS)

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
        rows, shares, mask = 0, 0.0, 2.0 ** (8 * MASK_BYTES)
        masks = 0.0
        for entries, bits, row, largest_sum in self._vectors:
            count = -(-entries // row) if row else 0
            rows += count
            shares += (largest_sum + entries) / 2.0**bits
            masks += 2 * row * (largest_sum * 2.0**bits + count * 2.0 ** (PRIME_BITS + bits)) / mask
        return shares + masks + rows * 2.0 ** (PRIME_BITS - 2 - BLIND_BITS)

    def values(self, encoded: Mapping[str, NDArray[np.int64]], whose: str) -> NDArray[np.int64]:
        """Everything that a client shares.

        Args:
            encoded: By parameter a client's value in fixed point.
            whose: Added to parameters' names in messages, e.g. ``" of client 3"``.

        Raises:
            InputError: A statement does not hold.
        """
        own = [np.asarray(encoded[x.path], dtype=np.int64).reshape(-1) for x in self.limits]
        slack = [y for x, value in zip(self.limits, own, strict=True) for y in x.slack(value, whose)]
        for unit in dict.fromkeys(x.unit for x in self.limits if x.unit is not None):
            parts = [(x, value) for x, value in zip(self.limits, own, strict=True) if x.unit == unit]
            shortest, longest, places = _lengths([x for x, _ in parts])
            found = sum(squared_norm(value) << 2 * (places - x.frac) for x, value in parts)
            slack += [y for rest in (found - shortest, longest - found) for y in four_squares(rest)]
        return np.concatenate([*own, np.asarray(slack, dtype=np.int64)])

    def first_entry(self, path: str) -> int:
        """How many entries come before those of a parameter."""
        return sum(x.entries for x in self.limits[: self._position(path)])

    def first_vector(self, path: str) -> int:
        """How many vectors of the layout come before those of a parameter."""
        return sum(x.vectors for x in self.limits[: self._position(path)])

    def _position(self, path: str) -> int:
        return [x.path for x in self.limits].index(path)

    def parts(self, shares: NDArray[np.uint64]) -> dict[str, NDArray[np.uint64]]:
        """A server's shares of each parameter, of all that a client has shared."""
        found, begin = {}, 0
        for x in self.limits:
            found[x.path] = shares[begin : begin + x.entries]
            begin += x.entries
        return found


def _lengths(parts: Sequence[Limits]) -> tuple[int, int, int]:
    """The smallest and largest squared norm of a unit vector, in units of 4^-places, and how many places these are."""
    places = max(x.frac for x in parts)
    shortest = 1 - Fraction(tolerance(sum(x.entries for x in parts), min(x.frac for x in parts)))
    return math.floor(shortest**2 * 4**places), 4**places, places


def row_length(entries: int) -> int:
    """Entries of a row: about half as many as there are rows, so that proofs and what servers send stay short."""
    wanted = math.sqrt(entries) / 2
    row = FEWEST_IN_ROW
    while row < min(wanted, MOST_IN_ROW):
        row *= 2
    return row


def _constant(value: int) -> bytes:
    return value.to_bytes(CONSTANT_BYTES, "little", signed=True)


@cache
def plan_of(manifest: Manifest) -> ProofPlan:
    """What a program's clients upload and prove."""
    return ProofPlan(tuple(map(Limits.of, manifest.shares)), manifest.share_bits, manifest.squares)


def upload_context(program_hash: bytes, round_id: bytes, client: int) -> bytes:
    """What an upload is bound to: in another round, or as another client's, it makes other shares."""
    return program_hash + round_id + client.to_bytes(8, "little")


def round_id(nonce: bytes, number: int) -> bytes:
    """Of a session's round: no other has the same."""
    return hashlib.sha256(b"duet round" + nonce + number.to_bytes(8, "little")).digest()[:16]
