"""What the declared types of operations' attributes say about their text."""

from __future__ import annotations

from dataclasses import fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ezprivsecfl.ir.op import Op


def attribute_hints(kind: type[Op]) -> dict[str, Any]:
    """Declared types of an operation's attributes, by name."""
    base = {f.name for f in fields(Op)}
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind) if f.name not in base}


def alternatives(hint: Any) -> tuple[Any, ...]:
    """The members of a union and the values of a Literal; any other type is its only alternative."""
    if get_origin(hint) in (Union, UnionType, Literal):
        return tuple(a for member in get_args(hint) for a in alternatives(member))
    return (hint,)


def includes(hint: Any, alternative: Any) -> bool:
    """Whether a type or value is one of the alternatives of a declared type."""
    return alternative in alternatives(hint)
