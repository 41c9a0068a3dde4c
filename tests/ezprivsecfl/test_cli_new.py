"""``ezcompile new``: the project that it makes works."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commands import failed

from ezprivsecfl.cli.main import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my-rule"]) == 0
    said = capsys.readouterr().out
    assert said.endswith("    cd my-rule\n    ezcompile run --check my_rule.py\n")
    monkeypatch.chdir(tmp_path / "my-rule")
    return tmp_path / "my-rule"


def test_what_it_says_works(project, capsys):
    assert main(["run", "--check", "my_rule.py"]) == 0
    out, err = capsys.readouterr()
    assert out == "mean of the first five entries: [0.035 0.066 0.014 0.048 0.037]\n"
    assert "clipped_mean" in err
    assert main(["explain", "my_rule.py"]) == 0
    assert "def clipped_mean(updates):" in capsys.readouterr().out


def test_its_settings_are_those_that_work(project):
    assert sorted(path.name for path in project.iterdir()) == [
        *("README.md", "my_rule.py", "notebooks", "pyproject.toml")
    ]
    made = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert made["project"]["name"] == "my-rule"
    # One Python: uv resolves for all that a project allows, and a wheel that is a file is for one.
    assert made["project"]["requires-python"] == f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    assert made["tool"]["uv"]["override-dependencies"] == ours["tool"]["uv"]["override-dependencies"]
    readme = (project / "README.md").read_text("utf-8")
    assert readme.startswith("# my-rule\n")
    assert "{{" not in readme
    assert "ezcompile run my_rule.py" in readme


def test_it_has_the_notebooks_of_the_manual(project):
    ours = {path.name: path.read_bytes() for path in (ROOT / "examples" / "notebooks").glob("*.ipynb")}
    assert {path.name: path.read_bytes() for path in (project / "notebooks").iterdir()} == ours
    assert "jupyter lab notebooks/first_steps.ipynb" in (project / "README.md").read_text("utf-8")
    assert "first_steps.ipynb" in ours


def test_nothing_is_overwritten(project, capsys):
    code, message = failed(capsys, "new", project)
    assert code == 2
    assert f"{project} is not empty" in message


@pytest.mark.parametrize("name", ["1st", "my rule", "a/../b c", "-", "rule-"])
def test_names(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, message = failed(capsys, "new", "--", name)
    assert code == 2
    assert "is no name of a project: expected letters" in message
    assert not list(tmp_path.iterdir())
