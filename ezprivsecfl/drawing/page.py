"""HTML around drawings, for notebooks: a frame with their style, tabs, tables with bars."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ezprivsecfl.cells import with_cells
from ezprivsecfl.drawing.svg import STYLE

LAYOUT = """\
.ez-wide{overflow:auto;max-height:44em}.ez-wide svg{max-width:none;height:auto}
.ez-tabs{display:flex;flex-wrap:wrap;gap:0 .2em}
.ez-tabs>input{position:absolute;opacity:0;pointer-events:none}
.ez-tabs>label{padding:.3em .8em;cursor:pointer;border-bottom:2px solid transparent;opacity:.7}
.ez-tabs>input:checked+label{border-bottom-color:#3f83f8;opacity:1;font-weight:600}
.ez-tabs>input:focus-visible+label{outline:1px solid #3f83f8}
.ez-tabs>div{order:1;width:100%;display:none;padding-top:.7em;border-top:1px solid rgba(128,128,128,.4);margin-top:-1px}
.ez-tabs>input:checked+label+div{display:block}
.ez h4{margin:.9em 0 .2em;font:600 13px system-ui,sans-serif}.ez ul{margin:0 0 0 1.3em;padding:0}
.ez pre,.ez pre.ez-text{font:11px/1.4 ui-monospace,monospace;background:none;color:inherit;margin:0;white-space:pre}
.ez table{border-collapse:collapse;font-size:12px;margin:0;color:inherit}
.ez td.ez-bars,.ez td:first-child{white-space:nowrap}
.ez td,.ez th{padding:.15em .7em .15em 0;text-align:left!important;border:0;color:inherit;vertical-align:middle}
.ez tr{background:none!important}.ez thead{border-bottom:1px solid rgba(128,128,128,.4)}
.ez tr.ez-sum td{border-top:1px solid rgba(128,128,128,.4);font-weight:600}
.ez i.bar{display:inline-block;height:.8em;min-width:1px;background:var(--c);opacity:.65;vertical-align:-1px}
.ez i.bar:last-of-type{margin-right:.45em}
.ez summary{cursor:pointer}
"""

BAR = 90.0
"""Pixels of the longest bar of a column."""


@dataclass(frozen=True)
class Drawing:
    """A drawing; a notebook shows it, ``save`` writes it.

    Args:
        draw: Makes the SVG; its argument says whether it is a file of its own.
        text: What it shows, in words.
    """

    draw: Callable[[bool], str]
    text: str

    def save(self, path: str | Path) -> None:
        """Writes an SVG file that has all it needs in it."""
        Path(path).write_text(self.draw(True), encoding="utf-8")

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return framed(wide(self.draw(False)))


def framed(*body: str) -> str:
    """An output of a notebook, with the style of everything in it."""
    return f'<div class="ez"><style>{STYLE}{LAYOUT}</style>{"".join(body)}</div>'


def wide(body: str) -> str:
    """What may be larger than the page: it has scroll bars of its own."""
    return f'<div class="ez-wide">{body}</div>'


def text_block(text: str) -> str:
    """Text as it is."""
    return wide(f'<pre class="ez-text">{escape(text)}</pre>')


def statements(title: str, lines: Sequence[str]) -> str:
    """A title and a list."""
    items = "".join(f"<li>{escape(with_cells(line))}</li>" for line in lines)
    return f"<h4>{escape(title)}</h4>{f'<ul>{items}</ul>' if items else ''}"


def tabs(pages: Mapping[str, str]) -> str:
    """Pages of which one is shown, with a row of their titles; radio buttons, so that no script is needed."""
    group = f"ez{secrets.token_hex(4)}"  # a notebook may show the same program twice
    parts = []
    for i, (title, body) in enumerate(pages.items()):
        checked = "" if i else " checked"
        parts.append(
            f'<input type="radio" name="{group}" id="{group}-{i}"{checked}>'
            f'<label for="{group}-{i}">{escape(title)}</label><div>{body}</div>'
        )
    return f'<div class="ez-tabs">{"".join(parts)}</div>'


@dataclass(frozen=True)
class Bars:
    """A cell of a table that shows its number as a bar.

    Args:
        parts: What the bar consists of: by domain or other class of the style a number.
        text: What is written next to it.
    """

    parts: Mapping[str, float]
    text: str

    @property
    def total(self) -> float:
        """How long the bar is."""
        return sum(self.parts.values())


def table(head: Sequence[str], rows: Sequence[Sequence[str | Bars]], total: Sequence[str] = ()) -> str:
    """A table; in each of its columns, bars are as long as they should be relative to the longest one.

    Args:
        head: The columns' titles.
        rows: Their cells.
        total: A last row.
    """
    longest = [
        max((cell.total for row in rows if isinstance(cell := row[i], Bars)), default=0.0) for i in range(len(head))
    ]
    lines = "".join(
        f"<tr>{''.join(_cell(cell, most) for cell, most in zip(row, longest, strict=True))}</tr>" for row in rows
    )
    if total:
        lines += f'<tr class="ez-sum">{"".join(f"<td>{escape(cell)}</td>" for cell in total)}</tr>'
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(cell: str | Bars, longest: float) -> str:
    if isinstance(cell, str):
        return f"<td>{escape(cell)}</td>"
    bars = "".join(
        f'<i class="bar {class_}" style="width:{BAR * part / longest:.1f}px"></i>'
        for class_, part in cell.parts.items()
        if part
    )
    return f'<td class="ez-bars">{bars}{escape(cell.text)}</td>'
