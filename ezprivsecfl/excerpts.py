"""Shows lines of texts and of users' programs, with carets under what a message is about."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache

from ezprivsecfl.cells import source_name

LINE_WIDTH = 110
"""Longer lines are shown only around the carets."""

OPERATORS: dict[str, type[ast.AST]] = {
    "Add": ast.Add,
    "AddV2": ast.Add,
    "Sub": ast.Sub,
    "Neg": ast.USub,
    "Mul": ast.Mult,
    "RealDiv": ast.Div,
    "FloorDiv": ast.FloorDiv,
    "FloorMod": ast.Mod,
    "Pow": ast.Pow,
    "MatMul": ast.MatMult,
    "BatchMatMulV2": ast.MatMult,
    "Less": ast.Lt,
    "LessEqual": ast.LtE,
    "Greater": ast.Gt,
    "GreaterEqual": ast.GtE,
}
"""Python's operators by the operations that they become; any other operation is looked for as a call of its name."""


def excerpt(file: str, line: int, op: str) -> str:
    """A line of the user's program and below it carets under an operation.

    The carets are under the only expression of the line that makes such an operation, or else under the whole line.
    Lines of a notebook's cells are found, too.

    Args:
        file: The program's file, as Python names it.
        line: The line, from 1.
        op: The operation, as TensorFlow or TFF names it.

    Returns:
        Two lines; nothing if there is no source, or no such line.
    """
    file = source_name(file)
    text = linecache.getline(file, line).rstrip()
    if not text:
        return ""
    found = [node for node in _expressions("".join(linecache.getlines(file)), line) if _makes(node, op)]
    start, end = len(text) - len(text.lstrip()), len(text)
    if len(found) == 1:
        (node,) = found
        start = _characters(text, node.col_offset)
        if node.end_lineno == line and node.end_col_offset is not None:
            end = _characters(text, node.end_col_offset)
    return underline(text, start + 1, end - start)


def underline(line: str, column: int, width: int) -> str:
    """The line, cut to a readable length, and below it carets under ``width`` characters from ``column``."""
    line = line.replace("\t", " ")
    start = 0
    if column > LINE_WIDTH * 3 // 4:
        start = column - LINE_WIDTH // 2
    part = line[start : start + LINE_WIDTH]
    before = "..." if start else ""
    after = "..." if start + LINE_WIDTH < len(line) else ""
    carets = "^" * max(1, min(width, LINE_WIDTH - (column - 1 - start)))
    return f"{before}{part}{after}\n{' ' * (len(before) + column - 1 - start)}{carets}"


@lru_cache(maxsize=16)
def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):  # a cell with a notebook's own commands
        return ast.Module([], [])


def _expressions(source: str, line: int) -> Iterator[ast.expr]:
    """The expressions that start on a line."""
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.expr) and node.lineno == line:
            yield node


def _makes(node: ast.expr, op: str) -> bool:
    operator = OPERATORS.get(op)
    if operator is not None:
        match node:
            case ast.BinOp() | ast.UnaryOp():
                return isinstance(node.op, operator)
            case ast.Compare():
                return any(isinstance(o, operator) for o in node.ops)
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return bool(op) and called.replace("_", "").lower() == op.replace("_", "").lower()


def _characters(text: str, offset: int) -> int:
    """Python counts columns in bytes."""
    return len(text.encode()[:offset].decode())
