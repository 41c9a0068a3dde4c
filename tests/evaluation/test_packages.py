"""Without a package that experiments need, whatever is imported or started first says how to install it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ezprivsecfl.evaluation import cli
from ezprivsecfl.evaluation.packages import PROJECTS, needed_for

FOLDER = Path(__file__).parents[2] / "evaluation"
MODULES = [
    ".".join(("ezprivsecfl.evaluation", *path.relative_to(FOLDER).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted(FOLDER.rglob("*.py"))
]

WITHOUT = f"""\
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {["tensorflow", "tensorflow_federated", *PROJECTS]}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Runs a program where all these packages, and all their parts, are missing."""
    return subprocess.run([sys.executable, "-c", WITHOUT + code], capture_output=True, text=True, check=False)


def test_every_module_says_what_is_missing() -> None:
    done = run(f"""\
import importlib
for name in {MODULES!r}:
    try:
        importlib.import_module(name)
    except ImportError as e:
        print(name.removeprefix("ezprivsecfl.evaluation."), type(e).__name__)
""")
    assert done.returncode == 0, done.stderr
    found = dict(line.split() for line in done.stdout.splitlines())
    assert set(found.values()) == {"TffMissingError", "PackageMissingError"}
    assert found.keys() >= {"rules", "safefl", "secure", "running", "models.network", "reconstruction.matching"}
    others = {name for name, error in found.items() if error == "PackageMissingError"}
    assert others == {"experiment_file", "yaml_nodes", "reconstruction.labels"}


@pytest.mark.parametrize("arguments", [["list"], ["safefl-table4", "--data", "DIR"]])
def test_ezeval_says_how_to_get_tff(arguments: list[str]) -> None:
    done = run(f"from ezprivsecfl.evaluation.cli import main\nsys.exit(main({arguments!r}))")
    assert done.returncode == 2
    assert done.stderr.startswith("ezeval: TensorFlow Federated is not installed")
    assert "`ezcompile doctor --requirements` prints the commands" in done.stderr
    assert "Traceback" not in done.stderr


def test_its_help_needs_nothing() -> None:
    done = run("from ezprivsecfl.evaluation.cli import main\nmain(['--help'])")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("module", "said"),
    [("yaml", "the file of an experiment needs pyyaml"), ("matplotlib.figure", "a plot needs matplotlib")],
)
def test_ezeval_says_what_is_missing_before_it_runs_anything(
    module: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for reader in ("experiment_file", "yaml_nodes"):
        monkeypatch.delitem(sys.modules, f"ezprivsecfl.evaluation.{reader}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    out = tmp_path / "out"
    assert cli.main(["safefl-table4", "--data", str(tmp_path), "--out", str(out), "--plots"]) == 2
    assert capsys.readouterr().err.startswith(
        f"ezeval: {said}, which is not installed: {sys.executable} -m pip install"
    )
    assert not out.exists()


def test_what_else_is_missing_is_told_as_such() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needed_for("this"):
        raise ModuleNotFoundError("no_such_module", name="no_such_module")
