"""How long compiling and building took the last time, to tell how long they will take now."""

from __future__ import annotations

import json
from contextlib import suppress

from ezprivsecfl.backends.building import cache_folder

FILE = "pace.json"

COMPILING, BUILDING = "compiling", "building"
"""Seconds for each tensor operation; and for a program, whatever its size: most is for the engine's headers."""


def expected(what: str, amount: float = 1) -> float | None:
    """About how many seconds it takes; None if it has never been done here."""
    pace = _read().get(what)
    return pace * amount if isinstance(pace, int | float) else None


def record(what: str, seconds: float, amount: float = 1) -> None:
    """It has taken so many seconds. Where nothing can be kept, nothing is: it is only an estimate."""
    path = cache_folder() / FILE
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(json.dumps({**_read(), what: seconds / max(amount, 1)}), encoding="utf-8")


def _read() -> dict[str, object]:
    try:
        found = json.loads((cache_folder() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
