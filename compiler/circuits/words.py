"""Integers as words of wires, lowest bit first, in two's complement if signed.

Operations work at any width; operands of one operation have equal widths unless said otherwise. A full adder costs
one AND: with carry c the next carry is ``c + (x + c)(y + c)`` modulo 2 (Boyar, Peralta and Pochuev, "On the
multiplicative complexity of Boolean functions over the basis (and, xor, 1)", 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from ezprivsecfl.compiler.circuits.builder import CircuitBuilder, Wires

ZERO = 0
"""The wire of the constant 0, in every builder."""
