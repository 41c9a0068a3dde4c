"""Wires with a meaning, and the operations of the tensor level on them."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.compiler.lowering.scales import exact_frac
from ezprivsecfl.ir.circuits import floats, logarithms, roots, rounding, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.types import BitFormat, FixedFormat, FloatFormat, WireFormat

FLOAT = floats.FLOAT

ROUNDING: dict[type[Op], rounding.Rule] = {
    ew.Floor: rounding.down,
    ew.Ceil: rounding.up,
    ew.RoundEven: rounding.to_even,
}


@dataclass(frozen=True)
class Bundle:
    """The wires of one value; ``format`` says what they mean."""

    format: WireFormat
    wires: Wires

    @property
    def frac(self) -> int:
        """Fractional bits of a fixed-point bundle."""
        assert isinstance(self.format, FixedFormat)
        return self.format.frac


def fixed(wires: Wires, frac: int) -> Bundle:
    """A two's complement number."""
    return Bundle(FixedFormat(len(wires), frac), wires)


def bit(wire: int) -> Bundle:
    """A truth value."""
    return Bundle(BitFormat(), (wire,))


@dataclass
class Gates:
    """Applies operations to bundles, converting between formats where needed."""

    b: CircuitBuilder

    def constant(self, value: float, *, boolean: bool) -> Bundle:
        """A compile-time constant: a truth value, fixed point if exact with few bits, else a normalised number."""
        if boolean:
            return bit(self.b.constant(bool(value)))
        frac = exact_frac(value)
        if frac is not None and abs(value) < 2**40:
            return fixed(words.constant(self.b, round(value * 2**frac), 64), frac)
        return self._float(floats.constant(self.b, value))

    def is_fixed(self, *bundles: Bundle) -> bool:
        """Whether all bundles are fixed point."""
        return all(isinstance(x.format, FixedFormat) for x in bundles)

    def apply(self, op: Op, x: list[Bundle]) -> Bundle:
        """The operation on its operands' bundles."""
        match op:
            case ew.Not():
                return bit(self.b.inv(x[0].wires[0]))
            case ew.And():
                return bit(self.b.and_(x[0].wires[0], x[1].wires[0]))
            case ew.Or():
                return bit(self.b.or_(x[0].wires[0], x[1].wires[0]))
            case ew.Compare():
                return bit(self._compare(op, x[0], x[1]))
            case ew.Select():
                return self._select(x[0].wires[0], x[1], x[2])
            case ew.Cast():
                return self._cast(op, x[0])
            case ew.Maximum() | ew.Minimum():
                return self._extreme(x[0], x[1], largest=isinstance(op, ew.Maximum))
            case ew.Neg() | ew.Relu() | ew.Abs() | ew.Sign():
                return self._unary(op, x[0])
            case ew.Floor() | ew.Ceil() | ew.RoundEven():
                return self._rounded(op, x[0])
        return self._float_op(op, x)

    def shared(self, x: Bundle, frac: int, highest: int | None) -> tuple[Bundle, int | None]:
        """A bundle as it leaves for arithmetic shares, and the wire that says it is not a finite number.

        Args:
            x: The bundle.
            frac: Fractional bits of the shares.
            highest: The highest bit that a number within its range has, if it has a range.
        """
        if isinstance(x.format, FloatFormat):
            width = 64 if highest is None else max(2, min(64, highest + 2))
            word, invalid = floats.to_fixed(self.b, self.unpack(x), width, frac, highest)
            return fixed(word, frac), invalid
        if isinstance(x.format, BitFormat):
            return fixed((x.wires[0], self.b.constant(False)), 0), None
        if frac <= x.frac:
            dropped = x.frac - frac
            return fixed(words.sign_extend(x.wires, max(len(x.wires), dropped + 1))[dropped:][:64], frac), None
        return fixed(self._with_frac(x, frac)[:64], frac), None

    def unpack(self, x: Bundle) -> floats.Float:
        """The bundle as a normalised number."""
        if isinstance(x.format, FloatFormat):
            return floats.unpack(x.wires)
        assert isinstance(x.format, FixedFormat)
        return floats.from_fixed(self.b, x.wires, x.frac)

    def _float(self, x: floats.Float) -> Bundle:
        return Bundle(FLOAT, floats.pack(x))

    def _with_frac(self, x: Bundle, frac: int) -> Wires:
        """More fractional bits: zeros below."""
        return (self.b.constant(False),) * (frac - x.frac) + x.wires

    def _aligned(self, x: Bundle, y: Bundle) -> tuple[Wires, Wires, int]:
        """Two fixed-point bundles with the same fraction and width."""
        frac = max(x.frac, y.frac)
        a, c = self._with_frac(x, frac), self._with_frac(y, frac)
        width = max(len(a), len(c))
        return words.sign_extend(a, width), words.sign_extend(c, width), frac

    def _compare(self, op: Op, x: Bundle, y: Bundle) -> int:
        if isinstance(x.format, BitFormat):
            differs = self.b.xor(x.wires[0], y.wires[0])
            return differs if isinstance(op, ew.NotEqual) else self.b.inv(differs)
        if self.is_fixed(x, y):
            a, c, _ = self._aligned(x, y)
            match op:
                case ew.Less():
                    return words.less(self.b, a, c)
                case ew.Greater():
                    return words.less(self.b, c, a)
                case ew.LessEqual():
                    return self.b.inv(words.less(self.b, c, a))
                case ew.GreaterEqual():
                    return self.b.inv(words.less(self.b, a, c))
            equal = words.equal(self.b, a, c)
            return equal if isinstance(op, ew.Equal) else self.b.inv(equal)
        p, q = self.unpack(x), self.unpack(y)
        match op:
            case ew.Less():
                return floats.less(self.b, p, q)
            case ew.Greater():
                return floats.less(self.b, q, p)
            case ew.LessEqual():
                return floats.less_equal(self.b, p, q)
            case ew.GreaterEqual():
                return floats.less_equal(self.b, q, p)
        equal = floats.equal(self.b, p, q)
        return equal if isinstance(op, ew.Equal) else self.b.inv(equal)

    def _select(self, condition: int, x: Bundle, y: Bundle) -> Bundle:
        if isinstance(x.format, BitFormat):
            return bit(words.mux(self.b, condition, x.wires, y.wires)[0])
        if self.is_fixed(x, y):
            a, c, frac = self._aligned(x, y)
            return fixed(words.mux(self.b, condition, a, c), frac)
        return self._float(floats.select(self.b, condition, self.unpack(x), self.unpack(y)))

    def _extreme(self, x: Bundle, y: Bundle, *, largest: bool) -> Bundle:
        if self.is_fixed(x, y):
            a, c, frac = self._aligned(x, y)
            return fixed((words.max_ if largest else words.min_)(self.b, a, c), frac)
        p, q = self.unpack(x), self.unpack(y)
        return self._float((floats.max_ if largest else floats.min_)(self.b, p, q))

    def _unary(self, op: Op, x: Bundle) -> Bundle:
        if self.is_fixed(x):
            match op:
                case ew.Neg():
                    return fixed(words.neg(self.b, x.wires), x.frac)
                case ew.Relu():
                    return fixed(words.relu(self.b, x.wires), x.frac)
                case ew.Abs():
                    return fixed(words.abs_(self.b, x.wires), x.frac)
            return fixed((words.nonzero(self.b, x.wires), x.wires[-1]), 0)
        p = self.unpack(x)
        match op:
            case ew.Neg():
                return self._float(floats.neg(self.b, p))
            case ew.Relu():
                return self._float(floats.relu(self.b, p))
            case ew.Abs():
                return self._float(floats.abs_(self.b, p))
        return self._float(floats.sign(self.b, p))

    def _rounded(self, op: Op, x: Bundle) -> Bundle:
        rule = ROUNDING[type(op)]
        if self.is_fixed(x):
            frac = max(x.frac, 0)  # large numbers may have fewer places than integers
            return fixed(rounding.round_fixed(self.b, rule, self._with_frac(x, frac), frac), 0)
        return self._float(rounding.round_float(self.b, rule, self.unpack(x)))

    def _cast(self, op: ew.Cast, x: Bundle) -> Bundle:
        if isinstance(x.format, BitFormat):
            return fixed((x.wires[0], self.b.constant(False)), 0)
        if not (op.dtype.is_float or op.dtype.is_integer):
            return bit(words.nonzero(self.b, x.wires) if self.is_fixed(x) else self.unpack(x).nonzero)
        if op.dtype.is_float:
            return x
        if isinstance(x.format, FloatFormat):
            # It stays a normalised number: what is infinite or not a number must be noticed where it leaves.
            return self._float(rounding.round_float(self.b, rounding.toward_zero, self.unpack(x)))
        return fixed(words.toward_zero(self.b, x.wires, x.frac) if x.frac > 0 else self._with_frac(x, 0), 0)

    def _root(self, op: Op, x: Bundle) -> Bundle:
        if self.is_fixed(x):
            fixed_root = roots.sqrt_fixed if isinstance(op, ew.Sqrt) else roots.rsqrt_fixed
            return self._float(fixed_root(self.b, x.wires, x.frac))
        root = roots.sqrt if isinstance(op, ew.Sqrt) else roots.rsqrt
        return self._float(root(self.b, self.unpack(x)))

    def _float_op(self, op: Op, x: list[Bundle]) -> Bundle:
        if isinstance(op, ew.Sqrt | ew.Rsqrt):
            return self._root(op, x[0])
        p = [self.unpack(v) for v in x]
        match op:
            case ew.Mul():
                return self._float(floats.mul(self.b, p[0], p[1]))
            case ew.Div():
                return self._float(roots.div(self.b, p[0], p[1]))
            case ew.DivNoNan():
                return self._float(roots.div_no_nan(self.b, p[0], p[1]))
            case ew.Reciprocal():
                return self._float(roots.reciprocal(self.b, p[0]))
            case ew.Log():
                return self._float(logarithms.log(self.b, p[0]))
        raise AssertionError(f"no circuit for {op.name}")
