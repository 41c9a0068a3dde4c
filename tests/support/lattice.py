"""Lattice reduction in integers, for attacks in small dimensions.

LLL: Lenstra, Lenstra, Lovász, "Factoring polynomials with rational coefficients", 1982. Orthogonal lattices: Nguyen,
Stern, "Merkle-Hellman revisited", CRYPTO 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Vector = list[int]
DELTA = Fraction(99, 100)


def dot(a: Sequence[int | Fraction], b: Sequence[int | Fraction]) -> int | Fraction:
    return sum(x * y for x, y in zip(a, b, strict=True))


def lll(rows: Sequence[Vector]) -> list[Vector]:
    """A reduced basis, from linearly independent rows; in integers (Cohen, algorithm 2.6.7)."""
    b = [list(row) for row in rows]
    n = len(b)
    d, lam = [1] + [0] * n, [[0] * n for _ in range(n)]

    def orthogonalise(k: int) -> None:
        for j in range(k + 1):
            u = int(dot(b[k], b[j]))
            for i in range(j):
                u = (d[i + 1] * u - lam[k][i] * lam[j][i]) // d[i]
            if j < k:
                lam[k][j] = u
            else:
                d[k + 1] = u

    def reduce(k: int, j: int) -> None:
        if 2 * abs(lam[k][j]) <= d[j + 1]:
            return
        q = (2 * lam[k][j] + d[j + 1]) // (2 * d[j + 1])
        b[k] = [x - q * y for x, y in zip(b[k], b[j], strict=True)]
        lam[k][j] -= q * d[j + 1]
        for i in range(j):
            lam[k][i] -= q * lam[j][i]

    def swap(k: int, top: int) -> None:
        b[k], b[k - 1] = b[k - 1], b[k]
        for j in range(k - 1):
            lam[k][j], lam[k - 1][j] = lam[k - 1][j], lam[k][j]
        step = lam[k][k - 1]
        new = (d[k - 1] * d[k + 1] + step * step) // d[k]
        for i in range(k + 1, top + 1):
            t = lam[i][k]
            lam[i][k] = (d[k + 1] * lam[i][k - 1] - step * t) // d[k]
            lam[i][k - 1] = (new * t + step * lam[i][k]) // d[k + 1]
        d[k] = new

    orthogonalise(0)
    k, top = 1, 0
    while k < n:
        if k > top:
            top = k
            orthogonalise(k)
        reduce(k, k - 1)
        if d[k + 1] * d[k - 1] < DELTA * d[k] * d[k] - lam[k][k - 1] ** 2:
            swap(k, top)
            k = max(1, k - 1)
        else:
            for j in range(k - 2, -1, -1):
                reduce(k, j)
            k += 1
    return b


def orthogonal(vectors: Sequence[Vector], count: int) -> list[Vector]:
    """The ``count`` shortest vectors of a reduced basis of those that are orthogonal to all given ones."""
    size = len(vectors[0])
    heavy = 1 << 120
    rows = [[heavy * v[i] for v in vectors] + [int(i == j) for j in range(size)] for i in range(size)]
    kernel = [row[len(vectors) :] for row in lll(rows) if not any(row[: len(vectors)])]
    return sorted(kernel, key=lambda v: int(dot(v, v)))[:count]


def summands_lattice(sums: Vector, summands: int) -> list[Vector]:
    """A basis of the lattice that vectors u_i lie in, if ``sums`` is Σ w_i·u_i with unknown large integers w_i."""
    return lll(orthogonal(orthogonal([sums], len(sums) - summands), summands))


def contains(basis: Sequence[Vector], vector: Vector) -> bool:
    """Whether a vector is an integer combination of two others."""
    (a, b), v = basis, vector
    aa, ab, bb, av, bv = (int(dot(x, y)) for x, y in ((a, a), (a, b), (b, b), (a, v), (b, v)))
    determinant = aa * bb - ab * ab
    x, y = av * bb - bv * ab, aa * bv - ab * av
    if determinant == 0 or x % determinant or y % determinant:
        return False
    x, y = x // determinant, y // determinant
    return all(x * p + y * q == r for p, q, r in zip(a, b, v, strict=True))
