"""Clients clip their vectors themselves where a program depends on the clipped vectors alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ezprivsecfl.compiler.analyses.degrees import degrees
from ezprivsecfl.compiler.analyses.radial import ONE, Power, Radial, radial
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.analyses.squares import squared_norms, typical_entry
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.rewrite import Rewriter, drop_unused, rewrite
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Secrecy, Shape, TensorType, within_client


@dataclass(frozen=True)
class _Clipping:
    """How a program clips the vectors of its clients.

    With q = max(1, |x| / r), a clipped vector is x / q. If the program gives the same for x, for the *factors*, which
    are numbers times powers of q, and for truth values, after x is divided by q and factors by their power of it, then
    it does so for the clipped vector, factors without their power of q, and the same truth values.

    Args:
        square: The squared norm.
        inputs: The parts of the vector.
        radius: r.
        factors: Each with its number, and which power of q it is multiplied with.
        excess: Truth values, and numbers made of them: whether |x| > r or |x| >= r, and whether the value is the
            opposite.
    """

    square: Value
    inputs: tuple[Input, ...]
    radius: Power
    factors: Mapping[Value, tuple[Power, Fraction]]
    excess: Mapping[Value, tuple[Image, bool]]


@dataclass(frozen=True)
class ShareClippedVectors:
    """Has clients clip their vectors, and prove that these are no longer than the program's radius.

    That is for programs that multiply a client's vector x with min(1, r / |x|), however they write it, and depend on
    nothing else of it but whether |x| > r. The radius r is public: a constant, or computed of the server's values.
    Every vector that is no longer than r is the clipped vector of some x, so a malicious client can do no more than it
    could before. Whether |x| > r it proves as well: a vector for which that is claimed is as long as r.

    Example::

        program @clipped (clients <= 4) tensor {
          %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 16]>, norm = 32.0}
          %1 = reshape %0 {shape = [n, 1, 16]} : secret<f32[n, 1, 16]>
          %2 = reshape %0 {shape = [n, 16, 1]} : secret<f32[n, 16, 1]>
          %3 = matmul %1, %2 : secret<f32[n, 1, 1]>
          %4 = reshape %3 {shape = [n, 1]} : secret<f32[n, 1]>
          %5 = rsqrt %4 : secret<f32[n, 1]>
          %6 = constant {value = array<f64[]> 0.5, dtype = f32} : public<f32[]>
          %7 = mul %5, %6 : secret<f32[n, 1]>
          %8 = constant {value = array<f64[]> 1.0, dtype = f32} : public<f32[]>
          %9 = minimum %7, %8 : secret<f32[n, 1]>
          %10 = mul %0, %9 : secret<f32[n, 16]>
          %11 = sum %10 {axes = [0]} : secret<f32[16]>
          output %11 {path = "result"}
        }

    becomes::

        program @clipped (clients <= 4) tensor {
          %0 = constant {value = array<f64[]> 0.5, dtype = f64} : public<f64[]>
          %1 = input %0 {path = "x", placement = clients, bound = 0.5, type = secret<f32[n, 16]>, norm = 0.5, vector = "x", image = clipped}
          %2 = constant {value = array<f64[]> 1.0, dtype = f32} : public<f32[]>
          %3 = broadcast %2 {shape = [n, 1]} : public<f32[n, 1]>
          %4 = mul %1, %3 : secret<f32[n, 16]>
          %5 = sum %4 {axes = [0]} : secret<f32[16]>
          output %5 {path = "result"}
        }

    Args:
        norms: How the program computes norms.
    """  # noqa: E501

    level = Level.TENSOR

    norms: Norms

    def run(self, program: Program) -> Program:
        """Returns the rewritten program."""
        for square, inputs in squared_norms(program).items():
            clipping = _clipping(program, square, inputs)
            if clipping is not None:
                return self.run(_clipped(program, clipping, self.norms))  # and other vectors, if there are any
        return program


def _clipping(program: Program, square: Value, inputs: tuple[Input, ...]) -> _Clipping | None:
    """How a program clips a vector; None if it depends on anything else of it."""
    functions = radial(program, square)
    radius = next((r for f in functions.values() if (r := _radius_of_factor(f, square)) is not None), None)
    if radius is None or any(isinstance(v.op, st.Clients) for root in radius.exponents for v in _below(root)):
        return None
    factors: dict[Value, tuple[Power, Fraction]] = {}
    excess: dict[Value, tuple[Image, bool]] = {}
    for value, function in functions.items():
        factor, claimed = _factor(function, square, radius), _excess(function, radius)
        if factor is not None:
            factors[value] = factor
        elif claimed is not None:
            excess[value] = claimed
    scaled = (
        {x.result: ONE for x in inputs}
        | {v: power for v, (_, power) in factors.items()}
        | dict.fromkeys(excess, Fraction(0))
    )
    found = degrees(program, scaled)
    if any(found[o] != 0 for op in program.of(Output) for o in op.operands):
        return None
    return _Clipping(square, inputs, radius, factors, excess)


def _below(value: Value) -> set[Value]:
    found, pending = set[Value](), [value]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += one.op.operands
    return found


def _radius_of_factor(function: Radial, square: Value) -> Power | None:
    """r, if a function is a number up to s = r², and from there on that number times a power of s / r²."""
    if len(function.ends) != 1:
        return None
    (end,), (within, beyond) = function.ends, function.between
    if square in within.exponents or square not in beyond.exponents:
        return None
    radius = end.to(Fraction(1, 2))
    known = all(value.same(within) for value in (*function.at, beyond.of(square, end)))
    return radius if known and _can_be_computed(radius) and _can_be_computed(within) else None


def _factor(function: Radial, square: Value, radius: Power) -> tuple[Power, Fraction] | None:
    """The number k and the power p for which a function is k·q^p; None if it is none."""
    found = _radius_of_factor(function, square)
    if found is None or not found.same(radius):
        return None
    within, beyond = function.between
    return within, 2 * beyond.exponents[square]


def _excess(function: Radial, radius: Power) -> tuple[Image, bool] | None:
    """Which truth value of the client's a function is, and whether it is the opposite of that."""
    if len(function.ends) != 1 or not function.ends[0].same(radius.to(Fraction(2))):
        return None
    within, beyond = function.between
    at_zero, at_end = function.at
    if any(v.exponents for v in function.between) or {within.factor, beyond.factor} != {0.0, 1.0}:
        return None
    if not at_zero.same(within) or at_end.factor not in (0.0, 1.0):
        return None
    return Image.BEYOND if at_end.same(within) else Image.REACHES, within.factor == 1.0


def _can_be_computed(number: Power) -> bool:
    """Whether it is a constant times at most one public value or its inverse."""
    positive = 0 < number.factor < math.inf
    return positive and len(number.exponents) <= 1 and all(abs(e) == 1 for e in number.exponents.values())


def _clipped(program: Program, clipping: _Clipping, norms: Norms) -> Program:
    """The program on clipped vectors."""
    vector = clipping.inputs[0].path
    declared = math.hypot(*(_norm(op) for op in clipping.inputs))
    longest = min(declared, _largest(program, clipping.radius, norms))
    typical = longest * typical_entry(clipping.inputs)
    needed = _needed(program, {*clipping.factors, *clipping.excess})
    known: dict[str, Value] = {}

    def radius(b: Rewriter) -> Value:
        if "radius" not in known:
            known["radius"] = _computed(b, clipping.radius, DType.F64)
        return known["radius"]

    def claim(b: Rewriter, image: Image) -> Value:
        """The clients' truth values."""
        if image not in known:
            known[image] = b.add(
                Input,
                radius(b),
                path=f"{vector}/{image.value}",
                placement=Placement.CLIENTS,
                bound=1.0,
                type=TensorType((CLIENTS_DIM,), DType.BOOL, Secrecy.SECRET),
                vector=vector,
                image=image,
            )
        return known[image]

    def rule(b: Rewriter, op: Op, operands: tuple[Value, ...]) -> Value | None:
        if isinstance(op, Input) and op in clipping.inputs:
            assert op.bound is not None
            lowest = None if op.lowest is None else min(op.lowest, 0.0)
            cut = replace(op, bound=min(op.bound, longest, typical), lowest=lowest, norm=longest, vector=vector)
            return b.append(replace(cut, image=Image.CLIPPED, operands=(radius(b),))).result
        value = op.results[0] if op.results else None
        if value is None or value not in needed:
            return None
        if value in clipping.factors:
            number = _computed(b, clipping.factors[value][0], tensor_type(value).dtype)
            return b.add(st.Broadcast, number, shape=value.type.shape)
        if value in clipping.excess:
            image, opposite = clipping.excess[value]
            claimed = b.add(ew.Cast, claim(b, image), dtype=tensor_type(value).dtype)
            return _spread(b, _opposite(b, claimed) if opposite else claimed, value.type.shape)
        return None

    return drop_unused(rewrite(_radius_first(program, clipping.radius), rule), (Input, Output))


def _norm(op: Input) -> float:
    """How long a part of a vector is at most."""
    assert op.bound is not None
    return math.sqrt(within_client(op.type.shape)) * op.bound if op.norm is None else op.norm


def _needed(program: Program, replaced: Set[Value]) -> set[Value]:
    """The values that results depend on if these are replaced, and of these the ones that are."""
    needed: set[Value] = set()
    for op in reversed(program.ops):
        if isinstance(op, Output) or (not needed.isdisjoint(op.results) and replaced.isdisjoint(op.results)):
            needed.update(op.operands)
    return needed


def _radius_first(program: Program, radius: Power) -> Program:
    """The program with all that the radius is computed of before everything else: clients need that to share."""
    first = {value.op for root in radius.exponents for value in _below(root)}
    ordered = sorted(program.ops, key=lambda op: op not in first)
    return replace(program, ops=tuple(ordered))


def _computed(b: Rewriter, number: Power, dtype: DType) -> Value:
    """A number as a value."""
    result = b.add(Constant, value=np.asarray(number.factor), dtype=dtype)
    for root, exponent in number.exponents.items():
        scalar = b.add(ew.Cast, b.add(st.Reshape, b.values[root], shape=()), dtype=dtype)
        result = b.add(ew.Mul if exponent > 0 else ew.Div, result, scalar)
    return result


def _opposite(b: Rewriter, claimed: Value) -> Value:
    """1 where a truth value is 0."""
    dtype = tensor_type(claimed).dtype
    if dtype is DType.BOOL:
        return b.add(ew.Not, claimed)
    return b.add(ew.Sub, b.add(Constant, value=np.asarray(1.0), dtype=dtype), claimed)


def _spread(b: Rewriter, numbers: Value, shape: Shape) -> Value:
    """One number for each client, as often as a shape has it."""
    column = tuple(CLIENTS_DIM if d == CLIENTS_DIM else 1 for d in shape)
    return b.add(st.Broadcast, b.add(st.Reshape, numbers, shape=column), shape=shape)


def _largest(program: Program, radius: Power, norms: Norms) -> float:
    """How large the radius is at most, in any round that the program is compiled for."""
    result = radius.factor
    for root, exponent in radius.exponents.items():
        range_ = Ranges(program, norms)[root]
        result *= range_.hi if exponent > 0 else math.inf if range_.lo <= 0 else 1 / range_.lo
    return result
