from __future__ import annotations

import pytest

from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.text import parse_program

HEAD = "program @p tensor {\n  %0 = constant {value = array<f32[2]> [0.5, 1.0], dtype = f32}\n"
TAIL = '\n  output %0 {path = "r"}\n}\n'

LINES = [
    (
        "  %1 = summ %0 {axes = [0]}",
        "p.ir:3:8: the tensor level has no operation summ (did you mean sum?)\n"
        "  %1 = summ %0 {axes = [0]}\n"
        "       ^^^^",
    ),
    (
        "  %1 = sum %0 {axes = [0}",
        "p.ir:3:25: expected `,` or `]`, found `}`\n"
        "  %1 = sum %0 {axes = [0}\n"
        "                        ^",
    ),
    (
        "  %1 = sum ] {axes = [0]}",
        "p.ir:3:12: expected `:` or `loc` or `{` or a value such as %0 or the end of the line, found `]`\n"
        "  %1 = sum ] {axes = [0]}\n"
        "           ^",
    ),
    (
        "  %1 = sum %7 {axes = [0]}",
        "p.ir:3:12: %7 is not defined above\n"
        "  %1 = sum %7 {axes = [0]}\n"
        "           ^^",
    ),
    (
        "  %1 = sum %0 {axes = [a]}",
        "p.ir:3:24: expected an integer\n"
        "  %1 = sum %0 {axes = [a]}\n"
        "                       ^",
    ),
    (
        "  %1 = sum %0 {axes = [0.5]}",
        "p.ir:3:24: expected an integer\n"
        "  %1 = sum %0 {axes = [0.5]}\n"
        "                       ^^^",
    ),
    (
        "  %1 = sum %0 {axes = 0}",
        "p.ir:3:23: expected a list\n"
        "  %1 = sum %0 {axes = 0}\n"
        "                      ^",
    ),
    (
        "  %1 = sum %0 {axis = [0]}",
        "p.ir:3:16: sum has no attribute axis, only: axes\n"
        "  %1 = sum %0 {axis = [0]}\n"
        "               ^^^^",
    ),
    (
        "  %1 = neg %0 {axes = [0], axes = [0]}",
        "p.ir:3:16: neg has no attribute axes, only: none\n"
        "  %1 = neg %0 {axes = [0], axes = [0]}\n"
        "               ^^^^",
    ),
    (
        "  %1 = sum %0 {axes = [0], axes = [0]}",
        "p.ir:3:28: attribute axes is given twice\n"
        "  %1 = sum %0 {axes = [0], axes = [0]}\n"
        "                           ^^^^",
    ),
    (
        "  %1 = sum %0",
        "p.ir:3:8: sum needs attribute axes\n"
        "  %1 = sum %0\n"
        "       ^^^",
    ),
    (
        "  %1 = add %0 : public<f32[2]>",
        "p.ir:3:8: add takes 2 operands, not 1\n"
        "  %1 = add %0 : public<f32[2]>\n"
        "       ^^^",
    ),
    (
        "  %1 = neg %0 : public<f32[3]>",
        "p.ir:3:17: the result of neg has type public<f32[2]>\n"
        "  %1 = neg %0 : public<f32[3]>\n"
        "                ^^^^^^^^^^^^^^",
    ),
    (
        "  %1 = neg %0 : public<f32[2]>, public<f32[2]>",
        "p.ir:3:15: neg has 1 result(s), here are types for 2\n"
        "  %1 = neg %0 : public<f32[2]>, public<f32[2]>\n"
        "              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    (
        "  %1 = neg %0 : public<f16[2]>",
        "p.ir:3:17: expected a type such as secret<f32[n, 10]>, arith<20>[n], or yao<fixed 64 20>[n]\n"
        "  %1 = neg %0 : public<f16[2]>\n"
        "                ^^^^^^^^^^^^^^",
    ),
    (
        "  %1 = neg %0 : yao<fixed 64>[2]",
        "p.ir:3:21: expected a format such as fixed 64 20, float 24 9, or bit\n"
        "  %1 = neg %0 : yao<fixed 64>[2]\n"
        "                    ^^^^^^^^",
    ),
    (
        "  %1, %2 = neg %0",
        "p.ir:3:12: neg has 1 result(s), not 2\n"
        "  %1, %2 = neg %0\n"
        "           ^^^",
    ),
    (
        "  neg %0",
        "p.ir:3:3: neg has 1 result(s), not 0\n"
        "  neg %0\n"
        "  ^^^",
    ),
    (
        "  %0 = neg %0",
        "p.ir:3:3: %0 is defined above\n"
        "  %0 = neg %0\n"
        "  ^^",
    ),
    (
        "  %1 = cast %0 {dtype = f16}",
        "p.ir:3:25: expected f32 or f64 or i32 or i64 or bool\n"
        "  %1 = cast %0 {dtype = f16}\n"
        "                        ^^^",
    ),
    (
        "  %1 = constant {value = array<f32[2]> [1.0], dtype = f32}",
        "p.ir:3:26: 1 elements along an axis of size 2\n"
        "  %1 = constant {value = array<f32[2]> [1.0], dtype = f32}\n"
        "                         ^^^^^^^^^^^^^^^^^^^",
    ),
    (
        "  %1 = constant {value = 1.0, dtype = f32}",
        "p.ir:3:26: expected an array such as array<f32[2]> [0.5, 1.0]\n"
        "  %1 = constant {value = 1.0, dtype = f32}\n"
        "                         ^^^",
    ),
    (
        '  %1 = input {path = "x", placement = server, bound = big, type = public<f32[2]>}',
        "p.ir:3:55: expected a number or none\n"
        '  %1 = input {path = "x", placement = server, bound = big, type = public<f32[2]>}\n'
        "                                                      ^^^",
    ),
    (
        '  %1 = input {path = "x", placement = server, bound = none, type = ring<20>[2]}',
        "p.ir:3:68: expected a type (TensorType)\n"
        '  %1 = input {path = "x", placement = server, bound = none, type = ring<20>[2]}\n'
        "                                                                   ^^^^^^^^^^^",
    ),
    (
        '  output %0 {path = "r}',
        "p.ir:3:21: expected `[` or a number or a string or a word, found a string that does not end\n"
        '  output %0 {path = "r}\n'
        "                    ^",
    ),
    (
        '  output %0 {path = "\\x"}',
        "p.ir:3:21: bad string: Invalid \\escape: line 1 column 2 (char 1)\n"
        '  output %0 {path = "\\x"}\n'
        "                    ^^^^",
    ),
    (
        '  %1 = neg %0 loc("a.py":"b")',
        "p.ir:3:26: expected a number, found `\"b\"`\n"
        '  %1 = neg %0 loc("a.py":"b")\n'
        "                         ^^^",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), LINES, ids=[line.strip() for line, _ in LINES])
def test_errors_in_a_line(line: str, message: str) -> None:
    with pytest.raises(CompileError) as error:
        parse_program(HEAD + line + TAIL, "p.ir")
    assert str(error.value) == message


TEXTS = [
    ("", "p.ir:1:1: expected `program` or the end of the line, found the end of the text\n\n^"),
    (
        "program @p (clients = 30) tensor {",
        "p.ir:1:21: expected `<=`, found `=`\n"
        "program @p (clients = 30) tensor {\n"
        "                    ^",
    ),
    (
        "program @p (clients <= 3.5) tensor {\n}",
        "p.ir:1:24: expected an integer\n"
        "program @p (clients <= 3.5) tensor {\n"
        "                       ^^^",
    ),
    (
        "program @p tensr {\n}",
        "p.ir:1:12: expected a level: tensor or mpc\n"
        "program @p tensr {\n"
        "           ^^^^^",
    ),
    (
        "program p tensor {\n}",
        "p.ir:1:9: expected a name such as @fltrust, found `p`\n"
        "program p tensor {\n"
        "        ^",
    ),
    (
        HEAD,
        "p.ir:2:64: expected `}` or a value such as %0 or a word, found the end of the text\n"
        "  %0 = constant {value = array<f32[2]> [0.5, 1.0], dtype = f32}\n"
        "                                                               ^",
    ),
    (
        "program @p tensor {\n} circuit",
        "p.ir:2:3: expected the end of the line or the end of the text, found `circuit`\n"
        "} circuit\n"
        "  ^^^^^^^",
    ),
    (
        "program @p tensor {\n}\n;",
        "p.ir:3:1: expected `circuit`, found `;`\n"
        ";\n"
        "^",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), TEXTS)
def test_errors_in_a_text(text: str, message: str) -> None:
    with pytest.raises(CompileError) as error:
        parse_program(text, "p.ir")
    assert str(error.value) == message


def test_long_lines_are_shown_around_the_carets() -> None:
    numbers = ", ".join(["1.0"] * 100)
    line = f"  %1 = constant {{value = array<f32[100]> [{numbers}], dtype = f32}} : public<f32[99]>"
    with pytest.raises(CompileError) as error:
        parse_program(HEAD + line + TAIL)
    message, shown, carets = str(error.value).split("\n")
    assert message == "<text>:3:559: the result of constant has type public<f32[100]>"
    assert len(shown) < 120
    start = carets.index("^")
    assert shown[start : start + carets.count("^")] == "public<f32[99]>"
