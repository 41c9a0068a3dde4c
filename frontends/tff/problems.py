"""Collects everything in a program that is not supported, so that one error can list all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ezprivsecfl.errors import UNKNOWN, Location, UnsupportedError

SUPPORTED = (
    "Supported are all intrinsics of TFF; in TensorFlow arithmetic, comparisons, select, reductions, matrix products, "
    "smooth functions, indexing, sorting, counting, shape operations and control flow, on floats, integers and bools "
    "of known shape. docs/tff.md lists every operation, and what stays with the client or the server."
)


class Unsupported(Exception):  # noqa: N818 - it never leaves the front end, where it becomes an entry of the list
    """Raised by a lowering that cannot take what it is given; the message says why."""


class UnknownNumberError(UnsupportedError):
    """A program cannot be traced for any number of clients; for a given one it may be."""


class Problems:
    """The list of what is not supported."""

    def __init__(self) -> None:
        self._entries: dict[tuple[Location, str], None] = {}

    def add(self, location: Location, why: str) -> None:
        """Adds an entry; ``location.op`` names the operation."""
        self._entries[location, why] = None

    @contextmanager
    def held(self) -> Iterator[list[tuple[Location, str]]]:
        """Entries that are added inside are given in a list in the end, instead of being added."""
        before = dict(self._entries)
        found: list[tuple[Location, str]] = []
        try:
            yield found
        finally:
            found += [entry for entry in self._entries if entry not in before]
            self._entries = before

    def __bool__(self) -> bool:
        return bool(self._entries)

    def raise_if_any(self, program: str, kind: type[UnsupportedError] = UnsupportedError) -> None:
        """Raises UnsupportedError, or one of a ``kind``, that lists all entries."""
        if not self._entries:
            return
        lines = "".join(f"\n  {_line(location, why)}" for location, why in self._entries)
        message = f"{program} uses what is not supported:{lines}\n{SUPPORTED}"
        error = kind(message)
        error.locations = tuple(location for location, _ in self._entries)
        raise error


def _line(location: Location, why: str) -> str:
    named = f"{location.op}: {why}" if location.op else why
    place = Location(location.file, location.line)
    return named if place == UNKNOWN else f"{place}: {named}{location.excerpt('    ')}"
