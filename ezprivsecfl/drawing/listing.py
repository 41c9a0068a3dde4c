"""Programs in text form, shown in a notebook with the domain of every operation and its place as people call it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ezprivsecfl.cells import place_text, with_cells
from ezprivsecfl.domains import domain_of
from ezprivsecfl.drawing.page import framed, wide
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.text import print_program

MOST_LINES = 80
"""Of a program's operations in a notebook; what is left out is said."""

LOCATION = re.compile(r' loc\("(?P<file>[^"]*)":(?P<line>\d+)(?: "(?P<op>[^"]*)")?\)$')


@dataclass(frozen=True, repr=False)
class Listing:
    """Programs of the intermediate representation: ``str`` gives all of their text, which parses back.

    Args:
        programs: One after the other.
    """

    programs: tuple[Program, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.programs))

    def __repr__(self) -> str:
        return "\n".join([*map(repr, self.programs), "print it for the text"])

    def _repr_html_(self) -> str:
        return framed(self.html())

    def html(self) -> str:
        """Without a frame: operations, without circuits and long constants."""
        return "".join(wide(f"<pre>{_lines(program)}</pre>") for program in self.programs)


def _lines(program: Program) -> str:
    head, *lines = print_program(program, elide=True).splitlines()
    shown = [escape(head)]
    for op, line in list(zip(program.ops, lines, strict=False))[:MOST_LINES]:
        mark = f'<i class="bar {domain_of(op).style}" style="width:7px"></i>'
        shown.append(f"{mark}{escape(with_cells(LOCATION.sub(_place, line)))}")
    if len(program.ops) > MOST_LINES:
        shown.append(f"  ... and {len(program.ops) - MOST_LINES} operations more: print(program.ir) shows all")
    return "\n".join([*shown, "}"])


def _place(found: re.Match[str]) -> str:
    place = place_text(Path(found["file"]).name, int(found["line"]))
    return f"   # {place} {found['op'] or ''}".rstrip()
