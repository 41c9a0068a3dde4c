"""The manual: its snippets run as they stand there, and what is generated is up to date."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from scripts_as_modules import loaded_script

from ezprivsecfl import installing
from ezprivsecfl.cli.main import main

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def undisturbed(tff_reference: object):
    """Puts back what running a program as ``__main__`` changes in this process."""
    import tensorflow_federated as tff

    argv, path, program = sys.argv, list(sys.path), sys.modules["__main__"]
    yield
    sys.argv, sys.path[:], sys.modules["__main__"] = argv, path, program
    tff.framework.set_default_context(tff_reference)


def test_the_tutorial(tmp_path: Path, monkeypatch, capsys, undisturbed):
    """Its program, as it grows, prints what the page shows; its commands do what it says."""
    monkeypatch.chdir(tmp_path)
    first, second = blocks("tutorial.md", "python")
    averaged, trusted = blocks("tutorial.md", "text")
    program = Path("average.py")
    program.write_text(first)
    assert main(["run", "--check", "average.py"]) == 0
    out, err = capsys.readouterr()
    assert out == averaged
    assert "error" in err
    assert main(["average.py", "--emit", "svg"]) == 0
    assert "Who learns what" in capsys.readouterr().out
    assert Path("average.ez/average/graph.svg").exists()
    assert main(["explain", "average.py"]) == 0
    assert "both servers learn result: 4 numbers, the 24 leading bits" in capsys.readouterr().out
    program.write_text(f"{first}\n{second}")
    assert main(["run", "--cost=wan", "average.py"]) == 0
    out, err = capsys.readouterr()
    assert out == averaged + trusted
    assert err.count("cost of a round of") == 2


def test_what_is_printed_of_installing_is_what_doctor_prints():
    (shown,) = blocks("install.md", "toml")
    assert shown == f"{installing.project_lines()}\n"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return loaded_script("reference")


def test_the_reference_is_up_to_date(script):
    _, _, generated = (DOCS / "reference.md").read_text("utf-8").partition(script.MARK)
    assert generated == "\n" + script.reference(), "run scripts/reference"


def test_the_reference_says_what_every_argument_means(script):
    """Of everything that users call; an option without help, or a field that no docstring names, has an empty cell."""
    text = (DOCS / "reference.md").read_text("utf-8")
    assert not re.findall(r"^\|[^|]*\| *\|$", text, flags=re.MULTILINE)
    for name in ("max_relative_error", "--requirements", "min_clients", "TffMissingError", "of_operations"):
        assert name in text


def test_every_page_is_in_the_navigation():
    listed = re.findall(r": ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in DOCS.glob("*.md"))
