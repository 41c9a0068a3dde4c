"""The rules of ``aggregators/`` once more, from their formulas: numpy, float64, client by client and entry by entry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def fedavg(g: Any) -> Any:
    return sum(g) / len(g)


def clip(x: Any, bound: float) -> Any:
    length = math.sqrt(sum(e * e for e in x))
    return x * min(1.0, bound / length) if length else x


def norm_clipping(g: Any, *, bound: float) -> Any:
    return fedavg([clip(x, bound) for x in g])


def weak_dp(g: Any, *, bound: float, noise: float) -> Any:
    assert noise == 0
    return norm_clipping(g, bound=bound)


def centred_clipping(g: Any, state: Any, *, radius: float, iterations: int = 1) -> Any:
    for _ in range(iterations):
        state = state + fedavg([clip(x - state, radius) for x in g])
    return state


def crfl(g: Any, model: Any, norm_bound: float, *, noise: float) -> Any:
    assert noise == 0
    return clip(model + fedavg(g), float(norm_bound)) - model


def krum_order(g: Any, f: int, power: int = 2) -> list[int]:
    n, scores = len(g), []
    for i in range(n):
        others = sorted(np.linalg.norm(g[i] - g[j]) ** power for j in range(n) if j != i)
        scores.append(sum(others[: n - f - 2]))
    return sorted(range(n), key=lambda i: (scores[i], i))


def krum(g: Any, *, byzantine: int, squared: bool = True) -> Any:
    return g[krum_order(g, byzantine, 2 if squared else 1)[0]]


def multi_krum(g: Any, *, byzantine: int, selected: int, squared: bool = True) -> Any:
    return fedavg([g[i] for i in krum_order(g, byzantine, 2 if squared else 1)[:selected]])


def per_coordinate(g: Any, rule: Any) -> Any:
    return np.array([rule([x[j] for x in g]) for j in range(len(g[0]))])


def trimmed_mean(g: Any, *, trimmed: int) -> Any:
    return per_coordinate(g, lambda column: np.mean(sorted(column)[trimmed : len(column) - trimmed]))


def coordinate_median(g: Any, *, lower: bool = False) -> Any:
    return per_coordinate(g, lambda column: sorted(column)[(len(column) - 1) // 2] if lower else np.median(column))


def slsgd(g: Any, *, trimmed: int, mixing: float) -> Any:
    w = np.ones_like(g[0])
    return (1 - mixing) * w + mixing * (w + trimmed_mean(g, trimmed=trimmed)) - w


def geometric_median(g: Any, *, iterations: int = 3, smoothing: float = 1e-6) -> Any:
    v = fedavg(g)
    for _ in range(iterations):
        weights = [1 / max(smoothing, np.linalg.norm(v - x)) for x in g]
        v = sum(b * x for b, x in zip(weights, g, strict=True)) / sum(weights)
    return v


def buckets(g: Any, size: int) -> list[Any]:
    return [np.mean(g[i : i + size], 0) for i in range(0, len(g), size)]


def geometric_median_of_means(g: Any, *, size: int, iterations: int = 3, smoothing: float = 1e-6) -> Any:
    return geometric_median(buckets(g, size), iterations=iterations, smoothing=smoothing)


def bucketing(g: Any, *, permutation: Any, size: int, byzantine: int) -> Any:
    return krum(buckets(g[list(permutation)], size), byzantine=byzantine)


def nearest(g: Any, i: int, count: int) -> list[int]:
    return sorted(range(len(g)), key=lambda j: (round(np.linalg.norm(g[i] - g[j]), 9), j))[:count]


def nearest_neighbour_mixing(g: Any, *, byzantine: int, iterations: int = 3, smoothing: float = 1e-6) -> Any:
    mixed = [fedavg([g[j] for j in nearest(g, i, len(g) - byzantine)]) for i in range(len(g))]
    return geometric_median(mixed, iterations=iterations, smoothing=smoothing)


def bulyan(g: Any, *, byzantine: int) -> Any:
    left, chosen = list(g), []
    for _ in range(len(g) - 2 * byzantine):
        scores = []
        for i, x in enumerate(left):
            others = sorted(np.linalg.norm(x - y) ** 2 for j, y in enumerate(left) if j != i)
            scores.append(sum(others[: max(1, len(left) - byzantine - 2)]))
        chosen.append(left.pop(int(np.argmin(scores))))

    def around_median(column: Any) -> Any:
        middle = np.median(column)
        return np.mean(sorted(column, key=lambda e: abs(e - middle))[: len(column) - 2 * byzantine])

    return per_coordinate(chosen, around_median)


def cosine(x: Any, y: Any) -> float:
    lengths = np.linalg.norm(x) * np.linalg.norm(y)
    return float(np.dot(x, y) / lengths) if lengths else 0.0


def influence(apart: Any) -> Any:
    """FoolsGold's last lines, with the logit of 0 and 1 being infinite."""
    apart = np.clip(apart, 0, 1)
    if apart.max() > 0:
        apart = apart / apart.max()
    with np.errstate(divide="ignore"):
        return np.clip(np.log(apart / (1 - apart)) + 0.5, 0, 1)


def foolsgold(g: Any, *, capped: bool = False) -> Any:
    g = [clip(x, 1.0) for x in g] if capped else g
    n = len(g)
    similar = [[cosine(g[i], g[j]) if i != j else -math.inf for j in range(n)] for i in range(n)]
    largest = [max(row) for row in similar]
    for i in range(n):
        for j in range(n):
            if i != j and largest[j] > largest[i]:
                similar[i][j] *= largest[i] / largest[j]
    return influence(np.array([1 - max(row) for row in similar])) @ np.asarray(g)


def contra(g: Any, *, neighbours: int) -> Any:
    n, taus = len(g), []
    for i in range(n):
        taus.append(np.mean(sorted((cosine(g[i], g[j]) for j in range(n) if j != i), reverse=True)[:neighbours]))
    return influence(1 - np.array(taus)) @ g


def flod(g: Any, root_update: Any, *, threshold: int | None = None) -> Any:
    threshold = len(root_update) // 2 if threshold is None else threshold
    weights = [max(0, threshold - sum((x > 0) != (root_update > 0))) for x in g]
    if not sum(weights):
        return np.zeros_like(root_update)
    return sum(w * np.sign(x) for w, x in zip(weights, g, strict=True)) / sum(weights)


def robust_learning_rate(g: Any, *, threshold: int) -> Any:
    def column_mean(column: Any) -> Any:
        agreement = abs(sum(1 if e > 0 else -1 if e < 0 else 0 for e in column))
        return np.mean(column) * (1 if agreement >= threshold else -1)

    return per_coordinate(g, column_mean)


def flame(g: Any, *, noise_factor: float, lower: bool = False) -> Any:
    assert noise_factor == 0
    n = len(g)
    far = [[0.0 if i == j else 1 - cosine(g[i], g[j]) for j in range(n)] for i in range(n)]
    centre = min(range(n), key=lambda i: sorted(far[i])[n // 2])
    kept = sorted(range(n), key=lambda j: far[centre][j])[: n // 2 + 1]
    lengths = sorted(np.linalg.norm(x) for x in g)
    bound = lengths[(n - 1) // 2] if lower else float(np.median(lengths))
    return fedavg([clip(g[i], bound) for i in kept])


def larger_of_two_clusters(points: Any, iterations: int) -> list[int]:
    n = len(points)
    first = max(range(n), key=lambda i: sum(np.sum((points[i] - p) ** 2) for p in points))
    second = max(range(n), key=lambda i: np.sum((points[i] - points[first]) ** 2))
    centres = [points[first], points[second]]
    for _ in range(iterations):
        groups: list[list[int]] = [[], []]
        for i, p in enumerate(points):
            to = [np.sum((p - c) ** 2) for c in centres]
            groups[int(to[0] > to[1])].append(i)
        centres = [np.mean([points[i] for i in group], 0) if group else 0 * points[0] for group in groups]
    return max(groups, key=lambda group: (len(group), 0 in group))


def signguard(
    g: Any,
    *,
    shortest: float = 0.1,
    longest: float = 3.0,
    share: float = 0.1,
    seed: int = 0,
    iterations: int = 10,
    clip: bool = True,
) -> Any:
    lengths = [np.linalg.norm(x) for x in g]
    usual = float(np.median(lengths))
    chosen = np.random.default_rng(seed).choice(len(g[0]), max(1, round(share * len(g[0]))), replace=False)
    points = [np.array([np.mean(np.sign(x[chosen]) == sign) for sign in (1, 0, -1)]) for x in g]
    group = larger_of_two_clusters(points, iterations)
    kept = [i for i in group if shortest * usual <= lengths[i] <= longest * usual]
    if not kept:
        return np.zeros_like(g[0])
    return fedavg([g[i] * min(1.0, usual / lengths[i]) if clip else g[i] for i in kept])


def shieldfl(g: Any, state: Any) -> Any:
    unit = [x / np.linalg.norm(x) if np.any(x) else x for x in g]
    usual = state if np.any(state) else fedavg(unit)
    suspect = unit[min(range(len(g)), key=lambda i: np.dot(unit[i], usual))]
    weights = [1 - np.dot(e, suspect) for e in unit]
    return sum(a * e for a, e in zip(weights, unit, strict=True)) / sum(weights)


def divide_and_conquer(
    g: Any,
    *,
    byzantine: int,
    filtered: float = 1.0,
    samples: int = 5,
    coordinates: int = 2000,
    seed: int = 0,
    squarings: int = 5,
) -> Any:
    n, d = g.shape
    random, good = np.random.default_rng(seed), set(range(n))
    for _ in range(samples if coordinates < d else 1):
        sample = g[:, random.choice(d, min(coordinates, d), replace=False)]
        centred = sample - sample.mean(0)
        direction = np.linalg.svd(centred)[2][0]
        scores = [np.dot(x, direction) ** 2 for x in centred]
        good &= set(sorted(range(n), key=lambda i: scores[i])[: n - int(filtered * byzantine)])
    return fedavg([g[i] for i in sorted(good)]) if good else np.zeros(d)


def three_sigma(g: Any, *, byzantine: int, deviations: float = 0.5) -> Any:
    centre = fedavg([g[i] for i in krum_order(g, byzantine)[: math.ceil(len(g) / 2) - 1]])
    scores = [np.linalg.norm(x - centre) for x in g]
    limit = np.mean(scores) + deviations * np.std(scores)
    return fedavg([x for x, score in zip(g, scores, strict=True) if score <= limit])


def cross_round(g: Any, state: Any, *, bound: float) -> Any:
    kept = [x for x in g if not np.any(state) or cosine(x, state) >= bound]
    return fedavg(kept) if kept else np.zeros_like(state)


def residual_reweighting(g: Any) -> Any:
    n, d = g.shape
    replaced, votes = g.copy(), np.zeros(n)
    for j in range(d):
        middle = np.median(g[:, j])
        scale = 1.4826 * (1 + 5 / (n - 1)) * np.median(abs(g[:, j] - middle))
        for i in range(n):
            e = (g[i, j] - middle) / scale
            root = math.sqrt(1 - 1 / n)
            bound = 2 * math.sqrt(2 / n)
            weight = root / e * np.clip(e / root, -bound, bound) if e else 1.0
            votes[i] += weight * np.std(g[:, j])
            if weight < 0.1:
                replaced[i, j] = middle
    weights = (votes / votes.max()) ** 2
    return weights @ replaced / weights.sum()


def fltrust(g: Any, root_update: Any) -> Any:
    scores = [max(0.0, cosine(x, root_update)) for x in g]
    total = sum(score * np.linalg.norm(root_update) / np.linalg.norm(x) * x for score, x in zip(scores, g, strict=True))
    return total / sum(scores) if sum(scores) else np.zeros_like(root_update)


def flare(g: Any, model: Any, examples: Any, *, classes: int, limit: float | None = None) -> Any:
    n, features = len(g), examples.shape[1]
    answers = []
    for x in g:
        w = model - x
        y = examples @ w[: features * classes].reshape(features, classes) + w[features * classes :]
        answers.append(y if limit is None else np.maximum(-limit, np.minimum(limit, y)))

    def kernel(a: Any, b: Any) -> float:
        return sum(math.exp(-np.sum((a - b) ** 2) / (2 * width)) for width in (10, 15, 20, 50))

    def mean_kernel(i: int, j: int) -> Any:
        return np.mean([[kernel(a, b) for b in answers[j]] for a in answers[i]])

    means = [[mean_kernel(i, j) for j in range(n)] for i in range(n)]
    votes = np.zeros(n)
    for i in range(n):
        far = [means[i][i] - 2 * means[i][j] + means[j][j] for j in range(n)]
        for j in sorted(range(n), key=lambda j: (far[j], j))[: (n + 1) // 2]:
            votes[j] += 1
    return np.exp(votes) / np.exp(votes).sum() @ g


def romoa(g: Any, state: Any, *, layers: Any = None, share: float | None = None, lower: bool = False) -> Any:
    n, d = g.shape
    ends = np.cumsum([d] if layers is None else layers).tolist()
    parts = list(zip([0, *ends[:-1]], ends, strict=True))

    def middle(numbers: Any) -> Any:
        return sorted(numbers)[(len(numbers) - 1) // 2] if lower else np.median(numbers)

    def large(start: int, end: int) -> list[int]:
        count = (end - start) // n if share is None else int(share * (end - start))
        found = set()
        for x in g:
            last = sorted(abs(x[start:end]))[-max(count, 1)]
            found |= {j for j in range(start, end) if abs(x[j]) >= last}
        return sorted(found)

    def scores(rows: Any) -> Any:
        points = np.array(rows)
        centre = fedavg([points[i] for i in larger_of_two_clusters(points, 10)])
        return [[1 - abs(y - x) / max(abs(x), 1e-5) for y, x in zip(row, centre, strict=True)] for row in rows]

    median = per_coordinate(g, middle)
    in_layers = [large(*part) for part in parts]
    angles = [[-cosine(median[idx], x[idx]) for idx in in_layers] for x in g]
    correlations = []
    for x in g:
        pairs = [(median[idx], x[idx]) for idx in in_layers]
        correlations.append([np.corrcoef(*p)[0, 1] if np.std(p[0]) and np.std(p[1]) else -1.0 for p in pairs])
    everywhere = large(0, d)
    single = [[-cosine(np.array([state[j], median[j]]), np.array([state[j], x[j]])) for j in everywhere] for x in g]
    by_angle, by_correlation, by_entry = scores(angles), scores(correlations), scores(single)
    low, high = middle([min(x) for x in g]), middle([max(x) for x in g])
    result = np.zeros(d)
    for j in range(d):
        layer = next(i for i, (_, end) in enumerate(parts) if j < end)
        weights = []
        for i in range(n):
            own = by_entry[i][everywhere.index(j)] if j in everywhere else 0.0
            v = max(-1.0, min(1.0, own, by_angle[i][layer], by_correlation[i][layer]))
            weights.append(np.sign(v) * math.exp(n * abs(v)))
        factors = np.exp(np.array(weights) - max(weights))
        result[j] = sum(f * min(max(x[j], low), high) for f, x in zip(factors, g, strict=True)) / sum(factors)
    return result
