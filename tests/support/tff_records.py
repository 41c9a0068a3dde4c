"""What became of tests, as lines of JSON that outlive the process which ran them.

``{"begin": test}`` before a test, ``{"test": test, ...}`` when it has ended.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of the tests that have ended."""
    return [entry for entry in _entries(path) if "test" in entry]


def begun(path: Path) -> str | None:
    """The test that has begun and has not ended."""
    name: str | None = next(reversed(_entries(path)), {}).get("begin")
    return name


def write_record(path: Path, entry: dict[str, Any]) -> None:
    """Adds an entry."""
    with path.open("a") as file:
        file.write(json.dumps(entry) + "\n")


def _entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
