"""Adds noise where a program adds normal random numbers to a secret value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite
from ezprivsecfl.ir.tensor import Constant, Input, Output
from ezprivsecfl.ir.tensor.elementwise import Abs, Add, Cast, Div, Mul, Neg, Reciprocal, Sub
from ezprivsecfl.ir.tensor.noise import Noised, StandardNormal
from ezprivsecfl.ir.tensor.structure import Broadcast, Reshape, Transpose
from ezprivsecfl.ir.tensor.values import constant_value, tensor_type
from ezprivsecfl.ir.types import DType

KEPT = (
    "noise that is used by itself, or more than once (as tree aggregation does, which keeps it in the SERVER's state): "
    "then both servers would know it, or could compute it, and it would hide nothing from them. Noise is drawn where "
    "it is added, once, to a value that is computed from clients' values: total + tf.random.normal(shape, stddev=s)"
)

SEVERAL = "noise whose standard deviation is not one public number; add noise tensor by tensor"

NOT_SECRET = "noise on a public value in a computation that takes secret ones; draw it in a computation of its own"

ANOTHER_SHAPE = "noise of another shape than what it is added to, so that entries would share it"


@dataclass(frozen=True)
class Scaled:
    """Normal random numbers: ``mean + scale · product of factors · z``.

    Args:
        normal: Draws z.
        scale: A constant.
        factors: Public numbers.
        mean: A public value; None for 0.
    """

    normal: StandardNormal
    scale: float = 1.0
    factors: tuple[Value, ...] = ()
    mean: Value | None = None


@dataclass(frozen=True)
class AddNoise:
    """Makes ``noised`` of sums of a secret value and normal random numbers times a public number.

    Args:
        full: Whether each server's part of the noise has the whole standard deviation (``ir/mpc/noise.py``).

    Example::

        program @noised (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "s", placement = server, bound = 8.0, type = public<f32[]>}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = standard_normal {shape = [3], dtype = f32, draw = 0} : secret<f32[3]>
          %4 = mul %3, %1 : secret<f32[3]>
          %5 = add %2, %4 : secret<f32[3]>
          output %5 {path = "result"}
        }

    becomes::

        program @noised (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>}
          %1 = input {path = "s", placement = server, bound = 8.0, type = public<f32[]>}
          %2 = sum %0 {axes = [0]} : secret<f32[3]>
          %3 = abs %1 : public<f32[]>
          %4 = noised %2, %3 {full = true, draw = 0} : secret<f32[3]>
          output %4 {path = "result"}
        }

    Raises:
        UnsupportedError: Random numbers are used in any other way; the message says why that cannot be.
    """

    full: bool

    level = Level.TENSOR

    def run(self, program: Program) -> Program:
        """Returns the program without ``standard_normal``."""
        noise: dict[Value, Scaled] = {}  # by value of the old program, in terms of the new one
        added: set[int] = set()

        def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | tuple[()] | None:
            if isinstance(op, StandardNormal):
                noise[op.result] = Scaled(op)
                return None
            random = [o for o in op.operands if o in noise]
            if not random:
                return None
            scaled = None if len(random) > 1 or isinstance(op, Output) else _scaled(b, op, operands, noise)
            if scaled is not None:
                noise[op.result] = scaled
                return None
            if len(random) > 1 or not isinstance(op, Add | Sub):
                raise UnsupportedError(KEPT, [op.location])
            (z,) = random
            if noise[z].normal.draw in added:
                raise UnsupportedError(KEPT, [op.location])
            added.add(noise[z].normal.draw)
            return self._added(b, op, operands, noise[z], first=op.operands[0] is z)

        return drop_unused(rewrite(program, rule), (Input, Output))

    def _added(self, b: Rewriter, op: Op, operands: tuple[Value, ...], noise: Scaled, *, first: bool) -> Value:
        """The sum or difference of a value and noise, whose sign does not matter."""
        x = operands[1] if first else operands[0]
        if not tensor_type(x).is_secret:
            raise UnsupportedError(NOT_SECRET, [op.location])
        if x.type.shape != op.result.type.shape or noise.normal.shape != op.result.type.shape:
            raise UnsupportedError(ANOTHER_SHAPE, [op.location])
        if isinstance(op, Sub) and first:
            x = b.add(Neg, x)
        if noise.mean is not None:
            x = b.add(Sub if isinstance(op, Sub) and not first else Add, x, noise.mean)
        if noise.scale == 0.0:
            return x
        deviation = _deviation(b, noise, tensor_type(x).dtype)
        return b.add(Noised, x, deviation, full=self.full, draw=noise.normal.draw)


def _scaled(b: Rewriter, op: Op, operands: tuple[Value, ...], noise: dict[Value, Scaled]) -> Scaled | None:
    """The result of an operation on noise and public values as noise; None if it is none.

    Raises:
        UnsupportedError: The public value is not one number.
    """
    index = next(i for i, o in enumerate(op.operands) if o in noise)
    before = noise[op.operands[index]]
    if isinstance(op, Neg | Cast | Reshape | Transpose):
        keeps = not isinstance(op, Cast) or op.dtype.is_float
        return _moved(op, before) if keeps and (before.mean is None or isinstance(op, Cast)) else None
    if len(operands) != 2 or tensor_type(operands[1 - index]).is_secret:
        return None
    public = operands[1 - index]
    if isinstance(op, Mul) or (isinstance(op, Div) and index == 0):
        if before.mean is not None:
            return None
        return _times(b, before, public, op)
    if isinstance(op, Add) and before.mean is None and op.result.type.shape == before.normal.shape:
        return replace(before, mean=public)
    return None


def _moved(op: Op, noise: Scaled) -> Scaled:
    """Entries are independent: moved, they are as good as in place."""
    t = tensor_type(op.result)
    normal = StandardNormal(shape=t.shape, dtype=t.dtype, draw=noise.normal.draw, location=noise.normal.location)
    return replace(noise, normal=normal)


def _times(b: Rewriter, noise: Scaled, factor: Value, op: Op) -> Scaled:
    """Noise times a public number, or over it."""
    while isinstance(factor.op, Broadcast):
        (factor,) = factor.op.operands
    known = constant_value(factor)
    if known is not None and not (isinstance(op, Div) and known == 0.0):
        return replace(noise, scale=noise.scale / known if isinstance(op, Div) else noise.scale * known)
    if any(d != 1 for d in factor.type.shape):
        raise UnsupportedError(SEVERAL, [op.location])
    number = b.add(Reshape, factor, shape=()) if factor.type.shape else factor
    return replace(noise, factors=(*noise.factors, b.add(Reciprocal, number) if isinstance(op, Div) else number))


def _deviation(b: ProgramBuilder, noise: Scaled, dtype: DType) -> Value:
    """The standard deviation, which is not negative."""
    scale = b.add(Constant, value=np.asarray(abs(noise.scale)), dtype=dtype)
    if not noise.factors:
        return scale
    product = noise.factors[0]
    for factor in noise.factors[1:]:
        product = b.add(Mul, product, factor)
    if tensor_type(product).dtype is not dtype:
        product = b.add(Cast, product, dtype=dtype)
    magnitude = b.add(Abs, product)
    return magnitude if abs(noise.scale) == 1.0 else b.add(Mul, magnitude, scale)
