"""What the pages name exists, and their code and commands work."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ezprivsecfl.cli.main import COMMANDS
from ezprivsecfl.ir.text import parse_program, print_program

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FOLDERS = "aggregators|backends|benchmarks|compiler|cpp|docs|examples|ezprivsecfl|frontends|ir|runtime|scripts|tests"


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def commands(page: Path) -> Iterator[str]:
    """Shell commands in indented blocks and in the text, without comments."""
    lines = re.findall(r"^ {4}(\S.*)$|`((?:uv run )?(?:scripts/|ezcompile )[^`]+)`", text_of(page), flags=re.MULTILINE)
    for line in ("".join(groups) for groups in lines):
        for part in line.partition("  #")[0].split(" && "):
            command = part.strip().removeprefix("uv run ").removeprefix("python ")
            if command.startswith(("ezcompile ", "scripts/", "benchmarks/")):
                yield command


COMMANDS_OF_PAGES = sorted({command for page in PAGES for command in commands(page)})


def resolved(name: str) -> Any:
    """The module, class or function of a dotted name."""
    module, parts = name, []
    while True:
        try:
            found = import_module(module)
            break
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            parts.insert(0, last)
    for part in parts:
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_exist(page: Path):
    for name in re.findall(r"`(ezprivsecfl(?:\.\w+)+)`", text_of(page)):
        assert resolved(name) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_exist(page: Path):
    """Names in capitals, stars and braces stand for several, or for new ones."""
    for name in re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", text_of(page)):
        if not re.search(r"[A-Z]{4}", name):
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_programs_are_well_formed(page: Path):
    for program in re.findall(r"^```ir\n(.*?)^```", text_of(page), flags=re.DOTALL | re.MULTILINE):
        assert print_program(parse_program(program)) == program


def test_there_are_commands():
    assert len(COMMANDS_OF_PAGES) > 10


@pytest.mark.parametrize("command", COMMANDS_OF_PAGES)
def test_commands_have_the_options_that_they_are_shown_with(command: str):
    """Metavariables such as FILE are arguments as good as any."""
    program, *arguments = shlex.split(re.sub(r"\[(.*?)\]", "", command))
    if program == "ezcompile":
        name = arguments.pop(0) if arguments and arguments[0] in COMMANDS else "compile"
        parser = import_module(f"ezprivsecfl.cli.{name}").parser()
        known = set(parser._option_string_actions)
    else:
        script = ROOT / program
        assert script.exists()
        # Benchmarks share a parser, so an option may be in another file of the folder.
        texts = [text_of(script), *(text_of(other) for other in script.parent.glob("*.py"))]
        known = set(re.findall(r"--[a-z][a-z-]*", "".join(texts)))
    assert {a.partition("=")[0] for a in arguments if a.startswith("--")} <= known
