from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ezprivsecfl.errors import Location
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement
from ezprivsecfl.ir.tensor.elementwise import Mul, Rsqrt
from ezprivsecfl.ir.tensor.structure import MatMul, Reshape, Sum
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.text.arrays import array_of_base64, array_of_list, array_text
from ezprivsecfl.ir.types import DType, Secrecy, TensorType

GOLDEN = """\
program @cosine (clients <= 30) tensor {
  %0 = input {path = "updates/dense", placement = clients, bound = 8.0, type = secret<f32[n, 20]>} \
: secret<f32[n, 20]> loc("cosine.py":12 "Placeholder")
  %1 = input {path = "root", placement = server, bound = none, type = public<f32[20]>} \
: public<f32[20]> loc("cosine.py":12 "Placeholder")
  %2 = mul %0, %0 : secret<f32[n, 20]> loc("cosine.py":13 "Square")
  %3 = sum %2 {axes = [1]} : secret<f32[n]> loc("cosine.py":13 "Sum")
  %4 = rsqrt %3 : secret<f32[n]> loc("cosine.py":14)
  %5 = reshape %1 {shape = [20, 1]} : public<f32[20, 1]>
  %6 = matmul %0, %5 : secret<f32[n, 1]>
  %7 = reshape %6 {shape = [1, n]} : secret<f32[1, n]>
  %8 = constant {value = array<f32[2, 2]> [[0.1, inf], [-inf, nan]], dtype = f32} : public<f32[2, 2]>
  %9 = constant {value = array<i32[18]> "\
AAAAAAEAAAACAAAAAwAAAAQAAAAFAAAABgAAAAcAAAAIAAAACQAAAAoAAAALAAAADAAAAA0AAAAOAAAADwAAABAAAAARAAAA", \
dtype = i32} : public<i32[18]>
  output %8 {path = "result"}
}
"""


def cosine() -> Program:
    builder = ProgramBuilder("cosine", Level.TENSOR, 30)
    secret = TensorType(("n", 20), DType.F32, Secrecy.SECRET)
    public = TensorType((20,), DType.F32, Secrecy.PUBLIC)
    with builder.at(Location("cosine.py", 12, "Placeholder")):
        # The bound is an int here on purpose: a float attribute prints as a float.
        x = builder.add(Input, path="updates/dense", placement=Placement.CLIENTS, bound=8, type=secret)
        y = builder.add(Input, path="root", placement=Placement.SERVER, bound=None, type=public)
    with builder.at(Location("cosine.py", 13, "Square")):
        squares = builder.add(Mul, x, x)
    with builder.at(Location("cosine.py", 13, "Sum")):
        norms = builder.add(Sum, squares, axes=(1,))
    with builder.at(Location("cosine.py", 14)):
        builder.add(Rsqrt, norms)
    column = builder.add(Reshape, y, shape=(20, 1))
    builder.add(Reshape, builder.add(MatMul, x, column), shape=(1, "n"))
    small = np.array([[0.1, np.inf], [-np.inf, np.nan]], dtype=np.float32)
    constant = builder.add(Constant, value=small, dtype=DType.F32)
    builder.add(Constant, value=np.arange(18, dtype=np.int32), dtype=DType.I32)
    builder.append(Output(operands=(constant,), path="result"))
    return builder.build()


def test_golden() -> None:
    assert print_program(cosine()) == GOLDEN
    assert str(cosine()) == GOLDEN


def test_round_trip() -> None:
    parsed = parse_program(GOLDEN)
    assert print_program(parsed) == GOLDEN
    assert parsed.of(Constant)[0].value.dtype == np.float32
    assert parsed.of(Sum)[0].axes == (1,)
    assert parsed.of(Sum)[0].location == Location("cosine.py", 13, "Sum")
    assert parsed.of(Input)[0].bound == 8.0
    assert isinstance(parsed.of(Input)[0].bound, float)


def test_elided() -> None:
    shown = print_program(cosine(), elide=True)
    assert 'array<i32[18]> "..."' in shown
    assert "[[0.1, inf], [-inf, nan]]" in shown


def test_by_hand(tmp_path: Path) -> None:
    """Comments, blank lines, other line ends, names of values, no types: what people write."""
    text = (
        "// a comment\n\nprogram @p tensor { // another\r\n\n\t%zero = constant {value = array<f32[]> 0, dtype = f32}"
        '\r\n  // between\n  %x_1 = neg %zero\n  output %x_1 {path = "r"}\n\n}\n\n// the end'
    )
    expected = (
        "program @p tensor {\n  %0 = constant {value = array<f32[]> 0.0, dtype = f32} : public<f32[]>\n"
        '  %1 = neg %0 : public<f32[]>\n  output %1 {path = "r"}\n}\n'
    )
    program = parse_program(text)
    assert program.max_clients is None
    assert print_program(program) == expected


@pytest.mark.parametrize("name", ["a", "a.b-c_1", "", "1", 'quote " back\\slash', "ä\n\u2028", "loc", "program"])
def test_names(name: str) -> None:
    builder = ProgramBuilder(name, Level.TENSOR)
    with builder.at(Location(name, 3, name)):
        value = builder.add(Constant, value=np.zeros(()), dtype=DType.F64)
    builder.append(Output(operands=(value,), path=name))
    text = print_program(builder.build())
    parsed = parse_program(text)
    assert parsed.name == name
    assert parsed.of(Output)[0].path == name
    assert parsed.of(Constant)[0].location == Location(name, 3, name)
    assert print_program(parsed) == text


ARRAYS: list[tuple[Any, str]] = [
    (np.float32(0.1), "array<f32[]> 0.1"),
    (np.array([1e-45, 16777217.0, -0.0], dtype=np.float32), "array<f32[3]> [1e-45, 16777216.0, -0.0]"),
    (np.array([1e300, 0.1]), "array<f64[2]> [1e+300, 0.1]"),
    (np.array([2**64 - 1, 0], dtype=np.uint64), "array<u64[2]> [18446744073709551615, 0]"),
    (np.array([[-(2**63)]]), "array<i64[1, 1]> [[-9223372036854775808]]"),
    (np.array([True, False]), "array<bool[2]> [true, false]"),
    (np.zeros((2, 0), dtype=np.int32), "array<i32[2, 0]> [[], []]"),
    (np.zeros((0, 3)), "array<f64[0, 3]> []"),
    (np.arange(17) > 8, 'array<bool[17]> "AAAAAAAAAAAAAQEBAQEBAQE="'),
    (np.array([7], dtype=">i4"), "array<i32[1]> [7]"),
    # A NaN with a payload of its own is kept by its bytes.
    (np.array([0x7FF0000000000001], dtype=np.uint64).view(np.float64), 'array<f64[1]> "AQAAAAAA8H8="'),
]


@pytest.mark.parametrize(("value", "text"), ARRAYS, ids=[text for _, text in ARRAYS])
def test_arrays(value: Array, text: str) -> None:
    assert array_text(value) == text
    program = f'program @p tensor {{\n  %0 = constant {{value = {text}, dtype = f32}}\n  output %0 {{path = "r"}}\n}}\n'
    parsed = parse_program(program).of(Constant)[0].value
    native = np.asarray(value).astype(value.dtype.newbyteorder("="))
    assert parsed.dtype == native.dtype
    assert parsed.shape == native.shape
    assert parsed.tobytes() == native.tobytes()


def test_arrays_without_text_form() -> None:
    with pytest.raises(ValueError, match="arrays of complex128 have no text form"):
        array_text(np.zeros(2, dtype=complex))


@pytest.mark.parametrize(
    ("element_type", "shape", "values", "message"),
    [
        ("f16", (1,), [1.0], "unknown element type f16"),
        ("f32", (2,), [1.0], "1 elements along an axis of size 2"),
        ("f32", (1,), 1.0, "one element along an axis of size 1"),
        ("f32", (), [1.0], "nested deeper"),
        ("i32", (1,), [1.5], "1.5 is no element of int32"),
        ("i32", (1,), [2**31], "2147483648 is no element of int32"),
        ("u64", (1,), [-1], "-1 is no element of uint64"),
        ("bool", (1,), [1], "1 is no element of bool"),
        ("f32", (1,), [True], "true is no element of float32"),
    ],
)
def test_lists_that_do_not_fit(element_type: str, shape: tuple[int, ...], values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        array_of_list(element_type, shape, values)


def test_base64_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="3 bytes of data, expected 4"):
        array_of_base64("f32", (1,), "AAAA")
    with pytest.raises(ValueError, match="not base64"):
        array_of_base64("f32", (1,), "?")
