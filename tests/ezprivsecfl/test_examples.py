"""Every example, as the README says to run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "arguments", "calls"),
    [
        ("fltrust", [], 1),
        ("fedavg", [], 1),
        ("mean_factory", [], 9),
        ("norm_clipping", [], 1),
        ("heavy_hitters", [], 1),
        ("keras_fed_avg", ["--rounds", "1", "--clients", "3", "--examples", "120"], 1),
        ("train", ["--rounds", "2"], 2),
    ],
)
def test_example(name, arguments, calls, tmp_path):
    if name == "train":
        arguments = [*arguments, "--plot", str(tmp_path / "curve.png")]
    report = tmp_path / "report.json"
    command = [Path(sys.executable).with_name("ezcompile"), "run", "--check", "--report", report]
    done = subprocess.run(
        [*command, EXAMPLES / f"{name}.py", *arguments], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    entries = json.loads(report.read_text())
    assert len(entries) == calls
    assert all(entry["max_relative_error"] < 1e-3 for entry in entries)
    assert {path.name for path in EXAMPLES.glob("*.py")} >= {f"{name}.py"}
    if name == "train":
        assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    if name == "fltrust":
        assert sum(entries[0]["bytes_sent"]) <= 150e6
        assert max(entries[0]["peak_memory_bytes"]) < 1e9


def test_all_examples_are_tested():
    assert {p.stem for p in EXAMPLES.glob("*.py")} == {
        "fedavg",
        "fltrust",
        "heavy_hitters",
        "keras_fed_avg",
        "mean_factory",
        "norm_clipping",
        "train",
    }
