"""FLAME's majority by density, as it runs on two servers, against HDBSCAN's, under attacks.

    uv run python benchmarks/flame_clusters.py [--page docs/aggregators.md]

Synthetic updates of 30 clients, 24 of them around a common direction and 6 attackers; everything in the clear.
HDBSCAN gets the paper's parameters (smallest cluster n // 2 + 1, one neighbour, one cluster allowed). The figures are
means over seeds: how many of each kind are kept, and how far the mean of the kept, clipped to the median length, is
from the mean of all honest updates, in lengths of the latter.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import HDBSCAN
from tables import Table, markdown, replace_section, significant

from ezprivsecfl.aggregators.flame import densest_majority

CLIENTS, ATTACKERS, SIZE, SEEDS = 30, 6, 3372, 10

ATTACKS: dict[str, Callable[[Any], Any]] = {
    "none": lambda honest: honest[:ATTACKERS],
    "the mean, turned round": lambda honest: np.tile(-honest.mean(0), (ATTACKERS, 1)),
    "own updates, turned round and ten times as long": lambda honest: -10 * honest[:ATTACKERS],
    "ALIE: mean - 1.5 deviations": lambda honest: np.tile(honest.mean(0) - 1.5 * honest.std(0), (ATTACKERS, 1)),
    "ALIE: mean - 0.3 deviations": lambda honest: np.tile(honest.mean(0) - 0.3 * honest.std(0), (ATTACKERS, 1)),
    "IPM: -0.5 means": lambda honest: np.tile(-0.5 * honest.mean(0), (ATTACKERS, 1)),
    "noise instead of updates": lambda honest: np.random.default_rng(1).normal(0, 0.05, (ATTACKERS, SIZE)),
}
"""From what all clients would send to what the attackers send."""


def by_density(distances: Any) -> Any:
    """Which clients ``flame`` keeps."""
    return densest_majority(distances).numpy() > 0.5


def by_hdbscan(distances: Any) -> Any:
    """Which clients are of HDBSCAN's only cluster."""
    clusters = HDBSCAN(
        metric="precomputed", min_cluster_size=CLIENTS // 2 + 1, min_samples=1, allow_single_cluster=True, copy=True
    )
    return clusters.fit(distances).labels_ == 0


def updates_of(attack: str, spread: float, seed: int) -> tuple[Any, Any]:
    """What clients send, and what they would send if all were honest."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 0.05, SIZE) + rng.normal(0, 0.05 * spread, (CLIENTS, SIZE))
    return np.concatenate([ATTACKS[attack](honest), honest[ATTACKERS:]]), honest


def outcome(kept: Any, updates: Any, honest: Any) -> tuple[float, float, float]:
    """Honest clients kept, attackers kept, distance of the result."""
    lengths = np.linalg.norm(updates, axis=1)
    clipped = updates * np.minimum(1, np.median(lengths) / lengths)[:, None]
    centre = honest[ATTACKERS:].mean(0)
    distance = np.linalg.norm(clipped[kept].mean(0) - centre) / np.linalg.norm(centre) if kept.any() else np.nan
    return kept[ATTACKERS:].sum(), kept[:ATTACKERS].sum(), distance


def main() -> None:
    """Prints the table, and puts it into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="put the table between this page's marks 'flame'")
    options = parser.parse_args()
    headings = [
        "attack",
        "spread",
        "density: honest + attackers",
        "distance",
        "HDBSCAN: honest + attackers",
        "distance",
    ]
    table = Table(headings)
    for attack in ATTACKS:
        for spread in (0.5, 2.0):
            row = [attack, str(spread)]
            for cluster in (by_density, by_hdbscan):
                outcomes = []
                for seed in range(SEEDS):
                    updates, honest = updates_of(attack, spread, seed)
                    unit = updates / np.linalg.norm(updates, axis=1, keepdims=True)
                    distances = np.maximum(1 - unit @ unit.T, 0)
                    np.fill_diagonal(distances, 0)
                    outcomes.append(outcome(cluster(distances), updates, honest))
                good, bad, distance = np.mean(outcomes, 0)
                row += [f"{good:.1f} + {bad:.1f}", significant(distance)]
            table.add(row)
    print(markdown(table))
    if options.page:
        replace_section(options.page, "flame", markdown(table))


if __name__ == "__main__":
    main()
