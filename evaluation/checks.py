"""What can only be told with the data at hand, told before the first run: a mistake in the last one costs no day."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ezprivsecfl.aggregators.rule import RobustAggregation
from ezprivsecfl.evaluation.config import Run
from ezprivsecfl.evaluation.data.datasets import Dataset
from ezprivsecfl.evaluation.data.prepare import prepare
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.models import build
from ezprivsecfl.evaluation.rules import RULES, InTheClear, Setting


@dataclass(frozen=True)
class Sizes:
    """What rules and attacks are told of the data and the model.

    Args:
        classes: How many labels there are.
        entries: d, of the model.
        examples: The shape of the server's rows, [r, features].
    """

    classes: int
    entries: int
    examples: tuple[int, ...]


def check(runs: Sequence[Run], datasets: Mapping[str, Dataset]) -> None:
    """Refuses runs that their data, model or number of clients do not allow. Every rule is traced, and none is run.

    Args:
        runs: What is to be run.
        datasets: By name, all that the runs need.

    Raises:
        DataError: A data set cannot be divided so.
        ConfigError: A model is not for such rows, an attack's label is none of theirs, or a rule takes or gives
            something else; with the line of the attack or rule, where there is a file.
    """
    known: dict[object, Sizes] = {}
    traced = set()
    for run in runs:
        of_data = (run.data, run.training.client_num_in_total, run.model.model)
        if of_data not in known:
            known[of_data] = _sizes(run, datasets[run.data.dataset])
        sizes = known[of_data]
        _check_labels(run, sizes.classes)
        setting = Setting(run.training.participants, run.byzantine, sizes.classes, run.seed)
        rule, parameters = run.defence.rule, setting.parameters(run.defence.rule, run.defence.parameters)
        key = repr((rule.name, id(rule), sorted(parameters.items()), setting.clients, sizes))
        if key not in traced:
            traced.add(key)
            _check_rule(run, InTheClear(rule, parameters), sizes)


def _sizes(run: Run, dataset: Dataset) -> Sizes:
    federation = prepare(dataset, run.data, run.training.client_num_in_total, run.seed)
    entries = build(run.model.model, federation).entries
    return Sizes(federation.classes, entries, federation.root_rows.shape)


def _check_labels(run: Run, classes: int) -> None:
    for label in run.threat.attack.labels:
        if not 0 <= label < classes:
            message = f"{run.threat.name}: expected labels from 0 to {classes - 1} of {run.data.dataset}, not {label}"
            raise ConfigError(message, run.threat.where)


def _check_rule(run: Run, rule: InTheClear, sizes: Sizes) -> None:
    try:
        rule.trace(run.training.participants, sizes.entries, sizes.examples)
    except (TypeError, ValueError) as e:
        what = f"{run.defence.name} of {run.training.participants} clients' {sizes.entries} entries"
        raise ConfigError(f"{what}: {_reason(e, run.defence.rule)}", run.defence.where) from e


def _reason(error: Exception, rule: RobustAggregation) -> str:
    """What a traced function raised, without TensorFlow's account of the way there; of another's rule with the line."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    reason = lines[-1].removeprefix(f"{type(error).__name__}: ")
    source = f'File "{inspect.getsourcefile(rule.function)}"'
    places = [line.rstrip(" *") for line in lines if line.startswith(source)]
    return reason if rule in RULES.values() or not places else f"{reason} ({places[-1]})"
