"""Rules by name, and ready to be applied in the clear: the library's functions, compiled by ``tf.function``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, get_type_hints

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.installing import needing_tff

with needing_tff():
    import tensorflow as tf

from ezprivsecfl.aggregators.geometry import directions
from ezprivsecfl.aggregators.registry import RULES as LIBRARY
from ezprivsecfl.aggregators.rule import STATE, RobustAggregation, robust_aggregation
from ezprivsecfl.aggregators.weighted import weighted_mean
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.plugins import find
from ezprivsecfl.evaluation.safefl import RULES as SAFEFL
from ezprivsecfl.evaluation.safefl import UNATTACKED

Array = NDArray[Any]

GROUP = "ezprivsecfl.rules"


@robust_aggregation
def fltrust(updates: Any, root_update: Any) -> Any:
    """FLTrust as in ``aggregators/fltrust.py``, but that a client whose update is zero has no trust.

    The library's is NaN then, for two servers drop such a client. In the clear nobody is dropped, and this is the same.

    Args:
        updates: Of all clients, [n, d].
        root_update: The server's own, [d].

    Returns:
        [d]; zeros if no client has a positive trust score.
    """
    unit = directions(updates)
    length = tf.norm(root_update)
    trust = tf.nn.relu(tf.linalg.matvec(unit, root_update * tf.math.divide_no_nan(1.0, length)))
    return length * weighted_mean(unit, trust)


RULES: dict[str, RobustAggregation] = {
    **{entry.rule.name: entry.rule for entry in LIBRARY.values()},
    **SAFEFL,
    "fltrust": fltrust,
}
"""By the function's name."""

OF_STEPS = {"crfl"}
"""Rules whose updates are steps of the model, -rate·gradient, for they compare them with the model's length."""


def rule_of(name: str) -> RobustAggregation:
    """The rule of that name, of ours or of another package.

    Raises:
        ConfigError: There is none, or it is no rule.
    """
    found = find("rule", name, RULES, GROUP)
    if not isinstance(found, RobustAggregation):
        raise ConfigError(f"the entry point {name} of {GROUP} is nothing that @robust_aggregation makes")
    return found


def hints_of(rule: RobustAggregation) -> dict[str, Any]:
    """The types of a rule's parameters by name; Any for those that do not say."""
    declared = inspect.signature(rule.function).parameters.values()
    try:
        known = get_type_hints(rule.function)
    except NameError:  # names that only type checkers import
        known = {}
    return {p.name: known.get(p.name, Any) for p in declared if p.kind is p.KEYWORD_ONLY}


@dataclass(frozen=True)
class Setting:
    """What parameters that are not given follow from.

    Args:
        clients: n, of a round.
        byzantine: f, how many of them the rule is to withstand.
        classes: How many labels there are.
        seed: Of the run.
    """

    clients: int
    byzantine: int
    classes: int
    seed: int

    def parameters(self, rule: RobustAggregation, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters of a rule: those that are given, those that follow, and else the registry's.

        Raises:
            ConfigError: A parameter is unknown, or has no value.
        """
        declared = inspect.signature(rule.function).parameters.values()
        optional = {p.name: p.default for p in declared if p.kind is p.KEYWORD_ONLY}
        if unknown := set(given) - set(optional):
            raise ConfigError(
                f"{rule.name} has no parameter {', '.join(sorted(unknown))}; it has {', '.join(optional) or 'none'}"
            )
        registered = next((entry.parameters for entry in LIBRARY.values() if entry.rule is rule), {})
        known = {**registered, **{key: make() for key, make in self._following().items() if key in optional}, **given}
        if missing := [k for k, default in optional.items() if default is inspect.Parameter.empty and k not in known]:
            raise ConfigError(f"{rule.name} needs {', '.join(missing)}")
        return known

    def _following(self) -> dict[str, Callable[[], Any]]:
        return {
            "byzantine": lambda: self.byzantine,
            "trimmed": lambda: self.byzantine,
            "neighbours": lambda: self.clients - self.byzantine - 1,
            "permutation": lambda: np.random.default_rng(self.seed).permutation(self.clients).tolist(),
            "classes": lambda: self.classes,
        }


@dataclass(frozen=True)
class Cost:
    """What an aggregation on two servers took; zeros in the clear.

    Args:
        sent_bytes: Between the servers, both ways.
        seconds: From the clients' upload to the result, without compiling.
        compile_seconds: Compiling and building.
        dropped: Clients that were left out of the round, by position, with the reason.
    """

    sent_bytes: int = 0
    seconds: float = 0.0
    compile_seconds: float = 0.0
    dropped: Mapping[int, str] | None = None


class Aggregator(Protocol):
    """A rule ready to be applied."""

    def __call__(self, updates: Array, inputs: Mapping[str, Array], state: Array | None) -> tuple[Array, Any, Cost]:
        """The result, the new state, and what it took.

        Args:
            updates: Of all clients, float32 [n, d].
            inputs: The server's, by name.
            state: Of the round before; None before the first round, and of rules that have none.
        """


class InTheClear:
    """A rule as one TensorFlow graph.

    Args:
        rule: The rule.
        parameters: All of its parameters.
    """

    def __init__(self, rule: RobustAggregation, parameters: Mapping[str, Any]) -> None:
        self._rule = rule
        self._positional = positional(rule)
        self._apply = tf.function(partial(rule.function, **parameters))

    def trace(self, clients: int, entries: int, examples: Sequence[int]) -> None:
        """Makes the graph of the first round without running it.

        Args:
            clients: n.
            entries: d.
            examples: The shape of the server's rows, [r, features].

        Raises:
            TypeError: The rule takes something that nobody gives it here, or gives no [d].
            ValueError: Its parameters are not for so many clients or entries; or whatever else the function raises.
        """
        make, update = self._rule.initial_state, [entries]
        known = {"model": update, "root_update": update, "examples": examples, UNATTACKED: [clients, entries]}
        known |= {name: [] for name in self._rule.server_types}
        if make is not None:
            state = make(entries)
            if not (tf.is_tensor(state) and state.dtype.is_floating):
                raise TypeError("expected a first state that is one tensor of floats")
            known[STATE] = state.shape
        if unknown := [name for name in self._positional if name not in known]:
            raise TypeError(f"takes {', '.join(unknown)}; the server's inputs here are model, root_update and examples")
        given = [tf.TensorSpec(shape, tf.float32) for shape in ([clients, entries], *map(known.get, self._positional))]
        returned = self._apply.get_concrete_function(*given).structured_outputs
        result = returned if make is None else returned[0]
        if not result.shape.is_compatible_with(update):
            raise TypeError(f"expected a result of shape {update}, not {result.shape}")

    def __call__(self, updates: Array, inputs: Mapping[str, Array], state: Any) -> tuple[Array, Any, Cost]:
        """See ``Aggregator``."""
        make = self._rule.initial_state
        if make is not None and state is None:
            state = make(updates.shape[1])
        others = [tf.constant(state if name == STATE else inputs[name], tf.float32) for name in self._positional]
        returned = self._apply(tf.constant(updates, tf.float32), *others)
        result, state = returned if make is not None else (returned, None)
        return result.numpy(), None if state is None else state.numpy(), Cost()


def positional(rule: RobustAggregation) -> list[str]:
    """What a rule takes besides the updates: the state and the server's inputs, in order."""
    declared = list(inspect.signature(rule.function).parameters.values())[1:]
    return [p.name for p in declared if p.kind is p.POSITIONAL_OR_KEYWORD]
