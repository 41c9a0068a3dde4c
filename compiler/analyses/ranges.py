"""Range analysis: how large every value of a tensor program can get, from the declared bounds of its inputs.

Interval arithmetic, and three facts that intervals cannot see: entries of ``x / |x|`` are at most 1, a dot product is
at most the product of the norms (Cauchy-Schwarz), and weights divided by their sum average.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ezprivsecfl.compiler.analyses.monomials import Monomial, dominated, monomial, norms_within, root, squares_within
from ezprivsecfl.compiler.analyses.norms import SHORTEST, Norms
from ezprivsecfl.compiler.passes.simplify import tensor_type
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.structural import StructuralOp
from ezprivsecfl.ir.tensor import Constant, Input
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.gate import Gate
from ezprivsecfl.ir.types import CLIENTS_DIM, DType

INFINITE = math.inf


@dataclass(frozen=True)
class Range:
    """All entries of a value lie within [lo, hi]."""

    lo: float
    hi: float

    @property
    def magnitude(self) -> float:
        """The largest absolute value."""
        return max(abs(self.lo), abs(self.hi))

    def capped(self, magnitude: float) -> Range:
        """The range cut to [-magnitude, magnitude]."""
        return Range(max(self.lo, -magnitude), min(self.hi, magnitude))


ORDERED = (ew.Less, ew.LessEqual, ew.Greater, ew.GreaterEqual)

UNKNOWN_RANGE = Range(-INFINITE, INFINITE)

EXACT = Norms()


class Ranges:
    """Ranges of all values of a tensor program whose inputs carry bounds.

    Args:
        program: A tensor program; ``max_clients`` and every input's ``bound`` are set.
        norms: How sums of squares are computed.
    """

    def __init__(self, program: Program, norms: Norms = EXACT) -> None:
        assert program.max_clients is not None
        self.clients = program.max_clients
        self.norms = norms
        self._ranges: dict[Value, Range] = {}
        for op in program.ops:
            for result in op.results:
                self._ranges[result] = self._range(op)

    def __getitem__(self, value: Value) -> Range:
        return self._ranges[value]

    def _range(self, op: Op) -> Range:
        if isinstance(op, Input):
            bound = 1.0 if op.type.dtype is DType.BOOL else op.bound
            assert bound is not None
            lowest = 0.0 if op.type.dtype is DType.BOOL else -bound if op.lowest is None else max(op.lowest, -bound)
            return Range(lowest, bound)
        if isinstance(op, Constant):
            if op.value.size == 0:
                return Range(0.0, 0.0)
            lo, hi = float(np.min(op.value)), float(np.max(op.value))
            return UNKNOWN_RANGE if math.isnan(lo) or math.isnan(hi) else Range(lo, hi)
        if isinstance(op, st.Clients):
            return Range(1.0, float(self.clients))
        operands = [self._ranges[o] for o in op.operands]
        if isinstance(op, ew.Mul | ew.Square | ew.Div | ew.DivNoNan):
            return self._product(op, operands)
        if isinstance(op, st.MatMul):
            return self._sketched(op, self._matmul(op, operands))
        if isinstance(op, ew.Select):
            return self._select(op, operands)
        if isinstance(op, st.Sum):
            terms = self._terms(op)
            return self._sketched(op, Range(*(terms * e if e else 0.0 for e in (operands[0].lo, operands[0].hi))))
        return _simple(op, operands)

    def _sketched(self, op: Op, exact: Range) -> Range:
        """The range of a sum, which is larger for squares that are sketched."""
        if not any(self._is_sketched(x) for x in squares_within(op.results[0])):
            return exact
        vectors = math.prod(self.clients if d == CLIENTS_DIM else int(d) for d in op.results[0].type.shape)
        return Range(exact.lo, exact.hi * self.norms.excess(vectors))

    def _is_sketched(self, value: Value) -> bool:
        """Whether a value is that secret and long that its norm is sketched, or parts of it."""
        return tensor_type(value).is_secret and self.norms.are_sketched(_row_size(value))

    def _shortest(self, value: Value) -> float:
        """How many times larger than its norm, as it is computed, a value may be."""
        return math.sqrt(SHORTEST) if self._is_sketched(value) else 1.0

    def _terms(self, op: st.Sum) -> float:
        shape = op.operands[0].type.shape
        return float(math.prod(self.clients if shape[a] == CLIENTS_DIM else int(shape[a]) for a in op.axes))

    def _product(self, op: Op, operands: list[Range]) -> Range:
        if (isinstance(op, ew.Mul) and op.operands[0] is op.operands[1]) or isinstance(op, ew.Square):
            interval = Range(0.0, operands[0].magnitude ** 2)
        elif isinstance(op, ew.Div | ew.DivNoNan):
            interval = _times(operands[0], _reciprocal(operands[1]))
        else:
            interval = _times(*operands)
        term = monomial(op.results[0])
        self._cancel_average(term)
        return interval.capped(self._bound(term))

    def _matmul(self, op: st.MatMul, operands: list[Range]) -> Range:
        inner = op.operands[0].type.shape[-1]
        terms = float(self.clients if inner == CLIENTS_DIM else int(inner))
        left, right = op.operands
        term = monomial(left)
        term.times(monomial(right))
        averaging = inner == CLIENTS_DIM and self._cancel_average(term)
        bound = self._bound(term) * (1.0 if averaging else terms)
        if inner != CLIENTS_DIM:
            bound = min(bound, self.norm(left) * self.norm(right))
        if root(left) is root(right):
            return Range(0.0, bound)
        interval = _times(*operands)
        lo = 0.0 if interval.lo >= 0 else -bound
        return Range(lo, 0.0 if interval.hi <= 0 else bound)

    def _select(self, op: ew.Select, operands: list[Range]) -> Range:
        """Where the condition compares a with b, the branch for a < b may use that a / b < 1."""
        condition = root(op.operands[0]).op
        branches = []
        for branch, range_, holds in ((1, operands[1], True), (2, operands[2], False)):
            bound = range_.magnitude
            if isinstance(condition, ORDERED):
                smaller_first = isinstance(condition, ew.Less | ew.LessEqual) == holds
                small, large = condition.operands if smaller_first else condition.operands[::-1]
                if self._ranges[small].lo >= 0 or self._ranges[large].lo >= 0:
                    term = monomial(op.operands[branch])
                    term.times(monomial(small), -1)
                    term.times(monomial(large))
                    bound = min(bound, self._bound(term))
            branches.append(range_.capped(bound))
        return Range(min(r.lo for r in branches), max(r.hi for r in branches))

    def norm(self, value: Value) -> float:
        """Bound of the Euclidean norm of a row: over all axes but the clients axis."""
        entrywise = math.sqrt(_row_size(root(value))) * self._ranges[value].magnitude
        term = monomial(value)
        for norm, power in list(term.norms.items()):
            inside = [x for x in squares_within(norm) if term.atoms[x] > 0]
            if power < 0 and inside:
                term.norms[norm] += 1
                term.atoms[inside[0]] -= 1
                return min(entrywise, self._shortest(inside[0]) * self._bound(term))
        return entrywise

    def _bound(self, term: Monomial) -> float:
        """Bound of a product after everything that provably cancels has been cancelled."""
        bound = abs(term.coefficient)
        atoms, norms = term.atoms.copy(), term.norms.copy()
        divisors = [(n, squares_within(n), norms) for n in list(norms) for _ in range(-norms[n])]
        divisors += [(a, norms_within(a), atoms) for a in list(atoms) for _ in range(-atoms[a])]
        for divisor, inside, powers in divisors:
            partner = self._partner(inside, atoms)
            if partner is not None:
                atoms[partner[0]] -= 1
                powers[divisor] += 1
                bound *= partner[1]
        for divisor in list(atoms):
            for other in dominated(divisor) if atoms[divisor] < 0 else ():
                if other is not divisor and norms_of(other) and norms[norms_of(other)[0]] > 0:
                    norms[norms_of(other)[0]] -= 1
                    atoms[divisor] += 1
        for value, power in atoms.items():
            bound = _multiply(bound, _power(self._ranges[value], power))
        for value, power in norms.items():
            bound = _multiply(bound, math.sqrt(_power(self._ranges[value], power)))
        return bound

    def _partner(self, inside: set[Value], atoms: dict[Value, int]) -> tuple[Value, float] | None:
        """An atom that is at most (returned factor) times the norm of one of the values ``inside``."""
        for x in inside:
            if atoms.get(x, 0) > 0:
                return x, self._shortest(x)
        for atom, power in atoms.items():
            if power > 0 and isinstance(atom.op, st.MatMul):
                for i, operand in enumerate(atom.op.operands):
                    if root(operand) in inside:
                        return atom, self._shortest(root(operand)) * self.norm(atom.op.operands[1 - i])
        return None

    def _cancel_average(self, term: Monomial) -> bool:
        """Cancels ``s_i / sum_i s_i`` for non-negative s (example counts, trust scores); True if there was one."""
        for divisor in [a for a, p in term.atoms.items() if p < 0]:
            for total in dominated(divisor):
                op = total.op
                if not isinstance(op, st.Sum) or op.axes != (0,) or op.operands[0].type.shape[0] != CLIENTS_DIM:
                    continue
                summand = monomial(op.operands[0])
                fits = all(term.atoms[a] >= p for a, p in summand.atoms.items()) and all(
                    term.norms[a] <= p if p < 0 else term.norms[a] >= p for a, p in summand.norms.items()
                )
                if fits:
                    term.times(summand, -1)
                    term.atoms[divisor] += 1
                    return True
        return False


def _row_size(value: Value) -> int:
    """Entries per client."""
    return math.prod(int(d) for d in value.type.shape if d != CLIENTS_DIM)


def norms_of(value: Value) -> list[Value]:
    """The value under the root, if this is a root."""
    return [root(value.op.operands[0])] if isinstance(value.op, ew.Sqrt) else []


def _power(range_: Range, power: int) -> float:
    if power == 0:
        return 1.0
    if power > 0:
        return range_.magnitude**power
    return _reciprocal(range_).magnitude ** (-power)


def _multiply(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def _times(x: Range, y: Range) -> Range:
    corners = [_multiply(a, b) for a in (x.lo, x.hi) for b in (y.lo, y.hi)]
    return Range(min(corners), max(corners))


def _reciprocal(x: Range) -> Range:
    if x.lo > 0 or x.hi < 0:
        return Range(1 / x.hi, 1 / x.lo)
    return Range(0.0 if x.lo >= 0 else -INFINITE, INFINITE)


def _simple(op: Op, operands: list[Range]) -> Range:
    """Operations whose range follows from their operands' ranges alone."""
    x = operands[0]
    y = operands[1] if len(operands) > 1 else x
    if isinstance(op, StructuralOp):
        return x
    match op:
        case ew.Neg():
            return Range(-x.hi, -x.lo)
        case ew.Abs():
            return Range(max(x.lo, -x.hi, 0.0), x.magnitude)
        case ew.Sign():
            return Range(-1.0 if x.lo < 0 else 0.0, 1.0 if x.hi > 0 else 0.0)
        case ew.Relu():
            return Range(max(x.lo, 0.0), max(x.hi, 0.0))
        case ew.Sqrt():
            return Range(math.sqrt(max(x.lo, 0.0)), math.sqrt(max(x.hi, 0.0)))
        case ew.Rsqrt():
            inner = _reciprocal(Range(max(x.lo, 0.0), max(x.hi, 0.0)))
            return Range(math.sqrt(inner.lo), math.sqrt(inner.hi))
        case ew.Reciprocal():
            return _reciprocal(x)
        case ew.Add():
            return Range(x.lo + y.lo, x.hi + y.hi)
        case ew.Sub():
            return Range(x.lo - y.hi, x.hi - y.lo)
        case ew.Maximum():
            return Range(max(x.lo, y.lo), max(x.hi, y.hi))
        case ew.Minimum():
            return Range(min(x.lo, y.lo), min(x.hi, y.hi))
        case ew.Compare() | ew.And() | ew.Or() | ew.Not() | Gate():
            return Range(0.0, 1.0)
        case st.Concat():
            return Range(min(r.lo for r in operands), max(r.hi for r in operands))
        case ew.Cast():
            return x
        case ew.Floor() | ew.Ceil() | ew.RoundEven():
            return Range(math.floor(x.lo), math.ceil(x.hi)) if math.isfinite(x.magnitude) else x
        case ew.Exp():
            return Range(0.0, math.exp(min(x.hi, 700.0)))
    return UNKNOWN_RANGE
