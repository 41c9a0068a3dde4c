"""Attacks by name; one file each. ``Attack`` is what a new one derives from."""

from __future__ import annotations

from typing import Any

from ezprivsecfl.evaluation.attacks.adaptive import Adaptive
from ezprivsecfl.evaluation.attacks.alie import ALittleIsEnough
from ezprivsecfl.evaluation.attacks.backdoor import Backdoor
from ezprivsecfl.evaluation.attacks.base import Attack, Goal, View
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
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.plugins import find

__all__ = ["ATTACKS", "GROUP", "Attack", "Goal", "View", "attack_class"]

GROUP = "ezprivsecfl.attacks"

ATTACKS: dict[str, type[Attack]] = {
    "none": Attack,
    "label_flipping": LabelFlipping,
    "krum": Krum,
    "trim": Trim,
    "fltrust": Adaptive,
    "scaling": Scaling,
    "backdoor": Backdoor,
    "min_max": MinMax,
    "min_sum": MinSum,
    "alie": ALittleIsEnough,
    "ipm": InnerProduct,
    "byzantine": Byzantine,
    "model_replacement_backdoor": ModelReplacement,
    "edge_case_backdoor": EdgeCase,
    "lazy_worker": FreeRider,
    "flod_signs": Signs,
    "wrap_around": WrapAround,
}
"""Names are FedSecurity's where it has the attack."""


def attack_class(name: str) -> type[Attack]:
    """The attack of that name, of ours or of another package.

    Raises:
        ConfigError: There is none, or it is no attack.
    """
    found: Any = find("attack", name, ATTACKS, GROUP)
    if not (isinstance(found, type) and issubclass(found, Attack)):
        raise ConfigError(f"the entry point {name} of {GROUP} is no subclass of Attack")
    return found
