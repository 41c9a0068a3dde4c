"""Complex tensors, as pairs of real ones, and discrete Fourier transforms, as products with public matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ezprivsecfl.frontends.tff.emit import Emitter
from ezprivsecfl.frontends.tff.ops.registry import Call, Lowering, control
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, Broken, Known, Leaf, Pair, Tensor, Traced
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew

LONGEST = 2048
"""The most elements of a transform, whose matrix has four times the square of that."""


@control("Complex")
def complex_(call: Call) -> Leaf:
    """A pair of real and imaginary parts."""
    real, imaginary = call.leaves
    if isinstance(real, Broken) or isinstance(imaginary, Broken):
        return BROKEN
    if isinstance(real, Known) and isinstance(imaginary, Known):
        return Known(real.array + 1j * imaginary.array)
    return Pair(real, imaginary)


def on_pairs(call: Call) -> Leaf | Sequence[Leaf]:
    """The lowering of an operation that takes complex tensors."""
    pairs = [pair_of(leaf) if isinstance(leaf, Known) and np.iscomplexobj(leaf.array) else leaf for leaf in call.leaves]
    if call.op.type not in ON_PAIRS:
        raise Unsupported("of complex numbers")
    if any(isinstance(leaf, Broken) and not isinstance(leaf, Pair) for leaf in pairs):
        return BROKEN
    return ON_PAIRS[call.op.type](Call(call.op, pairs, call.emit, call.function))


def pair_of(known: Known) -> Pair:
    """A known complex tensor as a pair."""
    return Pair(Known(np.real(known.array)), Known(np.imag(known.array)))


def _pairs(call: Call) -> list[Pair]:
    return [leaf for leaf in call.leaves if isinstance(leaf, Pair)]


def _part_by_part(kind: type[Op]) -> Lowering:
    def lower(call: Call) -> Leaf:
        pairs = _pairs(call)
        real = call.emit.elementwise(kind, *(pair.real for pair in pairs))
        return Pair(real, call.emit.elementwise(kind, *(pair.imaginary for pair in pairs)))

    return lower


def _product(call: Call) -> Leaf:
    """(a + bi)(c + di) = ac - bd + (ad + bc)i."""
    x, y = _pairs(call)

    def times(a: Tensor, b: Tensor) -> Traced:
        return call.emit.elementwise(ew.Mul, a, b)

    real = call.emit.elementwise(ew.Sub, times(x.real, y.real), times(x.imaginary, y.imaginary))
    return Pair(real, call.emit.elementwise(ew.Add, times(x.real, y.imaginary), times(x.imaginary, y.real)))


def _conjugate(call: Call) -> Leaf:
    (x,) = _pairs(call)
    return Pair(x.real, call.emit.elementwise(ew.Neg, x.imaginary))


def _transform(inverse: bool) -> Lowering:
    def lower(call: Call) -> Leaf:
        (x,) = _pairs(call)
        return fourier(call.emit, x, inverse=inverse)

    return lower


def fourier(emit: Emitter, x: Pair, *, inverse: bool) -> Pair:
    """The discrete Fourier transform along the last axis, as one product of reals with a public matrix.

    Raises:
        Unsupported: The axis is too long.
    """
    *front, size = x.real.shape
    if size > LONGEST:
        raise Unsupported(f"of more than {LONGEST} elements")
    angles = 2 * math.pi / size * (np.outer(np.arange(size), np.arange(size)) % size)
    cosine, sine = np.cos(angles), np.sin(angles) * (-1 if inverse else 1)
    matrix = np.block([[cosine, -sine], [sine, cosine]]) / (size if inverse else 1)
    row = emit.reshape(emit.concat([x.real, x.imaginary], len(front)), (*front, 1, 2 * size))
    moved = emit.reshape(emit.matmul(row, Known(matrix.astype(np.float32))), (*front, 2 * size))
    start, half, step = (0,) * len(front), (*front, size), (1,) * (len(front) + 1)
    return Pair(emit.slice(moved, (*start, 0), half, step), emit.slice(moved, (*start, size), half, step))


ON_PAIRS: dict[str, Lowering] = {
    "AddV2": _part_by_part(ew.Add),
    "Conj": _conjugate,
    "FFT": _transform(inverse=False),
    "IFFT": _transform(inverse=True),
    "Imag": lambda call: _pairs(call)[0].imaginary,
    "Mul": _product,
    "Neg": _part_by_part(ew.Neg),
    "Real": lambda call: _pairs(call)[0].real,
    "Sub": _part_by_part(ew.Sub),
}
"""What can be done to pairs."""
