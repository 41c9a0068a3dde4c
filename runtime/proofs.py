"""What clients prove about what they upload: from a program's manifest to the statements that servers check.

All statements are about integers, in units of the last place. What follows from a client's values is exact: four slack
entries make an inequality an equation (Lagrange's theorem). docs/client-proofs.md has the protocol and its theorems.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError
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

Term = tuple[int, int, int]
Statement = tuple[list[Term], bytes]


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
    """

    path: str
    entries: int
    proof: Proof
    lowest: int
    highest: int
    squares: int

    @staticmethod
    def of(share: SharedInput) -> Limits:
        """Those of a parameter, in units of its last place."""
        unit, entries, proof = Fraction(2) ** share.frac, math.prod(share.client_shape), Proof(share.proof)
        if proof is Proof.BITS:
            return Limits(share.path, entries, proof, 0, 1, entries)
        highest = math.ceil(Fraction(share.bound) * unit)  # what is below the bound may be rounded to that
        lowest = -highest if share.lowest is None else math.floor(Fraction(share.lowest) * unit)
        squares = entries * highest**2
        if share.norm is not None and share.norm < share.bound * math.sqrt(entries):
            squares = math.floor((Fraction(share.norm) * unit) ** 2)
        return Limits(share.path, entries, proof, lowest, highest, squares)

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
        if self.proof is not Proof.NONE and np.any((values < self.lowest) | (values > self.highest)):
            beyond = "other than 0 and 1" if self.proof is Proof.BITS else "beyond what the program was compiled for"
            raise InputError(f"{self.path!r}{whose} has an entry {beyond}")
        if self.proof is Proof.ENTRIES:
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
        """The same, as the engine takes it: values in the order of the parameters, then all slack entries."""
        vectors: list[tuple[int, int, int]] = []
        statements: list[Statement] = []
        slack: list[tuple[int, int, int]] = []
        first: dict[str, int] = {}
        own = sum(x.entries if x.proof is Proof.ENTRIES else 1 for x in self.limits)
        for x in self.limits:
            first[x.path] = len(vectors)
            bits = self._bits(x.largest_sum + x.entries)
            if x.proof is Proof.ENTRIES:
                for _ in range(x.entries):
                    for sign, constant in ((-1, -x.lowest), (1, x.highest)):
                        terms = [(own + len(slack), 1, 0), (len(vectors), 0, sign)]
                        statements.append((terms, _constant(constant)))
                        slack.append((SLACK, self._bits(SLACK * math.isqrt(x.highest - x.lowest) + SLACK), 1))
                    vectors.append((1, self._bits(max(-x.lowest, x.highest) + 1), 0))
                continue
            if x.proof is Proof.NORM:
                statements.append(([(len(vectors), 1, 0), (own + len(slack), 1, 0)], _constant(x.squares)))
                slack.append((SLACK, self._bits(SLACK * math.isqrt(x.squares) + SLACK), 1))
            if x.proof is Proof.BITS:
                statements.append(([(len(vectors), 1, -1)], _constant(0)))
            vectors.append((x.entries, bits, 0 if x.proof is Proof.NONE else row_length(x.entries)))
        return _duet.ProofLayout([*vectors, *slack], statements, [first[path] for path in self.squares])

    @property
    def has_statements(self) -> bool:
        """Whether clients prove anything."""
        return any(x.proof is not Proof.NONE for x in self.limits)

    def _bits(self, largest_sum: int) -> int:
        """Bits of the shares of a vector whose magnitudes, and 1 for each, add up to so much."""
        if self.share_bits != SHARE_BITS or not self.has_statements:
            return self.share_bits
        vectors = sum(3 * x.entries if x.proof is Proof.ENTRIES else 2 for x in self.limits)
        needed = math.log2(largest_sum * vectors / PRIVACY)
        return min(max(SHARE_BITS, 8 * math.ceil(needed / 8)), MOST_SHARE_BITS)

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
        return np.concatenate([*own, np.asarray(slack, dtype=np.int64)])

    def parts(self, shares: NDArray[np.uint64]) -> dict[str, NDArray[np.uint64]]:
        """A server's shares of each parameter, of all that a client has shared."""
        found, begin = {}, 0
        for x in self.limits:
            found[x.path] = shares[begin : begin + x.entries]
            begin += x.entries
        return found


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
