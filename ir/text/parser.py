"""Reads the text form of programs; everything it reads is checked, so that people can write it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Tree, UnexpectedInput

from ezprivsecfl.errors import UNKNOWN, EzError, Location
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.registry import registry
from ezprivsecfl.ir.text.decode import decode, string_of, type_of
from ezprivsecfl.ir.text.errors import TextError, syntax_error
from ezprivsecfl.ir.text.hints import attribute_hints

if TYPE_CHECKING:
    from ezprivsecfl.ir.circuits.builder import Circuit


def parse_program(text: str, file: str = "<text>") -> Program:
    """Reads a program that ``print_program`` wrote, or a person.

    Args:
        text: One program with its circuits.
        file: Name of the text for error messages.

    Raises:
        CompileError: The text is not a well-typed program; says where and what was expected.
    """
    grammar = _grammar()
    try:
        tree = grammar.parse(text)
    except UnexpectedInput as e:
        raise syntax_error(e, text, file, grammar.terminals) from None
    try:
        return _program(tree)
    except TextError as e:
        raise e.compile_error(text, file) from None


@cache
def _grammar() -> Lark:
    return Lark.open("grammar.lark", rel_to=__file__, parser="lalr", propagate_positions=True)


def _program(tree: Tree[Token]) -> Program:
    head, *circuits = _trees(tree)
    symbol, level_name = _tokens(head)
    levels = {level.value: level for level in Level}
    if level_name not in levels:
        raise TextError(level_name, f"expected a level: {' or '.join(levels)}")
    reader = _OpReader(levels[level_name])
    max_clients = None
    for child in _trees(head):
        if child.data == "limit":
            max_clients = decode(Tree("number", child.children, child.meta), int)
        else:
            reader.read(child)
    table: dict[str, Circuit] = {}
    for node in circuits:
        name, content = _tokens(node)
        if _symbol(name) in table:
            raise TextError(name, "a circuit of this name is defined above")
        table[_symbol(name)] = _circuit(content)
    return Program(_symbol(symbol), reader.level, max_clients, tuple(reader.ops), table)


class _OpReader:
    """Reads operations one after the other; knows the values that the ones before have defined."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.ops: list[Op] = []
        self._values: dict[str, Value] = {}

    def read(self, node: Tree[Token]) -> None:
        """Appends one operation."""
        (name,) = _tokens(node)
        parts = {child.data: child for child in _trees(node)}
        kinds = registry(self.level)
        if name not in kinds:
            raise TextError(name, f"the {self.level.value} level has no operation {name}{_hint(name, kinds)}")
        kind = kinds[name]
        operands = tuple(self._value(token) for token in _tokens(parts.get("operands")))
        attributes = _attributes(name, parts.get("attributes"), kind)
        location = _location(parts["location"]) if "location" in parts else UNKNOWN
        try:
            op = kind(operands=operands, location=location, **attributes)
        except EzError as e:
            raise TextError(name, str(e)) from None
        self._define(name, op, _tokens(parts.get("results")))
        _check_types(name, op, parts.get("types"))
        self.ops.append(op)

    def _value(self, token: Token) -> Value:
        if token not in self._values:
            raise TextError(token, f"{token} is not defined above{_hint(token, self._values)}")
        return self._values[token]

    def _define(self, name: Token, op: Op, tokens: list[Token]) -> None:
        if len(tokens) != len(op.results):
            raise TextError(name, f"{name} has {len(op.results)} result(s), not {len(tokens)}")
        for token, result in zip(tokens, op.results, strict=True):
            if token in self._values:
                raise TextError(token, f"{token} is defined above")
            self._values[str(token)] = result


def _attributes(name: Token, node: Tree[Token] | None, kind: type[Op]) -> dict[str, Any]:
    hints = attribute_hints(kind)
    attributes: dict[str, Any] = {}
    for child in _trees(node):
        (key,) = _tokens(child)
        (value,) = _trees(child)
        if key not in hints:
            raise TextError(key, f"{name} has no attribute {key}, only: {', '.join(hints) or 'none'}")
        if key in attributes:
            raise TextError(key, f"attribute {key} is given twice")
        attributes[str(key)] = decode(value, hints[key])
    missing = [key for key in hints if key not in attributes and key not in kind.defaults()]
    if missing:
        raise TextError(name, f"{name} needs attribute {missing[0]}")
    return attributes


def _check_types(name: Token, op: Op, node: Tree[Token] | None) -> None:
    """Types may be left out; those that are given must be the inferred ones."""
    if node is None:
        return
    given = _trees(node)
    if len(given) != len(op.results):
        raise TextError(node, f"{name} has {len(op.results)} result(s), here are types for {len(given)}")
    for child, result in zip(given, op.results, strict=True):
        if type_of(child) != result.type:
            raise TextError(child, f"the result of {name} has type {result.type}")


def _location(node: Tree[Token]) -> Location:
    file, line, *op = _tokens(node)
    number = decode(Tree("number", [line], node.meta), int)
    return Location(string_of(file), number, string_of(op[0]) if op else "")


def _circuit(token: Token) -> Circuit:
    from ezprivsecfl.ir.circuits.bristol import parse  # only the mpc level has circuits

    try:
        return parse(token[3:-3].strip() + "\n")
    except (ValueError, EzError) as e:
        raise TextError(token, f"not a circuit: {e}") from None


def _symbol(token: Token) -> str:
    if not token.startswith('@"'):
        return str(token[1:])
    return string_of(Token.new_borrow_pos(token.type, token[1:], token))


def _hint(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _trees(node: Tree[Token] | None) -> list[Tree[Token]]:
    return [child for child in node.children if isinstance(child, Tree)] if node is not None else []


def _tokens(node: Tree[Token] | None) -> list[Token]:
    return [child for child in node.children if isinstance(child, Token)] if node is not None else []
