"""Wheels outside the repository, each in an environment with nothing in it, set up by the commands that it prints.

Building and installing take minutes and the package index, so this runs where the environment variable CI is set.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.10", "3.11")

pytestmark = [
    pytest.mark.skipif("CI" not in os.environ, reason="takes minutes: CI=1 uv run pytest tests/packaging"),
    pytest.mark.timeout(2400),
]


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code and output; by a file, since TFF's worker would keep a pipe open."""
    unset = ("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT")
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    log = folder / "log.txt"
    with log.open("w") as stream:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env={**inherited, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode, log.read_text("utf-8", errors="replace")


def checked(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    code, said = run(command, folder, environment)
    assert code == 0, said
    return said


def interpreters() -> dict[str, Path]:
    """Those of the supported Pythons that this machine has, also where pyenv keeps them."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[str, Path] = {}
    for version in VERSIONS:
        kept = [str(path / "bin" / f"python{version}") for path in sorted(root.glob(f"{version}.*"))]
        candidates = [*kept, shutil.which(f"python{version}")]
        if sys.version_info[:2] == tuple(map(int, version.split("."))):
            candidates.insert(0, sys._base_executable)
        for candidate in filter(None, candidates):
            if subprocess.run([candidate, "-c", "import venv"], capture_output=True, check=False).returncode == 0:
                found[version] = Path(candidate)
                break
    return found


INTERPRETERS = interpreters()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where the package index cannot be reached."""
    folder = tmp_path_factory.mktemp("index")
    (folder / "probe.in").write_text("six\n")
    code, said = run(["uv", "pip", "compile", "-q", "--no-cache", "probe.in"], folder)
    if code:
        pytest.skip(f"the package index cannot be reached: {said.splitlines()[0] if said else 'no answer'}")


@pytest.fixture(scope="module")
def wheels(index: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By version of Python, for every one on this machine."""
    folder = tmp_path_factory.mktemp("wheels")
    checked([ROOT / "scripts" / "build-wheels", folder / "built", *INTERPRETERS], folder)
    return {version: one for version in VERSIONS for one in (folder / "built").glob(f"*cp{version.replace('.', '')}-*")}


def test_what_a_wheel_holds(wheels: dict[str, Path]):
    """The tag promises a C library; what is under test and OpenSSL are not inside."""
    assert set(wheels) == set(INTERPRETERS) != set()
    for version, wheel in wheels.items():
        tag = version.replace(".", "")
        assert re.fullmatch(rf"ezprivsecfl-[\d.]+-cp{tag}-cp{tag}-manylinux_2_\d+_x86_64\.whl", wheel.name)
        names = zipfile.ZipFile(wheel).namelist()
        brought = ("tff.txt", "overrides.txt", "project/program.py.in", "notebooks/first_steps.ipynb")
        assert {f"ezprivsecfl/install/{name}" for name in brought} <= set(names)
        assert not [name for name in names if "crypto" in name.lower() or name.startswith("tests")]


@pytest.mark.parametrize(("tool", "version"), [("pip", "3.11"), ("uv", "3.10")])
def test_first_run(wheels: dict[str, Path], tmp_path: Path, tool: str, version: str):
    """As a new user: the wheel, what doctor says, the command that it prints, an example."""
    if version not in wheels:
        pytest.skip(f"this machine has no Python {version}")
    home = tmp_path / "env"
    checked([INTERPRETERS[version], "-m", "venv", home], tmp_path)
    python, ezcompile = home / "bin" / "python", home / "bin" / "ezcompile"
    with_pip = [python, "-m", "pip", "install", "-q"]
    with_uv = ["uv", "pip", "install", "-q", "--python", python]
    checked([*(with_pip if tool == "pip" else with_uv), wheels[version]], tmp_path)

    code, said = run([ezcompile, "doctor"], tmp_path)
    assert code == 2
    assert "front end tff: not usable: TensorFlow Federated is not installed" in said
    assert "back end duet: usable" in said
    code, said = run([python, "-c", "import ezprivsecfl as ez; ez.compile"], tmp_path)
    assert code == 1
    assert "ezcompile doctor --requirements" in said

    printed = checked([ezcompile, "doctor", "--requirements"], tmp_path)
    starts = f"{python} -m pip " if tool == "pip" else "uv pip "
    (command,) = [line.strip() for line in printed.splitlines() if line.strip().startswith(starts)]
    checked(shlex.split(command), tmp_path)
    assert "front end tff: usable (TensorFlow Federated 0.87.0" in checked([ezcompile, "doctor"], tmp_path)

    shutil.copy(ROOT / "examples" / "fltrust.py", tmp_path)
    said = checked(
        [ezcompile, "run", "--check", "fltrust.py"], tmp_path, {"EZPRIVSECFL_CACHE": str(tmp_path / "cache")}
    )
    assert "fltrust" in said
    assert "Traceback" not in said
