"""Element-wise operations with numpy broadcasting, in one file for each idea."""

from ezprivsecfl.ir.tensor.elementwise.arithmetic import Add, Mul, Neg, Square, Sub
from ezprivsecfl.ir.tensor.elementwise.base import Binary, Elementwise, FloatBinary, FloatUnary, Unary
from ezprivsecfl.ir.tensor.elementwise.bits import BitAnd, BitOr, BitXor, ShiftRight
from ezprivsecfl.ir.tensor.elementwise.casts import Cast
from ezprivsecfl.ir.tensor.elementwise.comparisons import (
    Compare,
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    NotEqual,
    Precedes,
)
from ezprivsecfl.ir.tensor.elementwise.curves import Erf, Sigmoid, Softplus, Tanh
from ezprivsecfl.ir.tensor.elementwise.exponentials import Exp, Pow
from ezprivsecfl.ir.tensor.elementwise.extremes import Maximum, Minimum
from ezprivsecfl.ir.tensor.elementwise.integer_quotients import FloorDiv, FloorMod
from ezprivsecfl.ir.tensor.elementwise.logarithms import Log
from ezprivsecfl.ir.tensor.elementwise.logic import And, Not, Or
from ezprivsecfl.ir.tensor.elementwise.quotients import Div, DivNoNan, Reciprocal
from ezprivsecfl.ir.tensor.elementwise.roots import Rsqrt, Sqrt
from ezprivsecfl.ir.tensor.elementwise.rounding import Ceil, Floor, RoundEven
from ezprivsecfl.ir.tensor.elementwise.selection import Select
from ezprivsecfl.ir.tensor.elementwise.signs import Abs, Relu, Sign

__all__ = [
    "Abs",
    "Add",
    "And",
    "Binary",
    "BitAnd",
    "BitOr",
    "BitXor",
    "Cast",
    "Ceil",
    "Compare",
    "Div",
    "DivNoNan",
    "Elementwise",
    "Equal",
    "Erf",
    "Exp",
    "FloatBinary",
    "FloatUnary",
    "Floor",
    "FloorDiv",
    "FloorMod",
    "Greater",
    "GreaterEqual",
    "Less",
    "LessEqual",
    "Log",
    "Maximum",
    "Minimum",
    "Mul",
    "Neg",
    "Not",
    "NotEqual",
    "Or",
    "Pow",
    "Precedes",
    "Reciprocal",
    "Relu",
    "RoundEven",
    "Rsqrt",
    "Select",
    "ShiftRight",
    "Sigmoid",
    "Sign",
    "Softplus",
    "Sqrt",
    "Square",
    "Sub",
    "Tanh",
    "Unary",
]
