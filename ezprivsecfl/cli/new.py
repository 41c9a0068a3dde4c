"""``ezcompile new NAME``: a small project to start from."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from shutil import copytree

from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import add_about, command_parser
from ezprivsecfl.errors import CompileError
from ezprivsecfl.installing import FOLDER, TESTED, project_lines

EXAMPLES = """\
examples:
  ezcompile new my-rule && cd my-rule && ezcompile run my_rule.py

exit codes: 0 done, 2 it cannot be made there
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = command_parser(
        "ezcompile new",
        description="Makes a folder with a TFF program that two servers can compute, its pyproject.toml, a README, and "
        "the notebooks of the manual.",
        examples=EXAMPLES,
    )
    made.add_argument(
        "folder", metavar="NAME", type=Path, help="the project's folder, which must not exist or be empty"
    )
    add_about(made)
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command."""
    folder: Path = arguments.folder
    name = folder.resolve().name
    if not re.fullmatch(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?", name):
        raise CompileError(f"{name!r} is no name of a project: expected letters, digits, - and _, such as my-rule")
    module = name.replace("-", "_").lower()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    values = {"name": name, "module": module, "python": python, "tff": TESTED, "overrides": project_lines()}
    files = {
        f"{module}.py": _filled("program.py", values),
        "pyproject.toml": _filled("pyproject.toml", values),
        "README.md": _filled("README.md", values),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CompileError(f"{folder} is not empty: choose another name")
        for path, text in files.items():
            (folder / path).write_text(text, "utf-8")
        copytree(FOLDER / "notebooks", folder / "notebooks")
    except OSError as e:
        raise CompileError(f"cannot make {folder}: {e.strerror}") from None
    print(f"{folder} has {', '.join(files)}, notebooks/\n\n    cd {folder}\n    ezcompile run --check {module}.py")
    return exits.DONE


def _filled(template: str, values: dict[str, str]) -> str:
    """A file of the project: ``{{ name }}`` in its template stands for a value."""
    text = (FOLDER / "project" / f"{template}.in").read_text("utf-8")
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], text)
