"""Back ends by name: ours, and those of other packages, all by the entry points ``ezprivsecfl.backends``.

A package registers a class that can be made without arguments in its ``pyproject.toml``::

    [project.entry-points."ezprivsecfl.backends"]
    mine = "my_package:MyBackend"
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ezprivsecfl.backends.base import Backend
from ezprivsecfl.errors import CompileError

GROUP = "ezprivsecfl.backends"


def names() -> list[str]:
    """The names of all back ends, in alphabetical order."""
    return sorted(_found())


def choose(backend: str | Backend, **settings: Any) -> Backend:
    """A back end by its name.

    Args:
        backend: One of ``names()``, or a back end.
        settings: What it is made with, for those that are not None: see ``Duet`` and ``Motion2nx``.

    Raises:
        CompileError: There is no back end of that name, or it has no such setting.
    """
    given = {name: value for name, value in settings.items() if value}
    if isinstance(backend, Backend):
        return backend
    found = _found()
    if backend not in found:
        raise CompileError(f"there is no back end {backend!r}; choose one of {', '.join(sorted(found))}")
    made = found[backend].load()
    known = {field.name for field in fields(made) if field.init} if is_dataclass(made) else set()
    for name, value in given.items():
        if name not in known:
            raise CompileError(f"the back end {backend} has no setting {name}: leave out {name}={value!r}")
    return _made(backend, made, given)


def _made(name: str, made: Any, given: dict[str, Any]) -> Backend:
    result = made(**given)
    if not isinstance(result, Backend):
        raise CompileError(f"the entry point {name} of {GROUP} gives no back end but a {type(result).__name__}")
    return result


def _found() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
