"""All rules by name, with parameters for 30 clients of which 6 are Byzantine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.aggregators.bulyan import bulyan
from ezprivsecfl.aggregators.clipping import centred_clipping, crfl, norm_clipping, weak_dp
from ezprivsecfl.aggregators.coordinates import coordinate_median, slsgd, trimmed_mean
from ezprivsecfl.aggregators.dnc import divide_and_conquer
from ezprivsecfl.aggregators.filters import cross_round, three_sigma
from ezprivsecfl.aggregators.flame import flame
from ezprivsecfl.aggregators.flare import flare
from ezprivsecfl.aggregators.fltrust import fltrust
from ezprivsecfl.aggregators.geometric_median import geometric_median, geometric_median_of_means
from ezprivsecfl.aggregators.krum import krum, multi_krum
from ezprivsecfl.aggregators.mean import fedavg
from ezprivsecfl.aggregators.mixing import bucketing, nearest_neighbour_mixing
from ezprivsecfl.aggregators.residuals import residual_reweighting
from ezprivsecfl.aggregators.romoa import romoa
from ezprivsecfl.aggregators.rule import RobustAggregation
from ezprivsecfl.aggregators.shieldfl import shieldfl
from ezprivsecfl.aggregators.signguard import signguard
from ezprivsecfl.aggregators.signs import flod, robust_learning_rate
from ezprivsecfl.aggregators.similarity import contra, foolsgold

CLIENTS, BYZANTINE = 30, 6


@dataclass(frozen=True)
class Entry:
    """A rule with parameters.

    Args:
        rule: The rule.
        parameters: Its keyword arguments for ``CLIENTS`` clients with ``BYZANTINE`` among them.
        random: Whether noise is part of the result, so that it differs from call to call.
        types: From the number of entries d to the types of the server's inputs that depend on the use, by name.
    """

    rule: RobustAggregation
    parameters: Mapping[str, Any] = field(default_factory=dict)
    random: bool = False
    types: Callable[[int], Mapping[str, tff.Type]] = lambda entries: {}


CLASSES, EXAMPLES = 6, 10
"""FLARE's model answers so many numbers; so many examples a server can afford."""


def _examples(entries: int) -> Mapping[str, tff.Type]:
    return {"examples": tff.TensorType(np.float32, [EXAMPLES, entries // CLASSES - 1])}


RULES: dict[str, Entry] = {
    "FedAvg": Entry(fedavg),
    "FLTrust": Entry(fltrust),
    "norm clipping": Entry(norm_clipping, {"bound": 3.0}),
    "weak DP": Entry(weak_dp, {"bound": 3.0, "noise": 0.025}, random=True),
    "centred clipping": Entry(centred_clipping, {"radius": 10.0}),
    "CRFL": Entry(crfl, {"noise": 0.01}, random=True),
    "Krum": Entry(krum, {"byzantine": BYZANTINE}),
    "Multi-Krum": Entry(multi_krum, {"byzantine": BYZANTINE, "selected": 5}),
    "trimmed mean": Entry(trimmed_mean, {"trimmed": BYZANTINE}),
    "median": Entry(coordinate_median),
    "SLSGD": Entry(slsgd, {"trimmed": BYZANTINE, "mixing": 0.5}),
    "geometric median (RFA)": Entry(geometric_median),
    "geometric median of means": Entry(geometric_median_of_means, {"size": 2}),
    "bucketing": Entry(bucketing, {"permutation": range(CLIENTS), "size": 2, "byzantine": BYZANTINE}),
    "nearest-neighbour mixing": Entry(nearest_neighbour_mixing, {"byzantine": BYZANTINE}),
    "Bulyan": Entry(bulyan, {"byzantine": BYZANTINE}),
    "FoolsGold": Entry(foolsgold),
    "CONTRA": Entry(contra, {"neighbours": CLIENTS - BYZANTINE - 1}),
    "FLOD": Entry(flod),
    "robust learning rate": Entry(robust_learning_rate, {"threshold": 4}),
    "FLARE": Entry(flare, {"classes": CLASSES, "limit": 64.0}, types=_examples),
    "Romoa": Entry(romoa),
    "FLAME": Entry(flame, {"noise_factor": 0.00126}, random=True),
    "SignGuard": Entry(signguard),
    "ShieldFL": Entry(shieldfl),
    "Divide-and-Conquer": Entry(divide_and_conquer, {"byzantine": BYZANTINE}),
    "three-sigma filter": Entry(three_sigma, {"byzantine": BYZANTINE}),
    "cross-round filter": Entry(cross_round, {"bound": 0.0}),
    "residual reweighting": Entry(residual_reweighting),
}
