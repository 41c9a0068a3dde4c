"""Experiments from YAML: what they become, and errors with the line."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ezprivsecfl.evaluation import plugins
from ezprivsecfl.evaluation.attacks.byzantine import Byzantine
from ezprivsecfl.evaluation.attacks.scaling import Scaling
from ezprivsecfl.evaluation.cli import PRESETS
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.experiment_file import experiments_of

TEXT = """\
name: small
data_args: {dataset: har, partition_method: subject}
train_args:
  client_num_in_total: 30
  comm_round: 12
  learning_rate: 1e-1
attack_args:
  - attack_type: byzantine
    attack_mode: zero
    byzantine_client_num: 3
  - {attack_type: scaling, byzantine_client_num: 6, factor: 2, name: twice}
defense_args:
  - {defense_type: multi_krum, krum_param_m: 5, byzantine_client_num: 4}
  - {defense_type: crfl, norm_bound: [2.0, 0.1]}
seeds: [1, 2]
"""


def read(tmp_path: Path, text: str):
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    return experiments_of(path)


def test_what_a_file_becomes(tmp_path):
    (found,) = read(tmp_path, TEXT)
    assert (found.training.learning_rate, found.training.batch_size) == (0.1, 32)
    assert [threat.attack for threat in found.attacks] == [Byzantine("zero"), Scaling(factor=2.0)]
    assert [(threat.name, threat.malicious) for threat in found.attacks] == [("byzantine", 3), ("twice", 6)]
    krum, crfl = found.defences
    assert dict(krum.parameters) == {"selected": 5, "byzantine": 4}
    assert dict(crfl.server_inputs) == {"norm_bound": (2.0, 0.1)}
    assert [run.key for run in found.runs()][::7] == ["byzantine / multi_krum / seed 1", "twice / crfl / seed 2"]


def test_what_is_enabled(tmp_path):
    text = TEXT.replace("attack_mode: zero", "enable_attack: false").replace("norm_bound:", "enable_defense: false, x:")
    (found,) = read(tmp_path, text)
    assert [threat.name for threat in found.attacks] == ["none", "twice"]
    assert found.defences[1].name == "fedavg"


def test_what_is_varied(tmp_path):
    text = TEXT + "vary: {data_args.root_size: [50, 100], attack_args.byzantine_client_num: [0, 9, 12]}\nsetting: a\n"
    found = read(tmp_path, text)
    assert len(found) == 6
    assert found[-1].setting == "a"
    assert found[-1].varied == "root_size=100, byzantine_client_num=12"
    assert found[-1].data.root_size == 100
    assert [threat.malicious for threat in found[-1].attacks] == [12, 12]
    assert len({run.key for one in found for run in one.runs()}) == 6 * 8


def test_a_share_of_the_clients(tmp_path):
    (found,) = read(tmp_path, TEXT.replace("byzantine_client_num: 3", "byzantine_client_num: 15%"))
    assert [threat.malicious for threat in found.attacks] == [4, 6]  # of 30, 4.5 rounded to even
    text = TEXT.replace("byzantine_client_num: 3", "byzantine_client_num: 10%").replace("subject", "bias")
    sizes = read(tmp_path, text + "vary: {train_args.client_num_in_total: [20, 200]}")
    assert [one.attacks[0].malicious for one in sizes] == [2, 20]


def test_published_figures_are_of_the_files_rounds(tmp_path):
    added = "published: {crfl: {twice: 0.5}}\nexplained: {crfl: {twice: another crfl}}\n"
    (found,) = read(tmp_path, TEXT + added)
    assert found.published == {"crfl": {"twice": 0.5}}
    assert found.published_rounds == 12
    assert found.explained == {"crfl": {"twice": "another crfl"}}
    assert read(tmp_path, TEXT)[0].published_rounds is None
    (found,) = read(tmp_path, TEXT + "explained: {crfl: another crfl}\n")
    assert found.explained == {"crfl": {"byzantine": "another crfl", "twice": "another crfl"}}


WRONG = [
    (
        "byzantine_client_num: 3\n",
        "byzantine_client_num: 101%\n",
        r"yaml:10: attack_args: byz.* share such as 20%, not '1",
    ),
    (
        "byzantine_client_num: 3\n",
        "byzantine_client_num: few\n",
        r"yaml:10: attack_args: byz.* share such as 20%, not 'few'",
    ),
    (
        "byzantine_client_num: 3\n",
        "byzantine_client_num: -1\n",
        r"yaml:8: attack_args: byzantine_client_num: expected at",
    ),
    ("name: small", "model_args: {start_noise: -1}\nname: x", r"yaml:1: model_args: start_noise: expected a deviation"),
    ("byzantine_client_num: 3\n", "byzantine_client_num: 0.5\n", r"yaml:10: attack_args: byz.* whole number, not 0.5"),
    ("comm_round: 12", "comm_rounds: 12", r"yaml:5: train_args: there is no key 'comm_rounds'; expected client_num_in"),
    ("comm_round: 12", "comm_round: many", r"yaml:5: train_args: comm_round: expected a whole number, not 'many'"),
    ("comm_round: 12", "comm_round: 0", r"yaml:5: train_args: comm_round: expected at least 1"),
    ("comm_round: 12", "batch_size: 3", r"yaml:4: train_args: comm_round is missing"),
    ("comm_round: 12", "client_num_in_total: 3", r"yaml:5: train_args: client_num_in_total is there twice"),
    ("1e-1", "yes", r"yaml:6: train_args: learning_rate: expected a finite number, not True"),
    ("dataset: har", "dataset: hra", r"yaml:2: data_args: dataset: expected one of har, mnist, .*, not 'hra'"),
    ("attack_type: byzantine", "attack_type: byzantin", r"yaml:8: there is no attack 'byzantin'; choose one of alie, "),
    ("attack_mode: zero", "attack_mode: none", r"yaml:9: attack_args: byzantine: attack_mode: expected one of zero"),
    (
        "attack_mode: zero",
        "mode: zero",
        r"yaml:9: attack_args: byzantine: there is no key 'mode'; expected attack_",
    ),
    ("    byzantine_client_num: 3\n", "", r"yaml:8: attack_args: byzantine_client_num is missing"),
    ("factor: 2, name", "share: 2, name", r"yaml:11: attack_args: scaling: share: expected 0 to 1"),
    ("factor: 2, name", "random_clients: true, name", r"yaml:11: attack_args: random_clients: the attack poisons data"),
    (
        "krum_param_m",
        "m",
        r"yaml:13: defense_args: multi_krum: there is no key 'm'; expected byzantine, selected",
    ),
    ("defense_type: crfl", "defense_type: crlf", r"yaml:14: there is no rule 'crlf'"),
    ("[2.0, 0.1]", "[2.0, 0.1, 1.0]", r"yaml:14: defense_args: norm_bound: expected a number, or a pair"),
    (
        "norm_bound: [2.0, 0.1]",
        "noise: 0.1",
        r"yaml:14: defense_args: crfl takes the numbers norm_bound from",
    ),
    ("1e-1", ".nan", r"yaml:6: train_args: learning_rate: expected a finite number, not nan"),
    ("1e-1", "-.inf", r"yaml:6: train_args: learning_rate: expected a finite number, not -inf"),
    ("1e-1", "9" * 400, r"yaml:6: train_args: learning_rate: expected a finite number, not 9999"),
    ("1e-1", "0", r"yaml:6: train_args: learning_rate: expected a positive number"),
    (
        "factor: 2, name",
        "factor: .nan, name",
        r"yaml:11: attack_args: scaling: factor: expected a finite number, not n",
    ),
    ("[2.0, 0.1]", "[2.0, .inf]", r"yaml:14: defense_args: norm_bound: expected a finite number, not inf"),
    ("krum_param_m: 5", "krum_param_m: 1.5", r"yaml:13: .*multi_krum: selected: expected a whole number, not 1.5"),
    ("krum_param_m: 5", "krum_param_m: few", r"yaml:13: .*multi_krum: selected: expected a whole number, not 'few'"),
    ("krum_param_m: 5", "squared: 1", r"yaml:13: defense_args: multi_krum: squared: expected true or false, not 1"),
    ("krum_param_m: 5", "learning_rate: -1", r"yaml:13: defense_args: learning_rate: expected a positive number"),
    ("method: subject", "method: bias, bias: 1.5", r"yaml:2: data_args: bias: expected 0 to 1"),
    ("method: subject", "method: bias, root_bias: -1", r"yaml:2: data_args: root_bias: expected 0 to 1"),
    ("method: subject", "method: dirichlet, partition_alpha: 0", r"yaml:2: .*partition_alpha: expected a positive num"),
    ("method: subject", "method: bias, root_size: 0", r"yaml:2: data_args: root_size: expected at least 1"),
    ("method: subject", "method: bias, train_rows: 0", r"yaml:2: data_args: train_rows: expected at least 1"),
    ("comm_round: 12", "comm_round: 12\n  client_num_per_round: 0", r"yaml:6: .*client_num_per_round: expected 1 to"),
    ("name: small", "? [a, b]\n: c\nname: x", r"yaml:1: experiment: expected a word as key"),
    ("seeds: [1, 2]", "seeds: []", r"yaml: small: expected at least one attack, one rule and one seed"),
    ("seeds: [1, 2]", "seeds: [2, 2]", r"yaml: small: seeds: 2 is there twice"),
    ("seeds: [1, 2]", "seeds: [1, b]", r"yaml:15: seeds: expected a whole number, not 'b'"),
    ("seeds: [1, 2]", "vary: {rounds: [1]}", r"yaml:15: vary: expected section.key .* not 'rounds'"),
    ("name: twice", "name: byzantine", r"several attacks are called byzantine: give each its own name"),
    (
        "byzantine_client_num: 6",
        "byzantine_client_num: 60",
        r"yaml:11: byzantine_client_num: expected at most 30, for there are not so many",
    ),
    (
        "name: small",
        "published: {crfl: {once: 0.5}}\nname: x",
        r"yaml:1: published: crfl: there is no key 'once'; exp.* twice",
    ),
    (
        "name: small",
        "explained: {krum: {twice: x}}\nname: x",
        r"yaml:1: explained: there is no key 'krum'; expected multi_krum",
    ),
    ("name: small", "title: small", r"yaml:1: experiment: there is no key 'title'"),
    ("name: small", "name: [small", r"yaml:2: no YAML: "),
    ("defense_args:", "---\nname:", r"yaml:1: experiment: defense_args is missing"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), WRONG)
def test_errors_have_the_line(tmp_path, right, wrong, message):
    assert right in TEXT
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, TEXT.replace(right, wrong, 1))


def test_files_without_an_experiment(tmp_path):
    with pytest.raises(ConfigError, match="has no experiment"):
        read(tmp_path, "# nothing\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        experiments_of(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_right(name):
    assert all(list(experiment.runs()) for experiment in experiments_of(PRESETS[name]))


def test_table_3_has_a_published_value_for_every_cell():
    first, second = experiments_of(PRESETS["safefl-table3"])
    for experiment in (first, second):
        assert set(experiment.published) == {defence.name for defence in experiment.defences}
        for row in experiment.published.values():
            assert set(row) == {threat.name for threat in experiment.attacks}
    assert first.published["trimmed_mean"]["trim"] == 0.71


def test_attacks_and_rules_of_other_packages(tmp_path, monkeypatch):
    """By entry points: classes of ours stand in for theirs."""

    def points(group):
        targets = {
            "ezprivsecfl.attacks": "ezprivsecfl.evaluation.attacks.trim:Trim",
            "ezprivsecfl.rules": "ezprivsecfl.aggregators.krum:krum",
        }
        return [EntryPoint("theirs", targets[group], group), EntryPoint("broken", "math:pi", group)]

    monkeypatch.setattr(plugins, "entry_points", points)
    text = TEXT.replace("attack_type: byzantine\n    attack_mode: zero", "attack_type: theirs\n    strength: 3")
    text = text.replace("multi_krum, krum_param_m: 5", "theirs, squared: false")
    (found,) = read(tmp_path, text)
    assert type(found.attacks[0].attack).__name__ == "Trim"
    assert found.defences[0].rule.name == "krum"
    with pytest.raises(ConfigError, match=r"yaml:8: the entry point broken of ezprivsecfl.attacks is no subclass"):
        read(tmp_path, text.replace("attack_type: theirs", "attack_type: broken"))
    with pytest.raises(ConfigError, match=r"yaml:13: the entry point broken of ezprivsecfl.rules is nothing"):
        read(tmp_path, text.replace("theirs, squared", "broken, squared"))
    with pytest.raises(ConfigError, match=r"choose one of alie, .*, theirs, trim"):
        read(tmp_path, text.replace("attack_type: theirs", "attack_type: other"))
