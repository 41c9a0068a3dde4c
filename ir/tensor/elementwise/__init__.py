"""Element-wise operations with numpy broadcasting, in one file for each idea."""

from ezprivsecfl.ir.tensor.elementwise.arithmetic import Add, Mul, Neg, Square, Sub
from ezprivsecfl.ir.tensor.elementwise.base import Binary, Elementwise, FloatBinary, FloatUnary, Unary
from ezprivsecfl.ir.tensor.elementwise.casts import Cast
from ezprivsecfl.ir.tensor.elementwise.comparisons import (
    Compare,
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    NotEqual,
)
from ezprivsecfl.ir.tensor.elementwise.extremes import Maximum, Minimum
from ezprivsecfl.ir.tensor.elementwise.in_the_clear import Exp, FloorDiv, FloorMod, Pow
from ezprivsecfl.ir.tensor.elementwise.logarithms import Log
from ezprivsecfl.ir.tensor.elementwise.logic import And, Not, Or
from ezprivsecfl.ir.tensor.elementwise.quotients import Div, DivNoNan, Reciprocal
from ezprivsecfl.ir.tensor.elementwise.roots import Rsqrt, Sqrt
from ezprivsecfl.ir.tensor.elementwise.rounding import Ceil, Floor, RoundEven, ShiftRight
from ezprivsecfl.ir.tensor.elementwise.selection import Select
from ezprivsecfl.ir.tensor.elementwise.signs import Abs, Relu, Sign

__all__ = [
    "Abs",
    "Add",
    "And",
    "Binary",
    "Cast",
    "Ceil",
    "Compare",
    "Div",
    "DivNoNan",
    "Elementwise",
    "Equal",
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
    "Reciprocal",
    "Relu",
    "RoundEven",
    "Rsqrt",
    "Select",
    "ShiftRight",
    "Sign",
    "Sqrt",
    "Square",
    "Sub",
    "Unary",
]
