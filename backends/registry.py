"""Back ends by name: ours, and those of other packages, all by the entry points ``ezprivsecfl.backends``.

A package registers a class that can be made without arguments in its ``pyproject.toml``::

    [project.entry-points."ezprivsecfl.backends"]
    mine = "my_package:MyBackend"
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from ezprivsecfl.errors import CompileError

if TYPE_CHECKING:
    from ezprivsecfl.backends.base import Backend

GROUP = "ezprivsecfl.backends"


def names() -> list[str]:
    """The names of all back ends, in alphabetical order."""
    return sorted(_found())


def named(name: str) -> EntryPoint:
    """Where a back end is, without importing it; raises CompileError if there is none of that name."""
    found = _found()
    if name not in found:
        raise CompileError(f"there is no back end {name!r}; choose one of {', '.join(names())}")
    return found[name]


def choose(backend: str | Backend, **settings: Any) -> Backend:
    """A back end by its name.

    Args:
        backend: One of ``names()``, or a back end.
        settings: What it is made with; None and what is empty count as not given. See ``Duet`` and ``Motion2nx``.

    Raises:
        CompileError: There is no back end of that name, or it has no such setting.
    """
    from ezprivsecfl.backends.base import Backend  # which takes the compiler

    if isinstance(backend, Backend):
        return backend
    kind = named(backend).load()
    known = {field.name for field in fields(kind) if field.init} if is_dataclass(kind) else set()
    given = {name: value for name, value in settings.items() if value}
    for name, value in given.items():
        if name not in known:
            raise CompileError(f"the back end {backend} has no setting {name}: leave out {name}={value!r}")
    made = kind(**given)
    if not isinstance(made, Backend):
        raise CompileError(f"the entry point {backend} of {GROUP} gives no back end but a {type(made).__name__}")
    return made


def _found() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
