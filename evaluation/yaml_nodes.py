"""YAML to dataclasses: every value is checked against its field's type, and every error has the line."""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ezprivsecfl.evaluation.packages import needed_for

with needed_for("the file of an experiment"):
    import yaml

from ezprivsecfl.evaluation.errors import ConfigError

T = TypeVar("T")

SCALARS: dict[Any, str] = {int: "a whole number", float: "a finite number", bool: "true or false", str: "text"}
"""Types that values are checked against, and what messages call them."""


def documents(path: Path) -> list[yaml.Node]:
    """The documents of a file.

    Raises:
        ConfigError: It cannot be read, is no YAML, or has an empty document.
    """
    try:
        nodes = list(yaml.compose_all(path.read_text("utf-8"), Loader=yaml.SafeLoader))
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"{path}: cannot be read ({e})") from None
    except yaml.MarkedYAMLError as e:
        line = f":{e.problem_mark.line + 1}" if e.problem_mark else ""
        raise ConfigError(f"{path}{line}: no YAML: {e.problem}") from None
    return [node for node in nodes if node is not None]


class Reader:
    """Reads the nodes of one file.

    Args:
        path: The file, for messages.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def error(self, node: yaml.Node, message: str) -> ConfigError:
        """An error at a node."""
        return ConfigError(message, self.where(node))

    def where(self, node: yaml.Node) -> str:
        """The file and line of a node."""
        return f"{self._path}:{node.start_mark.line + 1}"

    def mapping(self, node: yaml.Node, what: str) -> dict[str, yaml.Node]:
        """The values of a mapping by key, each of which is there once."""
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what}: expected keys with values")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error(key, f"{what}: expected a word as key")
            name = str(key.value)
            if name in found:
                raise self.error(key, f"{what}: {name} is there twice")
            found[name] = value
        return found

    def sequence(self, node: yaml.Node) -> list[yaml.Node]:
        """The items of a list; what is no list is the only item."""
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def known(self, given: Mapping[str, yaml.Node], names: Iterable[str], what: str) -> None:
        """Refuses keys that nothing asks for."""
        expected = list(names)
        for key, value in given.items():
            if key not in expected:
                choice = ", ".join(expected) or "no keys"
                raise self.error(value, f"{what}: there is no key {key!r}; expected {choice}")

    def dataclass(self, node: yaml.Node, given: Mapping[str, yaml.Node], kind: type[T], what: str) -> T:
        """An object of a dataclass from values for its fields.

        Args:
            node: What the values are from, for errors about all of them.
            given: Values by field.
            kind: The class; it may raise ValueError for values that do not fit, naming the field first.
            what: The section's name.
        """
        declared: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
        self.known(given, declared, what)
        hints = get_type_hints(kind)
        values = {key: self.value(value, hints[key], f"{what}: {key}") for key, value in given.items()}
        for name, field in declared.items():
            if name not in values and field.default is MISSING and field.default_factory is MISSING:
                raise self.error(node, f"{what}: {name} is missing")
        try:
            return kind(**values)
        except ValueError as e:
            at = next((given[key] for key in given if str(e).startswith(key)), node)
            raise self.error(at, f"{what}: {e}") from None

    def value(self, node: yaml.Node, hint: Any, what: str) -> Any:
        """A value of the hinted type: a finite number, text, truth value, a choice of such, or a list of them.

        With any other hint it is what YAML says that it is.
        """
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            inner = [one for one in get_args(hint) if one is not type(None)]
            return None if self.plain(node) is None else self.value(node, inner[0], what)
        plain = self.plain(node)
        if origin is Literal:
            if plain not in get_args(hint):
                raise self.error(node, f"{what}: expected one of {', '.join(map(str, get_args(hint)))}, not {plain!r}")
            return plain
        if origin is not None and issubclass(origin, Sequence):
            if not isinstance(node, yaml.SequenceNode):
                raise self.error(node, f"{what}: expected a list, not {plain!r}")
            return [self.value(item, get_args(hint)[0], what) for item in node.value]
        if hint not in SCALARS:
            return plain
        if hint is float and type(plain) is int and abs(plain) < sys.float_info.max:
            plain = float(plain)
        if type(plain) is not hint or (hint is float and not math.isfinite(plain)):
            raise self.error(node, f"{what}: expected {SCALARS[hint]}, not {plain!r}")
        return plain

    def plain(self, node: yaml.Node) -> Any:
        """What YAML says that a node is: 1e-3 is a number, too, which the library takes for text."""
        try:
            value = yaml.SafeLoader("").construct_object(node, deep=True)
        except yaml.MarkedYAMLError as e:
            raise self.error(node, str(e.problem)) from None
        if isinstance(value, str) and isinstance(node, yaml.ScalarNode) and node.style is None:
            try:
                return float(value)
            except ValueError:
                return value
        return value
