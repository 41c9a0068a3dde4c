"""Programs as files and as modules, with arguments of their own; and files that are no programs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commands import failed
from program_texts import MEAN, PREAMBLE, RUN

from ezprivsecfl.cli.main import main

ECHO = "import sys; print(sys.argv[1:], __name__)\n"


@pytest.mark.parametrize(
    "given",
    [
        ["--check", "--", "-m", "x"],
        ["--clients", "--no-such-option=3"],
        ["a", "--epochs"],
        ["--help", "-h"],
        ["--version"],
        ["--", "--", "x"],
        ["-m", "--"],
    ],
)
def test_what_follows_the_program_is_the_programs(program, capsys, given):
    assert main(["run", "--backend", "plain", str(program(ECHO)), *given]) == 0
    out, err = capsys.readouterr()
    assert out == f"{given} __main__\n"
    ours = [one for one in given if one in ("--check", "--clients")]
    assert all(f"{one} goes to the program, since it follows PROGRAM; ours stand before it" in err for one in ours)
    assert bool(ours) == ("ours stand before it" in err)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package in the current folder whose modules import each other relatively."""
    folder = tmp_path / "a_package_of_programs"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "rules.py").write_text(PREAMBLE + MEAN)
    (folder / "train.py").write_text(
        f"{PREAMBLE}from .rules import mean\n{RUN}print(__name__, __package__, __file__)\n"
    )
    (folder / "__main__.py").write_text(f"{PREAMBLE}from .rules import mean\n{RUN}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(Path(sys.executable).parent), *sys.path[1:]])
    yield folder
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def test_a_module_of_a_package(package, capsys):
    code = main(["run", "--backend", "plain", "--check", "-m", "a_package_of_programs.train", "--epochs", "3"])
    out, err = capsys.readouterr()
    assert code == 0
    assert out == (
        f"result [1.0, 2.0, 3.0, 4.0] ['--epochs', '3']\n__main__ a_package_of_programs {package / 'train.py'}\n"
    )
    assert "mean" in err
    assert main(["run", "--backend", "plain", "-m", "a_package_of_programs"]) == 0
    assert capsys.readouterr().out == "result [1.0, 2.0, 3.0, 4.0] []\n"


def test_a_module_that_is_not_there(package, capsys):
    for name in ("no_such_package.train", ".train", ""):
        code, message = failed(capsys, "run", "-m", name)
        assert code == 2
        assert f"there is no module {name}" in message
    assert main(["run", "-m", "a_package_of_programs.nothing"]) == 1
    assert "No module named a_package_of_programs.nothing" in capsys.readouterr().err


def test_missing_file(capsys, tmp_path):
    for command in ([], ["run"]):
        code, message = failed(capsys, *command, tmp_path / "nothing.py")
        assert code == 2
        assert "cannot read" in message
        assert "No such file" in message


@pytest.mark.parametrize("command", [[], ["run"]])
def test_syntax_error(program, capsys, command):
    path = program("def broken(:\n    pass\n")
    code, message = failed(capsys, *command, path)
    assert code == 2
    assert "is not valid Python: invalid syntax" in message
    assert "def broken(:\n" in message
    assert f"{path}:7" in message


def test_the_programs_own_failure_is_pythons_traceback(program, capsys):
    path = program(MEAN + "def f():\n    raise RuntimeError('mine')\n\nf()\n")
    for command in ([], ["run"]):
        assert main([*command, str(path)]) == 1
        message = capsys.readouterr().err
        assert message.startswith("Traceback (most recent call last):\n")
        assert f'File "{path}", line 14, in <module>' in message
        assert "RuntimeError: mine" in message
        assert "program_file.py" not in message
