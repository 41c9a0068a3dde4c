"""Every rule of ``aggregators/registry.py``: its formula, what it withstands, and what it refuses."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import reference_rules
import tensorflow as tf

from ezprivsecfl.aggregators.registry import RULES
from ezprivsecfl.aggregators.rule import STATE

SIZE, BYZANTINE = 24, 2

FITTING = {
    "byzantine": BYZANTINE,
    "selected": 4,
    "trimmed": BYZANTINE,
    "size": 2,
    "neighbours": 5,
    "threshold": 3,
    "bound": 1.0,
    "radius": 1.0,
    "noise": 0.0,
    "noise_factor": 0.0,
    "share": 0.5,
    "coordinates": 12,
    "classes": 6,
    "limit": 4.0,
}
"""Parameters for a dozen clients of whom two are Byzantine, and without noise."""

OPTIONS = {
    "Krum": [{"squared": False}],
    "Multi-Krum": [{"squared": False}],
    "median": [{"lower": True}],
    "FLAME": [{"lower": True}],
    "FoolsGold": [{"capped": True}],
    "SignGuard": [{"clip": False}],
    "FLOD": [{"threshold": None}],
    "centred clipping": [{"iterations": 3}],
    "geometric median (RFA)": [{"iterations": 8}],
    "Divide-and-Conquer": [{"coordinates": 2000}],
    "cross-round filter": [{"bound": 0.3}],
    "FLARE": [{"limit": None}],
    "Romoa": [{"lower": True}, {"share": 0.3}, {"layers": [16, 7, 1]}],
}


def parameters_of(name: str, clients: int) -> dict[str, Any]:
    rule = RULES[name].rule
    declared = inspect.signature(rule.function).parameters.values()
    chosen = {p.name: FITTING[p.name] for p in declared if p.kind is p.KEYWORD_ONLY and p.name in FITTING}
    fixed = {"mixing": 0.3} if name == "SLSGD" else {}
    if name == "bucketing":
        fixed = {"permutation": np.random.default_rng(3).permutation(clients).tolist(), "byzantine": 1}
    if name in ("cross-round filter", "FLOD"):
        fixed = {"bound": 0.0} if name == "cross-round filter" else {"threshold": SIZE // 2}
    return {**chosen, **fixed}


def honest(seed: int, clients: int = 12) -> Any:
    """Updates around a common direction of length 2."""
    rng = np.random.default_rng(seed)
    return common(seed) + rng.normal(0, 0.3, (clients, SIZE))


def common(seed: int) -> Any:
    direction = np.random.default_rng(1000 + seed).normal(size=SIZE)
    return 2 * direction / np.linalg.norm(direction)


def others_of(name: str, seed: int) -> list[Any]:
    """The server's inputs and the state of a rule."""
    given = {"norm_bound": 1.5, "model": -common(seed), STATE: 0.7 * common(seed), "root_update": common(seed)}
    given["examples"] = np.random.default_rng(seed).uniform(-1, 1, (7, 3))
    return [given[p] for p in positional(name)]


def positional(name: str) -> list[str]:
    declared = list(inspect.signature(RULES[name].rule.function).parameters.values())[1:]
    return [p.name for p in declared if p.kind is p.POSITIONAL_OR_KEYWORD]


def apply(name: str, updates: Any, others: list[Any], **parameters: Any) -> Any:
    rule = RULES[name].rule
    result = rule(
        np.asarray(updates, np.float64),
        *(np.asarray(o, np.float32 if np.isscalar(o) else np.float64) for o in others),
        **parameters,
    )
    if rule.initial_state is not None:
        np.testing.assert_array_equal(result[0], result[1])
        result = result[0]
    return result.numpy()


def reference(name: str, updates: Any, others: list[Any], **parameters: Any) -> Any:
    return getattr(reference_rules, RULES[name].rule.name)(updates, *others, **parameters)


CASES = [(name, {}) for name in RULES] + [(name, options) for name, all_ in OPTIONS.items() for options in all_]


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("clients", [11, 12])
def test_it_is_the_formula(name: str, options: dict[str, Any], clients: int) -> None:
    for seed in range(4):
        updates = honest(seed, clients)
        updates[:BYZANTINE] += attack(seed) * (1 + 0.1 * np.random.default_rng(seed).normal(size=(BYZANTINE, 1)))
        parameters = {**parameters_of(name, clients), **options}
        got = apply(name, updates, others_of(name, seed), **parameters)
        want = reference(name, updates, others_of(name, seed), **parameters)
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["Krum", "Multi-Krum", "trimmed mean", "median", "Bulyan", "bucketing", "ShieldFL"])
def test_of_equal_scores_the_first_counts(name: str) -> None:
    """Small integers: distances are exact, and many are the same."""
    for seed in range(6):
        updates = np.random.default_rng(seed).integers(-1, 2, (12, SIZE)).astype(np.float64)
        updates[5], updates[7] = updates[3], updates[2]
        parameters = parameters_of(name, 12)
        others = others_of(name, seed)
        want = reference(name, updates, others, **parameters)
        np.testing.assert_allclose(apply(name, updates, others, **parameters), want, rtol=1e-9, atol=1e-12)


def attack(seed: int) -> Any:
    """What two of twelve clients add, so that the mean points the other way."""
    return -12 * common(seed)


NO_DEFENCE = {"FedAvg"}
ANOTHER_SCALE = {"FoolsGold", "CONTRA", "FLOD", "ShieldFL", "SLSGD"}
"""Rules whose results are no updates in length: only their directions are compared."""
NOT_AGAINST_THIS = {
    "CRFL": "it bounds the model, and needs many rounds",
    "CONTRA": "honest clients that are alike lose influence, and two attackers keep theirs",
    "FoolsGold": "honest clients that are alike lose influence",
    "robust learning rate": "it looks at the signs of many clients",
}


def alike(updates: Any, seed: int) -> float:
    return reference_rules.cosine(updates, common(seed))


@pytest.mark.parametrize("name", [n for n in RULES if n not in NO_DEFENCE | set(NOT_AGAINST_THIS)])
def test_it_withstands_what_breaks_the_mean(name: str) -> None:
    for seed in range(3):
        updates = honest(seed)
        updates[:BYZANTINE] += attack(seed)
        assert alike(updates.mean(0), seed) < -0.5
        result = apply(name, updates, others_of(name, seed), **parameters_of(name, 12))
        assert alike(result, seed) > 0.7
        if name not in ANOTHER_SCALE:
            assert np.linalg.norm(result - common(seed)) < 2.0


@pytest.mark.parametrize("name", ["FoolsGold", "CONTRA"])
def test_clients_that_send_the_same_lose_their_influence(name: str) -> None:
    """What these rules are for: five copies of one update among clients who differ."""
    rng = np.random.default_rng(2)
    updates = rng.normal(size=(12, SIZE))
    copied = 3.0 * np.ones(SIZE)
    updates[:5] = copied + 0.01 * rng.normal(size=(5, SIZE))
    assert reference_rules.cosine(updates.mean(0), copied) > 0.7
    parameters = {"neighbours": 4} if name == "CONTRA" else {}
    result = apply(name, updates, [], **parameters)
    np.testing.assert_allclose(result, apply(name, updates, [], **parameters))
    assert abs(reference_rules.cosine(result, copied)) < 0.5


def test_the_robust_learning_rate_turns_what_few_agree_on() -> None:
    """A backdoor: one client moves coordinates on which the others are undecided."""
    updates = np.where(np.arange(12)[:, None] % 2 == 0, 0.1, -0.1) * np.ones((12, SIZE))
    updates[:, 0] = 0.2
    updates[0, 1:] = 50.0
    result = apply("robust learning rate", updates, [], threshold=4)
    assert result[0] > 0
    assert np.all(updates.mean(0)[1:] > 4)
    assert np.all(result[1:] < 0)


def test_crfl_bounds_the_model_whatever_is_sent() -> None:
    model = np.ones(SIZE) / np.sqrt(SIZE)
    step = apply("CRFL", 1e6 * honest(1), [model, 1.5], noise=0.0)
    assert np.linalg.norm(model + step) == pytest.approx(1.5, rel=1e-6)


ORDER_COUNTS = {"geometric median of means", "bucketing", "Bulyan"}
"""Rules of buckets, and one whose last choice is between two that are each other's only neighbour."""


@pytest.mark.parametrize("name", [n for n in RULES if n not in ORDER_COUNTS])
def test_the_clients_order_does_not_count(name: str) -> None:
    updates, order = honest(4), np.random.default_rng(1).permutation(12)
    parameters, others = parameters_of(name, 12), others_of(name, 4)
    got = apply(name, updates[order], others, **parameters)
    np.testing.assert_allclose(got, apply(name, updates, others, **parameters), rtol=1e-6, atol=1e-9)


TO_ITSELF = [
    "FedAvg", "Krum", "Multi-Krum", "trimmed mean", "median", "geometric median (RFA)", "geometric median of means",
    "bucketing", "nearest-neighbour mixing", "Bulyan", "robust learning rate", "FLAME", "SignGuard",
    "Divide-and-Conquer", "three-sigma filter", "cross-round filter",
]  # fmt: skip


@pytest.mark.parametrize("name", TO_ITSELF)
def test_of_equal_updates_it_is_that_one(name: str) -> None:
    updates = np.tile(common(1), (12, 1))
    got = apply(name, updates, others_of(name, 1), **parameters_of(name, 12))
    np.testing.assert_allclose(got, updates[0], rtol=1e-6)


@pytest.mark.parametrize("name", [n for n in RULES if n != "FLTrust"])  # a zero has no direction: NaN
def test_of_zeros_it_is_finite(name: str) -> None:
    got = apply(name, np.zeros((12, SIZE)), others_of(name, 1), **parameters_of(name, 12))
    assert np.all(np.isfinite(got))


NOISY = {"weak DP": ("noise", 0.5, 0.5), "CRFL": ("noise", 0.5, 0.5), "FLAME": ("noise_factor", 0.5, None)}


@pytest.mark.parametrize("name", NOISY)
def test_noise_has_the_deviation_that_is_asked_for(name: str) -> None:
    parameter, value, deviation = NOISY[name]
    tf.random.set_seed(5)
    rng = np.random.default_rng(6)
    updates = rng.normal(size=(12, 20_000))
    if name == "FLAME":
        deviation = value * np.median(np.linalg.norm(updates, axis=1))
    others = [np.ones(20_000), 10.0] if name == "CRFL" else []
    parameters = parameters_of(name, 12)
    without = apply(name, updates, others, **parameters)
    noise = apply(name, updates, others, **{**parameters, parameter: value}) - without
    assert np.std(noise) == pytest.approx(deviation, rel=0.03)
    assert abs(np.mean(noise)) < 0.05 * deviation


REFUSED = [
    ("Krum", 6, {"byzantine": 2}, "krum: expected at least 7 clients"),
    ("Krum", 12, {"byzantine": -1}, "byzantine >= 0"),
    ("Multi-Krum", 12, {"byzantine": 2, "selected": 11}, "multi_krum: expected at least 13 clients"),
    ("Multi-Krum", 12, {"byzantine": 2, "selected": 0}, "selected > 0"),
    ("trimmed mean", 4, {"trimmed": 2}, "trimmed_mean: expected at least 5 clients, .*; there are 4"),
    ("trimmed mean", 12, {"trimmed": -1}, "trimmed >= 0"),
    ("SLSGD", 12, {"trimmed": 2, "mixing": 1.5}, "0 <= mixing <= 1"),
    ("SLSGD", 4, {"trimmed": 2, "mixing": 0.5}, "slsgd: expected at least 5 clients"),
    ("Bulyan", 10, {"byzantine": 2}, "bulyan: expected at least 11 clients"),
    ("Bulyan", 12, {"byzantine": -1}, "byzantine >= 0"),
    ("geometric median (RFA)", 12, {"iterations": 0}, "iterations > 0"),
    ("geometric median (RFA)", 12, {"smoothing": 0.0}, "smoothing > 0"),
    ("geometric median of means", 12, {"size": 0}, "size > 0"),
    ("geometric median of means", 2, {"size": 3}, "one bucket"),
    ("bucketing", 12, {"permutation": [*range(11), 0], "size": 2, "byzantine": 1}, "a permutation of 0 to n - 1"),
    ("bucketing", 11, {"permutation": range(12), "size": 2, "byzantine": 1}, "as the permutation has"),
    ("bucketing", 12, {"permutation": range(12), "size": 2, "byzantine": 2}, r"2·byzantine \+ 3 buckets"),
    ("nearest-neighbour mixing", 4, {"byzantine": 2}, "at least 5 clients"),
    ("norm clipping", 12, {"bound": 0.0}, "bound > 0"),
    ("weak DP", 12, {"bound": 1.0, "noise": -1.0}, "noise >= 0"),
    ("CRFL", 12, {"noise": -1.0}, "noise >= 0"),
    ("centred clipping", 12, {"radius": 0.0}, "radius > 0"),
    ("CONTRA", 12, {"neighbours": 12}, "at least 13 clients"),
    ("CONTRA", 12, {"neighbours": 0}, "neighbours > 0"),
    ("FoolsGold", 1, {}, "at least 2 clients"),
    ("FLOD", 12, {"threshold": 0}, "threshold > 0"),
    ("robust learning rate", 12, {"threshold": -1}, "threshold >= 0"),
    ("FLAME", 12, {"noise_factor": -1.0}, "noise_factor >= 0"),
    ("SignGuard", 12, {"shortest": 4.0}, "shortest <= longest"),
    ("SignGuard", 12, {"share": 0.0}, "0 < share"),
    ("Divide-and-Conquer", 2, {"byzantine": 2}, "at least 3 clients"),
    ("Divide-and-Conquer", 12, {"byzantine": 2, "samples": 0}, "positive samples"),
    ("Divide-and-Conquer", 12, {"byzantine": 2, "filtered": -1.0}, "filtered >= 0"),
    ("three-sigma filter", 6, {"byzantine": 2}, "at least 7 clients"),
    ("three-sigma filter", 12, {"byzantine": 2, "deviations": -1.0}, "deviations >= 0"),
    ("cross-round filter", 12, {"bound": 2.0}, "-1 <= bound <= 1"),
    ("residual reweighting", 1, {}, "at least 2 clients"),
    ("FLARE", 12, {"classes": 4}, r"d = \(features \+ 1\)·classes"),
    ("FLARE", 12, {"classes": 6, "limit": 0.0}, "limit > 0"),
    ("Romoa", 12, {"layers": [20, 3]}, "layers of d entries in all"),
    ("Romoa", 12, {"layers": [24, 0]}, "layers of d entries in all"),
    ("Romoa", 12, {"share": 0.0}, "0 < share <= 1"),
    ("Romoa", 1, {}, "at least 2 clients"),
]


@pytest.mark.parametrize(("name", "clients", "parameters", "message"), REFUSED)
def test_what_fits_no_rule_is_refused(name: str, clients: int, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apply(name, honest(0, clients), others_of(name, 0), **parameters)


@pytest.mark.parametrize("name", RULES)
def test_the_registrys_parameters_are_for_its_clients(name: str) -> None:
    entry = RULES[name]
    assert np.all(np.isfinite(apply(name, honest(0, 30), others_of(name, 0), **entry.parameters)))


def test_three_sigma_and_dnc_leave_out_exactly_the_attackers() -> None:
    updates = honest(3)
    updates[:BYZANTINE] += attack(3)
    for name, parameters in (("three-sigma filter", {"deviations": 2.0}), ("Divide-and-Conquer", {})):
        got = apply(name, updates, [], byzantine=BYZANTINE, **parameters)
        np.testing.assert_allclose(got, updates[BYZANTINE:].mean(0), rtol=1e-6)


def test_the_first_round_of_rules_with_state() -> None:
    updates, zeros = honest(1), np.zeros(SIZE)
    np.testing.assert_allclose(apply("cross-round filter", updates, [zeros], bound=0.9), updates.mean(0))
    np.testing.assert_allclose(apply("ShieldFL", updates, [zeros]), reference_rules.shieldfl(updates, zeros), rtol=1e-6)
