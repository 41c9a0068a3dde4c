"""Attacks and rules of other packages, by entry points.

A package names them in its ``pyproject.toml``; attacks are subclasses of ``Attack``, rules what
``@ez.robust_aggregation`` makes::

    [project.entry-points."ezprivsecfl.attacks"]
    mine = "my_package:MyAttack"

    [project.entry-points."ezprivsecfl.rules"]
    mine = "my_package:my_rule"
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from ezprivsecfl.evaluation.errors import ConfigError


def find(what: str, name: str, own: Mapping[str, Any], group: str) -> Any:
    """Ours of that name, or else the one of another package.

    Args:
        what: For messages: ``attack`` or ``rule``.
        name: Its name.
        own: Ours by name.
        group: Of the entry points.

    Raises:
        ConfigError: There is none.
    """
    if name in own:
        return own[name]
    others = {point.name: point for point in entry_points(group=group)}
    if name not in others:
        raise ConfigError(f"there is no {what} {name!r}; choose one of {', '.join(names(own, group))}")
    return others[name].load()


def names(own: Mapping[str, Any], group: str) -> list[str]:
    """The names of all, ours and those of other packages, in alphabetical order."""
    return sorted({*own, *(point.name for point in entry_points(group=group))})
