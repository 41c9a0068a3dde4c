"""Turns parts of a parsed text into attribute values and types, led by the attributes' declared types."""

from __future__ import annotations

import json
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin

import numpy as np
from lark import Token, Tree

from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.text.arrays import array_of_base64, array_of_list
from ezprivsecfl.ir.text.errors import Node, TextError
from ezprivsecfl.ir.text.hints import alternatives
from ezprivsecfl.ir.types import (
    ArithType,
    BitFormat,
    BooleanType,
    Dim,
    DType,
    FixedFormat,
    FloatFormat,
    MaskedType,
    RingType,
    Secrecy,
    Shape,
    SummandsFormat,
    TensorType,
    Type,
    WireFormat,
    YaoType,
)

RING_TYPES = {"ring": RingType, "arith": ArithType, "masked": MaskedType}
WIRES_TYPES = {"yao": YaoType, "boolean": BooleanType}
SECRECIES = {s.value: s for s in Secrecy}
DTYPES = {d.value: d for d in DType}
DESCRIPTIONS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    NoneType: "none",
    FixedFormat: "a format such as fixed 64 20",
    FloatFormat: "a format such as float 24 9",
    BitFormat: "the format bit",
}


def decode(node: Tree[Token], hint: Any) -> Any:
    """The value of declared type ``hint`` that the node means; raises TextError if there is none."""
    options = alternatives(hint)
    if len(options) == 1:
        return _decode_one(node, hint)
    for option in options:
        try:
            return _decode_one(node, option)
        except TextError:
            continue
    raise _expected(node, hint)


def _decode_one(node: Tree[Token], hint: Any) -> Any:
    if hint in (int, float) and node.data == "number":
        return _integer(_token(node)) if hint is int else float(_token(node))
    if hint is str and node.data == "string":
        return string_of(_token(node))
    if get_origin(hint) is tuple and node.data == "list":
        return tuple(decode(item, get_args(hint)[0]) for item in _items(node))
    if get_origin(hint) is np.ndarray and node.data == "array":
        return _array(node)
    if isinstance(hint, type) and issubclass(hint, Type) and node.data.endswith("_type"):
        found = type_of(node)
        if isinstance(found, hint):
            return found
    if node.data == "words":
        return _decode_words(node, hint)
    raise _expected(node, hint)


def _decode_words(node: Tree[Token], hint: Any) -> Any:
    if hint in (FixedFormat, FloatFormat, BitFormat):
        found = _format(node)
        if isinstance(found, hint):
            return found
    elif len(node.children) == 1:
        meanings: dict[str, Any] = {}
        if hint is bool:
            meanings = {"true": True, "false": False}
        elif hint is NoneType:
            meanings = {"none": None}
        elif isinstance(hint, str):
            meanings = {hint: hint}
        elif isinstance(hint, type) and issubclass(hint, Enum):
            meanings = {str(member.value): member for member in hint}
        if _token(node) in meanings:
            return meanings[_token(node)]
    raise _expected(node, hint)


def string_of(token: Token) -> str:
    """The text that a quoted string stands for."""
    try:
        return str(json.loads(token, strict=False))
    except ValueError as e:
        raise TextError(token, f"bad string: {e}") from None


def type_of(node: Tree[Token]) -> Type:
    """The type of a value."""
    name = str(node.children[0])
    if node.data == "tensor_type":
        _, dtype, dims = node.children
        if name in SECRECIES and dtype in DTYPES:
            return TensorType(_shape(dims), DTYPES[str(dtype)], SECRECIES[name])
    else:
        _, content, dims = node.children
        if name in WIRES_TYPES and isinstance(content, Tree):
            return WIRES_TYPES[name](_shape(dims), _format(content))
        if name in RING_TYPES and isinstance(content, Token):
            return RING_TYPES[name](_shape(dims), _integer(content))
    raise TextError(node, "expected a type such as secret<f32[n, 10]>, arith<20>[n], or yao<fixed 64 20>[n]")


def _shape(node: Node) -> Shape:
    assert isinstance(node, Tree)
    return tuple(decode(item, Dim) for item in _items(node))


def _format(node: Tree[Token]) -> WireFormat:
    name, *numbers = node.children
    sizes = [_integer(n) for n in numbers if isinstance(n, Token)]
    if name == "fixed" and len(sizes) == 2:
        return FixedFormat(*sizes)
    if name == "float" and len(sizes) == 2:
        return FloatFormat(*sizes)
    if name == "summands" and len(sizes) == 2:
        return SummandsFormat(*sizes)
    if name == "bit" and not sizes:
        return BitFormat()
    raise TextError(node, "expected a format such as fixed 64 20, float 24 9, or bit")


def _array(node: Tree[Token]) -> Array:
    element_type, dims, content = node.children
    assert isinstance(dims, Tree)
    assert isinstance(content, Tree)
    shape = tuple(decode(item, int) for item in _items(dims))
    try:
        if content.data == "string":
            return array_of_base64(str(element_type), shape, string_of(_token(content)))
        return array_of_list(str(element_type), shape, _elements(content))
    except ValueError as e:
        raise TextError(node, str(e)) from None


def _elements(node: Tree[Token]) -> Any:
    if node.data == "list":
        return [_elements(item) for item in _items(node)]
    return decode(node, int | float | bool)


def _items(node: Tree[Token]) -> list[Tree[Token]]:
    return [item for item in node.children if isinstance(item, Tree)]


def _token(node: Tree[Token]) -> Token:
    token = node.children[0]
    assert isinstance(token, Token)
    return token


def _integer(token: Token) -> int:
    try:
        return int(token)
    except ValueError:
        raise TextError(token, "expected an integer") from None


def _expected(node: Tree[Token], hint: Any) -> TextError:
    return TextError(node, f"expected {' or '.join(_describe(option) for option in alternatives(hint))}")


def _describe(hint: Any) -> str:
    if isinstance(hint, str):
        return hint
    if get_origin(hint) is tuple:
        return "a list"
    if get_origin(hint) is np.ndarray:
        return "an array such as array<f32[2]> [0.5, 1.0]"
    if issubclass(hint, Enum):
        return " or ".join(str(member.value) for member in hint)
    return DESCRIPTIONS.get(hint, f"a type ({hint.__name__})")
