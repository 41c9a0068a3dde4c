"""Tables in Markdown, printed as their rows come in, and put into a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Table:
    """A table whose rows are printed as they come in; ``str`` gives all of it.

    Args:
        headings: One for each column.
        rows: Cells.
    """

    headings: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._echo("\n".join(self._head()))
        for row in self.rows:
            self._echo(line(row))

    def add(self, row: Sequence[str]) -> None:
        """Takes in a row and prints it."""
        if len(row) != len(self.headings):
            raise ValueError(f"a row of {len(row)} cells in a table of {len(self.headings)} columns: {row}")
        self.rows.append(row)
        self._echo(line(row))

    def _head(self) -> list[str]:
        return [line(self.headings), "|" + "---|" * len(self.headings)]

    @staticmethod
    def _echo(text: str) -> None:
        print(text, flush=True)

    def __str__(self) -> str:
        return "\n".join([*self._head(), *map(line, self.rows)])


def line(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def megabytes(count: float) -> str:
    """Bytes in MB with three significant digits."""
    return significant(count / 1e6)


def significant(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    text = f"{float(f'{value:.3g}'):,.10f}".rstrip("0").rstrip(".")
    return text


def ratio(theirs: float, ours: float) -> str:
    """How many times as much they take."""
    return f"{significant(float(f'{theirs / ours:.2g}'))}x"


def replace_section(page: Path, name: str, text: str) -> None:
    """Puts text between the page's lines ``<!-- NAME -->`` and ``<!-- end of NAME -->``.

    Raises:
        ValueError: The page has no such lines.
    """
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", flags=re.DOTALL)
    content, found = pattern.subn(lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page.read_text())
    if found != 1:
        raise ValueError(f"{page} needs one line '<!-- {name} -->' and one '<!-- end of {name} -->', in this order")
    page.write_text(content)
