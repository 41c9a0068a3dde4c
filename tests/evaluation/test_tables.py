"""Tables of what has been run: which cells are shown, marked, and called partial; and the page of results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scripts_as_modules import loaded_script

from ezprivsecfl.evaluation import cli, tables
from ezprivsecfl.evaluation.attacks import ATTACKS
from ezprivsecfl.evaluation.config import DataArgs, Defence, Experiment, ModelArgs, Threat, TrainArgs
from ezprivsecfl.evaluation.experiment_file import experiments_of
from ezprivsecfl.evaluation.metrics import Reading
from ezprivsecfl.evaluation.rules import rule_of
from ezprivsecfl.evaluation.store import Store
from ezprivsecfl.evaluation.summary import LAST, cells
from ezprivsecfl.evaluation.tables import Summary, groups, table
from ezprivsecfl.evaluation.training import Progress

ROUNDS = 40
READINGS = ROUNDS // 2
EXPERIMENT = Experiment(
    "tables",
    DataArgs("har", "subject"),
    ModelArgs(),
    TrainArgs(30, ROUNDS, frequency_of_the_test=2),
    attacks=[Threat(name="none"), Threat(ATTACKS["scaling"](), 6, "scaling")],
    defences=[Defence(rule_of("fedavg")), Defence(rule_of("krum"))],
    seeds=[1, 2],
    published={"fedavg": {"none": 0.9, "scaling": 0.85}, "krum": {"none": 0.5}},
    published_rounds=ROUNDS,
    explained={"fedavg": {"none": "another data set"}},
)
MODEL = np.zeros(1, np.float32)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def record(store, accuracies, rule="fedavg", attack="none", *, seed=1, secure=False, experiment=EXPERIMENT):
    """Readings of a run, in every second round from the first reading on."""
    (run,) = (
        replace(run, secure=secure)
        for run in experiment.runs()
        if (run.defence.name, run.threat.name, run.seed) == (rule, attack, seed)
    )
    rates = (0.4, 0.3) if attack == "scaling" else (None, None)
    for number, accuracy in enumerate(accuracies, 1):
        reading = Reading(2 * number, accuracy, *rates)
        store.record(run, Progress(2 * number, MODEL, MODEL, sent_bytes=10**9 if secure else 0, reading=reading))


def test_a_cell_is_of_the_last_readings(store):
    record(store, [0.0] * (READINGS - LAST) + [0.7] * (LAST - 1) + [0.8])
    cell = cells(store, EXPERIMENT)["fedavg", "none"]
    assert cell.accuracy == pytest.approx(0.71)
    assert (cell.lowest, cell.highest) == (0.7, 0.8)


def test_runs_that_are_not_complete_do_not_count_beside_one_that_is(store):
    record(store, [0.1] * 5, seed=1)
    assert not cells(store, EXPERIMENT)["fedavg", "none"].complete
    assert tables.accuracy(Summary.of(store, EXPERIMENT), "fedavg", "none") == "0.100 [0.10, 0.10] (round 10)"
    record(store, [0.8] * READINGS, seed=2)
    record(store, [0.6] * READINGS, "krum", seed=1)
    record(store, [0.7] * READINGS, "krum", seed=2)
    one = Summary.of(store, EXPERIMENT)
    assert one.state == "40 rounds, seed 1, 2, **partial**: 3 of 8 runs"
    assert tables.accuracy(one, "fedavg", "none") == "0.800 [0.80, 0.80] (seed 2)"
    assert tables.accuracy(one, "krum", "none") == "0.650 ± 0.071 [0.60, 0.70]"
    assert tables.accuracy(one, "krum", "scaling") == ""


def test_only_cells_of_the_published_rounds_are_marked(store):
    record(store, [0.8] * READINGS)
    record(store, [0.86] * READINGS, attack="scaling")
    record(store, [0.6] * 5, "krum")
    one = Summary.of(store, EXPERIMENT)
    assert tables.published(one, "fedavg", "none") == "0.90 **(-0.10)**"
    assert tables.published(one, "fedavg", "scaling") == "0.85 (+0.01)"
    assert tables.published(one, "krum", "none") == "0.50"
    assert tables.beside(one, "fedavg", "none") == "**0.800** (0.90)"
    assert tables.beside(one, "fedavg", "scaling") == "0.860 (0.85)"
    assert tables.beside(one, "krum", "none") == "0.600 (0.50) (round 10)"
    assert tables.success(one, "fedavg", "scaling") == "0.400 / 0.300"
    assert [(rule, attack, why) for rule, attack, *_, why in one.deviations()] == [
        ("fedavg", "none", "another data set")
    ]
    record(store, [0.4] * (READINGS - 5) + [0.4, 0.4, 0.4, 0.4, 0.5], "krum", seed=2)
    *_, (rule, *_, why) = Summary.of(store, EXPERIMENT).deviations()
    assert (rule, why) == ("krum", "the published reading is within the range of ours")
    shorter = replace(EXPERIMENT, published_rounds=ROUNDS - 2)
    assert list(Summary.of(store, shorter).deviations()) == []


def test_two_servers_are_compared_with_the_clear_run_of_the_same_rounds(store):
    record(store, [0.8] * READINGS)
    record(store, [0.79] * READINGS, secure=True)
    record(store, [0.8] * READINGS, "krum")
    record(store, [0.5] * 5, "krum", secure=True)
    one = Summary.of(store, EXPERIMENT)
    assert one.state == "40 rounds, seed 1, **partial**: 2 of 8 runs, **partial**: 1 of 8 on two servers"
    assert tables.accuracy(one, "fedavg", "none") == "0.800 [0.80, 0.80]"
    assert tables.on_two_servers(one, "fedavg", "none") == "0.790 (-0.010); 1.000 GB, 0 s"
    assert tables.on_two_servers(one, "krum", "none") == "0.500; 1.000 GB, 0 s (round 10)"


def test_what_is_varied_shares_a_table(store):
    few, many = (replace(EXPERIMENT, setting="s", varied=f"root_size={size}") for size in (50, 100))
    for experiment, accuracy in ((few, 0.7), (many, 0.8)):
        record(store, [accuracy] * READINGS, experiment=experiment)
    other = replace(EXPERIMENT, setting="t")
    varied, alone = groups([Summary.of(store, one) for one in (few, other, many)])
    assert [one.experiment.setting for one in alone] == ["t"]
    assert alone[0].state == "nothing yet"
    assert table(varied, tables.short_accuracy).splitlines() == [
        "| varied | rule | none | scaling |",
        "| --- | --- | --- | --- |",
        "| root_size=50 | fedavg | 0.700 |  |",
        "| root_size=100 | fedavg | 0.800 |  |",
    ]
    assert table(alone, tables.short_accuracy).splitlines() == ["| rule | none | scaling |", "| --- | --- | --- |"]


def test_the_page_of_results(tmp_path):
    """From folders of two experiments, and nothing of the others."""
    page = loaded_script("results-page")
    results, out = tmp_path / "results", tmp_path / "docs"
    wanted = sum(len(list(one.runs())) for one in experiments_of(cli.PRESETS["safefl-table3"])[:1])
    for name, secure, accuracy in (("safefl-table3", False, 0.6), ("two-servers", True, 0.9)):
        experiment = experiments_of(cli.PRESETS[name])[0]
        training = experiment.training
        store = Store(results / name)
        of_first_rule = [run for run in experiment.runs() if run.defence is experiment.defences[0] and run.seed == 1]
        for run in of_first_rule[:4]:
            for where in {False, secure}:
                reading = Reading(training.comm_round, accuracy)
                store.record(replace(run, secure=where), Progress(training.comm_round, MODEL, MODEL, reading=reading))
    for noisy, accuracy in zip(experiments_of(cli.PRESETS["sensitivity"])[:4], (0.5, 0.7, 0.4, 0.6), strict=True):
        run = next(noisy.runs())
        reading = Reading(2000, accuracy)
        Store(results / "sensitivity").record(run, Progress(2000, MODEL, MODEL, reading=reading))
    (results / "safefl-program").mkdir()
    for run, last in (("none--1", 70), ("none--2", 90), ("trim--1", 69)):
        printed = "".join(f"Iteration {50 * i + 49}. Test_acc 0.{80 if i < 30 else last}00\n" for i in range(40))
        (results / "safefl-program" / f"fedavg--{run}.txt").write_text(printed)
    (results / "reconstruction").mkdir()
    (results / "reconstruction" / "output.txt").write_text("a server: 11 of 20 images\nsaved to /tmp\n")
    (results / "reconstruction" / "matching.txt").write_text("a server, DLG: 3 of 4 images\n")
    pixels = np.zeros((40, 1600, 3), np.uint8)
    import matplotlib.image

    for name in ("views", "matching"):
        matplotlib.image.imsave(results / "reconstruction" / f"{name}.png", pixels)
    text = page.page(results, out)
    assert f"- root_method=first_rows: 2,000 rounds, seed 1, **partial**: 4 of {wanted} runs" in text
    assert "- root_method=uniform: nothing yet" in text
    assert "| root_method=first_rows | fedavg | **0.600** (0.97) |" in text
    theirs = "0.800 ± 0.141 [0.70, 0.90]"
    assert f"| fedavg | none | 0.600 [0.60, 0.60] | {theirs} | 0.97 | not what their program computes |" in text
    assert "| fedavg | trim | 0.600 [0.60, 0.60] | 0.690 [0.69, 0.69] | 0.69 | the published reading is within" in text
    assert "| fedavg | krum | 0.600 [0.60, 0.60] |  | 0.95 | unexplained |" in text
    assert f"| fedavg | none | 1, 2 | {theirs} | 0.600 [0.60, 0.60] | 0.97 |" in text
    assert "0.900 (+0.000); 0.000 GB, 0 s" in text
    assert "| a server | 11 of 20 images |\n\n" in text
    assert "| a server, DLG | 3 of 4 images |" in text
    assert (
        "**SAFEFL, fedavg and krum**\n\n| rule | none |\n| --- | --- |\n| fedavg | 0.500 (0.400 to 0.700) |\n" in text
    )
    # Of three experiments both tables, and of table 3 the success rates.
    assert text.count("Nothing of this has been run yet.") == 7
    figures = {path.name: path.stat().st_size for path in (out / "results").iterdir()}
    assert set(figures) == {"two-servers.svg", "reconstruction-views.png", "reconstruction-matching.png"}
    assert all(f"(results/{name})" in text for name in figures)
