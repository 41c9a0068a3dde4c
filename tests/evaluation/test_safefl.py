"""SAFEFL's rules against loops over clients, and what becomes of them in a round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import small_har

from ezprivsecfl.evaluation.attacks import Attack
from ezprivsecfl.evaluation.config import DataArgs, Defence, Experiment, ModelArgs, Run, Threat, TrainArgs
from ezprivsecfl.evaluation.data.datasets import load
from ezprivsecfl.evaluation.data.prepare import prepare
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.models import build
from ezprivsecfl.evaluation.rules import RULES, InTheClear
from ezprivsecfl.evaluation.running import in_the_clear, run_all
from ezprivsecfl.evaluation.training import Progress, Rounds

N, F, D = 9, 2, 12


@pytest.fixture
def rounds():
    """Three rounds' updates, [3, n, d], the first f short and opposed; so that sums have other weights than rounds."""
    rng = np.random.default_rng(3)
    found = 1.2 * rng.standard_normal((3, N, D)) + rng.standard_normal(D)
    found[:, :F] *= -0.2
    return found.astype(np.float32)


def results(name, rounds, inputs=(), **parameters):
    rule, state, found = InTheClear(RULES[name], parameters), None, []
    for updates in rounds:
        result, state, _ = rule(updates, dict(inputs), state)
        found.append(result)
    return np.array(found)


def cosine(x, y):
    return x @ y / (np.linalg.norm(x) * np.linalg.norm(y))


def influence(apart):
    share = np.clip(apart / max(apart), 1e-9, 1 - 1e-9)
    return np.clip(np.log(share / (1 - share)) + 0.5, 0, 1)


def to_others(sums):
    return np.array([[0.0 if i == j else cosine(x, y) for j, y in enumerate(sums)] for i, x in enumerate(sums)])


def foolsgold_of_sums(rounds):
    sums = np.zeros((N, D))
    for updates in rounds:
        capped = np.array([g / max(1.0, np.linalg.norm(g)) for g in updates])
        sums += capped
        similar = to_others(sums)
        v = similar.max(1)
        pardoned = [[c * v[i] / v[j] if v[j] > v[i] else c for j, c in enumerate(row)] for i, row in enumerate(similar)]
        yield influence(np.clip(1 - np.max(pardoned, 1), 0, 1)) @ capped


def contra_of_sums(rounds, neighbours):
    sums = np.zeros((N, D))
    for updates in rounds:
        sums += updates
        yield influence(1 - np.sort(to_others(sums), 1)[:, -neighbours:].mean(1)) @ updates


def shieldfl_of_ranges(rounds, byzantine):
    last = before = None
    for updates in rounds:
        unit = []
        for i, g in enumerate(updates):
            grown = g >= 0 if before is None else (g >= 0) | (g >= before[i])
            g = g if i < byzantine else np.where(grown, g, 0.0)
            g = (g - g.min()) / (g.max() - g.min())
            unit.append(g / np.linalg.norm(g))
        usual = np.mean(unit, 0) if last is None else last
        suspect = min(unit, key=lambda e: cosine(e, usual))
        apart = np.array([1 - cosine(e, suspect) for e in unit])
        last, before = apart / apart.sum() @ np.array(unit), updates
        yield last


def test_foolsgold_compares_sums_of_all_rounds(rounds):
    assert results("foolsgold_history", rounds) == pytest.approx(np.array([*foolsgold_of_sums(rounds)]), rel=1e-3)


def test_contra_compares_sums_of_all_rounds(rounds):
    expected = np.array([*contra_of_sums(rounds, 6)])
    assert results("contra_history", rounds, neighbours=6) == pytest.approx(expected, rel=1e-3)


def test_contra_lets_who_is_opposed_be_farther_than_one(rounds):
    """Then the others, whose cosines with each other are large, have no influence at all."""
    updates = np.tile(np.eye(D, dtype=np.float32)[0], (N, 1))
    updates[:, 1:5] = 0.3 * np.random.default_rng(1).standard_normal((N, 4))
    updates[:F, 0] = -1
    expected = np.array([*contra_of_sums([updates], 8)])
    assert results("contra_history", [updates], neighbours=8) == pytest.approx(expected, rel=1e-3)
    assert expected[0] @ updates[F:].mean(0) < 0


def test_shieldfl_maps_entries_to_ranges(rounds):
    expected = np.array([*shieldfl_of_ranges(rounds, F)])
    assert results("shieldfl_ranges", rounds, byzantine=F) == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert expected.min() >= 0


class TestFlare:
    """With a linear model of three features and two classes, and as many clients as it has parameters."""

    @pytest.fixture
    def inputs(self):
        rng = np.random.default_rng(5)
        seen = 0.8 * rng.standard_normal((8, 8)) + np.linspace(0, 2, 8)[:, np.newaxis]
        return {
            "model": rng.standard_normal(8),
            "examples": rng.standard_normal((5, 3)),
            "unattacked": seen.astype(np.float32),
        }

    def test_without_an_attack_it_is_flare(self, inputs):
        updates = [inputs["unattacked"]]
        expected = results("flare", updates, inputs, classes=2)
        assert results("flare_unattacked", updates, inputs, classes=2) == pytest.approx(expected, rel=1e-4, abs=1e-5)

    def test_what_is_sent_does_not_change_who_counts(self, inputs):
        """The results of unit vectors are the weights, and those of what is longer for one client are theirs, too."""
        sent = np.eye(8, dtype=np.float32)
        (weights,) = results("flare_unattacked", [sent], inputs, classes=2)
        assert weights.sum() == pytest.approx(1.0)
        sent[-1] *= 100.0
        (found,) = results("flare_unattacked", [sent], inputs, classes=2)
        assert found == pytest.approx(weights * sent.max(1))
        assert weights[-1] > 1e-6


@dataclass(frozen=True)
class Enlarged(Attack):
    def send(self, view):
        return 100.0 * view.own


def run_of(rule, malicious=3):
    data = DataArgs("har", "subject", root_size=20)
    training = TrainArgs(30, 2, batch_size=8, frequency_of_the_test=1)
    return Run(data, ModelArgs("lr"), training, Threat(Enlarged(), malicious), Defence(RULES[rule]), 1)


def test_a_round_gives_the_rule_what_clients_would_have_sent(tmp_path):
    run = run_of("flare_unattacked")
    federation = prepare(load("har", small_har.write(tmp_path)), run.data, 30, 1)
    model = build("lr", federation)
    rule, seen = in_the_clear(run, federation, model.entries), []

    def spy(updates, inputs, state):
        seen.append((updates, inputs["unattacked"]))
        return rule(updates, inputs, state)

    Rounds(run, federation, model, spy).next(Progress.start(model, 1))
    ((sent, honest),) = seen
    assert np.array_equal(sent[3:], honest[3:])
    assert sent[:3] == pytest.approx(100.0 * honest[:3])


@pytest.mark.parametrize("rule", ["foolsgold_history", "contra_history", "shieldfl_ranges", "flare_unattacked"])
def test_two_servers_refuse_it_before_anything_is_run(rule, tmp_path):
    run = run_of(rule)
    experiment = Experiment("one", run.data, run.model, run.training, [run.threat], [run.defence])
    with pytest.raises(ConfigError, match=f"{rule}: such a rule looks at what single clients send"):
        run_all([experiment], tmp_path / "none", tmp_path / "out", secure=True)
    assert not (tmp_path / "out").exists()
