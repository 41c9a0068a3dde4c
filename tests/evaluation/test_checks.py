"""What does not fit the data is refused before the first run, with the line of the attack or rule."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import small_har
import tensorflow as tf

from ezprivsecfl.aggregators.rule import robust_aggregation
from ezprivsecfl.evaluation import cli, running
from ezprivsecfl.evaluation.attacks.backdoor import Backdoor
from ezprivsecfl.evaluation.attacks.base import Attack
from ezprivsecfl.evaluation.checks import check
from ezprivsecfl.evaluation.config import DataArgs, Defence, Experiment, ModelArgs, Run, Threat, TrainArgs
from ezprivsecfl.evaluation.data.datasets import load
from ezprivsecfl.evaluation.errors import ConfigError, DataError
from ezprivsecfl.evaluation.rules import RULES, rule_of

TEXT = """\
name: small
data_args: {dataset: har, partition_method: subject, root_size: 20}
train_args: {client_num_in_total: 30, comm_round: 2, batch_size: 8}
attack_args:
  - {attack_type: none, byzantine_client_num: 6}
  - {attack_type: backdoor, target_label: 2, byzantine_client_num: 6}
defense_args:
  - defense_type: fedavg
  - {defense_type: multi_krum, krum_param_m: 5}
"""

SIZES = DataArgs("har", "subject", root_size=20), ModelArgs(), TrainArgs(30, 2, 8, 0.1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_har.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def datasets(data):
    return {"har": load("har", data)}


def run_of(rule, parameters=None, attack=None, **numbers):
    return Run(*SIZES, Threat(attack or Attack(), 6), Defence(rule, parameters or {}, **numbers), 1)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("label: 2", "label: 3", "small.yaml:6: backdoor: expected labels from 0 to 2 of har, not 3"),
        ("label: 2", "label: -1", "small.yaml:6: backdoor: expected labels from 0 to 2 of har, not -1"),
        (
            "backdoor, target_label: 2",
            "label_flipping, original_class_list: [0], target_class_list: [9]",
            "small.yaml:6: label_flipping: expected labels from 0 to 2 of har, not 9",
        ),
        (
            "backdoor, target_label: 2",
            "edge_case_backdoor, source_label: 5",
            "small.yaml:6: edge_case_backdoor: expected labels from 0 to 2 of har, not 5",
        ),
        (
            "param_m: 5",
            "param_m: 25",
            "small.yaml:9: multi_krum of 30 clients' 138 entries: multi_krum: expected at least",
        ),
        ("param_m: 5", "param_m: 0", "small.yaml:9: multi_krum of 30 clients' 138 entries: multi_krum: expected byz"),
        ("root_size: 20", "root_size: 2000", "root set: expected at least 2000 rows"),
        ("train_args", "model_args: {model: cnn}\ntrain_args", "the model cnn is for images"),
    ],
)
def test_nothing_is_run_before_a_mistake_in_the_last_run_is_found(
    data, tmp_path, capsys, monkeypatch, right, wrong, message
):
    ran = []
    monkeypatch.setattr(running, "run_one", lambda run, *_: ran.append(run))
    file, out = tmp_path / "small.yaml", tmp_path / "out"
    file.write_text(TEXT)
    arguments = [str(file), "--data", str(data), "--out", str(out)]
    assert cli.main(arguments) == 0
    assert len(ran) == 4  # the file without the mistake
    ran.clear()
    assert right in TEXT
    file.write_text(TEXT.replace(right, wrong))
    assert cli.main(arguments) == cli.FAILED
    assert message in capsys.readouterr().err
    assert not ran


def test_a_data_set_that_is_missing_is_missed_at_once(data, tmp_path):
    """Also where only the last experiment needs it."""
    images = DataArgs("mnist", "bias")
    experiments = [
        Experiment(name, one, *SIZES[1:], [Threat()], [Defence(rule_of("fedavg"))], setting=name)
        for name, one in (("a", SIZES[0]), ("b", images))
    ]
    with pytest.raises(DataError, match=r"mnist\.npz: no such file"):
        running.run_all(experiments, data, tmp_path)
    assert not (tmp_path / "readings.jsonl").exists()


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_of_ours_is_let_through(datasets, rule):
    given = {"byzantine": 3} if rule == "bucketing" else {}
    numbers = {"server_inputs": {"norm_bound": (2.0, 0.1)}} if rule == "crfl" else {}
    check([run_of(rule_of(rule), given, **numbers)], datasets)


@robust_aggregation
def everything(updates):
    return updates


@robust_aggregation
def of_something(updates, something):
    return updates[0] + something


@robust_aggregation(state=lambda entries: (tf.zeros([entries]), tf.zeros([])))
def of_a_pair(updates, state):
    return updates[0], state


@robust_aggregation(state=lambda entries: tf.zeros([entries], tf.int32))
def of_counts(updates, state):
    return updates[0], state


@robust_aggregation
def of_other_entries(updates):
    return updates[0] + tf.zeros([7])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (everything, r"everything of 30 clients' 138 entries: expected a result of shape \[138\], not \(30, 138\)"),
        (of_something, r"takes something; the server's inputs here are model, root_update and examples"),
        (of_a_pair, "expected a first state that is one tensor of floats"),
        (of_counts, "expected a first state that is one tensor of floats"),
        (of_other_entries, r"Dimensions must be equal.*\(File .*test_checks.py\", line \d+, in of_other_entries\)"),
    ],
)
def test_a_rule_of_another_form_is_refused(datasets, rule, message):
    """Without the check the model would have become one for each client, or the run ended in the middle."""
    with pytest.raises(ConfigError, match=message):
        check([run_of(rule)], datasets)


def test_the_same_rule_is_traced_once(datasets, monkeypatch):
    traced = []

    @robust_aggregation
    def counted(updates):
        traced.append(updates.shape)
        return updates[0]

    run = run_of(counted)
    fewer = replace(run, training=replace(run.training, client_num_per_round=10))
    check([run, replace(run, seed=2), replace(run, threat=Threat(Backdoor(), 6)), fewer, run], datasets)
    assert traced == [(30, 138), (10, 138)]


def test_seeds_rules_and_attacks(tmp_path):
    experiment = Experiment("a", *SIZES, [Threat()], [Defence(rule_of("fedavg"))])
    for part, message in (
        ({"seeds": [1, 2, 1]}, "seeds: 1 is there twice"),
        ({"seeds": [-1]}, "seeds: expected whole numbers from 0 on, not -1"),
        ({"seeds": []}, "expected at least one attack, one rule and one seed"),
        ({"attacks": []}, "expected at least one attack, one rule and one seed"),
        ({"defences": []}, "expected at least one attack, one rule and one seed"),
    ):
        with pytest.raises(ConfigError, match=message):
            list(replace(experiment, **part).runs())


def test_parts_of_a_file_that_have_nothing_in_common(data, tmp_path, capsys):
    file, out = tmp_path / "small.yaml", tmp_path / "out"
    file.write_text(TEXT + "setting: a\n---\n" + TEXT.replace("fedavg", "krum") + "setting: b\n")
    arguments = [str(file), "--data", str(data), "--out", str(out), "--rules", "fedavg"]
    assert cli.main([*arguments, "--settings", "b"]) == cli.FAILED
    assert (
        "--settings, --rules, --attacks: nothing is in all of them; small.yaml has 'a', 'b'" in capsys.readouterr().err
    )
    assert not out.exists()
    assert cli.main([*arguments, "--attacks", "none"]) == 0  # what the second experiment has not is no mistake
    runs = {json.loads(line)["run"] for line in (out / "readings.jsonl").read_text().splitlines()}
    assert runs == {"a / none / fedavg / seed 1"}
