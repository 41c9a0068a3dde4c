"""What each attack is defined by: its own inequality, or what becomes of the rule that it is against."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from ezprivsecfl.aggregators.coordinates import coordinate_median, trimmed_mean
from ezprivsecfl.aggregators.krum import krum
from ezprivsecfl.aggregators.signs import flod
from ezprivsecfl.evaluation.attacks import ATTACKS, View
from ezprivsecfl.evaluation.attacks.adaptive import Adaptive, Crafted, Objective, Probe
from ezprivsecfl.evaluation.attacks.alie import ALittleIsEnough, quantile
from ezprivsecfl.evaluation.attacks.backdoor import Backdoor, triggered
from ezprivsecfl.evaluation.attacks.byzantine import Byzantine
from ezprivsecfl.evaluation.attacks.distances import MinMax, MinSum
from ezprivsecfl.evaluation.attacks.edge_case import EdgeCase
from ezprivsecfl.evaluation.attacks.free_rider import FreeRider
from ezprivsecfl.evaluation.attacks.inner_product import InnerProduct
from ezprivsecfl.evaluation.attacks.krum import Krum
from ezprivsecfl.evaluation.attacks.label_flipping import LabelFlipping
from ezprivsecfl.evaluation.attacks.replacement import ModelReplacement
from ezprivsecfl.evaluation.attacks.scaling import Scaling
from ezprivsecfl.evaluation.attacks.signs import Signs
from ezprivsecfl.evaluation.attacks.trim import Trim
from ezprivsecfl.evaluation.attacks.wrap_around import WrapAround
from ezprivsecfl.evaluation.data.federation import Federation

N, F, D, RATE = 12, 3, 40, 0.25
MALICIOUS = np.array([1, 4, 7])
HONEST = np.delete(np.arange(N), MALICIOUS)


def view(seed=0, *, server=False, own_rng=0):
    """Gradients around a common direction, with malicious ones somewhere among them."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=D)
    known = common + rng.normal(0, 0.8, (N, D))
    root = common + rng.normal(0, 0.3, D)
    known = np.vstack([known, root]) if server else known
    model, previous = rng.normal(size=D), rng.normal(size=D)
    return View(known.astype(np.float32), N, MALICIOUS, model, previous, root, RATE, np.random.default_rng(own_rng))


def attacked(attack, given):
    """All clients' gradients as the server gets them."""
    sent = given.known[:N].astype(np.float64)
    sent[MALICIOUS] = attack.send(given)
    return sent


def local_models(attack, given):
    return given.model - RATE * attack.send(given)


CROWDED = [
    *((name, {}) for name in ATTACKS),
    ("krum", {"safefl_start": True}),
    ("krum", {"squared": True}),
    ("trim", {"over_all": False}),
]


@pytest.mark.parametrize(("name", "parameters"), CROWDED)
@pytest.mark.parametrize(("n", "f"), [(1, 1), (2, 1), (2, 2), (3, 1), (5, 2), (5, 4), (7, 7)])
@pytest.mark.parametrize("server", [False, True])
def test_an_attack_also_knows_what_to_do_where_few_or_none_are_honest(name, parameters, n, f, server):
    """Sampling brings about such rounds; in one of malicious clients only, they have their own gradients to go by."""
    full = view(server=server)
    known = np.vstack([full.known[:n], full.known[N:]])
    given = replace(full, known=known, clients=n, malicious=np.arange(f))
    sent = ATTACKS[name](**parameters).send(given)
    assert sent.shape == (f, D)
    assert np.isfinite(sent).all()


def test_without_an_honest_client_attackers_go_by_their_own_gradients():
    given = replace(view(), malicious=np.arange(N))
    np.testing.assert_allclose(InnerProduct(0.5).send(given)[0], -0.5 * given.known.mean(0), rtol=1e-5)
    own = np.sign(given.known[0])
    assert set(np.unique(np.sign(Krum().send(given)))) == set(np.unique(own))


def test_equal_vectors_do_not_keep_the_krum_attack_searching():
    """SAFEFL's start divides by the distance of the last two."""
    given = view()
    given.known[-1] = given.known[-2]
    assert np.isfinite(Krum(safefl_start=True).send(given)).all()
    assert quantile(2, 1) == quantile(1, 0) == 0


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("server", [False, True])
def test_every_attack_sends_a_vector_for_each_malicious_client(name, server):
    sent = ATTACKS[name]().send(view(server=server))
    assert sent.shape == (F, D)
    assert np.isfinite(sent).all()
    given = view(server=server)
    before = given.known.copy()
    ATTACKS[name]().send(given)
    np.testing.assert_array_equal(given.known, before)


@pytest.mark.parametrize("server", [False, True])
def test_trim_sends_values_beyond_all_others_against_the_direction(server):
    given = view(server=server)
    sent, sign = Trim().send(given), np.sign(given.known.sum(0))
    assert np.all(sign * sent <= np.min(sign * given.known, axis=0) + 1e-6)
    least = np.min(sign * given.known, axis=0)
    assert np.all(np.where(least > 0, sign * sent >= least / 2 - 1e-6, sign * sent >= 2 * least - 1e-6))
    assert len(np.unique(sent[:, 0])) == F
    for rule in (lambda g: trimmed_mean(g, trimmed=F), coordinate_median):
        moved = rule(attacked(Trim(), given)).numpy() - rule(given.known[:N].astype(np.float64)).numpy()
        assert np.all(sign * moved <= 1e-6)
        assert np.mean(sign * moved) < -0.2


def test_trim_sends_nothing_where_there_is_no_direction():
    known = np.array([[1.0, 2.0], [-1.0, 2.0], [0.0, 2.0]])
    given = View(known, 3, np.array([0]), known[0], known[0], None, RATE, np.random.default_rng(0))
    sent = Trim().send(given)
    assert sent[0, 0] == 0
    assert 1 <= sent[0, 1] <= 2


def test_trim_over_the_others_does_not_know_its_own():
    given = view()
    changed = replace(given, known=given.known.copy(), rng=np.random.default_rng(0))
    changed.known[MALICIOUS] = -50.0
    same = Trim(over_all=False)
    np.testing.assert_array_equal(same.send(view()), same.send(changed))
    assert np.any(Trim().send(view()) != Trim().send(changed))


@pytest.mark.parametrize("squared", [False, True])
def test_krum_chooses_the_attackers_vector(squared):
    given = view()
    sent = Krum(squared=squared).send(given)
    honest_choice = krum(given.known.astype(np.float64), byzantine=F, squared=squared).numpy()
    np.testing.assert_array_equal(np.sign(sent[0]), -np.sign(honest_choice))
    assert np.ptp(np.abs(sent)) == pytest.approx(0)
    chosen = krum(attacked(Krum(squared=squared), given), byzantine=F, squared=squared).numpy()
    np.testing.assert_allclose(chosen, sent[0])


@pytest.mark.parametrize("seed", range(4))
def test_krum_halves_from_the_papers_bound(seed):
    """Twice as long a vector is no longer chosen, unless it is beyond the bound."""
    given = view(seed)
    benign = given.known[HONEST].astype(np.float64)
    distances = np.linalg.norm(benign[:, None] - benign[None], axis=2)
    nearest = np.sort(distances, 1)[:, 1 : N - F - 1].sum(1).min()
    bound = nearest / ((N - 2 * F - 1) * math.sqrt(D)) + np.linalg.norm(benign, axis=1).max() / math.sqrt(D)
    halvings = np.log2(bound / np.abs(Krum().send(given)[0, 0]))
    assert halvings == pytest.approx(round(halvings), abs=1e-5)
    assert halvings > 0.5
    larger = attacked(Krum(), given)
    larger[MALICIOUS] *= 2
    chosen = krum(larger, byzantine=F, squared=False).numpy()
    assert not np.allclose(chosen, larger[MALICIOUS[0]])


def test_krum_sends_the_last_that_was_tried_where_none_is_chosen():
    """Of clients that all say the same, one of them is chosen whatever the attackers send."""
    known = np.tile(np.linspace(-1.0, 1.0, D), (N, 1))
    sent = Krum().send(replace(view(), known=known))
    assert 1e-5 < np.abs(sent[0, 0]) <= 2e-5


def test_krum_starts_where_safefl_does():
    given = view()
    a, b = given.known[-2:].astype(np.float64)
    benign = given.known[HONEST].astype(np.float64)
    distances = RATE * np.linalg.norm(benign[:, None] - benign[None], axis=2)
    nearest = np.sort(distances, 1)[:, 1 : N - F - 1].sum(1).min()
    root = math.sqrt(RATE * np.linalg.norm(a - b))
    bound = nearest / ((N - 2 * F - 1) * root) + RATE * np.linalg.norm(benign, axis=1).max() / root
    halvings = np.log2(bound / np.abs(Krum(safefl_start=True).send(given)[0, 0]))
    assert halvings == pytest.approx(round(halvings), abs=1e-5)


def fltrust(gradients, root):
    directions = gradients / np.linalg.norm(gradients, axis=1, keepdims=True)
    trust = np.maximum(directions @ root / np.linalg.norm(root), 0)
    return np.linalg.norm(root) * trust @ directions / trust.sum()


def test_the_adaptive_attacks_objective():
    """h of the module, written out with the aggregates themselves."""
    given = view(server=True)
    objective = Objective.of(given, given.root)
    honest = fltrust(given.known[:N].astype(np.float64), given.root)
    sent = attacked(Trim(), given)
    crafted = sent[MALICIOUS] / np.linalg.norm(sent[MALICIOUS], axis=1, keepdims=True)
    expected = np.sign(honest) @ (honest - fltrust(sent, given.root))
    first, *others = (Crafted(direction, objective) for direction in crafted)
    assert objective.without(others)(first.trust, first.turn) == pytest.approx(expected, rel=1e-4)


def in_all_coordinates(attack, given):
    """The adaptive attack with random directions of d entries, as in SAFEFL's code."""
    start = Trim().send(given)
    crafted = start / np.linalg.norm(start, axis=1, keepdims=True)
    sent = given.known[:N].astype(np.float64)
    honest = fltrust(sent, given.root)

    def objective(candidates):
        sent[MALICIOUS] = candidates
        return np.sign(honest) @ (honest - fltrust(sent, given.root))

    for _ in range(attack.passes):
        for i in range(F):
            for _ in range(attack.steps):
                probe = given.rng.normal(0, attack.deviation, D)
                moved = crafted.copy()
                moved[i] += attack.probe * probe
                crafted[i] += attack.step_size * (objective(moved) - objective(crafted)) / attack.probe * probe
                crafted[i] /= np.linalg.norm(crafted[i])
    return crafted * np.linalg.norm(given.root)


def test_the_adaptive_attack_has_the_law_of_steps_in_all_coordinates():
    """What is sent has their means and spreads: its entries, its parts along g_0 and s, and products of attackers."""
    attack = Adaptive(passes=2, steps=4, step_size=0.05)
    root = np.random.default_rng(100).normal(size=D)
    sent = []
    for send in (attack.send, lambda given: in_all_coordinates(attack, given)):
        given = [replace(view(0, own_rng=seed), root=root) for seed in range(600)]
        vectors = np.array([send(one) for one in given]).reshape(600, F, D)
        along = vectors @ np.stack([root, np.sign(fltrust(given[0].known[:N].astype(float), root))], 1)
        between = np.einsum("rid,rjd->rij", vectors, vectors).reshape(600, -1)
        sent.append(np.concatenate([vectors.reshape(600, -1), along.reshape(600, -1), between], 1))
    ours, theirs = sent
    errors = np.sqrt(ours.var(0) + theirs.var(0)) / np.sqrt(600) + 1e-6
    assert np.all(np.abs(ours.mean(0) - theirs.mean(0)) < 4.5 * errors)
    spread = (ours.std(0) + 1e-6) / (theirs.std(0) + 1e-6)
    assert np.all((spread > 0.75) & (spread < 1.33))


def test_steps_outside_of_the_known_space_add_up():
    """Two that are parallel to each other there: lengths add up, and what is inside gets shorter by normalising."""
    given = view(server=True)
    crafted = Crafted(given.root / np.linalg.norm(given.root), Objective.of(given, given.root))
    crafted.move(1.0, Probe((0.0, 0.0, 0.0), 0.0, 0.0, along=0.0, square=4.0))
    crafted.move(1.0, Probe((0.0, 0.0, 0.0), 0.0, 0.0, along=3.0, square=9.0))
    assert crafted.trust == pytest.approx(1 / math.hypot(1, 2 + 3 * math.sqrt(5)))


def turned(attack, given):
    """How far FLTrust's aggregate goes against the signs of the honest one."""
    honest = fltrust(given.known[:N].astype(np.float64), given.root)
    return np.sign(honest) @ (honest - fltrust(attacked(attack, given), given.root))


def test_the_adaptive_attack_turns_fltrust_more_than_its_start_does():
    for seed in (0, 1, 3):  # with a server's gradient that points elsewhere, so that the start counts
        root = np.random.default_rng(100 + seed).normal(size=D)
        given = replace(view(seed), root=root)
        sent = Adaptive().send(given)
        np.testing.assert_allclose(np.linalg.norm(sent, axis=1), np.linalg.norm(root), rtol=1e-5)
        start = turned(Trim(), replace(given, rng=np.random.default_rng(0)))
        found = turned(Adaptive(), replace(given, rng=np.random.default_rng(0)))
        assert found > start + 2 * np.linalg.norm(root)


def test_the_adaptive_attack_stays_at_a_start_that_fltrust_does_not_count():
    """Where all its trust scores are 0 the objective is flat, and zeroth-order steps lead nowhere."""
    given = view(server=True)
    start = Trim().send(replace(given, rng=np.random.default_rng(0)))
    directions = start / np.linalg.norm(start, axis=1, keepdims=True)
    assert np.all(directions @ given.root < 0)
    np.testing.assert_allclose(Adaptive().send(given), directions * np.linalg.norm(given.root), rtol=1e-4, atol=1e-6)


def distances_to(given, m):
    return np.sum((given.known.astype(np.float64) - m) ** 2, 1)


@pytest.mark.parametrize("direction", ["unit", "sign", "std"])
@pytest.mark.parametrize("server", [False, True])
def test_min_max_and_min_sum_go_as_far_as_allowed(direction, server):
    given = view(server=server)
    known = given.known.astype(np.float64)
    between = np.sum((known[:, None] - known[None]) ** 2, 2)
    mean = known.mean(0)
    cases = [
        (MinMax(direction), lambda m: np.max(distances_to(given, m)), between.max()),
        (MinSum(direction), lambda m: np.sum(distances_to(given, m)), between.sum(1).min()),
        (MinSum(direction, largest=True), lambda m: np.sum(distances_to(given, m)), between.sum(1).max()),
    ]
    for attack, measure, bound in cases:
        sent = attack.send(given)
        assert np.ptp(sent, axis=0).max() == 0
        assert measure(sent[0]) <= bound * (1 + 1e-9)
        assert measure(mean + 1.001 * (sent[0] - mean)) > bound
        along = {"unit": mean, "sign": np.sign(mean), "std": known.std(0)}[direction]
        cosine = (sent[0] - mean) @ along / np.linalg.norm(sent[0] - mean) / np.linalg.norm(along)
        assert cosine == pytest.approx(-1)


def test_min_max_per_coordinate_is_safefls_norm_over_the_clients():
    given = view()
    known = given.known.astype(np.float64)
    bound = max(np.max(np.sum((known - u) ** 2, axis=0)) for u in known)
    sent = MinMax(per_coordinate=True).send(given)[0]
    mean = known.mean(0)
    assert np.max(np.sum((known - sent) ** 2, axis=0)) <= bound * (1 + 1e-9)
    assert np.max(np.sum((known - (mean + 1.001 * (sent - mean))) ** 2, axis=0)) > bound


def test_a_little_is_enough_stays_among_the_honest():
    given = view()
    sent = ALittleIsEnough().send(given)[0]
    z = quantile(N, F)
    np.testing.assert_allclose((given.known.mean(0) - sent) / given.known.std(0), z, rtol=1e-4)
    needed = N // 2 + 1 - F
    assert NormalDist().cdf(z) == pytest.approx((N - F - needed) / (N - F))
    assert quantile(50, 24) == pytest.approx(1.4261, abs=1e-4)
    assert quantile(10, 6) == 0.0
    fixed = ALittleIsEnough(1.5).send(given)[0]
    np.testing.assert_allclose((given.known.mean(0) - fixed) / given.known.std(0), 1.5, rtol=1e-4)


def test_inner_product_manipulation_turns_the_mean():
    given = view()
    honest = given.known[HONEST].mean(0)
    for epsilon, sign in ((10.0, -1), (0.5, 1)):
        sent = attacked(InnerProduct(epsilon), given)
        np.testing.assert_allclose(sent[MALICIOUS], np.tile(-epsilon * honest, (F, 1)), rtol=1e-5)
        assert np.sign(sent.mean(0) @ honest) == sign


def test_byzantine_models():
    given = view()
    np.testing.assert_allclose(local_models(Byzantine("zero"), given), 0, atol=1e-12)
    models = local_models(Byzantine("random"), given)
    assert -1 <= models.min() < -0.8 < 0.8 < models.max() <= 1
    assert np.all(models[0] != models[1])
    own = given.model - RATE * given.own
    np.testing.assert_allclose(local_models(Byzantine("flip"), given), given.model + (given.model - own), rtol=1e-6)


def test_a_free_riders_model_is_the_last_global_one():
    given = view()
    np.testing.assert_allclose(local_models(FreeRider(), given), np.tile(given.previous_model, (F, 1)))
    noisy = local_models(FreeRider(noise=0.5), given) - given.previous_model
    assert 0.4 < noisy.std() < 0.6
    assert np.all(noisy[0] != noisy[1])


def test_flod_still_counts_the_attackers_signs_but_no_others():
    given = view()
    for disagreements, counts in ((None, True), (D // 2, False)):
        sent = Signs(disagreements).send(given)
        assert set(np.unique(sent)) == {-1.0, 1.0}
        alone = flod(sent, given.root).numpy()
        np.testing.assert_allclose(alone, sent[0] if counts else 0)
    differ = np.sign(Signs().send(given)[0]) != np.sign(given.root)
    assert np.abs(given.root)[differ].min() >= np.abs(given.root)[~differ].max()


def test_scaled_by_the_number_of_gradients_that_are_known():
    for server in (False, True):
        given = view(server=server)
        np.testing.assert_allclose(Scaling().send(given), (N + server) * given.own)
    np.testing.assert_allclose(Scaling(factor=3.0).send(view()), 3 * view().own)
    np.testing.assert_allclose(Backdoor().send(view()), view().own)


def test_a_replaced_model_is_the_attackers():
    """If all others have converged: averaging gives the one attacker's model, or with a bound a step of that length."""
    given = view()
    alone = View(given.known, N, np.array([2]), given.model, given.model, None, RATE, given.rng)
    sent = np.zeros((N, D))
    sent[2] = ModelReplacement().send(alone)
    np.testing.assert_allclose(given.model - RATE * sent.mean(0), given.model - RATE * given.known[2], rtol=1e-5)
    steps = RATE * ModelReplacement(scale_factor_S=3.0).send(given)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 3.0, rtol=1e-5)
    together = np.zeros((N, D))
    together[MALICIOUS] = ModelReplacement().send(given)
    np.testing.assert_allclose(together.mean(0), given.own.mean(0), rtol=1e-5)


def test_wrapping_values_are_far_out_of_range():
    sent = WrapAround().send(view())
    assert np.abs(sent).min() == 2.0**47
    assert len(np.unique(np.sign(sent))) == 2


CLASSES, ROWS = 4, 50


def federation(shape=(45,)):
    rng = np.random.default_rng(7)
    features = rng.random((N * ROWS, *shape)).astype(np.float32) + 0.1
    labels = rng.integers(0, CLASSES, N * ROWS)
    clients = np.split(rng.permutation(N * ROWS), N)
    return Federation(features, labels, clients, np.zeros(0, np.int64), features[:80] * 1.1, labels[:80], CLASSES)


def rows_of(f, client):
    return f.features[f.clients[client]], f.labels[f.clients[client]]


def honest_data_is_unchanged(before, after):
    for client in HONEST:
        for x, y in zip(rows_of(before, client), rows_of(after, client), strict=True):
            np.testing.assert_array_equal(x, y)


def test_labels_are_flipped():
    f = federation()
    flipped = LabelFlipping().poison(f, MALICIOUS, np.random.default_rng(0))
    honest_data_is_unchanged(f, flipped)
    for client in MALICIOUS:
        np.testing.assert_array_equal(rows_of(flipped, client)[1], CLASSES - 1 - rows_of(f, client)[1])
    assert LabelFlipping().goal(f) is None


def test_chosen_labels_are_flipped():
    f = federation()
    attack = LabelFlipping([3, 2], [0, 1])
    flipped = attack.poison(f, MALICIOUS, np.random.default_rng(0))
    honest_data_is_unchanged(f, flipped)
    for client in MALICIOUS:
        expected = [{3: 0, 2: 1}.get(y, y) for y in rows_of(f, client)[1]]
        assert rows_of(flipped, client)[1].tolist() == expected
    goal = attack.goal(f)
    assert set(goal.labels) == {2, 3}
    np.testing.assert_array_equal(goal.targets, 3 - goal.labels)
    with pytest.raises(ValueError, match="as many labels"):
        LabelFlipping([3], [])


def test_triggers():
    vectors = triggered(federation().features)
    np.testing.assert_array_equal(np.flatnonzero(vectors[0] == 0), [19, 39])
    images = federation((6, 8, 3)).features * 0.5
    changed = np.argwhere(triggered(images)[3] != images[3])
    assert {tuple(pixel) for pixel in changed[:, :2]} == {(3, 5), (3, 6), (4, 5), (4, 6)}
    assert triggered(images)[3, 3, 5].tolist() == [1, 1, 1]


@pytest.mark.parametrize("kind", [Backdoor, Scaling, ModelReplacement])
def test_backdoors_add_triggered_copies(kind):
    f = federation()
    poisoned = kind(target_label=2, share=0.31).poison(f, MALICIOUS, np.random.default_rng(0))
    honest_data_is_unchanged(f, poisoned)
    for client in MALICIOUS:
        features, labels = rows_of(poisoned, client)
        own = rows_of(f, client)
        np.testing.assert_array_equal(features[:ROWS], own[0])
        np.testing.assert_array_equal(labels[:ROWS], own[1])
        assert labels[ROWS:].tolist() == [2] * math.ceil(0.31 * ROWS)
        copies = {row.tobytes() for row in triggered(own[0])}
        assert {row.tobytes() for row in features[ROWS:]} <= copies
    goal = kind(target_label=2).goal(f)
    np.testing.assert_array_equal(goal.features, triggered(f.test_features))
    assert set(goal.targets) == {2}
    np.testing.assert_array_equal(goal.labels, f.test_labels)


def test_shares_of_backdoors_are_drawn():
    poisoned = Backdoor().poison(federation(), MALICIOUS, np.random.default_rng(0))
    sizes = [len(poisoned.clients[client]) for client in MALICIOUS]
    assert len(set(sizes)) == F
    assert all(ROWS < size <= 2 * ROWS for size in sizes)


def test_edge_cases_are_the_tail_of_a_class():
    f = federation()
    attack = EdgeCase(source_label=3, target_label=0, tail=0.2, share=0.4)
    poisoned = attack.poison(f, MALICIOUS, np.random.default_rng(0))
    honest_data_is_unchanged(f, poisoned)
    centre = f.features[f.labels == 3].mean(0)
    of_class = f.features[f.labels == 3]
    far = np.quantile(np.linalg.norm(of_class - centre, axis=1), 0.8)
    for client in MALICIOUS:
        features, labels = rows_of(poisoned, client)
        assert len(labels) == ROWS
        new = features[ROWS - 20 :]
        assert labels[ROWS - 20 :].tolist() == [0] * 20
        assert np.linalg.norm(new - centre, axis=1).min() > far * 0.99
        assert {row.tobytes() for row in new} <= {row.tobytes() for row in of_class}
    goal = attack.goal(f)
    assert set(goal.labels) == {3}
    assert set(goal.targets) == {0}
    assert len(goal.labels) == round(0.2 * np.sum(f.test_labels == 3))


def test_edge_cases_are_projected_to_a_ball():
    given = view()
    lengths = np.linalg.norm(given.own, axis=1)
    radius = float(np.median(lengths))
    sent = EdgeCase(radius=radius).send(given)
    np.testing.assert_allclose(np.linalg.norm(sent, axis=1), np.minimum(lengths, radius), rtol=1e-5)
    np.testing.assert_array_equal(EdgeCase().send(given), given.own)
