"""Every example, as the README says to run it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "arguments", "calls"),
    [
        ("fltrust", [], 1),
        ("fedavg", [], 1),
        ("mean_factory", [], 9),
        ("norm_clipping", [], 1),
        ("private_root", [], 2),
        ("heavy_hitters", [], 1),
        ("keras_fed_avg", ["--rounds", "1", "--clients", "3", "--examples", "120"], 1),
        ("train", ["--rounds", "2"], 2),
    ],
)
def test_example(name, arguments, calls, tmp_path):
    if name == "train":
        arguments = [*arguments, "--plot", str(tmp_path / "curve.png")]
    report = tmp_path / "report.json"
    options = {"private_root": ["--server-input", "root_update=shared"]}.get(name, [])
    command = [Path(sys.executable).with_name("ezcompile"), "run", "--check", "--report", report, *options]
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


def test_reconstruction_example(tmp_path):
    """On pictures of few colours: the averaging server reads them, and neither of the two servers does."""
    generator = np.random.default_rng(5)
    pictures = generator.integers(0, 256, size=(40, 4, 4, 3)).repeat(8, axis=1).repeat(8, axis=2)
    np.savez(tmp_path / "data.npz", x_train=pictures.astype(np.uint8), y_train=generator.integers(0, 10, size=40))
    options = ["--data", tmp_path / "data.npz", "--out", tmp_path, "--clients", "3", "--batch", "4", "--neurons", "24"]
    printed = printed_by("all_you_need_is_matplotlib", options)
    counts = [int(x) for x in re.findall(r": (\d+) of \d+ images", printed)]
    averaging, _, first, second, *_, everyone = counts
    assert averaging > 0
    assert first == second == 0
    assert len(counts) == 6
    assert everyone <= 12
    assert (tmp_path / "views.png").read_bytes().startswith(b"\x89PNG")


def test_matching_example(tmp_path):
    """A few steps on an image of few colours bring the averaging server near it, and neither of the two servers."""
    generator = np.random.default_rng(5)
    pictures = generator.integers(0, 256, size=(4, 2, 2, 3)).repeat(16, axis=1).repeat(16, axis=2)
    np.savez(tmp_path / "data.npz", x_train=pictures.astype(np.uint8), y_train=[3, 8, 1, 5])
    options = [
        "--data",
        tmp_path / "data.npz",
        "--out",
        tmp_path,
        "--clients",
        "3",
        "--attacked",
        "1",
        "--steps",
        "200",
    ]
    printed = printed_by("gradient_matching", options)
    ratios = [float(x) for x in re.findall(r"average ([\d.]+) dB", printed)]
    assert len(ratios) == 9
    averaging, others = ratios[:3], ratios[3:]
    assert min(averaging[:2]) > max(others) + 5
    assert re.search(r"a server that averages, iDLG: \d of 1 images, 1 labels", printed)
    assert "the opened mean of 3 clients: 3 of 3 labels, and 0 that nobody has" in printed
    assert (tmp_path / "matching.png").read_bytes().startswith(b"\x89PNG")


def printed_by(name, options):
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *options], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_examples_are_tested():
    assert {p.stem for p in EXAMPLES.glob("*.py")} == {
        "all_you_need_is_matplotlib",
        "fedavg",
        "fltrust",
        "gradient_matching",
        "heavy_hitters",
        "keras_fed_avg",
        "mean_factory",
        "norm_clipping",
        "own_rule_and_attack",  # tests/evaluation/test_ezeval.py runs it
        "private_root",
        "train",
    }
