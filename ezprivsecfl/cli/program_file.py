"""Executes a user's program, a file or a module, as Python would."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ezprivsecfl.errors import CompileError, Location


def load_code(path: Path) -> CodeType:
    """The compiled program text; raises CompileError if the file is missing or no Python."""
    try:
        text = path.read_bytes()
    except OSError as e:
        raise CompileError(f"cannot read {path}: {e.strerror}") from None
    try:
        return compile(text, str(path), "exec", dont_inherit=True)
    except SyntaxError as e:
        line = f"\n    {e.text.rstrip()}\n    {' ' * ((e.offset or 1) - 1)}^" if e.text else ""
        raise CompileError(f"{path} is not valid Python: {e.msg}{line}", [Location(str(path), e.lineno or 0)]) from None
    except ValueError as e:
        raise CompileError(f"{path} is not valid Python: {e}") from None


def execute(path: Path, arguments: Sequence[str], *, name: str) -> dict[str, Any]:
    """Executes a program and returns its global names.

    Args:
        path: The program file.
        arguments: Become ``sys.argv[1:]``.
        name: ``__main__`` to run it, anything else to import it.
    """
    code = load_code(path)
    module = ModuleType(name)
    module.__dict__.update(__file__=str(path), __builtins__=__builtins__)
    sys.argv = [str(path), *arguments]
    if sys.path:
        sys.path[0] = str(path.resolve().parent)
    sys.modules[name] = module
    exec(code, module.__dict__)
    return module.__dict__


def check_module(name: str) -> None:
    """Raises CompileError unless there is such a module, or for ``package.module`` such a package.

    Modules in the current folder are found first, as with ``python -m``. Nothing is imported.
    """
    if sys.path:
        sys.path[0] = os.getcwd()
    try:
        found = importlib.util.find_spec(name.partition(".")[0])
    except ValueError:
        found = None
    if found is None:
        raise CompileError(f"there is no module {name}")


def execute_module(name: str, arguments: Sequence[str]) -> None:
    """Executes a module, or the ``__main__`` of a package, as ``python -m`` does; relative imports work.

    Args:
        name: The module's full name, which ``check_module`` has found.
        arguments: Become ``sys.argv[1:]``.
    """
    sys.argv = [name, *arguments]  # runpy replaces the name by the file
    runpy.run_module(name, run_name="__main__", alter_sys=True)
