"""Finds what a computation is called in the modules that are loaded, and where it is defined there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import tensorflow_federated as tff

from ezprivsecfl.cells import cell_texts
from ezprivsecfl.errors import UNKNOWN, Location
from ezprivsecfl.frontends.tff.source import Definition, is_library


def find_definition(value: Any) -> Definition | None:
    """The module-level name that is bound to a value, or to the process that it is the ``next`` of."""
    for module in _user_modules():
        for name, bound in list(vars(module).items()):
            is_next = isinstance(bound, tff.templates.IterativeProcess) and bound.next is value
            if bound is value or is_next:
                return _definition(module, name)
    return None


def _user_modules() -> Iterator[ModuleType]:
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            file = getattr(module, "__file__", None)
            if module.__name__ == "__main__" or (file and not is_library(file)):
                yield module


def _definition(module: ModuleType, name: str) -> Definition:
    for file, tree in _parsed(module):
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == name:
                return Definition(name, Location(file, statement.lineno), tuple(a.arg for a in statement.args.args))
            targets = statement.targets if isinstance(statement, ast.Assign) else ()
            if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                return Definition(name, Location(file, statement.lineno), ())
    return Definition(name, UNKNOWN, ())


def _parsed(module: ModuleType) -> Iterator[tuple[str, ast.Module]]:
    """The module's file, or the cells of the notebook that it is, the last one first."""
    file = getattr(module, "__file__", None)
    try:
        texts = [(str(file), Path(file).read_bytes())] if file else cell_texts()
    except OSError:
        return
    for name, text in texts:
        with suppress(SyntaxError, ValueError):
            yield name, ast.parse(text)
