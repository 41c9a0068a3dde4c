"""Results on disk: a killed run goes on, and gives what it would have given."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import small_har

from ezprivsecfl.evaluation.attacks.byzantine import Byzantine
from ezprivsecfl.evaluation.config import DataArgs, Defence, Experiment, ModelArgs, Threat, TrainArgs
from ezprivsecfl.evaluation.rules import rule_of
from ezprivsecfl.evaluation.running import run_all
from ezprivsecfl.evaluation.store import Store, StoreError

EXPERIMENT = Experiment(
    "small",
    DataArgs("har", "subject", root_size=20),
    ModelArgs("lr"),
    TrainArgs(30, 12, batch_size=8, learning_rate=0.2, frequency_of_the_test=4),
    attacks=[Threat(Byzantine("random"), 3, "random")],
    defences=[Defence(rule_of("centred_clipping")), Defence(rule_of("krum"))],
    seeds=[1, 2],
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_har.write(tmp_path_factory.mktemp("data"))


def models(store):
    found = {}
    for run in EXPERIMENT.runs():
        with np.load(store._checkpoint(run)) as archive:
            found[run.key] = archive["model"]
    return found


class Killed(BaseException):
    """As a signal ends a process: nothing catches it."""


def killed_after(readings, monkeypatch, data, out, *, before_checkpoint):
    """Runs until so many readings are on disk, with or without the last one's checkpoint."""
    record, save, count = Store.record, "ezprivsecfl.evaluation.store._save", 0

    def counted(self, run, progress):
        nonlocal count
        count += 1
        if count == readings and before_checkpoint:
            monkeypatch.setattr(save, lambda *_: None)
        record(self, run, progress)
        if count == readings:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Store, "record", counted)
        with pytest.raises(Killed):
            run_all([EXPERIMENT], data, out)
    monkeypatch.undo()


@pytest.mark.parametrize("before_checkpoint", [False, True])
@pytest.mark.parametrize("readings", [1, 2, 3, 5])
def test_a_killed_run_goes_on(readings, before_checkpoint, monkeypatch, data, tmp_path):
    whole = run_all([EXPERIMENT], data, tmp_path / "whole")
    killed_after(readings, monkeypatch, data, tmp_path / "killed", before_checkpoint=before_checkpoint)
    with open(tmp_path / "killed" / "readings.jsonl", "a") as file:
        file.write('{"run": "torn')
    resumed = run_all([EXPERIMENT], data, tmp_path / "killed")
    expected = models(whole)
    for key, model in models(resumed).items():
        np.testing.assert_array_equal(model, expected[key])
    for run in EXPERIMENT.runs():
        assert resumed.readings(run) == whole.readings(run)
        assert [line["round"] for line in resumed.readings(run)] == [4, 8, 12]
    lines = (tmp_path / "killed" / "readings.jsonl").read_text().splitlines()
    assert len(lines) == 12
    assert all(json.loads(line) for line in lines)


def test_what_is_there_is_not_run_again(monkeypatch, data, tmp_path):
    run_all([EXPERIMENT], data, tmp_path)
    monkeypatch.setattr("ezprivsecfl.evaluation.running.train", None)
    again = run_all([EXPERIMENT], data, tmp_path)
    assert all(len(again.readings(run)) == 3 for run in EXPERIMENT.runs())


def test_a_run_starts_with_its_noise(data, tmp_path):
    plain = models(run_all([EXPERIMENT], data, tmp_path / "plain"))
    noisy = replace(EXPERIMENT, model=ModelArgs("lr", start_noise=0.1))
    for key, model in models(run_all([noisy], data, tmp_path / "noisy")).items():
        assert not np.array_equal(model, plain[key])


def test_other_parameters_are_refused(data, tmp_path):
    run_all([replace(EXPERIMENT, seeds=[1])], data, tmp_path)
    longer = replace(EXPERIMENT, training=replace(EXPERIMENT.training, learning_rate=0.1))
    with pytest.raises(StoreError, match=r"other parameters \(training\): choose another folder"):
        run_all([longer], data, tmp_path)


def test_damaged_folders_are_refused(data, tmp_path):
    run_all([replace(EXPERIMENT, seeds=[1])], data, tmp_path)
    path = tmp_path / "readings.jsonl"
    path.write_text("no json\n" + path.read_text())
    with pytest.raises(StoreError, match=r"readings.jsonl: a line is no JSON"):
        Store(tmp_path)
