"""What is said, and shipped, about installing TensorFlow Federated."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ezprivsecfl import installing
from ezprivsecfl.cli.main import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def requirements(text: str) -> dict[str, Requirement]:
    """By name those of a file that are for this interpreter."""
    lines = [Requirement(line) for line in text.splitlines() if not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in lines if one.marker is None or one.marker.evaluate()}


PINNED = requirements((installing.FOLDER / "tff.txt").read_text("utf-8"))
OVERRIDDEN = {canonicalize_name(Requirement(line).name) for line in SETTINGS["tool"]["uv"]["override-dependencies"]}


def test_the_pinned_releases_are_all_that_tff_needs():
    """Of each package one release, which fits all that ask for it, but where pyproject.toml overrides them."""
    (version,) = PINNED["tensorflow-federated"].specifier
    assert version.version == installing.TESTED
    todo, seen = [Requirement(line) for line in SETTINGS["project"]["optional-dependencies"]["tff"]], set()
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        if (wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})) or name == "tensorflow":
            continue
        assert name in PINNED, f"{name} is not pinned: run scripts/tff-requirements"
        (pin,) = PINNED[name].specifier
        assert pin.operator == "=="
        assert name in OVERRIDDEN or wanted.specifier.contains(pin.version, prereleases=True), f"{wanted}, but {pin}"
        if name not in seen:
            seen.add(name)
            todo += [Requirement(line) for line in distribution(name).requires or ()]
    assert len(seen) > 60
    assert seen == set(PINNED)


def test_overrides_are_those_of_this_project(capsys):
    assert main(["doctor", "--requirements"]) == 0
    printed = capsys.readouterr().out
    (lines,) = [part for part in printed.split("\n\n") if "[tool.uv]" in part]
    shown = tomllib.loads(lines.replace("\n    ", "\n"))
    assert shown["tool"]["uv"]["override-dependencies"] == SETTINGS["tool"]["uv"]["override-dependencies"]


def test_commands_are_for_this_environment(capsys):
    assert main(["doctor", "--requirements"]) == 0
    file = str(installing.FOLDER / "tff.txt")
    commands = [line.split() for line in capsys.readouterr().out.splitlines() if line.endswith(file)]
    assert commands == [
        [sys.executable, "-m", "pip", "install", "--no-deps", "-r", file],
        ["uv", "pip", "install", "--python", sys.executable, "--no-deps", "-r", file],
    ]


WITHOUT_TFF = "import sys; sys.modules['tensorflow'] = sys.modules['tensorflow_federated'] = None; "
WITHOUT_ENGINE = """\
import sys
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "ezprivsecfl.runtime._duet":
            raise ImportError("libcrypto.so.3: cannot open shared object file", name="_duet")
sys.meta_path.insert(0, Broken())
"""


def run(code: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["compile", "set_secure_execution_context", "robust_aggregation"])
def test_the_package_says_how_to_get_tff(name: str):
    code, said = run(f"{WITHOUT_TFF} import ezprivsecfl as ez; print('imported', ez.__version__); ez.{name}")
    assert code == 1
    assert "imported" in said
    assert "TffMissingError: TensorFlow Federated is not installed" in said
    assert "`ezcompile doctor --requirements` prints the commands" in said
    assert "ModuleNotFoundError" not in said


@pytest.mark.parametrize(
    "module", ["aggregators", "aggregators.krum", "frontends.tff", "frontends.tff.tracing", "api", "secure_context"]
)
def test_modules_say_how_to_get_tff(module: str):
    """Whichever a user imports first."""
    code, said = run(f"{WITHOUT_TFF} import ezprivsecfl.{module}")
    assert code == 1
    assert "TffMissingError: TensorFlow Federated is not installed" in said
    assert "ModuleNotFoundError" not in said


def test_other_modules_that_are_missing_are_told_as_such():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), installing.needing_tff():
        raise ModuleNotFoundError("no_such_module", name="no_such_module")


@pytest.mark.parametrize("arguments", [["run"], [], ["doctor"]])
def test_commands_say_how_to_get_tff(arguments: list[str], tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text("x = 1\n")
    given = arguments if arguments == ["doctor"] else [*arguments, str(program)]
    code, said = run(f"{WITHOUT_TFF} from ezprivsecfl.cli.main import main; sys.exit(main({given!r}))")
    assert code == 2
    assert ": TensorFlow Federated is not installed" in said
    assert "cannot be imported" not in said
    assert "`ezcompile doctor --requirements` prints the commands" in said
    assert "Traceback" not in said


def test_an_engine_that_cannot_be_loaded():
    code, said = run(f"{WITHOUT_ENGINE}from ezprivsecfl.cli.main import main; sys.exit(main(['doctor']))")
    assert code == 2
    assert said == (
        "ezcompile: the engine cannot be loaded: libcrypto.so.3: cannot open shared object file. It needs OpenSSL 3, "
        "on Debian or Ubuntu: apt install libssl3\n"
    )


def test_another_release_of_tff_is_not_usable(capsys, monkeypatch):
    monkeypatch.setattr("ezprivsecfl.frontends.tff.VERSION", "0.34.0")
    assert main(["doctor"]) == 2
    assert "front end tff: not usable: TensorFlow Federated 0.34.0 is installed, and 0.87.0 is needed" in (
        capsys.readouterr().out
    )


def test_a_compiler_that_is_too_old(capsys, monkeypatch, tmp_path):
    """It is tried, not only found."""
    old = tmp_path / "old-compiler"
    old.write_text("#!/bin/sh\necho 'error: unrecognized command-line option -std=c++20' >&2; exit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("CXX", str(old))
    assert main(["doctor"]) == 2
    assert "back end duet: not usable: the C++ compiler" in (said := capsys.readouterr().out)
    assert "does not take the engine's headers: error: unrecognized command-line option -std=c++20" in said
