"""The standard circuits at full width: for inspection, and to pin what they cost."""

from __future__ import annotations

from collections.abc import Callable

from ezprivsecfl.ir.circuits import floats, products, quotients, roots, words
from ezprivsecfl.ir.circuits.builder import Circuit, CircuitBuilder, Wires

WIDTH = 64
FRAC = 40
"""Fractional bits of the fixed-point operands of the standard root and quotient circuits."""


def standard_circuits() -> dict[str, Circuit]:
    """Circuits by name: integers of 64 bits, and roots and quotients from and to fixed point of 64 bits."""
    binary: dict[str, Callable[[CircuitBuilder, Wires, Wires], Wires]] = {
        "add64": words.add,
        "sub64": words.sub,
        "less64": lambda b, x, y: (words.less(b, x, y),),
        "equal64": lambda b, x, y: (words.equal(b, x, y),),
        "max64": words.max_,
        "mul64": products.mul_low,
        "div64": quotients.divide,
    }
    unary: dict[str, Callable[[CircuitBuilder, Wires], Wires]] = {
        "relu64": words.relu,
        "abs64": words.abs_,
        "normalise64": lambda b, x: floats.pack(floats.from_fixed(b, x, FRAC)),
        "sqrt64": lambda b, x: _fixed(b, roots.sqrt_fixed(b, x, FRAC)),
        "rsqrt64": lambda b, x: _fixed(b, roots.rsqrt_fixed(b, x, FRAC)),
        "reciprocal64": lambda b, x: _fixed(b, roots.reciprocal(b, floats.from_fixed(b, x, FRAC))),
    }
    float_binary: dict[str, Callable[[CircuitBuilder, floats.Float, floats.Float], floats.Float]] = {
        "float_mul": floats.mul,
        "float_div": roots.div,
        "float_max": floats.max_,
    }
    float_unary: dict[str, Callable[[CircuitBuilder, floats.Float], floats.Float]] = {
        "float_sqrt": roots.sqrt,
        "float_rsqrt": roots.rsqrt,
        "float_reciprocal": roots.reciprocal,
    }
    circuits = {name: _on_words(2, f) for name, f in binary.items()}
    circuits |= {name: _on_words(1, f) for name, f in unary.items()}
    circuits |= {name: _on_floats(2, f) for name, f in float_binary.items()}
    circuits |= {name: _on_floats(1, f) for name, f in float_unary.items()}
    circuits["float_to_fixed64"] = _build([floats.FLOAT.width], lambda b, x: _fixed(b, floats.unpack(x[0])))
    circuits["mux64"] = _build([1, WIDTH, WIDTH], lambda b, x: words.mux(b, x[0][0], x[1], x[2]))
    return circuits


def _build(widths: list[int], function: Callable[[CircuitBuilder, list[Wires]], Wires]) -> Circuit:
    b = CircuitBuilder()
    b.output(function(b, [b.input(width) for width in widths]))
    return b.build()


def _on_words(count: int, function: Callable[..., Wires]) -> Circuit:
    return _build([WIDTH] * count, lambda b, x: function(b, *x))


def _on_floats(count: int, function: Callable[..., floats.Float]) -> Circuit:
    return _build([floats.FLOAT.width] * count, lambda b, x: floats.pack(function(b, *map(floats.unpack, x))))


def _fixed(b: CircuitBuilder, x: floats.Float) -> Wires:
    word, invalid = floats.to_fixed(b, x, WIDTH, FRAC)
    return (*word, invalid)
