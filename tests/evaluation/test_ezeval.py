"""The command, its report, and the example, on a small data set of HAR's form; once on HAR itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import small_har

from ezprivsecfl.evaluation import cli, running
from ezprivsecfl.evaluation.experiment_file import experiments_of

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"

TEXT = """\
name: small
data_args: {dataset: har, partition_method: subject, root_size: 20}
train_args: {client_num_in_total: 30, comm_round: 4, batch_size: 8, frequency_of_the_test: 2}
attack_args: [{attack_type: scaling, byzantine_client_num: 6}, {attack_type: trim, byzantine_client_num: 6}]
defense_args: [{defense_type: fedavg}, {defense_type: krum}]
seeds: [1, 2]
published: {fedavg: {scaling: 0.99, trim: 0.5}}
source: nobody
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_har.write(tmp_path_factory.mktemp("data"))


def ezeval(*arguments):
    return cli.main([str(argument) for argument in arguments])


def test_a_report(data, tmp_path, capsys):
    file, out = tmp_path / "small.yaml", tmp_path / "out"
    file.write_text(TEXT)
    assert ezeval(file, "--data", data, "--out", out, "--plots") == 0
    assert capsys.readouterr().out == f"report: {out / 'report.md'}\n"
    (result,) = json.loads((out / "results.json").read_text())
    assert [(cell["rule"], cell["attack"]) for cell in result["cells"]] == [
        ("fedavg", "scaling"),
        ("fedavg", "trim"),
        ("krum", "scaling"),
        ("krum", "trim"),
    ]
    first = result["cells"][0]
    lines = [json.loads(line) for line in (out / "readings.jsonl").read_text().splitlines()]
    assert len(lines) == 16
    of_cell = [line for line in lines if line["run"].startswith("scaling / fedavg")]
    assert first["accuracy"] == pytest.approx(sum(line["accuracy"] for line in of_cell) / 4)
    assert (first["lowest"], first["highest"]) == (
        min(line["accuracy"] for line in of_cell),
        max(line["accuracy"] for line in of_cell),
    )
    assert first["spread"] > 0
    text = (out / "report.md").read_text()
    assert "4 rounds, seed 1, 2, all 8 runs." in text
    difference = first["accuracy"] - 0.99
    assert f"| fedavg | 0.99 **({difference:+.2f})** |" in text
    assert f"| fedavg | {first['success_all']:.3f} / {first['success_others']:.3f} |  |" in text
    assert (out / "experiment.yaml").read_text() == TEXT
    assert set(json.loads((out / "versions.json").read_text())) >= {"numpy", "python", "machine"}
    assert json.loads((out / "configuration.json").read_text())["trim / krum / seed 2"]["attack"]["malicious"] == 6
    assert {path.name for path in out.glob("*.png")} == {"scaling.png", "trim.png"}


def test_a_part_of_a_file(data, tmp_path):
    file, out = tmp_path / "small.yaml", tmp_path / "out"
    file.write_text(TEXT)
    options = ["--rounds", 2, "--seeds", 7, "--rules", "krum", "--attacks", "trim"]
    assert ezeval(file, "--data", data, "--out", out, *options) == 0
    lines = [json.loads(line) for line in (out / "readings.jsonl").read_text().splitlines()]
    assert [(line["run"], line["round"]) for line in lines] == [("trim / krum / seed 7", 2)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give the folder with the data sets: --data DIR"),
        (["--data", "nowhere"], "no such file; give the folder"),
        (["--data", "nowhere", "--rules", "krumm"], "--rules: small.yaml has no krumm; choose of fedavg, krum"),
        (["--data", "nowhere", "--rounds", 0], "--rounds: expected at least 1"),
        (["--data", "nowhere", "--seeds", -1], "seeds: expected whole numbers from 0 on, not -1"),
        (["--data", "nowhere", "--seeds", 3, 3], "seeds: 3 is there twice"),
        (["--data", "nowhere", "--settings", "x"], "nothing is in all of them; small.yaml has ''"),
    ],
)
def test_errors(tmp_path, capsys, options, message):
    file = tmp_path / "small.yaml"
    file.write_text(TEXT)
    assert ezeval(file, "--out", tmp_path / "out", *options) == cli.FAILED
    assert message in capsys.readouterr().err


def test_a_folder_of_results_that_cannot_be_made(data, tmp_path, capsys):
    file = tmp_path / "small.yaml"
    file.write_text(TEXT)
    for out in (file, file / "out"):
        assert ezeval(file, "--data", data, "--out", out) == cli.FAILED
        assert f"{out}: the folder of results cannot be made" in capsys.readouterr().err
    assert file.read_text() == TEXT


def test_an_interrupt_ends_it_with_a_message(data, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_one", interrupted)
    file = tmp_path / "small.yaml"
    file.write_text(TEXT)
    assert ezeval(file, "--data", data, "--out", tmp_path / "out") == cli.INTERRUPTED
    assert "the same command goes on" in capsys.readouterr().err
    assert (tmp_path / "out" / "versions.json").exists()  # what is there is no report yet, but its origin is known


def test_names(capsys):
    assert ezeval("list") == 0
    words = capsys.readouterr().out.split()
    assert {"safefl-table3", "min_max", "fltrust", "trimmed_mean"} <= set(words)


def test_the_example(data, tmp_path):
    path = ROOT / "examples" / "own_rule_and_attack.py"
    arguments = [sys.executable, path, data, tmp_path, "20"]
    done = subprocess.run(arguments, capture_output=True, timeout=120, check=True, text=True)
    assert "| rule | reversed |" in done.stdout
    assert "Exception ignored" not in done.stderr
    (cell,) = json.loads((tmp_path / "results.json").read_text())[0]["cells"]
    assert cell["rule"] == "majority_sign"
    assert cell["accuracy"] > 0.6
    assert len([line for line in path.read_text().splitlines() if line]) <= 30


@pytest.mark.skipif(not (SHARED / "har.npz").exists(), reason=f"HAR is not in {SHARED}")
def test_har_itself(tmp_path):
    """SAFEFL's table, two cells of it for some rounds: it learns, and the backdoor is there."""
    options = [
        "--rounds",
        100,
        "--seeds",
        1,
        "--rules",
        "fedavg",
        "--attacks",
        "none",
        "scaling",
        "--settings",
        "uniform",
    ]
    assert ezeval("safefl-table3", "--data", SHARED, "--out", tmp_path, *options) == 0
    uniform = next(e for e in experiments_of(cli.PRESETS["safefl-table3"]) if "uniform" in e.whole_setting)
    cells = json.loads((tmp_path / "results.json").read_text())[0]["cells"]
    assert uniform.published["fedavg"]["none"] == 0.97
    accuracy = {cell["attack"]: cell["accuracy"] for cell in cells}
    assert accuracy["none"] > 0.6
    assert next(cell for cell in cells if cell["attack"] == "scaling")["success_others"] > 0.5
