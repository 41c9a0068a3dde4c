"""What passes make of programs in text form: the examples of their docstrings, and the files of cases.

A file of cases (``cases/NAME.ir`` for the pass that ``ezcompile opt --pass NAME`` runs) has them apart by lines
``// -----``. A case is a comment that says what it shows; a line ``// with EXPRESSION`` unless the pass is to be the
one that ``opt`` runs by default; a program; and ``// becomes`` with the program that the pass makes of it, ``// stays``
if that is the same, or ``// fails: TEXT`` with a part of the error's message.
"""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ezprivsecfl.errors import EzError
from ezprivsecfl.ir.passes import Pass, run_passes
from ezprivsecfl.ir.text import parse_program, print_program

EXAMPLE = re.compile(
    r"^Example(?: of ``(?P<made>.+)``)?::\n\n(?P<before>(?: .*\n|\n)+)becomes::\n\n(?P<after>(?: .*\n?|\n)+)",
    re.MULTILINE,
)
CASE = re.compile(
    r"\A(?P<shows>(?:// (?!with ).*\n)+)(?:// with (?P<made>.+)\n)?(?P<before>program (?:.*\n)+?)// "
    r"(?:becomes\n(?P<after>(?:.*\n?)+)|(?P<stays>stays)|fails: (?P<error>.+))\s*\Z"
)


@dataclass(frozen=True)
class PassCase:
    """A program before and after a pass.

    Args:
        shows: What it is an example of.
        before: The program, in text form.
        after: What the pass makes of it; None where it fails.
        error: Part of the message then.
        made: An expression for the pass, in the names of its module; None for the pass as it is by default.
    """

    shows: str
    before: str
    after: str | None
    error: str | None = None
    made: str | None = None

    @property
    def stays(self) -> bool:
        """Whether the pass must not act."""
        return self.before == self.after

    def check(self, default: Pass) -> None:
        """Runs the pass, or rather the one that the case asks for."""
        chosen = default if self.made is None else eval(self.made, vars(sys.modules[type(default).__module__]))
        assert type(chosen) is type(default)
        program = parse_program(self.before, "before")
        if self.after is None:
            assert self.error is not None
            with pytest.raises(EzError, match=re.escape(self.error)):
                run_passes(program, [chosen])
        else:
            assert print_program(run_passes(program, [chosen])) == print_program(parse_program(self.after, "after"))


def example(one: Pass) -> PassCase | None:
    """The example in the docstring of a pass; circuits stand between three single quotes there."""
    found = EXAMPLE.search(inspect.cleandoc(type(one).__doc__ or "").replace("'''", '"""'))
    if found is None:
        return None
    before, after = (inspect.cleandoc(found[part]) + "\n" for part in ("before", "after"))
    return PassCase("the example of its docstring", before, after, made=found["made"])


def cases(path: Path) -> list[PassCase]:
    """All cases of a file."""
    found = []
    for text in path.read_text("utf-8").split("// -----\n"):
        match = CASE.match(text.strip() + "\n")
        assert match is not None, f"no case in {path}: {text}"
        after = match["before"] if match["stays"] else match["after"]
        shows = match["shows"].replace("// ", "").replace("\n", " ").strip()
        found.append(PassCase(shows, match["before"], after, match["error"], match["made"]))
    return found
