"""Tables, as Markdown and in a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Table:
    """Rows under headings.

    Args:
        headings: One for each column.
        rows: Cells.
    """

    headings: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def add(self, row: Sequence[str]) -> None:
        """Takes in a row; raises ValueError if it has not a cell for each column."""
        if len(row) != len(self.headings):
            raise ValueError(f"a row of {len(row)} cells in a table of {len(self.headings)} columns: {row}")
        self.rows.append(row)


def markdown(table: Table) -> str:
    """All of a table."""
    return "\n".join([head_text(table.headings), *map(row_text, table.rows)])


def head_text(headings: Sequence[str]) -> str:
    """The headings, and what Markdown has below them."""
    return f"{row_text(headings)}\n|{'---|' * len(headings)}"


def row_text(cells: Sequence[str]) -> str:
    """One row."""
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
