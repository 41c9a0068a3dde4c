"""Error messages that point into a text: file, line, column, and a line of carets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lark import Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.lexer import PatternStr, TerminalDef

from ezprivsecfl.errors import CompileError
from ezprivsecfl.excerpts import underline

Node = Tree[Token] | Token

TERMINALS = {
    "SYMBOL": "a name such as @fltrust",
    "VALUE": "a value such as %0",
    "WORD": "a word",
    "NUMBER": "a number",
    "STRING": "a string",
    "TEXT": 'a circuit within """',
    "_NL": "the end of the line",
    "$END": "the end of the text",
}
"""How messages call what the grammar's patterns match."""


class TextError(Exception):
    """Something is wrong with one part of a text."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.node = node

    def compile_error(self, text: str, file: str) -> CompileError:
        """The same as an error for the user."""
        where = self.node.meta if isinstance(self.node, Tree) else self.node
        line, column, width = where.line or 1, where.column or 1, 1
        if where.end_line == line:
            width = (where.end_column or 0) - column
        return pointed_error(text, file, line, column, width, str(self))


def syntax_error(error: UnexpectedInput, text: str, file: str, terminals: Iterable[TerminalDef]) -> CompileError:
    """What the grammar allows at the place where it met something else."""
    patterns = {t.name: t for t in terminals}
    if isinstance(error, UnexpectedToken):
        expected = error.accepts or error.expected
        token = error.token
        found = TERMINALS[token.type] if token.type in ("_NL", "$END") else f"`{token}`"
        width = 1 if token.type in ("_NL", "$END") else len(token)
    elif isinstance(error, UnexpectedCharacters):
        expected, width = error.allowed, 1
        found = "a string that does not end" if error.char == '"' else f"`{error.char}`"
    else:
        expected, found, width = set(), TERMINALS["$END"], 1
    line, column = error.line, error.column
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        lines = text.splitlines() or [""]
        line, column = len(lines), len(lines[-1]) + 1
    wanted = sorted(_describe(name, patterns) for name in expected)
    return pointed_error(text, file, line, column, width, f"expected {' or '.join(wanted)}, found {found}")


def _describe(name: str, patterns: Mapping[str, TerminalDef]) -> str:
    if name in TERMINALS:
        return TERMINALS[name]
    pattern = patterns[name].pattern
    return f"`{pattern.value}`" if isinstance(pattern, PatternStr) else name


def pointed_error(text: str, file: str, line: int, column: int, width: int, message: str) -> CompileError:
    """An error that shows a line of the text with carets under a part of it."""
    lines = text.splitlines()
    shown = underline(lines[line - 1] if line <= len(lines) else "", column, width)
    return CompileError(f"{file}:{line}:{column}: {message}\n{shown}")
