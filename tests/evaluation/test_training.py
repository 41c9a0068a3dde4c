"""Rounds: who takes part, what is sent, and what becomes of the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import small_har

from ezprivsecfl.evaluation.attacks import Attack
from ezprivsecfl.evaluation.attacks.backdoor import Backdoor
from ezprivsecfl.evaluation.attacks.byzantine import Byzantine
from ezprivsecfl.evaluation.attacks.scaling import Scaling
from ezprivsecfl.evaluation.batches import Sampler
from ezprivsecfl.evaluation.config import DataArgs, Defence, ModelArgs, Run, Threat, TrainArgs
from ezprivsecfl.evaluation.data.datasets import load
from ezprivsecfl.evaluation.data.prepare import prepare
from ezprivsecfl.evaluation.errors import ConfigError, DataError
from ezprivsecfl.evaluation.metrics import read
from ezprivsecfl.evaluation.models import build
from ezprivsecfl.evaluation.rules import RULES, Setting, fltrust, rule_of
from ezprivsecfl.evaluation.running import in_the_clear
from ezprivsecfl.evaluation.training import Progress, Rounds, train

DATA = DataArgs("har", "subject", root_size=20)
TRAINING = TrainArgs(30, 40, batch_size=8, learning_rate=0.2, frequency_of_the_test=10)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return load("har", small_har.write(tmp_path_factory.mktemp("data")))


def run_of(
    rule="fedavg", attack=None, malicious=0, *, training=TRAINING, seed=1, every=None, redrawn=False, **parameters
):
    threat = Threat(attack or Attack(), malicious, redrawn=redrawn, every=every)
    return Run(DATA, ModelArgs("lr"), training, threat, Defence(rule_of(rule), parameters), seed)


def parts_of(run, dataset):
    federation = prepare(dataset, run.data, run.training.client_num_in_total, run.seed)
    return federation, build("lr", federation)


def rounds_of(run, dataset):
    federation, model = parts_of(run, dataset)
    return Rounds(run, federation, model, in_the_clear(run, federation, model.entries)), federation, model


def readings(run, dataset):
    federation, model = parts_of(run, dataset)
    rule = in_the_clear(run, federation, model.entries)
    return list(train(run, federation, model, rule, Progress.start(model, run.seed)))


@dataclass(frozen=True)
class Spy(Attack):
    """Honest, and keeps what it was shown."""

    seen: ClassVar[list] = []

    def send(self, view):
        self.seen.append(view)
        return view.own


@pytest.fixture
def seen():
    Spy.seen.clear()
    return Spy.seen


def test_it_learns(dataset):
    found = readings(run_of(), dataset)
    assert [one.round for one in found] == [10, 20, 30, 40]
    assert found[-1].reading.accuracy > 0.9
    assert found[-1].reading.test_error == 1 - found[-1].reading.accuracy


def test_runs_are_their_seeds(dataset):
    first, same, other = (readings(run_of(seed=seed), dataset)[-1].model for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.any(first != other)


def test_a_step_is_the_rate_times_the_mean_gradient(dataset):
    """By hand for whole batches, which are all rows: no random choice is left."""
    run = run_of(training=replace(TRAINING, batch_size=100))
    rounds, federation, model = rounds_of(run, dataset)
    start = Progress.start(model, 1)
    gradients = [whole_gradient(model, start.model, federation, rows) for rows in federation.clients]
    moved = rounds.next(start)
    np.testing.assert_allclose(moved.model, start.model - 0.2 * np.mean(gradients, 0), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(moved.previous_model, start.model)
    weighted, _, _ = rounds_of(replace(run, training=replace(run.training, weight_by_rows=True)), dataset)
    counts = [len(rows) for rows in federation.clients]
    assert len(set(counts)) > 1
    expected = start.model - 0.2 * np.average(gradients, 0, weights=counts)
    np.testing.assert_allclose(weighted.next(start).model, expected, rtol=1e-4, atol=1e-6)
    summed, _, _ = rounds_of(replace(run, training=replace(run.training, loss="sum")), dataset)
    expected = start.model - 0.2 * np.mean([g * n for g, n in zip(gradients, counts, strict=True)], 0)
    np.testing.assert_allclose(summed.next(start).model, expected, rtol=1e-4, atol=1e-6)


def test_noise_on_the_first_model(dataset):
    """A seed has one noise, times what is asked for; without it nothing changes."""
    _, model = parts_of(run_of(), dataset)
    plain = Progress.start(model, 1).model
    small, twice = (Progress.start(model, 1, noise).model - plain for noise in (1e-3, 2e-3))
    np.testing.assert_array_equal(Progress.start(model, 1, 0.0).model, plain)
    assert small.std() == pytest.approx(1e-3, rel=0.2)
    np.testing.assert_allclose(twice, 2 * small, atol=1e-6)
    other = Progress.start(model, 2, 1e-3).model - Progress.start(model, 2).model
    assert abs(np.corrcoef(small, other)[0, 1]) < 0.5


def whole_gradient(model, parameters, federation, rows):
    weights = np.full((1, len(rows)), 1 / len(rows))
    return model.gradients(parameters, federation.features[rows][None], federation.labels[rows][None], weights)[0]


def test_local_steps_are_steps_of_the_clients_own_model(dataset):
    run = run_of(training=replace(TRAINING, batch_size=100, local_steps=3))
    rounds, federation, model = rounds_of(run, dataset)
    start = Progress.start(model, 1)
    models = []
    for rows in federation.clients:
        own = start.model
        for _ in range(3):
            own = own - np.float32(0.2) * whole_gradient(model, own, federation, rows)
        models.append(own)
    np.testing.assert_allclose(rounds.next(start).model, np.mean(models, 0), rtol=1e-4, atol=1e-5)


def test_the_server_has_its_own_gradient(dataset, seen):
    run = run_of("fltrust", Spy(), 2, training=replace(TRAINING, attack_sees_root=True))
    rounds, federation, model = rounds_of(run, dataset)
    start = Progress.start(model, 1)
    rounds.next(start)
    view = seen[0]
    expected = whole_gradient(model, start.model, federation, federation.root)
    np.testing.assert_allclose(view.root, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(view.known[30], view.root)
    assert (view.known.shape[0], view.clients, view.malicious.tolist(), view.rate) == (31, 30, [0, 1], 0.2)


@pytest.mark.parametrize(("rule", "sees", "rows"), [("fltrust", False, 30), ("fedavg", True, 30)])
def test_others_are_not_shown_it(dataset, seen, rule, sees, rows):
    rounds, _, model = rounds_of(run_of(rule, Spy(), 2, training=replace(TRAINING, attack_sees_root=sees)), dataset)
    rounds.next(Progress.start(model, 1))
    assert len(seen[0].known) == rows


def test_malicious_clients_are_the_first(dataset):
    """A byzantine model of zeros: one of 30 clients moves the mean as its gradient w / rate does."""
    run = run_of(attack=Byzantine("zero"), malicious=30, training=replace(TRAINING, batch_size=100))
    rounds, _, model = rounds_of(run, dataset)
    np.testing.assert_allclose(rounds.next(Progress.start(model, 1)).model, 0, atol=1e-6)


def test_participants_are_drawn(dataset, seen):
    training = replace(TRAINING, client_num_per_round=6)
    rounds, _, model = rounds_of(run_of(attack=Spy(), malicious=10, training=training), dataset)
    progress = Progress.start(model, 1)
    for _ in range(40):
        progress = rounds.next(progress)
    assert {view.clients for view in seen} == {6}
    assert 1.2 < sum(len(view.malicious) for view in seen) / 40 < 2.8


def test_a_fixed_frequency(dataset, seen):
    training = replace(TRAINING, client_num_per_round=6)
    rounds, _, model = rounds_of(run_of(attack=Spy(), malicious=2, training=training, every=4), dataset)
    progress = Progress.start(model, 1)
    for _ in range(8):
        progress = rounds.next(progress)
    assert [view.malicious.tolist() for view in seen] == [[0, 1], [0, 1]]


def test_others_are_malicious_in_every_round(dataset, seen):
    rounds, _, model = rounds_of(run_of(attack=Spy(), malicious=3, redrawn=True), dataset)
    progress = Progress.start(model, 1)
    for _ in range(5):
        progress = rounds.next(progress)
    assert len({tuple(sorted(view.malicious)) for view in seen}) > 3
    assert {len(set(view.malicious)) for view in seen} == {3}


@pytest.mark.parametrize("shape", [(), (4,), (3, 1), (2, 138), (3, 139)])
def test_what_is_sent_is_not_stretched_to_the_right_shape(dataset, shape):
    @dataclass(frozen=True)
    class Wrong(Attack):
        def send(self, view):
            return np.zeros(shape)

    rounds, _, model = rounds_of(run_of(attack=Wrong(), malicious=3), dataset)
    with pytest.raises(ConfigError, match=r"expected what malicious clients send as \[3, 138\], one row for each, not"):
        rounds.next(Progress.start(model, 1))


def test_what_cannot_be_run_is_refused():
    with pytest.raises(ValueError, match="random_clients: the attack poisons data"):
        Threat(Backdoor(), 3, redrawn=True)
    with pytest.raises(ConfigError, match="not so many clients"):
        run_of(malicious=31)
    with pytest.raises(ConfigError, match="expected client_num_in_total: 30"):
        run_of(training=replace(TRAINING, client_num_in_total=20))
    with pytest.raises(ConfigError, match="more malicious clients than take part"):
        run_of(malicious=9, every=2, training=replace(TRAINING, client_num_per_round=6))


def test_clients_without_rows_are_refused(dataset):
    skewed = replace(DATA, partition_method="dirichlet", partition_alpha=0.001)
    with pytest.raises(DataError, match="clients have no rows"):
        prepare(dataset, skewed, 100, 1)


def test_backdoors_succeed_against_the_mean_and_both_rates_are_read(dataset):
    last = readings(run_of(attack=Scaling(), malicious=6), dataset)[-1].reading
    assert last.success_others > 0.3  # two features of 45 are all that the trigger has
    assert last.success_all >= last.success_others
    federation, model = parts_of(run_of(), dataset)
    clean = readings(run_of(), dataset)[-1].model
    goal = Backdoor().goal(federation)
    reading = read(model, clean, federation, goal, 40)
    predicted = model.classify(clean, goal.features)
    assert reading.success_all == np.mean(predicted == 1)
    assert reading.success_others == np.mean(predicted[federation.test_labels != 1] == 1)
    assert reading.success_others < 0.15
    assert read(model, clean * np.nan, federation, goal, 40).accuracy == 0


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_trains(dataset, rule):
    """Three rounds under an attack; parameters follow from the numbers of clients."""
    given = {"byzantine": 3} if rule == "bucketing" else {}
    run = run_of(training=replace(TRAINING, comm_round=3), attack=Scaling(), malicious=6)
    numbers = {"norm_bound": (2.0, 0.1)} if rule == "crfl" else {}
    run = replace(run, defence=Defence(rule_of(rule), given, server_inputs=numbers))
    (last,) = readings(run, dataset)
    assert np.all(np.isfinite(last.model))
    assert np.any(last.model != last.previous_model)


def test_crfl_bounds_the_model_by_what_grows(dataset):
    """It is given steps of the model, so that the new model is what it clips."""
    run = run_of()
    run = replace(run, defence=Defence(rule_of("crfl"), {"noise": 0.0}, server_inputs={"norm_bound": (0.5, 0.01)}))
    rounds, _, model = rounds_of(run, dataset)
    progress = Progress.start(model, 1)
    for bound in (0.5, 0.51):
        progress = rounds.next(progress)
        assert np.linalg.norm(progress.model) == pytest.approx(bound, rel=1e-4)


def test_a_defence_may_have_its_own_rate(dataset):
    run = run_of(training=replace(TRAINING, batch_size=100))
    slow = replace(run, defence=replace(run.defence, learning_rate=0.02))
    steps = []
    for one in (run, slow):
        rounds, _, model = rounds_of(one, dataset)
        start = Progress.start(model, 1)
        steps.append(rounds.next(start).model - start.model)
    np.testing.assert_allclose(steps[0], 10 * steps[1], rtol=1e-3, atol=1e-6)


def test_fltrust_of_stacked_updates():
    rng = np.random.default_rng(0)
    updates, root = rng.normal(size=(9, 20)).astype(np.float32), rng.normal(size=20).astype(np.float32)
    updates[3] = 0
    with np.errstate(invalid="ignore"):
        unit = np.nan_to_num(updates / np.linalg.norm(updates, axis=1, keepdims=True))
    trust = np.maximum(unit @ root / np.linalg.norm(root), 0)
    expected = np.linalg.norm(root) * (trust @ unit) / trust.sum()
    np.testing.assert_allclose(fltrust(updates, root).numpy(), expected, rtol=1e-5)
    np.testing.assert_array_equal(fltrust(-np.tile(root, (4, 1)), root).numpy(), 0)


def test_parameters_follow_from_the_round():
    setting = Setting(20, 4, 3, 1)
    assert setting.parameters(RULES["krum"], {}) == {"byzantine": 4}
    assert setting.parameters(RULES["contra"], {}) == {"neighbours": 15}
    assert setting.parameters(RULES["trimmed_mean"], {"trimmed": 2}) == {"trimmed": 2}
    assert sorted(setting.parameters(RULES["bucketing"], {})["permutation"]) == list(range(20))
    with pytest.raises(ConfigError, match="krum has no parameter f; it has byzantine, squared"):
        setting.parameters(RULES["krum"], {"f": 2})


def test_batches_are_drawn_without_replacement():
    clients = [np.arange(10, 20), np.arange(3), np.arange(50, 90)]
    for loss in ("mean", "sum"):
        sampler = Sampler(clients, 5, loss)
        seen = np.zeros(90)
        for number in range(300):
            batches = sampler.draw(np.array([0, 1, 2]), np.random.default_rng(number))
            for rows, weights, own in zip(batches.rows, batches.weights, clients, strict=True):
                counted = rows[weights > 0]
                assert len(set(counted)) == len(counted) == min(5, len(own))
                assert set(counted) <= set(own)
                assert weights.sum() == pytest.approx(1.0 if loss == "mean" else len(counted))
            seen[batches.rows[0]] += 1
        assert seen[10:20].min() > 110
