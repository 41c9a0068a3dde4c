"""``ezcompile completion``: the script, in the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ezprivsecfl.cli.main import main

CALL = """\
COMP_WORDS=({words})
COMP_CWORD={place}
_ezcompile
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("completion") / "ezcompile.sh"


@pytest.fixture
def completed(script, capsys, tmp_path):
    """What bash offers for the last of some words."""
    assert main(["completion", "bash"]) == 0
    script.write_text(capsys.readouterr().out)
    (tmp_path / "program.py").write_text("")

    def complete(*words: str) -> set[str]:
        quoted = " ".join(f"'{word}'" for word in words)
        code = f". {script}\n{CALL.format(words=quoted, place=len(words) - 1)}"
        done = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return set(done.stdout.split())

    return complete


def test_commands_and_files(completed):
    assert completed("ezcompile", "") == {"program.py", "new", "run", "explain", "opt", "doctor", "completion"}
    assert completed("ezcompile", "ru") == {"run"}
    assert completed("ezcompile", "run", "pro") == {"program.py"}
    assert completed("ezcompile", "run", "ru") == set()


def test_options_are_those_of_the_command(completed):
    assert completed("ezcompile", "--em") == {"--emit"}
    assert completed("ezcompile", "run", "--em") == set()
    assert {"--check", "--report", "--verbose", "--help"} <= completed("ezcompile", "run", "--")
    assert completed("ezcompile", "doctor", "--req") == {"--requirements"}


def test_choices(completed):
    assert completed("ezcompile", "--scale", "") == {"declared", "fixed"}
    assert completed("ezcompile", "run", "program.py", "--scale", "f") == {"fixed"}
    assert completed("ezcompile", "completion", "") == {"bash", "zsh"}
    assert completed("ezcompile", "run", "--report", "pro") == {"program.py"}


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
def test_zsh_takes_it(capsys, tmp_path):
    assert main(["completion", "zsh"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    code = f"autoload -Uz compinit && compinit -u -D; . {tmp_path}/script; print $_comps[ezcompile]"
    done = subprocess.run(["zsh", "-f", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "_ezcompile" in done.stdout


def test_other_shells(capsys):
    with pytest.raises(SystemExit):
        main(["completion", "fish"])
    assert "invalid choice: 'fish' (choose from 'bash', 'zsh')" in capsys.readouterr().err
