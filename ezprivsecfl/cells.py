"""Cells of a notebook as places of a program: a name that lasts, and what people call them.

IPython compiles every cell under a file name with a number of the process in it. Such a name would make a program that
is compiled from a cell another one after every restart of the kernel, and tells people nothing. So a place in a cell
is kept under a name that depends on the cell's text alone, and shown as IPython shows it: ``Cell In[3], line 5``.
"""

from __future__ import annotations

import linecache
import re
import sys
from typing import Any

COMPILED = re.compile(r"ipykernel_\d+[/\\](\w+)\.py$|^<ipython-input-\d+-(\w+)>$")
"""File names under which ipykernel and IPython compile cells, with a digest of the cell's text."""

LASTING = re.compile(r"<cell \w+>")
PLACE = re.compile(rf"({LASTING.pattern}):(\d+)")


def is_cell(file: str) -> bool:
    """Whether a file name is that of a cell, in either form."""
    return bool(COMPILED.search(file) or LASTING.fullmatch(file))


def lasting(file: str) -> str:
    """The name that lasts of a cell; any other file's name as it is."""
    found = COMPILED.search(file)
    return f"<cell {found[1] or found[2]}>" if found else file


def source_name(file: str) -> str:
    """The name under which ``linecache`` has a file's text."""
    if not LASTING.fullmatch(file):
        return file
    return next((name for name in reversed(list(linecache.cache)) if lasting(name) == file), file)


def cell_texts() -> list[tuple[str, bytes]]:
    """All cells that were run, with their names that last, the last one first."""
    cells = [name for name in reversed(list(linecache.cache)) if COMPILED.search(name)]
    return [(lasting(name), "".join(linecache.getlines(name)).encode()) for name in cells]


def place_text(file: str, line: int) -> str:
    """A place as people call it: ``program.py:5``, or ``Cell In[3], line 5``."""
    return with_cells(f"{file}:{line}")


def with_cells(text: str) -> str:
    """The text with places in cells as people call them; a cell that no notebook at hand has keeps its name."""
    return PLACE.sub(lambda place: _called(place[1], place[2]) or place[0], text) if "<cell " in text else text


def shell() -> Any:
    """The IPython session that this runs in, or None."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _called(cell: str, line: str) -> str | None:
    session = shell()
    known = None if session is None else session.compile.format_code_name(source_name(cell))
    return f"{' '.join(known)}, line {line}" if known else None
